"""The outbox: planning a message in the transaction of its cause, and changing one that still waits."""

import datetime as dt
import json
import uuid
from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import Q

from messaging import by_hand, faults
from messaging.by_hand import BY_HAND, EDITED_BY, EDITOR
from messaging.channels import is_ready
from messaging.keys import key_of
from messaging.kinds import UnknownKind, kind_of
from messaging.models import Message
from messaging.opting_out import has_said_no, is_about_visit
from tenancy.models import Tenant

State = Message.State
# Not fine, and nobody has settled it: a person sees these.
FAULTY_STATES = (State.FAILED, State.MISSED, State.UNCERTAIN)

LONGEST_HOLD = dt.timedelta(days=366)
# A worker looks every few seconds; what has waited longer than this waits for one that does not run.
SENT_WITHIN = dt.timedelta(minutes=5)

# A cancelled message whose cause is true again (a visit moved there and back) is planned anew;
# one that went, or that a person dropped, is never touched by planning.
_PLAN = """
    INSERT INTO messaging_message (tenant_id, key, kind, channel, customer_id, contact_id, colleague_id,
        subject, subject_start, fields, state, send_after, useless_after, address, title, text, reason,
        attempts, leased_until, provider_id, planned_at)
    SELECT tenant_id, key, kind, channel, customer_id, contact_id, colleague_id, subject, subject_start,
        fields, 'planned', send_after, useless_after, '', '', '', '', 0, NULL, '', %s
    FROM jsonb_to_recordset(%s::jsonb) AS wanted (tenant_id bigint, key uuid, kind text, channel text,
        customer_id bigint, contact_id bigint, colleague_id bigint, subject uuid,
        subject_start timestamptz, fields jsonb, send_after timestamptz, useless_after timestamptz)
    ON CONFLICT (tenant_id, key) DO UPDATE
        SET state = 'planned', send_after = EXCLUDED.send_after, useless_after = EXCLUDED.useless_after,
            contact_id = EXCLUDED.contact_id, fields = EXCLUDED.fields, planned_at = EXCLUDED.planned_at,
            reason = '', title = '', text = '', attempts = 0, leased_until = NULL
        WHERE messaging_message.state = 'cancelled'
"""
# What a planned message carries over into its row.
_CARRIED = (
    "tenant_id",
    "key",
    "kind",
    "channel",
    "customer_id",
    "contact_id",
    "colleague_id",
    "subject",
    "subject_start",
    "fields",
    "send_after",
    "useless_after",
)


class NotWaiting(Exception):
    """The message has left, or was settled otherwise: it cannot be held, edited or dropped."""


def plan(messages: Iterable[Message], *, now: dt.datetime) -> int:
    """Put messages (unsaved, with key, kind, channel, recipient and send_after) into the outbox.

    Returns how many are new; the same key planned twice is planned once. One statement, however
    many there are. Nothing leaves before the surrounding transaction commits.
    """
    wanted: dict[uuid.UUID, dict] = {}
    for message in messages:
        wanted.setdefault(message.key, {name: getattr(message, name) for name in _CARRIED})
    if not wanted:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, [now, json.dumps(list(wanted.values()), default=_spelled)])
        return cursor.rowcount


def call_off(*subjects: uuid.UUID, because: str, now: dt.datetime, kinds: Iterable[str] = ()) -> int:
    """Cancel what still waits about some things (visits' public ids); how many were.

    What a person wrote comes back to them instead, see `messaging.by_hand`.
    """
    written = _waiting_about(subjects, kinds).filter(BY_HAND).select_for_update(of=("self",)).order_by("pk")
    handed_back = by_hand.hand_back(list(written.select_related("customer")), because=because, now=now)
    return handed_back + cancel_about(*subjects, because=because, kinds=kinds)


def cancel_about(*subjects: uuid.UUID, because: str, kinds: Iterable[str] = ()) -> int:
    """Cancel what still waits about some things, a person's words too: they know; how many were."""
    return _waiting_about(subjects, kinds).update(
        state=State.CANCELLED, reason=because[:300], leased_until=None
    )


def plan_again(keys: Iterable[int], *, now: dt.datetime) -> int:
    """Let called-off messages (primary keys) wait again, as they did; how many were."""
    known = Message.objects.filter(pk__in=list(keys))
    # Failed without a try, they had come back to who wrote them.
    for message in known.filter(BY_HAND, state=State.FAILED, attempts=0):
        faults.settle(message, by=None, now=now, outcome="It waits again: the change was undone")
    called_off = Q(state=State.CANCELLED) | BY_HAND & Q(state=State.FAILED, attempts=0)
    return known.filter(called_off).update(state=State.PLANNED, reason="")


def waiting_too_long(desk: Tenant, *, now: dt.datetime) -> int:
    """How many messages of the active desk are past their time and nobody sends them.

    None where the desk's messages are switched off: there they are meant to wait.
    """
    at = now - SENT_WITHIN
    if desk.messages_from is None or desk.messages_from > at:
        return 0
    # One that a worker holds, or that backs off after a try in doubt, has its time at the lease's end.
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=at)
    return Message.objects.filter(free, state__in=(State.PLANNED, State.SENDING), send_after__lte=at).count()


