"""Where providers report: who is let in, what is taken, and what is answered."""

import json
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client

from cases.models import Duty
from messaging import hook_pages
from messaging.models import DeliveryReport, Message, Reply
from messaging.providers import remove_provider, reports_address, save_provider
from messaging.twilio import signature
from tenancy.scope import tenant
from tests.messaging.conftest import make_message
from tests.messaging.fakes.twilio import ACCOUNT, NUMBER, TOKEN

State = Message.State
POSTMARK_ID = "883953f4-6105-42a2-a16a-77a8eac79483"
AT = "2026-03-05T08:06:10.2735393-05:00"
BOUNCE = {
    "RecordType": "Bounce",
    "ID": 42,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "MessageID": POSTMARK_ID,
    "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
    "Details": "smtp;550 5.1.1 no such user",
    "Email": "margaret@harbourletter.example",
    "BouncedAt": AT,
    "Inactive": True,
}
DELIVERY = {
    "RecordType": "Delivery",
    "MessageID": POSTMARK_ID,
    "Recipient": "margaret@harbourletter.example",
    "DeliveredAt": AT,
    "Details": "Test delivery webhook details",
}
INBOUND = {
    "FromFull": {"Email": "Margaret@harbourletter.example", "Name": "Margaret", "MailboxHash": ""},
    "Subject": "Re: Your visit",
    "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
    "TextBody": "Four is better.\n\n> Northgate wrote:\n> Lou comes at two.",
    "StrippedTextReply": "Four is better.",
    "Headers": [{"Name": "X-Spam-Status", "Value": "No"}],
    "Attachments": [],
}


@pytest.fixture(autouse=True)
def at_this_moment(now):
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def north(cast, answers):
    return cast.north


def address(desk, kind, now):
    """The path at which a desk's provider of this kind reports."""
    channel = "sms" if kind in ("twilio", "http") else "mail"
    values = {"account": ACCOUNT, "sent_from": NUMBER} if kind == "twilio" else {}
    with tenant(desk.tenant):
        provider = save_provider(channel, kind=kind, values=values, secret=TOKEN, by=None, now=now)
        return reports_address(provider).removeprefix("http://127.0.0.1:8000")


def sent(desk, now, **values):
    own = {"state": State.SENT, "sent_at": now, "provider_id": POSTMARK_ID, **values}
    with tenant(desk.tenant):
        return make_message(desk, now=now, **own)


def again(desk, message):
    with tenant(desk.tenant):
        return Message.objects.get(pk=message.pk)


def post(client, path, told):
    return client.post(path, json.dumps(told), content_type="application/json")


def post_signed(client, path, fields, *, token=TOKEN, query="", url=""):
    signed = signature(token, (url or "http://127.0.0.1:8000") + path + query, fields)
    return post_fields(client, path + query, fields, headers={"X-Twilio-Signature": signed})


def post_fields(client, path, fields, **more):
    """As Twilio posts."""
    return client.post(path, urlencode(fields), content_type="application/x-www-form-urlencoded", **more)


def counts(desk):
    with tenant(desk.tenant):
        return DeliveryReport.objects.count(), Reply.objects.count()


@pytest.mark.parametrize("token", ["x", "A" * 43, "..%2f", "A" * 400])
def test_an_address_that_never_was_is_not_found(cast, client, token):
    assert client.post(f"/hooks/{token}/", b"{}", content_type="application/json").status_code == 404


def test_only_posts_are_taken_and_no_cookie_is_asked_for(north, now):
    from_outside = Client(enforce_csrf_checks=True)
    path = address(north, "postmark", now)
    assert post(from_outside, path, DELIVERY).status_code in (200, 503)
    for method in ("get", "put", "delete"):
        assert getattr(from_outside, method)(path).status_code == 405


def test_a_removed_providers_address_is_not_found(north, client, now):
    path = address(north, "postmark", now)
    assert post(client, path, {"RecordType": "Open"}).status_code == 200
    with tenant(north.tenant):
        remove_provider("mail")
    assert post(client, path, DELIVERY).status_code == 404


def test_a_hard_bounce_fails_the_mail_and_gives_it_an_owner(north, client, now):
    message, path = sent(north, now), address(north, "postmark", now)
    for _ in range(2):
        assert post(client, path, BOUNCE).status_code == 200
    assert again(north, message).state == State.FAILED
    assert again(north, message).reason.startswith("Bounced: Hard bounce: The server was unable to deliver")
    with tenant(north.tenant):
        assert Duty.objects.get().subject == message.public_id
    assert counts(north) == (1, 0)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("HardBounce", "failed"),
        ("SoftBounce", "failed"),
        ("BadEmailAddress", "failed"),
        ("Blocked", "failed"),
        ("Transient", "sent"),
        ("AutoResponder", "sent"),
    ],
)
def test_what_is_only_delayed_is_no_failure(north, client, now, kind, state):
    message, path = sent(north, now), address(north, "postmark", now)
    assert post(client, path, {**BOUNCE, "Type": kind}).status_code == 200
    assert again(north, message).state == state
    assert counts(north) == (1, 0)


