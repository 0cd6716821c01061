"""The tray: what needs somebody now, worst first, each with its cause in words (design, 4.2).

It is the same on every day's board, for it speaks of now: misses of any day without an outcome,
what is late or at risk, calls that are due, visits nobody has, and those of the next working day
that nobody confirmed.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count

from cases.models import Interaction
from customers.models import Contact
from messaging.models import Message
from servicedesk.board_visits import BoardVisit, to_be_minded
from servicedesk.tray_cards import Group, other_cards
from servicedesk.whereabouts import job_of, rounded, standings
from tenancy.addresses import desk_urls
from tenancy.calendars import Calendar, day_bounds, local_day, local_time
from tenancy.models import Tenant
from tenancy.prepared import Among, Instant, Keys, Prepared, PublicIds
from visits.availability import Span
from visits.models import Visit
from visits.standing import CALL_SHOWN_BEFORE, Standing, Word

# In this order, always.
KINDS = {
    Word.MISSED: "missed",
    Word.LATE: "late",
    Word.CALL_DUE: "call",
    Word.AT_RISK: "risk",
    Word.NOT_ASSIGNED: "unassigned",
    Word.NOT_CONFIRMED: "unconfirmed",
}
ORDER = tuple(KINDS.values())
ICONS = {
    "missed": "user-x",
    "late": "clock-alert",
    "call": "phone-outgoing",
    "risk": "triangle-alert",
}
# The one or two next things to do about each: what the button says, the route, whether it is done at once.
ACTS = {
    "missed": (("Call and record", "visit-outcome", False),),
    "late": (("Tell them", "visit-message", False), ("Move", "visit-move", False)),
    "call": (("I called", "visit-called", False),),
    "risk": (("Give to another", "visit-assign", False), ("Tell them", "visit-message", False)),
    "unassigned": (("Place", "visit-move", False),),
    "unconfirmed": (("They confirmed", "visit-confirm", True),),
}
# Of these kinds a card says whether the customer was told.
TOLD_OF = ("missed", "late", "risk")
# A board is for acting: after a standstill the oldest come first, and the rest is counted.
SHOWN_OF_A_KIND = 20
MISSES_COUNT_FOR = dt.timedelta(days=90)
ORDINALS = {2: "Second", 3: "Third", 4: "Fourth", 5: "Fifth"}


class Act(NamedTuple):
    """A button of a card: what it says, where it leads, whether it is done at once (a POST)."""

    name: str
    label: str
    url: str
    posts: bool


class Item(NamedTuple):
    """One card of the tray; `clock` counts down or says how late it is."""

    kind: str
    id: str
    url: str
    icon: str
    acts: tuple[Act, ...]
    customer: str
    phone: str
    clock: str
    cause: str
    minutes: int
    version: int


@dataclass(frozen=True)
class Tray:
    """The cards in order, how many there are, and what comes next when there are none."""

    items: tuple[Item, ...]
    # What is owed beside the visits on the board: it stands after them.
    others: tuple[Group, ...]
    count: int
    next_call: str
    unconfirmed_for: str

    def groups(self) -> list[tuple[str, list[Item]]]:
        """The cards by kind, in the tray's order."""
        return [
            (kind, items) for kind in ORDER if (items := [item for item in self.items if item.kind == kind])
        ]

    @property
    def left_out(self) -> int:
        """How many cards stand behind those that are shown."""
        return self.count - len(self.items) - sum(group.count for group in self.others)


def span_of_tray(now: dt.datetime, calendar: Calendar) -> Span:
    """From when until when visits that begin are looked at: a week back, until the next working day ends."""
    today = local_day(now, calendar.zone)
    horizon = calendar.next_working_day(today)
    begin = day_bounds(today, calendar.zone)[0] - dt.timedelta(days=7)
    return begin, day_bounds(horizon, calendar.zone)[1]


