"""What a customer is told of a visit, planned in the transaction of what happened (R4.3, R4.8).

Reminders are planned by the sweep (`visits.reminders`), all else by the activity itself. What
is said stands in `visits.letters`.
"""

import datetime as dt
from collections.abc import Collection

from cases.models import Duty
from customers.models import Contact
from messaging import outbox
from messaging.channels import is_ready
from messaging.keys import key_of, moment
from messaging.models import Message
from visits.models import Visit
from visits.visit_duties import open_visit_duty

Channel = Message.Channel

# A visit under way: these reach somebody who wants no messages too, if nothing else reaches them.
UNDER_WAY = frozenset({"not called", "on the way", "delayed", "late", "missed"})
EACH_IS_TOLD = frozenset({"moved", "on the way", "delayed"})
KINDS = UNDER_WAY | {"booked", "moved", "cancelled", "reminder"}


def plan_visit_messages(
    visit: Visit,
    kind: str,
    *,
    now: dt.datetime,
    fields: dict | None = None,
    send_after: dt.datetime | None = None,
) -> int:
    """Plan telling the customer, once over each channel they want; how many messages are new.

    Kinds: booked, moved, cancelled, not called (the promised call has not come), on the way,
    delayed (before they notice), late, missed, reminder. A booking is held until its undo time is
    over. A move or cancellation cancels what still waits first; moved before the booking was told, it
    is told as booked. `fields` may hold `expected_at`, `call_by` (instants, ISO) and `caller` (a name).
    When nothing reaches the customer a duty to ring them is opened instead. A desk whose messages are
    switched off plans none, and nothing is said of a visit that a supervisor has yet to approve (R4.6).
    Raises ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"“{kind}” is no kind of message about a visit.")
    if visit.awaits_approval:
        return 0
    if kind == "moved" and _was_not_told_yet(visit):
        kind = "booked"
    if kind in ("moved", "cancelled", "booked"):
        cancel_visit_messages(visit, now=now)
    starts = visit.tenant.messages_from
    send_after = send_after or max(now, visit.held_until or now)
    if starts is None or send_after < starts:
        return 0
    contact = contact_of(visit)
    channels = channels_for(visit, contact, kind)
    if not channels:
        _let_somebody_ring(visit, kind, contact, now=now)
        return 0
    about = _about(visit, kind)
    return outbox.plan(
        (
            Message(
                key=key_of("visit", visit.public_id, *about, channel),
                kind=kind,
                channel=channel,
                customer_id=visit.customer_id,
                contact=contact,
                subject=visit.public_id,
                subject_start=visit.planned_start,
                fields=fields or {},
                send_after=send_after,
                useless_after=useless_after(visit, kind, now=now),
            )
            for channel in channels
        ),
        now=now,
    )


def cancel_visit_messages(visit: Visit, *, now: dt.datetime) -> int:
    """Cancel whatever still waits about a visit that is moved, over or undone; how many were."""
    return outbox.call_off(visit.public_id, because="The visit was moved, cancelled or undone.", now=now)


def waits_to_be_told(visit: Visit) -> bool:
    """Whether the booking, or a move, still waits in the outbox: the customer has not heard of it."""
    waiting = Message.objects.filter(subject=visit.public_id, state=Message.State.PLANNED)
    return waiting.filter(kind__in=["booked", "moved"]).exists()


def contact_of(visit: Visit) -> Contact | None:
    """Whom we write to: the visit's contact, else the customer's main one, else any."""
    if visit.contact_id:
        return visit.contact
    return Contact.objects.filter(customer_id=visit.customer_id).order_by("-is_main", "id").first()


def channels_for(visit: Visit, contact: Contact | None, kind: str) -> list[str]:
    """The channels that reach the contact and are wanted.

    STOP is respected for everything but a visit under way (design, section 10): then, if no
    wanted channel is left, any that reaches them.
    """
    if contact is None:
        return []
    reaching = [
        channel
        for channel, address in ((Channel.SMS, contact.phone), (Channel.MAIL, contact.email))
        if address and is_ready(channel)
    ]
    told = {Channel.SMS: visit.tell_by_sms, Channel.MAIL: visit.tell_by_mail}
    liked = {Channel.SMS: contact.by_sms, Channel.MAIL: contact.by_mail}
    wanted = [channel for channel in reaching if told[channel] and liked[channel]]
    if wanted or kind not in UNDER_WAY:
        return wanted
    return reaching


def one_channel_for(visit: Visit, contact: Contact | None, *, ready: Collection[str]) -> str:
    """For what is said once only: mail before text, and what they ticked for this visit before the other.

    Of the channels that are `ready`; empty where none reaches them, or they want nothing.
    """
    ticked = {Channel.MAIL: visit.tell_by_mail, Channel.SMS: visit.tell_by_sms}
    if contact is None or not any(ticked.values()):
        return ""
    addresses = ((Channel.MAIL, contact.email), (Channel.SMS, contact.phone))
    ways = [
        channel
        for channel, address in addresses
        if address and channel in ready and outbox.wants(contact, channel)
    ]
    return next((channel for channel in ways if ticked[channel]), ways[0] if ways else "")


def useless_after(visit: Visit, kind: str, *, now: dt.datetime) -> dt.datetime:
    """When a message of this kind has lost its use."""
    if kind == "late":
        return max(visit.window_end, now) + dt.timedelta(hours=2)
    if kind == "missed":
        return now + dt.timedelta(days=1)
    if kind in ("on the way", "delayed"):
        # Told late, it is of use until the technician stands there.
        there = (visit.expected_at or now) + dt.timedelta(minutes=15)
        return max(visit.planned_end, visit.window_end, there)
    return max(visit.window_end, now + dt.timedelta(minutes=10))


def _about(visit, kind):
    """What makes this cause another one: its start, and where it is told anew each time, the change."""
    about = [kind, moment(visit.planned_start)]
    # Moved there and back and there again, another arrival time and one more: each is told.
    return [*about, visit.version] if kind in EACH_IS_TOLD else about


def _was_not_told_yet(visit):
    """A booking of ours that waits in the outbox, or was cancelled there, and none that left."""
    told = Message.objects.filter(subject=visit.public_id, kind__in=["booked", "moved"])
    states = set(told.values_list("state", flat=True))
    return bool(states) and states <= {Message.State.PLANNED, Message.State.CANCELLED}


def _let_somebody_ring(visit, kind, contact, *, now):
    """Never a silent gap (R4.9); somebody who chose to hear nothing is rung when it matters only."""
    chose_nothing = not (visit.tell_by_sms or visit.tell_by_mail)
    if kind == "reminder" or (chose_nothing and kind not in UNDER_WAY):
        return
    open_visit_duty(
        visit,
        "tell of visit",
        *_about(visit, kind),
        kind=Duty.Kind.TELL_CUSTOMER,
        title=f"Ring {visit.customer.name}: visit {visit.number}, {kind}",
        detail="No message reaches them: no address that may be written to."
        + (f" Phone: {contact.phone}" if contact and contact.phone else ""),
        due_at=now + dt.timedelta(minutes=10 if kind in UNDER_WAY else 60),
        now=now,
    )
