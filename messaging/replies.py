"""What customers answer: whose it is, as far as known, and what a colleague made of it."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Protocol

from django.db import transaction

from customers.models import Customer, TimelineEntry
from customers.timeline import add_line
from messaging import opting_out
from messaging.mail_files import CameWith
from messaging.models import Message, Reply, ReplyFile
from messaging.whose import Traces, Writer, contacts_at, writer_of_mail
from tenancy.files import store_file
from tenancy.models import StoredFile

Channel = Message.Channel
LONGEST = 10_000
AUTOMATIC = "An automatic answer"
STOPPED = "They stopped texts"
STARTED = "They want texts again"


class AlreadyHandled(Exception):
    """Somebody has said what came of the reply."""


class Answerer(Protocol):
    """Gives a reply an owner; stands to our right and is handed in at start-up. Called with the desk open."""

    def needed(self, reply: Reply, *, now: dt.datetime, follows: Reply | None = None) -> None:
        """In the transaction in which it came; `follows` is the earlier mail that it goes on from."""

    def placed(self, reply: Reply, *, by, now: dt.datetime) -> None:
        """A person (a Membership) has said whose it is, which nobody knew."""

    def done(self, reply: Reply, *, by, now: dt.datetime, outcome: str) -> None:
        """A person (a Membership) saw to it."""


_answerers: list[Answerer] = []


@dataclass(frozen=True)
class Incoming:
    """A text or mail from outside, as a provider hands it over.

    `answers` are the ids that it names: our keys, or the provider's own ids. `wants` is "stop" or
    "start" where the provider has understood it so. A mail has `traces` of whose it is, its `original`
    bytes and its files; `outcome` is what came of it already.
    """

    channel: str
    provider_id: str
    address: str
    text: str
    answers: tuple[str, ...] = ()
    is_automatic: bool = False
    wants: str = ""
    outcome: str = ""
    title: str = ""
    rest: str = ""
    mail_id: str = ""
    traces: Traces | None = None
    files: tuple[CameWith, ...] = ()
    original: bytes = b""
    came_at: dt.datetime | None = None


def answered_by(answerer: Answerer) -> None:
    """Register who is told."""
    _answerers.append(answerer)


@transaction.atomic
def take_reply(incoming: Incoming, *, now: dt.datetime) -> Reply:
    """Keep what came, tell it on the customer's time line and give it an owner. Twice is once."""
    writer = _writer(incoming)
    outcome = _outcome(incoming)
    came_at = min(incoming.came_at or now, now)
    reply, is_new = Reply.objects.get_or_create(
        channel=incoming.channel,
        provider_id=incoming.provider_id[:200],
        defaults={
            "message": writer.message,
            "contact": writer.contact,
            "customer": writer.customer,
            "address": incoming.address[:254],
            "title": incoming.title[:300],
            "text": incoming.text[:LONGEST],
            "rest": incoming.rest[:LONGEST],
            "mail_id": incoming.mail_id[:400],
            "is_automatic": bool(incoming.is_automatic and outcome),
            "received_at": came_at,
            "handled_at": now if outcome else None,
            "outcome": outcome,
        },
    )
    if not is_new:
        return reply
    _keep_files(reply, incoming, now)
    _keep_their_word(incoming, outcome, now)
    if reply.customer is not None:
        tell(reply, reply.customer)
    if not outcome:
        for answerer in _answerers:
            answerer.needed(reply, now=now, follows=writer.follows)
    return reply


def place(reply: Reply, customer: Customer, *, contact, by, now: dt.datetime) -> Reply:
    """A person (a Membership) says whose a reply is that nobody knew; it goes where it belongs.

    Raises AlreadyHandled when somebody was quicker.
    """
    of_nobody = Reply.objects.filter(pk=reply.pk, customer__isnull=True, handled_at__isnull=True)
    if not of_nobody.update(customer=customer, contact=contact, placed_by=by, placed_at=now):
        raise AlreadyHandled("Somebody has seen to it already. Look again.")
    reply.refresh_from_db()
    tell(reply, customer)
    for answerer in _answerers:
        answerer.placed(reply, by=by, now=now)
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


def _writer(incoming) -> Writer:
    """Contact and customer: by the message it names, else by the address, when that is one customer's."""
    if incoming.traces is not None:
        return writer_of_mail(incoming.traces)
    message = _message_of(incoming)
    found = list(contacts_at(incoming.channel, incoming.address).select_related("customer"))
    if message is not None:
        own = [contact for contact in found if contact.customer_id == message.customer_id]
        return Writer(message, None, own[0] if own else message.contact, message.customer)
    customers = {contact.customer_id for contact in found}
    if len(customers) > 1:
        last = _last_to_any(found, incoming.channel)
        return Writer(last, None, last.contact, last.customer) if last is not None else Writer()
    if not found:
        return Writer()
    contact = min(found, key=lambda one: (not one.is_main, one.pk))
    return Writer(_last_to_any([contact], incoming.channel), None, contact, contact.customer)


def _last_to_any(contacts, channel):
    """The newest message that left to one of them over this channel."""
    rows = Message.objects.filter(contact__in=contacts, channel=channel, sent_at__isnull=False)
    return rows.select_related("contact", "customer").order_by("-sent_at", "-id").first()


def _outcome(incoming):
    """What came of one that no person need answer; empty for all others.

    The words alone decide: a provider takes "Cancel" for stop and "Yes" for start, and both may
    mean the visit.
    """
    if incoming.outcome:
        return incoming.outcome
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


def tell(reply: Reply, customer: Customer) -> None:
    """Its line on the time line, at the instant at which it came."""
    kind = TimelineEntry.Kind.MESSAGE if reply.channel == Channel.SMS else TimelineEntry.Kind.MAIL
    what = "Text" if reply.channel == Channel.SMS else "Mail"
    who = reply.contact.name if reply.contact is not None and reply.contact.name else reply.address
    title = f"Automatic answer from {who}" if reply.is_automatic else f"{what} from {who}"
    titled = f"{reply.title}\n{reply.text}" if reply.title and reply.title != reply.text else reply.text
    add_line(
        customer, kind, title, at=reply.received_at, detail=titled, subject=reply.public_id, step="reply"
    )


def _keep_files(reply, incoming, now):
    """The whole mail, and each file of it that is kept; of the others why not."""
    if incoming.original:
        kind = StoredFile.Kind.DOCUMENT
        what = {"kind": kind, "name": "mail.eml", "content_type": "message/rfc822"}
        reply.original = store_file(content=incoming.original, **what, by=None, now=now)
        reply.save(update_fields=["original"])
    for number, came in enumerate(incoming.files, start=1):
        ReplyFile.objects.create(
            reply=reply,
            number=number,
            name=came.name[:120],
            size=came.size,
            file=_stored(came, now) if came.content else None,
            not_kept_because=came.not_kept_because[:200],
        )


def _stored(came, now):
    what = {"kind": StoredFile.Kind.DOCUMENT, "name": came.name, "content_type": came.content_type}
    return store_file(content=came.content, **what, by=None, now=now)


def _uuid(text):
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
