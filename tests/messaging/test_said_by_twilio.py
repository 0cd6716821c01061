"""What Twilio tells of: texts, stops and replies, and only what it signed."""

import pytest

from messaging.models import Reply
from messaging.twilio import signature
from tenancy.scope import tenant
from tests.messaging.fakes.twilio import NUMBER, TOKEN
from tests.messaging.reporting import State, address, again, post_fields, post_signed, sent

pytestmark = pytest.mark.usefixtures("moment")


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("queued", "", "sent"),
        ("sent", "", "sent"),
        ("delivered", "", "delivered"),
        ("undelivered", "30005", "failed"),
        ("failed", "30008", "failed"),
        ("a new one", "", "sent"),
    ],
)
def test_twilio_tells_what_became_of_a_text(north, client, now, status, code, state):
    message = sent(north, now, channel="sms", provider_id="")
    path = address(north, "twilio", now)
    fields = {"MessageSid": "SM1", "SmsSid": "SM1", "MessageStatus": status, "To": "+447700900412"}
    fields |= {"ErrorCode": code} if code else {}
    response = post_signed(client, path, fields, query=f"?key={message.key}")
    assert (response.status_code, response.content) == (200, b"<Response></Response>")
    assert again(north, message).state == state
    if code == "30005":
        assert again(north, message).reason == "Not delivered: There is no such number (Twilio 30005)"


def test_a_stop_that_twilio_reports_is_kept(north, client, now):
    message = sent(north, now, channel="sms", provider_id="SM1")
    fields = {"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "21610", "To": "+447700900412"}
    assert post_signed(client, address(north, "twilio", now), fields).status_code == 200
    with tenant(north.tenant):
        north.contact.refresh_from_db()
    assert north.contact.sms_stopped_at == now
    assert again(north, message).state == State.FAILED


def test_a_text_that_comes_in_is_a_reply_and_stop_is_a_stop(north, client, now):
    message = sent(north, now, channel="sms")
    path = address(north, "twilio", now)
    came = {
        "MessageSid": "SM7",
        "SmsStatus": "received",
        "From": "+447700900412",
        "To": NUMBER,
        "NumMedia": "0",
    }
    assert post_signed(client, path, {**came, "Body": "Four? \u2764"}).status_code == 200
    assert (
        post_signed(client, path, {**came, "MessageSid": "SM8", "Body": "", "NumMedia": "2"}).status_code
        == 200
    )
    assert (
        post_signed(
            client, path, {**came, "MessageSid": "SM9", "Body": "END", "OptOutType": "STOP"}
        ).status_code
        == 200
    )
    with tenant(north.tenant):
        first, second, third = Reply.objects.order_by("pk")
        north.contact.refresh_from_db()
    assert (first.text, first.message_id) == ("Four? \u2764", message.pk)
    assert second.text == "(Pictures came with it: see them at Twilio.)"
    # "END" may mean the visit: it is a stop, and a person reads it.
    assert (third.outcome, north.contact.sms_stopped_at) == ("", now)


def test_what_twilio_has_not_signed_is_refused(north, client, now, settings):
    message = sent(north, now, channel="sms", provider_id="SM1")
    path = address(north, "twilio", now)
    fields = {"MessageSid": "SM1", "MessageStatus": "failed", "To": "+447700900412"}
    assert post_fields(client, path, fields).status_code == 403
    assert post_signed(client, path, fields, token="another").status_code == 403
    assert post_signed(client, path, fields, url="https://elsewhere.example").status_code == 403
    signed = signature(TOKEN, "http://127.0.0.1:8000" + path, fields)
    changed = {**fields, "MessageStatus": "delivered"}
    assert post_fields(client, path, changed, headers={"X-Twilio-Signature": signed}).status_code == 403
    settings.SECRET_KEY = "lost"
    assert post_signed(client, path, fields).status_code == 403
    settings.SECRET_KEY = "only-for-development"
    assert again(north, message).state == State.SENT