def test_a_delivery_is_told_by_our_key_with_the_providers_time(north, client, now):
    message, path = sent(north, now, provider_id=""), address(north, "postmark", now)
    told = {**DELIVERY, "Metadata": {"key": str(message.key)}}
    assert post(client, path, told).status_code == 200
    found = again(north, message)
    assert (found.state, found.provider_id) == (State.DELIVERED, POSTMARK_ID)
    assert found.delivered_at.isoformat() == "2026-03-05T13:06:10.273539+00:00"


def test_spam_and_unsubscribing_at_postmark_stop_mail(north, client, now):
    sent(north, now)
    path = address(north, "postmark", now)
    complaint = {**BOUNCE, "RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 43}
    change = {
        "RecordType": "SubscriptionChange",
        "MessageID": POSTMARK_ID,
        "ChangedAt": AT,
        "Recipient": "margaret@harbourletter.example",
        "Origin": "Recipient",
        "SuppressSending": False,
        "SuppressionReason": None,
    }
    stops = []
    for told in (
        complaint,
        change,
        {**change, "SuppressSending": True, "SuppressionReason": "HardBounce", "Origin": "Recipient"},
        {**change, "SuppressSending": True, "SuppressionReason": "ManualSuppression"},
    ):
        assert post(client, path, told).status_code == 200
        with tenant(north.tenant):
            north.contact.refresh_from_db()
        stops.append(north.contact.mail_stopped_at is not None)
    assert stops == [True, False, False, True]


def test_a_mail_that_comes_in_is_a_reply_once(north, client, now):
    message, path = sent(north, now), address(north, "postmark", now)
    headers = [{"Name": "In-Reply-To", "Value": f"<{message.key}@northgate>"}]
    for _ in range(2):
        assert post(client, path, {**INBOUND, "Headers": headers}).status_code == 200
    with tenant(north.tenant):
        reply = Reply.objects.get()
        assert (reply.text, reply.message, reply.customer) == ("Four is better.", message, north.customer)
        assert Duty.objects.get().kind == "answer reply"


def test_an_absence_note_and_files_are_told_apart(north, client, now):
    path = address(north, "postmark", now)
    note = {**INBOUND, "Headers": [{"Name": "Auto-Submitted", "Value": "auto-replied"}]}
    files = {**INBOUND, "MessageID": "2", "Attachments": [{"Name": "photo.jpg", "Content": "AAAA"}]}
    for told in (note, files):
        assert post(client, path, told).status_code == 200
    with tenant(north.tenant):
        first, second = Reply.objects.order_by("pk")
    assert first.outcome == "An automatic answer"
    assert second.text == "Four is better.\n\n(It came with photo.jpg: read that at Postmark.)"


def test_what_may_be_a_moment_ahead_of_us_comes_again_and_what_is_not_ours_does_not(north, client, now):
    path = address(north, "postmark", now)
    ahead = post(client, path, DELIVERY)
    assert (ahead.status_code, ahead["Retry-After"]) == (503, "30")
    old = {**DELIVERY, "DeliveredAt": "2026-03-05T12:30:00Z"}
    assert post(client, path, old).status_code == 200
    another = {**DELIVERY, "Metadata": {"key": "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"}}
    assert post(client, path, another).status_code == 200
    message = sent(north, now)
    assert post(client, path, DELIVERY).status_code == 200
    assert again(north, message).state == State.DELIVERED


@pytest.mark.parametrize("kind", ["postmark", "http"])
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]x", b"3", b'"words"', b"null", b"\xff\xfe", b'{"RecordType": "Bounce"}', b"[" * 100_000],
)
def test_what_cannot_be_read_is_refused_and_breaks_nothing(north, client, now, kind, body):
    path = address(north, kind, now)
    assert client.post(path, body, content_type="application/json").status_code in (400, 200)
    assert counts(north) == (0, 0)


def test_what_is_too_large_is_refused(north, client, now, monkeypatch):
    monkeypatch.setattr(hook_pages, "MOST_BYTES", 100)
    assert (
        post(client, address(north, "postmark", now), {**DELIVERY, "Details": "x" * 200}).status_code == 413
    )


