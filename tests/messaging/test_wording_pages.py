"""The words of messages: reading, trying, writing one's own, sending them to oneself, taking them back."""

import datetime as dt

import pytest
import time_machine
from django.core import mail

from messaging.delivery import deliver_due
from messaging.models import Message, MessageTemplate
from messaging.wordings import wording_named
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_plain_visit
from visits.announcements import plan_visit_messages

EDIT = "settings/words/edit/?of={}&by={}&in={}"
BOOKED_SMS = EDIT.format("booked", "sms", "en")
BOOKED_MAIL = EDIT.format("booked", "mail", "en")
OWN = "{desk}: {who} comes {day}, {window}. {link}"


pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def north(cast, client):
    client.force_login(cast.north.people["manager"].user)
    return cast.north


def post(client, north, path, do="save", **values):
    page = client.get(north.url(path))
    sent = {"seen": page.context["seen"], "title": page.context["said"].title, "do": do, **values}
    return client.post(north.url(path), {"text": page.context["said"].text, **sent})


def own(desk):
    with tenant(desk.tenant):
        return list(MessageTemplate.objects.values_list("kind", "channel", "language", "title", "text"))


def test_only_a_manager_opens_it(cast, client):
    for role, person in cast.north.people.items():
        client.force_login(person.user)
        expected = 200 if role == "manager" else 403
        for path in ("settings/words/", BOOKED_SMS):
            assert client.get(cast.north.url(path)).status_code == expected, role


def test_the_list_names_every_wording_and_marks_the_desks_own(cast, north, client, now):
    for desk, language in ((north, "nl"), (cast.south, "de")):
        with tenant(desk.tenant):
            MessageTemplate.objects.create(
                kind="late", channel="sms", language=language, text="x {link}", changed_at=now
            )
    page = client.get(north.url("settings/words/"))
    read = page.content.decode()
    assert read.count(">yours<") == 1 and "Late, Text, Dutch, your words" in read
    assert "Paid visit that nobody uses" in read and "Promise to ring, moved" in read


def test_the_list_asks_the_same_number_of_queries_whatever_is_written(
    north, client, now, django_assert_num_queries
):
    counts = []
    for language in ("en", "nl", "de"):
        with tenant(north.tenant):
            MessageTemplate.objects.create(
                kind="late", channel="sms", language=language, text="x {link}", changed_at=now
            )
        with django_assert_num_queries(10, exact=False) as asked:
            client.get(north.url("settings/words/"))
        counts.append(len(asked))
    assert counts[0] == counts[2]


@pytest.mark.parametrize(
    "query", ["", "of=gone", "of=booked&by=fax", "of=booked&by=mail&in=tlh", "of=promise-reminder&by=sms"]
)
def test_what_is_not_said_is_not_found(north, client, query):
    assert client.get(north.url(f"settings/words/edit/?{query}")).status_code == 404


def test_it_previews_with_the_next_visit_and_counts_the_text(north, client, now):
    with tenant(north.tenant):
        make_plain_visit(north, now=now, machines=[])
    page = client.get(north.url(BOOKED_SMS))
    shown = page.context["preview"]
    assert shown.text == (
        "Northgate: Lou will be with you Sat 7 March between 3 and 4 pm and will ring half an hour before. "
        "Confirm or change: (their link)"
    )
    assert shown.whose == "Margaret Ellison, The Harbour Letter"
    assert shown.length == "164 characters: 2 texts."


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "Fri 6 March"), ("nl", "vr 6 maart"), ("de", "Fr 6. März"), ("fr", "ven 6 mars")],
)
def test_without_any_visit_it_previews_with_made_up_names(north, client, language, says):
    page = client.get(north.url(EDIT.format("booked", "mail", language)))
    assert page.context["preview"].whose == "made-up names"
    assert says in page.context["preview"].text


def test_every_wording_opens_in_every_channel_and_language(north, client, now):
    with tenant(north.tenant):
        make_plain_visit(north, now=now)
    for name in ("booked", "cancelled-by-us", "renewal-notice", "renewal-offer", "promise-reminder"):
        for channel in wording_named(name).channels:
            for language in ("en", "fr"):
                page = client.get(north.url(EDIT.format(name, channel, language)))
                assert page.status_code == 200 and page.context["preview"].text


