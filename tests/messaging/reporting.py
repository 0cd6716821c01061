"""Reports of providers as they come to our hooks, for tests."""

import json
from urllib.parse import urlencode

from messaging.models import DeliveryReport, Message, Reply
from messaging.providers import reports_address, save_provider
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
