"""What messages say: fields and parts, what is refused, whose words in which language."""

import dataclasses

import pytest

from messaging import kinds
from messaging.languages import NAMES
from messaging.models import MessageTemplate
from messaging.text_length import length_of
from messaging.wordings import (
    MAIL,
    SMS,
    Field,
    Wording,
    Words,
    all_wordings,
    compose,
    filled,
    languages_for,
    offer,
    problems,
    wording_named,
    words_for,
)
from tenancy.scope import tenant
from tests.messaging.conftest import make_message

BOTH = {MAIL: Words("Dear {name}, {who} comes.", "Visit"), SMS: Words("{who} comes: {link}")}
FIELDS = (
    Field("name", "whom", "Margaret"),
    Field("who", "who comes", "Lou"),
    Field("phone", "our number", "01632", can_be_empty=True),
    Field("link", "their page", "{link}"),
)
TRIED = Wording(
    name="test",
    label="A test",
    sent="Never",
    kind="test",
    fields=FIELDS,
    ours={"en": BOTH, "nl": {SMS: Words("{who} komt: {link}")}},
    must_name=frozenset({"link"}),
)
LOU = {"name": "Margaret", "who": "Lou", "phone": "01632 960 118", "link": "{link}"}


@pytest.mark.parametrize(
    ("template", "more", "text"),
    [
        ("{who} comes[ or ring {phone}].", {}, "Lou comes or ring 01632 960 118."),
        ("{who} comes[ or ring {phone}].", {"phone": ""}, "Lou comes."),
        ("[{phone}: ]{who}\n\n[{phone}]\n\nBye", {"phone": ""}, "Lou\n\nBye"),
        ("{name}: {link}", {"name": "{link} [x] {who}"}, "(link) [x] (who): {link}"),
        ("  {who}  comes \n- one\n  two", {}, "Lou comes\n- one\n  two"),
    ],
)
def test_fields_are_filled_and_parts_left_out(template, more, text):
    assert filled(template, {**LOU, **more}) == text


@pytest.mark.parametrize(
    "template",
    [
        "{who.__class__}",
        "{who!r}",
        "{0}",
        "{}",
        "{who[0]}",
        "{who:>9999999}",
        "{{who}}",
        "%(who)s ${who} {who",
        "{WHO}",
    ],
)
def test_nothing_but_the_name_of_a_field_stands_in_braces(template):
    said = problems(Words(f"{template} {{link}}", "T"), TRIED, MAIL)["text"][0]
    assert said.startswith(("Braces stand around", "Brackets do not", "A bracket is", "A part in brackets"))


def test_unknown_fields_are_named_with_those_there_are():
    assert problems(Words("{whom} and {place}: {link}"), TRIED, SMS) == {
        "text": ["There is no field {whom}, {place}. There are: {name}, {who}, {phone}, {link}."]
    }


@pytest.mark.parametrize(
    ("text", "title", "wrong"),
    [
        ("", "T", {"text": ["Write the message."]}),
        ("{link}", " ", {"title": ["A mail has a title."]}),
        ("{link}", "See {link}", {"title": ["A link does not work in a title."]}),
        ("{who} comes.", "T", {"text": ["It has to say {link}: their page."]}),
        ("{who}[ {phone} {link}]", "T", {"text": ["It has to say {link}: their page."]}),
        ("[{who} {link}]", "T", {}),
        ("[no field] {link}", "T", "A part in brackets names a field"),
        ("[{who} [{phone}]] {link}", "T", "Brackets do not stand within brackets."),
        ("{who}] {link}", "T", "A bracket is closed that was not opened."),
        ("[{who} {link}", "T", "A bracket is opened and not closed."),
    ],
)
def test_what_does_not_do_is_refused_in_words(text, title, wrong):
    found = problems(Words(text, title), TRIED, MAIL)
    if isinstance(wrong, str):
        assert wrong in found["text"][0]
    else:
        assert found == wrong


def test_a_text_takes_the_fullest_filling_that_fits():
    long = {**LOU, "name": "x" * 120}
    words = Words("{name} {who} {link}[ {phone}]")
    assert compose(words, [LOU, {**LOU, "phone": ""}], SMS, "en").text == "Margaret Lou {link} 01632 960 118"
    assert compose(words, [long, {**long, "phone": ""}], SMS, "en").text.endswith("Lou {link}")
    # A mail is not cut.
    assert compose(words, [long, {**long, "phone": ""}], MAIL, "en").text.endswith("118")