def test_too_many_in_a_minute_are_sent_away_for_a_moment(north, client, now, monkeypatch):
    monkeypatch.setattr(hook_pages, "MOST_OF_A_PROVIDER", 2)
    path = address(north, "postmark", now)
    statuses = [post(client, path, {"RecordType": "Open"}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_guessing_finds_nothing_and_keeps_nobody_out(north, client, now):
    """Behind a proxy all come from one machine: whoever guesses must not lock providers out."""
    path = address(north, "postmark", now)
    for number in range(70):
        assert client.post(f"/hooks/{number:043}/").status_code == 404
    assert post(client, path, {"RecordType": "Open"}).status_code == 200


@pytest.mark.parametrize("nameless", [{"id": None}, {"id": ""}, {"id": "  "}, {}])
def test_what_names_nothing_is_refused_before_it_is_taken_for_another(north, client, now, nameless):
    path = address(north, "http", now)
    assert post(client, path, {"from": "+447700900412", "text": "Four?", **nameless}).status_code == 400
    assert post(client, path, {"status": "delivered", "key": None, **nameless}).status_code == 400
    assert counts(north) == (0, 0)


def test_half_a_sign_is_kept_as_a_question_mark(north, client, now):
    """A provider that cuts a text in two may cut a smiley in two."""
    path = address(north, "http", now)
    body = b'{"from": "+447700900412", "id": "1", "text": "Four? \\ud83d"}'
    assert client.post(path, body, content_type="application/json").status_code == 200
    with tenant(north.tenant):
        assert Reply.objects.get().text == "Four? ?"


def test_a_time_before_all_clocks_is_none(north, client, now):
    message = sent(north, now, channel="sms", provider_id="SM1")
    told = {"id": "SM1", "status": "delivered", "at": "0001-01-01T00:00:00+23:00"}
    assert post(client, address(north, "http", now), told).status_code == 400
    told = {**DELIVERY, "DeliveredAt": "0001-01-01T00:00:00+23:00", "Metadata": {"key": str(message.key)}}
    mail = sent(north, now)
    assert post(client, address(north, "postmark", now), told).status_code == 200
    assert (again(north, mail).state, again(north, mail).delivered_at) == (State.DELIVERED, now)


def test_another_desks_provider_says_nothing_about_our_message(cast, north, client, now):
    message = sent(north, now)
    path = address(cast.south, "postmark", now)
    told = {**BOUNCE, "Metadata": {"key": str(message.key)}}
    assert post(client, path, told).status_code == 200
    assert again(north, message).state == State.SENT
    assert counts(cast.south) == (0, 0)


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


def test_any_other_provider_tells_it_in_our_own_form(north, client, now):
    message = sent(north, now, channel="sms", provider_id="t-1")
    path = address(north, "http", now)
    told = [
        {"id": "t-1", "status": "sent"},
        {
            "key": str(message.key),
            "status": "undelivered",
            "reason": "No such number",
            "at": "2026-03-05T13:06:00Z",
        },
        {"from": "07700 900412", "text": "Yes", "id": "in-1", "answers": "t-1"},
    ]
    for _ in range(2):
        assert post(client, path, told).status_code == 200
    assert again(north, message).reason == "Not delivered: No such number"
    assert counts(north) == (2, 1)
    assert post(client, path, {"id": "t-2", "status": "delivered"}).status_code == 503
    for wrong in ({"id": "t-1", "status": "vanished"}, {"status": "sent"}, [{}] * 501):
        assert post(client, path, wrong).status_code == 400


def test_no_token_stands_in_the_log(north, client, now, capsys):
    path = address(north, "postmark", now)
    post(client, path, {"RecordType": "Open"})
    said = capsys.readouterr()
    token = path.rstrip("/").rsplit("/", 1)[1]
    assert token not in said.out + said.err
    assert "/hooks/…/" in said.out + said.err


def test_signs_that_cannot_be_kept_are_left_out(north, client, now):
    message, path = sent(north, now), address(north, "postmark", now)
    told = {**BOUNCE, "MessageID": POSTMARK_ID + "\x00", "Description": "no\x00body", "Name": ""}
    came = {
        **INBOUND,
        "StrippedTextReply": "a\x00b",
        "Headers": [{"Name": "References", "Value": "<a\x00@b>"}],
    }
    for one in (told, came):
        assert post(client, path, one).status_code == 200
    assert again(north, message).reason == "Bounced: HardBounce: nobody"
    with tenant(north.tenant):
        assert Reply.objects.get().text == "ab"


def test_a_stop_that_names_no_message_is_kept_and_does_not_come_again(north, client, now):
    told = {
        "RecordType": "SubscriptionChange",
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "ChangedAt": "2026-03-05T13:06:00Z",
        "Recipient": "margaret@harbourletter.example",
        "Origin": "Recipient",
        "SuppressSending": True,
        "SuppressionReason": "ManualSuppression",
    }
    assert post(client, address(north, "postmark", now), told).status_code == 200
    with tenant(north.tenant):
        north.contact.refresh_from_db()
    assert north.contact.mail_stopped_at == now
