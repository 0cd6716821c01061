"""Cards of the tray that are no visit on the board: duties with a page of their own, messages that failed.

Each says what is to be done, for whom, by when, and leads to the one page where it is done.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Window
from django.db.models.functions import RowNumber

from cases.models import Duty
from messaging.by_hand import BY_HAND, is_by_hand, words_of, writers_name
from messaging.models import Message
from messaging.outbox import FAULTY_STATES
from servicedesk.calls_owed import calls_owed
from servicedesk.moments import due_word
from tenancy.addresses import desk_url
from tenancy.calendars import Calendar, day_bounds, local_day, zone_of
from tenancy.models import Tenant
from tenancy.prepared import Instant, Prepared
from visits.models import Visit

Kind = Duty.Kind
# In this order, each below its own heading.
HEADINGS = {
    "call": "Calls owed",
    Kind.MEND_MESSAGE: "Messages that failed",
    Kind.PLACE_VISIT: "A technician to find",
    Kind.APPROVE_VISIT: "Waiting for a supervisor’s yes",
    Kind.OWN_CASE: "To be taken over",
    Kind.TAKE_CASE: "Cases handed over",
    Kind.ANSWER_REPLY: "Replies to answer",
    Kind.OFFER_VISIT: "Paid visits to offer",
    Kind.BOOK_SERVICE: "Maintenance to book",
    Kind.BOOK_RETURN: "Work left to book",
}
# What the card's button says, and which page it opens: route, and whose public id stands in it.
ACTS = {
    Kind.PLACE_VISIT: ("Find somebody", "visit-move", "subject"),
    Kind.APPROVE_VISIT: ("Approve or decline", "visit-approval", "subject"),
    Kind.OWN_CASE: ("Take it over", "take-over", "duty"),
    Kind.TAKE_CASE: ("Open the case", "case", "subject"),
    Kind.ANSWER_REPLY: ("Answer", "reply", "subject"),
    Kind.OFFER_VISIT: ("Book it", "book", "customer"),
    Kind.BOOK_SERVICE: ("Book it", "book", "customer"),
    Kind.BOOK_RETURN: ("Book it", "book", "customer"),
}
# Of each kind so many stand in the tray; the rest is counted, and has a register.
SHOWN_OF_A_KIND = 5
REGISTERS = {Kind.OFFER_VISIT: "unused", Kind.BOOK_SERVICE: "unused", Kind.MEND_MESSAGE: "messages"}


@dataclass(frozen=True)
class Card:
    """One thing to do: whose, what, by when, and the page where it is done."""

    id: str
    customer: str
    title: str
    clock: str
    is_late: bool
    url: str
    act: str
    phone: str = ""


@dataclass(frozen=True)
class Group:
    """The cards of one kind; `count` with those that are not shown, `more_url` where they stand."""

    heading: str
    cards: tuple[Card, ...]
    count: int
    more_url: str = ""

    @property
    def left_out(self) -> int:
        """How many stand behind those that are shown."""
        return self.count - len(self.cards)


def other_cards(
    desk: Tenant, *, now: dt.datetime, calendar: Calendar, leave_out: Iterable
) -> tuple[Group, ...]:
    """The groups that have a card, in their order: four queries, however many there are.

    `leave_out` are public ids of visits whose own card says already that the customer must be told.
    """
    groups = [_calls(desk, now, leave_out), _failed(desk, now, calendar), *_duties(desk, now)]
    return tuple(group for group in groups if group.count)


def _calls(desk, now, leave_out) -> Group:
    owed = calls_owed(desk, now=now, leave_out=leave_out)
    cards = tuple(
        Card(
            id=call.id,
            customer=call.customer,
            title=call.title,
            clock=call.due,
            is_late=call.is_late,
            url=desk_url(desk, "call-owed", id=call.id),
            act="Record the call",
            phone=call.phone,
        )
        for call in owed
    )
    return Group(HEADINGS["call"], cards, len(cards))


def _failed_about(start, end):
    """Those about visits that begin in the span, with when; and people's own."""
    coming = Visit.objects.filter(
        public_id=OuterRef("subject"),
        planned_start__gte=start,
        planned_start__lt=end,
        state__in=Visit.WAITING_STATES,
    )
    return (
        Message.objects.filter(Q(Exists(coming)) | BY_HAND, state__in=FAULTY_STATES, contact__isnull=False)
        .annotate(begins_at=Subquery(coming.values("planned_start")[:1]))
        .select_related("customer")
        .order_by("planned_at", "pk")[: SHOWN_OF_A_KIND * 4]
    )


_FAILED = Prepared(_failed_about, start=Instant(), end=Instant())


def _failed(desk, now, calendar) -> Group:
    """Messages about a visit of today, or of tomorrow, and people's own, that did not go (R4.9)."""
    today = local_day(now, calendar.zone)
    start = day_bounds(today, calendar.zone)[0]
    end = day_bounds(today + dt.timedelta(days=1), calendar.zone)[1]
    found = _FAILED.rows(start=start, end=end)
    cards = tuple(
        Card(
            id=str(message.public_id),
            customer=message.customer.short_name,
            title=_what_failed(message),
            clock=due_word(message.begins_at or message.send_after, zone=calendar.zone, today=today),
            is_late=True,
            url=desk_url(desk, "message", id=message.public_id),
            act="Mend it",
        )
        for message in found[:SHOWN_OF_A_KIND]
    )
    return Group(HEADINGS[Kind.MEND_MESSAGE], cards, len(found), desk_url(desk, REGISTERS[Kind.MEND_MESSAGE]))


def _what_failed(message) -> str:
    """A person's words as they wrote them: the visit that they are about may stand elsewhere by now."""
    why = message.reason or "no answer yet"
    if is_by_hand(message):
        return f"What {writers_name(message)} wrote did not reach them: “{words_of(message)}” {why}"
    return f"The message “{message.kind}” did not reach them: {why}"


def _ranked():
    """The most urgent of each kind with how many there are."""
    of_kind = {"partition_by": F("kind")}
    return (
        Duty.objects.open()
        .filter(kind__in=ACTS)
        .annotate(
            place=Window(RowNumber(), **of_kind, order_by=[F("due_at").asc(), F("pk").asc()]),
            count=Window(Count("pk"), **of_kind),
        )
        .filter(place__lte=SHOWN_OF_A_KIND)
        .select_related("customer")
        .order_by("place")
    )


_DUTIES = Prepared(_ranked)


def _duties(desk, now) -> list[Group]:
    """The most urgent of each kind with how many there are: one query."""
    zone = zone_of(desk)
    today = local_day(now, zone)
    shown: dict[str, list[Duty]] = {kind: [] for kind in ACTS}
    for duty in _DUTIES.rows():
        shown[duty.kind].append(duty)
    return [
        Group(
            HEADINGS[kind],
            tuple(_card(desk, duty, now, zone, today) for duty in duties),
            duties[0].count if duties else 0,
            desk_url(desk, REGISTERS[kind]) if kind in REGISTERS else "",
        )
        for kind, duties in shown.items()
    ]


def _card(desk, duty, now, zone, today) -> Card:
    act, route, whose = ACTS[duty.kind]
    about = {
        "duty": duty.public_id,
        "subject": duty.subject,
        "customer": duty.customer and duty.customer.public_id,
    }[whose]
    return Card(
        id=str(duty.public_id),
        customer=duty.customer.short_name if duty.customer else "A customer",
        title=duty.title,
        clock=due_word(duty.due_at, zone=zone, today=today),
        is_late=duty.due_at < now,
        url=desk_url(desk, route, id=about) if about else desk_url(desk, "customers"),
        act=act,
    )