@pytest.mark.parametrize(
    ("text", "places", "texts", "foreign"),
    [
        ("a" * 160, 160, 1, ""),
        ("a" * 161, 161, 2, ""),
        ("a" * 306, 306, 2, ""),
        ("a" * 307, 307, 3, ""),
        ("€" * 80, 160, 1, ""),
        ("€" * 81, 162, 2, ""),
        # A euro sign does not stand across two texts: 152 + 152 and one more.
        ("€" * 153, 306, 3, ""),
        ("ê" * 70, 70, 1, "ê"),
        ("ê" * 71, 71, 2, "ê"),
        ("a" * 69 + "😀", 71, 2, "😀"),
    ],
)
def test_a_text_is_counted_as_phones_do(text, places, texts, foreign):
    found = length_of(text)
    assert (found.places, found.texts, found.foreign) == (places, texts, foreign)


def test_the_count_is_said_in_words():
    assert length_of("a" * 142).words == "142 of 160 characters: one text"
    assert length_of("a" * 213).words == "213 characters: 2 texts"
    assert length_of("ê").words == (
        "1 of 70 characters: one text. With ê a text holds 70 characters instead of 160"
    )


@pytest.fixture
def north(cast, answers):
    with tenant(cast.north.tenant):
        yield cast.north


def own(north, text, now, **values):
    return MessageTemplate.objects.create(
        **{"kind": "test", "channel": SMS, "language": "en", "text": text, "changed_at": now, **values}
    )


@pytest.mark.parametrize(
    ("contact", "customer", "desk", "expected"),
    [
        ("", "", "en", ["en"]),
        ("", "", "nl", ["nl", "en"]),
        ("de-AT", "nl", "fr", ["de", "nl", "fr", "en"]),
        ("tlh", "NL_be", "xx", ["nl", "en"]),
        ("en", "nl", "nl", ["en", "nl"]),
    ],
)
def test_the_contacts_language_before_the_customers_before_the_desks(
    north, now, contact, customer, desk, expected
):
    message = make_message(north, now=now)
    message.contact.language, message.customer.language, message.tenant.language = contact, customer, desk
    assert languages_for(message) == expected


def test_a_desks_words_before_ours_in_the_first_language_that_has_any(north, now):
    message = make_message(north, now=now, channel=SMS)
    message.contact.language = "nl"
    assert words_for(message, TRIED) == ("nl", Words("{who} komt: {link}"))
    own(north, "{who} will come: {link}", now)
    assert words_for(message, TRIED)[0] == "nl"
    own(north, "Dag: {link}", now, language="nl")
    assert words_for(message, TRIED) == ("nl", Words("Dag: {link}"))
    message.contact.language = "de"
    assert words_for(message, TRIED) == ("en", Words("{who} will come: {link}"))


def test_own_words_that_do_not_fit_any_more_give_way_to_ours(north, now):
    own(north, "{gone} {link}", now)
    assert words_for(make_message(north, now=now, channel=SMS), TRIED) == ("en", BOTH[SMS])


def test_another_desks_words_are_not_seen(cast, north, now):
    with tenant(cast.south.tenant):
        own(cast.south, "South: {link}", now)
    with tenant(north.tenant):
        assert words_for(make_message(north, now=now, channel=SMS), TRIED) == ("en", BOTH[SMS])


def test_a_name_is_offered_once_and_our_own_words_have_to_fit():
    with pytest.raises(ValueError, match="another part"):
        offer(wording_named("booked"))
    wrong = dataclasses.replace(TRIED, name="wrong", ours={"en": {SMS: Words("{nobody}")}})
    with pytest.raises(ValueError, match="There is no field"):
        offer(wrong)


# What a person has written is sent as it is.
WRITTEN_BY_PEOPLE = {"own words", "words to try"}


def test_every_kind_has_words_and_every_wording_a_kind():
    assert {wording.kind for wording in all_wordings()} == set(kinds.names()) - WRITTEN_BY_PEOPLE
    for wording in all_wordings():
        assert set(wording.ours["en"]) <= {MAIL, SMS} and MAIL in wording.ours["en"]
        assert set(wording.ours) <= set(NAMES)
        assert len(wording.name) <= MessageTemplate._meta.get_field("kind").max_length


def test_no_text_of_ours_needs_another_alphabet():
    for wording in all_wordings():
        for language in wording.ours:
            if SMS in wording.ours[language]:
                filling = wording.example_filling(language, SMS)
                text = compose(wording.ours[language][SMS], [filling], SMS, language).text
                assert length_of(text).foreign == "", f"{wording.name} {language}: {text}"
