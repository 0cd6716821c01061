"""What Postmark tells of: mails that bounced or arrived, stops and replies."""

import base64

import pytest

from cases.models import Duty
from messaging.models import Reply
from tenancy.scope import tenant
from tests.messaging.reporting import (
    AT,
    BOUNCE,
    DELIVERY,
    INBOUND,
    POSTMARK_ID,
    State,
    address,
    again,
    counts,
    post,
    sent,
)

pytestmark = pytest.mark.usefixtures("moment")


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
    photo = base64.b64encode(b"\xff\xd8\xff\xe0 a photo").decode()
    files = {**INBOUND, "MessageID": "2", "Attachments": [{"Name": "photo.jpg", "Content": photo}]}
    for told in (note, files):
        assert post(client, path, told).status_code == 200
    with tenant(north.tenant):
        first, second = Reply.objects.order_by("pk")
        assert (first.outcome, first.is_automatic, first.files.count()) == ("An automatic answer", True, 0)
        kept = second.files.get()
        assert (second.text, kept.name, kept.file.content_type) == (
            "Four is better.",
            "photo.jpg",
            "image/jpeg",
        )
        with kept.file.content.open("rb") as content:
            assert content.read() == b"\xff\xd8\xff\xe0 a photo"


def test_a_mark_in_the_address_tells_what_is_answered_and_the_raw_mail_is_preferred(north, client, now):
    message, path = sent(north, now), address(north, "postmark", now)
    marked = {**INBOUND, "FromFull": {"Email": "son@elsewhere.example"}, "MailboxHash": message.key.hex}
    raw = {**INBOUND, "MessageID": "2", "RawEmail": "From: margaret@harbourletter.example\n\nRaw words"}
    for told in (marked, raw):
        assert post(client, path, told).status_code == 200
    with tenant(north.tenant):
        first, second = Reply.objects.order_by("pk")
        assert (first.message, first.customer) == (message, north.customer)
        assert (second.text, second.customer) == ("Raw words", north.customer)


def test_signs_that_cannot_be_kept_are_left_out(north, client, now):
    message, path = sent(north, now), address(north, "postmark", now)
    told = {**BOUNCE, "MessageID": POSTMARK_ID + "\x00", "Description": "no\x00body", "Name": ""}
    came = {
        **INBOUND,
        "TextBody": "a\x00b",
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
