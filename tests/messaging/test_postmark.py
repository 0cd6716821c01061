"""What Postmark's answers mean, from a fake that speaks its API."""

import json

import pytest

from messaging.attachments import Attachment
from messaging.channels import NotSent, Refused, Unsure
from messaging.postmark import Postmark
from servicedesk.embedded import ports
from tests.messaging.fakes.http_provider import standing_in
from tests.messaging.fakes.outgoing import OUTGOING, outgoing
from tests.messaging.fakes.postmark import TOKEN, FakePostmark

fake = standing_in(FakePostmark, "POSTMARK_URL")


def postmark(**values):
    return Postmark(**{"token": TOKEN, "from_address": "desk@northgate.example", "seconds": 5, **values})


def sent(way, message=OUTGOING):
    try:
        return way.send(message)
    finally:
        way.close()


def test_a_mail_is_posted_with_our_key_and_keeps_its_message_id(fake):
    provider_id = sent(
        postmark(stream="visits", replies_to="in@postmark.example"),
        outgoing(attachments=(Attachment("visit.ics", "text/calendar; method=REQUEST", b"BEGIN:VCALENDAR"),)),
    )
    (mail,) = fake.took
    assert provider_id == mail["MessageID"]
    assert mail["From"] == "Northgate <desk@northgate.example>"
    assert (mail["To"], mail["Subject"], mail["TextBody"]) == (
        "margaret@harbourletter.example",
        "Your visit",
        OUTGOING.text,
    )
    assert (mail["Metadata"], mail["MessageStream"], mail["ReplyTo"]) == (
        {"key": OUTGOING.key},
        "visits",
        "in@postmark.example",
    )
    headers = {header["Name"]: header["Value"] for header in mail["Headers"]}
    assert headers["X-PM-KeepID"] == "true"
    assert headers["Message-ID"] == f"<{OUTGOING.key}@northgate>"
    assert [file["Name"] for file in mail["Attachments"]] == ["visit.ics"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (406, "mail to it bounced or was marked as spam"),
        (300, "Invalid 'To' address"),
        (400, "is not a Sender Signature"),
        (405, "You ran out of credits"),
    ],
)
def test_what_postmark_refuses_says_why(fake, number, words):
    fake.refuses[OUTGOING.address] = number
    with pytest.raises(Refused, match=words):
        sent(postmark())
    assert fake.took == []


def test_a_wrong_token_is_refused_and_not_repeated(fake):
    with pytest.raises(Refused, match="401") as refused:
        sent(postmark(token="another-token"))
    assert "another-token" not in str(refused.value)


@pytest.mark.parametrize(
    ("trouble", "error"), [(429, NotSent), (503, NotSent), (500, Unsure), ("drop", Unsure), ("hang", Unsure)]
)
def test_trouble_is_told_apart_by_whether_it_may_have_gone(fake, trouble, error):
    fake.troubles = [trouble]
    with pytest.raises(error):
        sent(postmark(seconds=0.3 if trouble == "hang" else 5))


def test_after_a_broken_line_it_is_asked_by_our_key_and_only_that(fake):
    fake.troubles = ["drop"]
    with pytest.raises(Unsure):
        sent(postmark())
    assert postmark().ask(OUTGOING) == fake.took[0]["MessageID"]
    # Sent again by a person: what it took before is another attempt.
    assert postmark().ask(outgoing(known_ids=(fake.took[0]["MessageID"],))) is None
    assert postmark().ask(outgoing(key="00000000-0000-0000-0000-000000000001")) is None
    assert json.loads(fake.asked[0].body)["Metadata"] == {"key": fake.asked[1].query["metadata_key"]}


@pytest.mark.parametrize("trouble", [401, 429, 500, "drop"])
def test_no_answer_to_the_question_leaves_it_in_doubt(fake, trouble):
    fake.troubles = [trouble]
    with pytest.raises(NotSent):
        postmark().ask(OUTGOING)


def test_several_mails_share_one_session_and_the_next_opens_another(fake):
    way = postmark()
    for number in range(3):
        way.send(outgoing(key=f"00000000-0000-0000-0000-00000000000{number}"))
    way.close()
    assert sent(way)
    assert len(fake.took) == 4


def test_a_postmark_that_is_not_there_took_nothing(settings):
    settings.POSTMARK_URL = f"http://127.0.0.1:{ports.first_free('127.0.0.1', 18425)}/"
    with pytest.raises(NotSent):
        sent(postmark())


def test_an_address_that_is_none_is_refused(fake):
    with pytest.raises(Refused, match="no mail address"):
        sent(postmark(), outgoing(address="nobody@@nowhere"))


def test_in_development_nothing_leaves_the_machine(settings):
    settings.POSTMARK_URL = "http://192.0.2.1/"
    with pytest.raises(NotSent, match="nothing leaves this machine"):
        sent(postmark())