def tray(
    desk: Tenant,
    *,
    now: dt.datetime,
    calendar: Calendar,
    visits: list[BoardVisit] | None = None,
    found: dict[int, Standing] | None = None,
) -> Tray:
    """What needs action at `now`, in a fixed number of queries.

    `visits`: those to be minded in its span (`board_visits`), where they are read already; `found`: how
    they stand, where that is known.
    """
    today = local_day(now, calendar.zone)
    horizon = calendar.next_working_day(today)
    if visits is None:
        visits = to_be_minded(*span_of_tray(now, calendar))
    if found is None:
        found = standings(visits, desk, calendar=calendar, now=now)
    needing, next_call = _sorted_out(visits, found, desk, calendar, now, today)
    shown = [(kind, *pair) for kind in ORDER for pair in needing[kind][:SHOWN_OF_A_KIND]]
    writer = _Writer(desk, calendar, now, shown)
    said = [visit.public_id for visit in visits]
    others = other_cards(desk, now=now, calendar=calendar, leave_out=said)
    tomorrow = today + dt.timedelta(days=1)
    return Tray(
        items=tuple(writer.item(*one) for one in shown),
        others=others,
        count=sum(len(found) for found in needing.values()) + sum(group.count for group in others),
        next_call=next_call,
        unconfirmed_for="tomorrow" if horizon == tomorrow else f"until {horizon:%A}",
    )


def _sorted_out(visits: list[BoardVisit], found: dict[int, Standing], desk, calendar, now, today):
    """Which need somebody, by kind and oldest first; and the next call ahead, in words."""
    midnight, next_midnight = day_bounds(today, calendar.zone)
    needing: dict[str, list[tuple[BoardVisit, Standing]]] = defaultdict(list)
    first_call = None
    for visit in visits:
        standing = found[visit.pk]
        kind = KINDS.get(standing.word)
        if visit.missed_at is not None and visit.miss_closed_at is None:
            # Who came after all made it done late; the miss is still to be settled.
            kind = "missed"
        if kind == "unconfirmed" and midnight <= visit.planned_start < next_midnight:
            kind = None
        if kind:
            needing[kind].append((visit, standing))
        elif first_call is None and standing.call_by and not visit.called_ahead_at:
            first_call = visit
    if first_call is None or not desk.call_ahead_minutes:
        return needing, ""
    lead = dt.timedelta(minutes=desk.call_ahead_minutes) + CALL_SHOWN_BEFORE
    clock = local_time(first_call.planned_start - lead, calendar.zone)
    day = "" if clock.date() == today else f"{clock:%A} "
    return needing, f"The next call ahead is for {first_call.customer}, from {day}{clock:%H:%M}."


_TOLD = Prepared(
    lambda subjects: (
        Message.objects.filter(Among("subject", subjects), kind__in=["late", "missed", "delayed"])
        .order_by("planned_at", "pk")
        .values_list("subject", "kind", "state", "sent_at")
    ),
    subjects=PublicIds(),
)
_RUNG = Prepared(
    lambda customers, since: Interaction.objects.filter(
        Among("customer", customers), direction=Interaction.Direction.OUT, at__gt=since
    ).values_list("customer_id", "at"),
    customers=Keys(),
    since=Instant(),
)
_MISSES = Prepared(
    lambda customers, since: (
        Visit.objects.filter(Among("customer", customers), missed_at__gt=since)
        .values("customer_id")
        .annotate(count=Count("pk"))
        .values_list("customer_id", "count")
    ),
    customers=Keys(),
    since=Instant(),
)
_PHONES = Prepared(
    lambda customers: Contact.objects.filter(Among("customer", customers), is_main=True).values_list(
        "customer_id", "phone"
    ),
    customers=Keys(),
)
# What only cards say of a visit: whom to ring there, and the wall times they were told.
_CARDS = Prepared(
    lambda visits: Visit.objects.filter(Among("pk", visits)).values_list(
        "pk", "contact__phone", "told_from", "told_until"
    ),
    visits=Keys(),
)