def test_own_words_are_sent_from_then_on(cast, north, client, now, settings):
    settings.SMS_URL = ""
    answer = post(client, north, BOOKED_MAIL, title="Booked: {day}", text=f"Hello {{name}}\r\n{OWN}")
    assert answer.status_code == 302
    assert own(north) == [("booked", "mail", "en", "Booked: {day}", f"Hello {{name}}\n{OWN}")]
    assert own(cast.south) == []
    for desk in (north, cast.south):
        with tenant(desk.tenant):
            plan_visit_messages(make_plain_visit(desk, now=now), "booked", now=now)
    deliver_due(clock=lambda: now)
    subjects = {letter.from_email.split('"')[1]: letter.subject for letter in mail.outbox}
    assert subjects == {"Northgate": "Booked: Sat 7 March", "Southgate": "Your visit on Sat 7 March"}


@pytest.mark.parametrize(
    ("path", "values", "says"),
    [
        (BOOKED_SMS, {"text": "{nobody} {link}"}, "There is no field {nobody}. There are: {desk}, {name},"),
        (BOOKED_SMS, {"text": "{who.__class__} {link}"}, "Braces stand around the name of a field only"),
        (BOOKED_SMS, {"text": "No way back"}, "It has to say {link}"),
        (BOOKED_SMS, {"text": ""}, "Write the message."),
        (BOOKED_MAIL, {"title": ""}, "A mail has a title."),
        (BOOKED_MAIL, {"title": "x" * 201}, "at most 200 characters"),
        (BOOKED_MAIL, {"text": "x" * 4001}, "at most 4000 characters"),
        (BOOKED_MAIL, {"text": "\0 {link}"}, "Null characters are not allowed"),
    ],
)
@pytest.mark.parametrize("do", ["save", "preview", "send"])
def test_words_that_do_not_do_are_refused_and_kept_on_the_page(north, client, path, values, says, do):
    answer = post(client, north, path, do=do, **values)
    assert answer.status_code == 422
    read = answer.content.decode()
    assert says in read
    assert values.get("text", "").strip("\0")[:100] in answer.context["said"].text
    assert own(north) == []
    with tenant(north.tenant):
        assert not Message.objects.exists()


