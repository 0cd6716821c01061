"""What Twilio's answers mean, from a fake that speaks its API."""

import datetime as dt

import pytest

from messaging.channels import NotSent, Refused, Stopped, Unsure
from messaging.twilio import Twilio, signature
from servicedesk.embedded import ports
from tests.messaging.fakes.http_provider import standing_in
from tests.messaging.fakes.outgoing import outgoing
from tests.messaging.fakes.twilio import ACCOUNT, NUMBER, TOKEN, FakeTwilio

MARGARET = "+447700900412"
TEXT = outgoing(address="07700 900412", text="Northgate: Lou comes. https://desk.example/v/abc/ Ring us.")
# As it is asked about: the link is kept nowhere.
ASKED = outgoing(address="07700 900412", text="Northgate: Lou comes. {link} Ring us.")


fake = standing_in(FakeTwilio, "TWILIO_URL")


def twilio(**values):
    own = {"account": ACCOUNT, "token": TOKEN, "sent_from": NUMBER, "country": "GB", "seconds": 5}
    return Twilio(**{**own, **values})


def test_a_text_goes_to_the_whole_number_and_names_where_to_report(fake):
    sid = twilio(reports_to="https://desk.example/hooks/t/").send(TEXT)
    (took,) = fake.took
    assert (took["sid"], took["to"], took["from"], took["body"]) == (sid, MARGARET, NUMBER, TEXT.text)
    assert took["callback"] == f"https://desk.example/hooks/t/?key={TEXT.key}"


def test_a_messaging_service_sends_instead_of_a_number(fake):
    twilio(sent_from="MG" + "0" * 32).send(TEXT)
    assert (fake.took[0]["messaging_service_sid"], fake.took[0]["from"]) == ("MG" + "0" * 32, None)


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [(21211, Refused, "not a valid phone number"), (21610, Stopped, "They stopped texts")],
)
def test_what_twilio_refuses_says_why(fake, code, error, words):
    fake.refuses[MARGARET] = code
    with pytest.raises(error, match=words):
        twilio().send(TEXT)


def test_a_wrong_token_is_refused(fake):
    with pytest.raises(Refused, match="401: Authenticate"):
        twilio(token="another").send(TEXT)


@pytest.mark.parametrize(
    ("trouble", "error"), [(429, NotSent), (503, NotSent), (500, Unsure), ("drop", Unsure), ("hang", Unsure)]
)
def test_trouble_is_told_apart_by_whether_it_may_have_gone(fake, trouble, error):
    fake.troubles = [trouble]
    with pytest.raises(error):
        twilio(seconds=0.3 if trouble == "hang" else 5).send(TEXT)


def test_a_number_that_is_none_is_refused_before_twilio_is_asked(fake):
    with pytest.raises(Refused, match="no phone number"):
        twilio().send(outgoing(address="ring the shop"))
    assert fake.asked == []


def test_after_a_broken_line_it_is_known_again_by_its_words(fake):
    fake.troubles = ["drop"]
    with pytest.raises(Unsure):
        twilio().send(TEXT)
    twilio().send(outgoing(address="07700 900412", text="Northgate: another text."))
    assert twilio().ask(ASKED) == fake.took[0]["sid"]
    assert twilio().ask(outgoing(address="07700 900413", text=ASKED.text)) is None
    assert twilio().ask(outgoing(address="07700 900412", text="Northgate: a third.")) is None


def test_an_earlier_text_with_the_same_words_is_another(fake):
    sid = twilio().send(TEXT)
    at = dt.datetime(2026, 3, 5, 13, 7, 0, 500_000, tzinfo=dt.UTC)
    assert twilio().ask(outgoing(address=TEXT.address, text=ASKED.text, since=at)) == sid
    later = at + dt.timedelta(seconds=1)
    assert twilio().ask(outgoing(address=TEXT.address, text=ASKED.text, since=later)) is None
    assert twilio().ask(outgoing(address=TEXT.address, text=ASKED.text, known_ids=(sid,))) is None


def test_what_they_wrote_to_us_is_not_what_we_wrote(fake):
    twilio().send(TEXT)
    fake.took[0]["direction"] = "inbound"
    assert twilio().ask(ASKED) is None


@pytest.mark.parametrize("trouble", [401, 429, 500, "drop"])
def test_no_answer_to_the_question_leaves_it_in_doubt(fake, trouble):
    fake.troubles = [trouble]
    with pytest.raises(NotSent):
        twilio().ask(ASKED)


def test_a_twilio_that_is_not_there_took_nothing(settings):
    settings.TWILIO_URL = f"http://127.0.0.1:{ports.first_free('127.0.0.1', 18525)}"
    with pytest.raises(NotSent):
        twilio().send(TEXT)


def test_the_signature_is_the_one_of_twilios_own_example():
    """From Twilio's documentation of webhook security."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, fields) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
