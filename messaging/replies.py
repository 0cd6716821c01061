"""What customers answer: whose it is, as far as known, and what a colleague made of it."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Protocol

from customers.models import Customer, TimelineEntry
from customers.timeline import add_line
from messaging import opting_out
from messaging.models import Message, Reply
from messaging.whose import contacts_at

Channel = Message.Channel
LONGEST = 10_000
AUTOMATIC = "An automatic answer"
STOPPED = "They stopped texts"
STARTED = "They want texts again"


class AlreadyHandled(Exception):
    """Somebody has said what came of the reply."""


class Answerer(Protocol):
    """Gives a reply an owner; stands to our right and is handed in at start-up. Called with the desk open."""

    def needed(self, reply: Reply, *, now: dt.datetime) -> None:
        """In the transaction in which it came."""

    def done(self, reply: Reply, *, by, now: dt.datetime, outcome: str) -> None:
        """A person (a Membership) saw to it."""


_answerers: list[Answerer] = []


@dataclass(frozen=True)
class Incoming:
    """A text or mail from outside, as a provider hands it over.

    `answers` are the ids that it names: our keys, or the provider's own ids. `wants` is "stop" or
    "start" where the provider has understood it so.
    """

    channel: str
    provider_id: str
    address: str
    text: str
    answers: tuple[str, ...] = ()
    is_automatic: bool = False
    wants: str = ""


def answered_by(answerer: Answerer) -> None:
    """Register who is told."""
    _answerers.append(answerer)


def take_reply(incoming: Incoming, *, now: dt.datetime) -> Reply:
    """Keep what came, tell it on the customer's time line and give it an owner. Twice is once."""
    message = _message_of(incoming)
    contact, customer = _writer(incoming, message)
    if message is None and contact is not None:
        message = _last_to(contact, incoming.channel)
    outcome = _outcome(incoming)
    reply, is_new = Reply.objects.get_or_create(
        channel=incoming.channel,
        provider_id=incoming.provider_id[:200],
        defaults={
            "message": message,
            "contact": contact,
            "customer": customer,
            "address": incoming.address[:254],
            "text": incoming.text[:LONGEST],
            "received_at": now,
            "handled_at": now if outcome else None,
            "outcome": outcome,
        },
    )
    if not is_new:
        return reply
    _keep_their_word(incoming, outcome, now)
    if customer is not None:
        _tell(reply, customer, now)
    if not outcome:
        for answerer in _answerers:
            answerer.needed(reply, now=now)
    return reply


def handle(reply: Reply, *, outcome: str, by, now: dt.datetime) -> Reply:
    """A person (a Membership) says what came of it; its duty is done.

    Raises ValueError without an outcome, AlreadyHandled when somebody else has said so.
    """
    if not outcome.strip():
        raise ValueError("Say what came of it.")
    said = outcome.strip()[:300]
    open_one = Reply.objects.filter(pk=reply.pk, handled_at__isnull=True)
    if not open_one.update(handled_at=now, handled_by=by, outcome=said):
        raise AlreadyHandled("Somebody has seen to it already. Look again.")
    reply.refresh_from_db()
    for answerer in _answerers:
        answerer.done(reply, by=by, now=now, outcome=said)
    return reply


def _message_of(incoming):
    """The message that it names itself."""
    keys = [key for part in incoming.answers if (key := _uuid(part.partition("@")[0]))]
    ids = [part for part in incoming.answers if part]
    rows = Message.objects.filter(channel=incoming.channel).select_related("contact", "customer")
    named = rows.filter(key__in=keys).first() if keys else None
    if named is None and ids:
        local = [part.partition("@")[0] for part in ids]
        named = rows.filter(provider_id__in=[*ids, *local]).order_by("-id").first()
    return named


def _writer(incoming, message):
    """Contact and customer: by the message it names, else by the address, when that is one customer's."""
    found = list(contacts_at(incoming.channel, incoming.address).select_related("customer"))
    if message is not None:
        own = [contact for contact in found if contact.customer_id == message.customer_id]
        return (own[0] if own else message.contact), message.customer
    customers = {contact.customer_id for contact in found}
    if len(customers) > 1:
        last = _last_to_any(found, incoming.channel)
        return (last.contact, last.customer) if last is not None else (None, None)
    if not found:
        return None, None
    contact = min(found, key=lambda one: (not one.is_main, one.pk))
    return contact, contact.customer


def _last_to(contact, channel):
    return _last_to_any([contact], channel)


def _last_to_any(contacts, channel):
    """The newest message that left to one of them over this channel."""
    rows = Message.objects.filter(contact__in=contacts, channel=channel, sent_at__isnull=False)
    return rows.select_related("contact", "customer").order_by("-sent_at", "-id").first()


def _outcome(incoming):
    """What came of one that no person need answer; empty for all others.

    The words alone decide: a provider takes "Cancel" for stop and "Yes" for start, and both may
    mean the visit.
    """
    if incoming.is_automatic:
        return AUTOMATIC
    if incoming.channel != Channel.SMS:
        return ""
    if opting_out.is_stop(incoming.text):
        return STOPPED
    if opting_out.is_start(incoming.text):
        return STARTED
    return ""


def _keep_their_word(incoming, outcome, now):
    if outcome == STOPPED or incoming.wants == "stop":
        opting_out.stop_texts(incoming.address, now=now)
    elif outcome == STARTED or incoming.wants == "start":
        opting_out.want_texts(incoming.address, now=now)


def _tell(reply, customer: Customer, now):
    kind = TimelineEntry.Kind.MESSAGE if reply.channel == Channel.SMS else TimelineEntry.Kind.MAIL
    what = "Text" if reply.channel == Channel.SMS else "Mail"
    who = reply.contact.name if reply.contact is not None and reply.contact.name else reply.address
    title = f"{what} from {who}"
    add_line(customer, kind, title, at=now, detail=reply.text, subject=reply.public_id, step="reply")


def _uuid(text):
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