def test_the_preview_follows_what_is_typed(north, client):
    path = north.url(BOOKED_SMS)
    answer = client.post(path, {"text": OWN, "do": "preview"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    read = answer.content.decode()
    assert "<html" not in read and "Northgate: Lou comes Fri 6 March, 2 to 3 pm. (their link)" in read
    refused = client.post(path, {"text": "{x}", "do": "preview"}, headers={"HX-Request": "true"})
    assert refused.status_code == 422 and "There is no field {x}" in refused.content.decode()
    assert own(north) == []


def test_what_people_typed_is_text_and_never_a_page(north, client):
    answer = post(client, north, BOOKED_SMS, do="preview", text="<script>alert(1)</script> {link}")
    assert "<script>alert(1)</script>" not in answer.content.decode()


def test_sent_to_oneself_it_arrives_as_it_is_shown(north, client, now):
    answer = post(client, north, BOOKED_SMS, do="send", text=OWN)
    assert "It leaves within a minute, to robin@northgate.example." in answer.content.decode()
    assert answer.context["said"].text == OWN
    assert deliver_due(clock=lambda: now) == {"sent": 1}
    (letter,) = mail.outbox
    assert letter.to == ["robin@northgate.example"]
    assert letter.subject == "As a text: Visit booked"
    assert letter.body == "Northgate: Lou comes Fri 6 March, 2 to 3 pm. (their link)"
    assert own(north) == []


def test_sent_to_oneself_at_night_it_does_not_wait_for_the_morning(north, client, now):
    with time_machine.travel(now.replace(hour=23), tick=False):
        post(client, north, BOOKED_MAIL, do="send")
        assert deliver_due(clock=lambda: now.replace(hour=23)) == {"sent": 1}
    assert mail.outbox[0].subject == "Your visit on Fri 6 March"


def test_a_desk_that_is_switched_off_sends_nothing_to_oneself_either(north, client):
    Tenant.objects.filter(pk=north.tenant.pk).update(messages_from=None)
    answer = post(client, north, BOOKED_SMS, do="send")
    assert answer.status_code == 422 and "switched off: nothing is sent" in answer.content.decode()


def test_two_who_write_at_once_do_not_lose_each_others_words(north, client):
    seen = client.get(north.url(BOOKED_SMS)).context["seen"]
    post(client, north, BOOKED_SMS, text=f"First {OWN}")
    answer = client.post(north.url(BOOKED_SMS), {"text": f"Second {OWN}", "seen": seen, "do": "save"})
    assert answer.status_code == 409
    read = answer.content.decode()
    assert "Somebody changed these words meanwhile" in read and "First {desk}" in read
    assert answer.context["said"].text == f"Second {OWN}"
    again = {"text": f"Second {OWN}", "seen": answer.context["seen"], "do": "save"}
    assert client.post(north.url(BOOKED_SMS), again).status_code == 302
    assert own(north)[0][4] == f"Second {OWN}"
    assert client.post(north.url(BOOKED_SMS), {"seen": seen, "do": "ours"}).status_code == 409


def test_back_to_our_words_and_what_was_changed_by_whom(north, client, now):
    post(client, north, BOOKED_SMS, text=f"First {OWN}")
    with time_machine.travel(now + dt.timedelta(minutes=1), tick=False):
        post(client, north, BOOKED_SMS, text=f"Second {OWN}")
    assert post(client, north, BOOKED_SMS, do="ours").status_code == 302
    assert own(north) == []
    page = client.get(north.url(BOOKED_SMS))
    assert [(was.done, was.by, was.words.text[:6]) for was in page.context["earlier"]] == [
        ("Back to our words", "Robin Vale", "Second"),
        ("Changed", "Robin Vale", "Second"),
        ("Written", "Robin Vale", "First "),
    ]
    assert "Back to our words, Robin Vale" in page.content.decode()


def test_another_desks_words_and_history_are_not_shown(cast, north, client):
    client.force_login(cast.south.people["manager"].user)
    post(client, cast.south, BOOKED_SMS, text=f"South {OWN}")
    client.force_login(north.people["manager"].user)
    page = client.get(north.url(BOOKED_SMS))
    assert page.context["own"] is None and page.context["earlier"] == []


def test_language_and_quiet_hours_of_the_desk(cast, north, client):
    answer = client.post(
        north.url("settings/words/desk/"), {"language": "nl", "quiet_from": "22:00", "quiet_until": "07:30"}
    )
    assert answer.status_code == 302
    found = Tenant.objects.get(pk=north.tenant.pk)
    assert (found.language, found.quiet_from, found.quiet_until) == ("nl", dt.time(22), dt.time(7, 30))
    assert Tenant.objects.get(pk=cast.south.tenant.pk).language == "en"
    page = client.get(north.url("settings/words/")).content.decode()
    assert 'value="22:00"' in page and '<option value="nl" selected' in page


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"language": "tlh"}, "Choose one of the languages."),
        ({"quiet_from": ""}, "Say from when."),
        ({"quiet_until": "eight"}, "Write it as 08:00."),
    ],
)
def test_a_language_or_time_that_is_none_is_refused(north, client, values, says):
    sent = {"language": "en", "quiet_from": "21:00", "quiet_until": "08:00", **values}
    answer = client.post(north.url("settings/words/desk/"), sent)
    assert answer.status_code == 422 and says in answer.content.decode()


@pytest.mark.parametrize(("width", "theme"), [(320, "light"), (1280, "dark")])
def test_the_pages_pass_axe_and_fit(committed_cast, live_desk, page_as, now, width, theme):
    with tenant(committed_cast.north.tenant):
        make_plain_visit(committed_cast.north, now=now)
        MessageTemplate.objects.create(kind="booked", channel="sms", language="en", text=OWN, changed_at=now)
    page = page_as("manager", width=width, theme=theme)
    for path in ("settings/words/", BOOKED_SMS, BOOKED_MAIL):
        page.goto(live_desk.url(path))
        assert axe_violations(page) == []
        assert sideways_scroll(page) == 0


def test_typing_shows_the_preview_and_the_keyboard_saves(committed_cast, live_desk, page_as, now):
    page = page_as("manager")
    page.goto(live_desk.url(BOOKED_SMS))
    page.get_by_label("Text", exact=True).fill("Lou, {day}: {link}")
    page.get_by_text("Lou, Fri 6 March: (their link)").wait_for()
    page.keyboard.press("Control+Enter")
    page.get_by_text("Saved. From now on your words are sent.").wait_for()
    assert own(committed_cast.north)[0][4] == "Lou, {day}: {link}"


def test_the_manager_finds_it_beside_the_messages(cast, client):
    for role, is_there in (("manager", True), ("dispatcher", False)):
        client.force_login(cast.north.people[role].user)
        read = client.get(cast.north.url("messages/")).content.decode()
        assert ("/settings/words/" in read) is is_there
