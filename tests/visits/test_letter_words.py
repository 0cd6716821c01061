"""What a visit's messages say in each language."""

import pytest

from messaging.kinds import kind_of
from messaging.languages import NAMES
from messaging.models import Message
from messaging.text_length import length_of
from messaging.wordings import MAIL, SMS, wording_named
from tests.cast import make_plain_visit
from visits.letter_words import SAID
from visits.models import Visit
from visits.wordings import made_up


def written(north, visit, now, language, channel, kind="booked"):
    north.contact.language = language
    message = Message(
        kind=kind,
        channel=channel,
        customer=north.customer,
        contact=north.contact,
        subject=visit.public_id,
        tenant=north.tenant,
    )
    return kind_of(message).write(message, now=now)


TEXTS = {
    "nl": "Northgate: Lou komt za 7 maart tussen 15:00 en 16:00 bij u langs en belt een half uur van "
    "tevoren. Bevestigen of wijzigen: {link}",
    "de": "Northgate: Lou kommt am Sa 7. März zwischen 15:00 und 16:00 Uhr zu Ihnen und ruft eine halbe "
    "Stunde vorher an. Bestätigen oder ändern: {link}",
    "fr": "Northgate: Lou viendra chez vous le sam 7 mars entre 15 h et 16 h et vous appellera une "
    "demi-heure avant. Confirmer ou changer : {link}",
}


@pytest.mark.parametrize(("language", "text"), TEXTS.items())
def test_a_booking_in_each_language(north, now, language, text):
    visit = make_plain_visit(north, now=now, machines=[])
    letter = written(north, visit, now, language, SMS)
    assert letter.text.removesuffix(" of bel 01632 960 118") == text
    assert letter.language == language


def test_a_mail_in_german_from_greeting_to_signature(north, now):
    visit = make_plain_visit(north, now=now, booked_by=north.people["dispatcher"])
    letter = written(north, visit, now, "de-CH", MAIL)
    assert letter.title == "Ihr Termin am Sa 7. März"
    assert letter.text == (
        "Guten Tag Margaret Ellison,\n\n"
        "Lou kommt am Sa 7. März zwischen 15:00 und 16:00 Uhr zu Ihnen und ruft eine halbe Stunde vorher "
        "an.\n\n"
        "Das haben wir an Ihrem Gerät gefunden, und es ist noch offen. Lou fragt Sie, was geschehen soll:\n\n"
        "- Replace the fuser unit (Corvane TC-240 copier)\n"
        "  Wenn nichts geschieht: If it goes, printing stops for two to three days\n\n"
        "Bestätigen, verschieben oder absagen:\n{link}\n\n"
        "Oder rufen Sie 01632 960 118 an; es meldet sich ein Mensch.\n\n"
        "Dana Whitlock\nNorthgate\n"
    )


def test_who_cancelled_decides_the_words(north, now):
    visit = make_plain_visit(north, now=now)
    for state, words in (
        (
            Visit.State.CANCELLED_BY_US,
            "wij moeten uw afspraak van za 7 maart, 15:00 tot 16:00, helaas",
        ),
        (Visit.State.CANCELLED_BY_CUSTOMER, "uw afspraak van za 7 maart, 15:00 tot 16:00, is op uw verzoek"),
    ):
        Visit.objects.filter(pk=visit.pk).update(state=state)
        assert words in written(north, visit, now, "nl", SMS, kind="cancelled").text


def test_two_who_come_are_one_who_brings_the_other(north, now):
    visit = make_plain_visit(north, now=now)
    visit.assignments.create(technician=north.marek, starts_at=visit.planned_start, ends_at=visit.planned_end)
    assert written(north, visit, now, "nl", SMS).text.startswith("Northgate: Lou met Marek komt za 7 maart")


def test_every_wording_is_there_in_every_language_and_speaks_of_the_same_fields():
    for name, languages in SAID.items():
        assert set(languages) == set(NAMES), name
        wording = wording_named(name)
        for channel in (MAIL, SMS):
            fields = {
                language: {
                    field.name
                    for field in wording.fields
                    if f"{{{field.name}}}" in wording.ours[language][channel].text
                }
                # What one language calls "tomorrow, Fri 6 March" another may call otherwise.
                - {"day", "when"}
                for language in NAMES
            }
            assert len({frozenset(found) for found in fields.values()}) == 1, f"{name} {channel}: {fields}"


def test_the_made_up_visit_knows_every_time():
    for language in NAMES:
        assert all(made_up(language, SMS).values())
        assert length_of(" ".join(made_up(language, SMS).values())).foreign == ""