def hold(message: Message, *, until: dt.datetime, by, now: dt.datetime) -> Message:
    """Let a waiting message leave later. Raises NotWaiting, and ValueError for a time that is no use."""
    if until <= now:
        raise ValueError("Choose a time to come.")
    if until > now + LONGEST_HOLD:
        raise ValueError("Choose a time within a year.")
    if message.useless_after is not None and until >= message.useless_after:
        raise ValueError("By then it would be of no use. Choose an earlier time, or drop it.")
    return _change(message, send_after=until, reason=f"Held by {by.name}")


def edit(message: Message, *, title: str, text: str, by) -> Message:
    """Put a person's words in the place of ours. Raises NotWaiting, and ValueError for an empty text."""
    if not text.strip():
        raise ValueError("Write the message, or drop it.")
    return _change(
        message,
        title=" ".join(title.split())[:200],
        text=text.strip(),
        fields={**message.fields, EDITED_BY: by.name, EDITOR: by.pk},
        reason=f"Edited by {by.name}",
    )


def drop(message: Message, *, by) -> Message:
    """Never send it: a person's decision, which planning again does not undo. Raises NotWaiting."""
    return _change(message, state=State.SKIPPED, reason=f"Dropped by {by.name}")


def send_again(message: Message, *, by, now: dt.datetime) -> Message:
    """Try a failed, missed or uncertain message once more, now. Raises NotWaiting when it is none."""
    said = f"Sent again by {by.name}"
    changed = _change(
        message,
        among=FAULTY_STATES,
        state=State.PLANNED,
        attempts=0,
        send_after=now,
        useless_after=_still_of_use(message, now),
        reason=said,
        # What is still reported of the attempts so far says nothing of the next.
        earlier_ids=[*message.earlier_ids, *filter(None, [message.provider_id])],
        provider_id="",
    )
    faults.settle(changed, by=by, now=now, outcome=said)
    return changed


def send_otherwise(message: Message, *, by, now: dt.datetime) -> Message:
    """Send what failed over the other channel instead, now; the new message.

    Raises NotWaiting when it did not fail, and ValueError when the other channel reaches nobody.
    """
    channel = other_channel(message)
    if not channel:
        raise ValueError("There is no other address to write to. Ring instead.")
    fields = {name: value for name, value in message.fields.items() if name not in (EDITED_BY, EDITOR)}
    instead = Message(
        key=key_of("instead", message.key, channel),
        kind=message.kind,
        channel=channel,
        customer_id=message.customer_id,
        contact_id=message.contact_id,
        subject=message.subject,
        subject_start=message.subject_start,
        fields=fields,
        send_after=now,
        useless_after=_still_of_use(message, now),
    )
    settle(message, by=by, now=now, outcome=f"Sent by {instead.get_channel_display().lower()} instead")
    plan([instead], now=now)
    return Message.objects.get(key=instead.key)


def settle(message: Message, *, by, now: dt.datetime, outcome: str) -> Message:
    """A person saw to a failed, missed or uncertain message.

    Raises NotWaiting when it is none, and ValueError without an outcome.
    """
    if not outcome.strip():
        raise ValueError("Say what came of it.")
    settled = _change(
        message, among=FAULTY_STATES, state=State.SKIPPED, reason=f"{outcome.strip()} ({by.name})"[:300]
    )
    faults.settle(settled, by=by, now=now, outcome=outcome.strip())
    return settled


def other_channel(message: Message, *, ready: Collection[str] | None = None) -> str:
    """The other way to the same contact; empty when there is none, or they stopped that one too.

    `ready` are the channels that can leave, where many messages are looked at.
    """
    contact = message.contact
    if contact is None:
        return ""
    if message.channel == Message.Channel.MAIL:
        channel, address = Message.Channel.SMS, contact.phone
    else:
        channel, address = Message.Channel.MAIL, contact.email
    is_there = channel in ready if ready is not None else is_ready(channel)
    if not (address and is_there) or has_said_no(contact, channel, about_visit=is_about_visit(message)):
        return ""
    return channel if is_allowed(contact, channel) or _overrules_stop(message) else ""


def wants(contact, channel: str) -> bool:
    """Whether a contact has not stopped messages over a channel, themselves or through the desk."""
    return is_allowed(contact, channel) and not has_said_no(contact, channel, about_visit=False)


def is_allowed(contact, channel: str) -> bool:
    """Whether the desk writes to a contact over a channel: its own note, which a visit may overrule."""
    return contact.by_mail if channel == Message.Channel.MAIL else contact.by_sms


def _waiting_about(subjects, kinds):
    waiting = Message.objects.filter(subject__in=subjects, state=State.PLANNED)
    return waiting.filter(kind__in=list(kinds)) if kinds else waiting


def _overrules_stop(message):
    try:
        return kind_of(message).overrules_stop(message)
    except UnknownKind:
        return False


def _still_of_use(message, now):
    """Asked for by a person, it has no end that lies in the past."""
    useless = message.useless_after
    return None if useless is None or useless <= now else useless


def _spelled(value) -> str:
    """Instants and keys as PostgreSQL reads them."""
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def _change(message, *, among=(State.PLANNED,), **values):
    changed = Message.objects.filter(pk=message.pk, state__in=among).update(leased_until=None, **values)
    if not changed:
        raise NotWaiting("It has left already, or somebody settled it. Look again.")
    message.refresh_from_db()
    return message