class _Writer:
    """Puts causes into words, from what was read for all cards at once."""

    def __init__(self, desk, calendar, now, shown):
        self.desk, self.now, self.zone = desk, now, calendar.zone
        self.today = local_day(now, calendar.zone)
        self.cards = {pk: card for pk, *card in _CARDS.rows(visits=[visit.pk for _, visit, _ in shown])}
        self.told = self._told([visit for kind, visit, _ in shown if kind in TOLD_OF])
        self.rung, self.misses = defaultdict(list), {}
        missed = [visit for kind, visit, _ in shown if kind == "missed"]
        if missed:
            customers = {visit.customer_id for visit in missed}
            # Of what the sweeper has yet to look at the miss is not written down.
            oldest = min((visit.missed_at for visit in missed if visit.missed_at), default=now)
            for customer, at in _RUNG.rows(customers=customers, since=oldest):
                self.rung[customer].append(at)
            self.misses = dict(_MISSES.rows(customers=customers, since=now - MISSES_COUNT_FOR))
        without = {visit.customer_id for _, visit, _ in shown if not self.cards[visit.pk][0]}
        self.phones = dict(_PHONES.rows(customers=without)) if without else {}
        routes = {"visit", *(route for acts in ACTS.values() for _, route, _ in acts)}
        self.urls = {route: desk_urls(desk, route) for route in routes}

    def _told(self, visits) -> dict:
        """What they were told of late and missed visits: kind and outcome by public id."""
        told = {}
        if not visits:
            return told
        for subject, kind, state, sent_at in _TOLD.rows(subjects=[visit.public_id for visit in visits]):
            # Of two channels the one that arrived counts.
            if (subject, kind) not in told or sent_at is not None:
                told[subject, kind] = (state, sent_at)
        return told

    def item(self, kind: str, visit: BoardVisit, standing: Standing) -> Item:
        clock, cause = getattr(self, f"_{kind}")(visit, standing)
        return Item(
            kind=kind,
            id=str(visit.public_id),
            url=self.urls["visit"](visit.public_id),
            icon=ICONS.get(kind, ""),
            acts=tuple(
                Act(route, label, self.urls[route](visit.public_id), posts)
                for label, route, posts in ACTS[kind]
            ),
            customer=visit.customer,
            phone=self.cards[visit.pk][0] or self.phones.get(visit.customer_id, ""),
            clock=clock,
            cause=cause,
            minutes=round((visit.planned_end - visit.planned_start).total_seconds() / 60),
            version=visit.version,
        )

    def _missed(self, visit, _):
        who = visit.who_goes or "Somebody"
        said = [f"{who} was expected {self._window(visit)}."]
        count = self.misses.get(visit.customer_id, 1)
        if count > 1:
            said.append(f"{ORDINALS.get(count, f'No. {count}')} miss in 90 days.")
        if any(at > (visit.missed_at or self.now) for at in self.rung[visit.customer_id]):
            said.append("They were rung since.")
        else:
            said.append(self._message(visit, "missed") or "Nobody has rung them yet.")
        return self._clock(visit.planned_start), " ".join(said)

    def _late(self, visit, _):
        by = self._clock(visit.window_end)
        late = self._minutes(self.now - visit.window_end)
        where = f"{visit.who_goes} has not arrived" if visit.going else "has no technician"
        told = self._message(visit, "late") or "The customer has not been told."
        return f"{late} late", f"Promised by {by}, {where}. {told}"

    def _call(self, visit, standing):
        left = standing.call_by - self.now
        clock = f"{self._minutes(left)} left" if left > dt.timedelta() else f"{self._minutes(-left)} over"
        must = "must" if left > dt.timedelta() else "should have"
        verb = "call ahead" if left > dt.timedelta() else "called ahead"
        return clock, f"{visit.who_goes} {must} {verb} by {self._clock(standing.call_by)}."

    def _risk(self, visit, standing):
        if standing.expected_at > visit.window_end:
            likely = self._clock(rounded(standing.expected_at))
            told = self._message(visit, "delayed")
            why = f"Promised by {self._clock(visit.window_end)}; the visit before it runs over."
            return f"likely {likely}", f"{why} {told}".strip()
        due = self._clock(visit.response_due_at)
        return f"by {due}", f"An answer is promised by {due}, most of that time is used."

    def _unassigned(self, visit, _):
        due = visit.response_due_at if not visit.responded_at else None
        clock = f"by {self._clock(due)}" if due else self._clock(visit.planned_start)
        return clock, f"{job_of(visit).rstrip('.')}. Nobody is booked to go."

    def _unconfirmed(self, visit, _):
        said = f"{visit.who_goes}, {self._window(visit)}. Not confirmed yet."
        return self._clock(visit.planned_start), said

    def _message(self, visit, kind) -> str:
        state, sent_at = self.told.get((visit.public_id, kind), ("", None))
        if sent_at is not None:
            return f"They were told at {self._clock(sent_at)}."
        if state in (Message.State.FAILED, Message.State.MISSED, Message.State.UNCERTAIN):
            return "The message to them failed: ring them."
        return ""

    def _window(self, visit) -> str:
        _, told_from, told_until = self.cards[visit.pk]
        return f"{told_from:%H:%M} to {told_until:%H:%M}"

    def _clock(self, instant) -> str:
        local = local_time(instant, self.zone)
        if local.date() == self.today:
            return f"{local:%H:%M}"
        if abs((local.date() - self.today).days) < 7 and local.date() > self.today:
            return f"{local:%a} {local:%H:%M}"
        return f"{local.day} {local:%b}, {local:%H:%M}"

    def _minutes(self, span) -> str:
        minutes = max(0, int(span.total_seconds() // 60))
        return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
