"""Slots to offer: real free time of real technicians, the preferred one first (R2.3).

A slot is a technician and a planned start; the customer is told the window that begins there.
It begins on the half hour of the desk's wall clock, lies within working hours, keeps the way to its
neighbours, and is never in the past. Whoever comes has the skills; a crew has them together.
"""

import datetime as dt
import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import count, islice
from zoneinfo import ZoneInfo

from customers.models import Customer, Equipment, Site
from tenancy.calendars import Calendar, instant_at, local_day, local_time
from tenancy.models import Tenant
from visits.free_time import FreeTime, Gap, Member, team
from visits.models import Technician, Visit
from visits.preferences import Wishes, wishes_for
from visits.travel import Point, Way, point_of
from visits.work_types import Work, work_for

HALF_HOURS = tuple(dt.time(minutes // 60, minutes % 60) for minutes in range(0, 24 * 60, 30))
# Beyond this nobody is offered anything without asking for a day.
DAYS_AHEAD = 60
OFFERED = 5
# What a tune-up adds to a visit for something else.
TUNE_UP_MINUTES = 30
# A crew is looked for in the next days first, all the gaps of everybody are many; so is who is in a hurry.
NEAR_DAYS = 5
# So many working days are read at first, and then: mostly somebody is free soon.
DAYS_AT_FIRST = (3, 10)
NEAR_AT_FIRST = (1,)


@dataclass(frozen=True)
class Slot:
    """One offer. Instants are UTC; `late_by` is working time past the response promise."""

    technician: Technician
    start: dt.datetime
    end: dt.datetime
    window_end: dt.datetime
    is_preferred: bool = False
    due_at: dt.datetime | None = None
    late_by: dt.timedelta = dt.timedelta()
    # Who comes along where it takes more than one; `technician` leads.
    others: tuple[Technician, ...] = ()
    # The lead's way there, from the customer before; an empty name: from home. None: not measured.
    way: Way | None = None
    way_from: str = ""

    @property
    def meets_promise(self) -> bool | None:
        """Whether the window ends by the promised response; None where none was promised."""
        return None if self.due_at is None else self.window_end <= self.due_at

    @property
    def crew(self) -> tuple[Technician, ...]:
        """Everybody who comes, the lead first."""
        return (self.technician, *self.others)

    @property
    def key(self) -> str:
        """What a form posts back: technician and start."""
        return f"{self.technician.public_id}@{self.start:%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True)
class Wanted:
    """What a slot is looked for: for whom, what for, from when, and the promise that it should meet."""

    desk: Tenant
    calendar: Calendar
    now: dt.datetime
    customer: Customer
    site: Site | None
    machines: tuple[Equipment, ...] = ()
    # Of visit; empty: that of the visit that moves, else any.
    kind: str = ""
    with_tune_up: bool = False
    due_at: dt.datetime | None = None
    # Nothing sooner is offered, even where somebody is free.
    not_before: dt.datetime | None = None
    # A visit that looks for another place: its own block does not stand in its way.
    moving: Visit | None = None
    # What it takes, where that has been read already.
    takes: Work | None = None

    @cached_property
    def work(self) -> Work:
        """What the visit takes: one query, once. One that moves keeps its length and its crew."""
        moving = self.moving
        work = self.takes or work_for(self.kind or (moving.kind if moving else ""), self.machines)
        return work if moving is None else replace(work, crew=moving.crew)

    @cached_property
    def wishes(self) -> Wishes:
        """Who should come, must come, and must not: one query, once."""
        return wishes_for(self.customer, self.site, self.machines)

    @property
    def length(self) -> dt.timedelta:
        """How long the technician's block is."""
        if self.moving is not None:
            return self.moving.planned_end - self.moving.planned_start
        return dt.timedelta(minutes=self.work.minutes + (TUNE_UP_MINUTES if self.with_tune_up else 0))

    @property
    def window(self) -> dt.timedelta:
        """How long the customer waits at most: from the planned start to the end of the window."""
        if self.moving is not None:
            return self.moving.window_end - self.moving.planned_start
        return dt.timedelta(minutes=self.desk.window_minutes)

    @property
    def travel(self) -> dt.timedelta:
        """Between two visits where a place is not known."""
        return dt.timedelta(minutes=self.desk.travel_minutes)

    @property
    def since(self) -> dt.datetime:
        """Before this instant nothing is offered."""
        return max(self.now, self.not_before or self.now)

    @property
    def place(self) -> Point:
        """Where the site is, if that is known."""
        return self.site and point_of(self.site.latitude, self.site.longitude)


class Offers:
    """The slots that there are for what is wanted, technician by technician.

    `wishes` and `members` are what was read; `free` holds the gaps of all who could come.
    """

    def __init__(self, wanted: Wanted, wishes: Wishes, members: list[Member], free: FreeTime):
        self.wanted, self.wishes, self.free = wanted, wishes, free
        self.members = sorted(members, key=lambda m: (_rank(wishes, m.technician), m.technician.name))
        self.leads = [m.technician for m in self.members if may_lead(wanted, wishes, m.technician)]
        self._others = [m.technician for m in self.members if m.technician.pk not in wishes.excluded]

    def of(self, technician: Technician) -> Iterator[Slot]:
        """Every slot with this technician as the lead, in order."""
        for gap in self.free.of(technician):
            yield from self.within(gap)

    def within(self, gap: Gap) -> Iterator[Slot]:
        """Every slot in one gap, in order."""
        wanted = self.wanted
        arrival = gap.arrival(wanted.desk, wanted.place, wanted.now)
        first, last = self._starts(gap, arrival.at)
        starts = half_hours(gap.day, wanted.calendar.zone)
        for start in starts[bisect_left(starts, first) : bisect_right(starts, last)]:
            others = self._crew(gap.member.technician, start)
            if others is not None:
                yield self._slot(gap.member.technician, start, others, arrival)

    def _starts(self, gap, arrives) -> tuple[dt.datetime, dt.datetime]:
        """Between which instants a visit may begin in the gap; the wrong way round where it may not."""
        wanted = self.wanted
        return max(arrives, wanted.since), gap.leaves_by(wanted.desk, wanted.place) - wanted.length

    def _crew(self, lead, start) -> tuple[Technician, ...] | None:
        """Who comes along: those on the visit already, then the first who together have the skills."""
        seats = self.wanted.work.crew - 1
        if not seats:
            return ()
        stays = self._stays_with(lead)[:seats]
        if not all(self._is_free(technician, start) for technician in stays):
            return None
        known = {lead.pk, *(technician.pk for technician in stays)}
        free = [t for t in self._others if t.pk not in known and self._is_free(t, start)]
        have = [skill for technician in (lead, *stays) for skill in technician.skills]
        joined = _complete(self.wanted.work.missing(have), free, seats - len(stays))
        return None if joined is None else (*stays, *joined)

    @cached_property
    def _held(self) -> list[Technician]:
        """Who is on the visit that moves, the lead first: one query."""
        moving = self.wanted.moving
        held = moving.assignments.select_related("technician").order_by("pk") if moving else []
        return [assignment.technician for assignment in held]

    def _stays_with(self, lead) -> list[Technician]:
        """Whom a move leaves on the visit: all but the lead, or but the one whose place the lead takes."""
        others = [technician for technician in self._held if technician.pk != lead.pk]
        return others if len(others) < len(self._held) else self._held[1:]

    def _is_free(self, technician, start) -> bool:
        """Whether the technician could begin then: reachable, and in time for the visit after."""
        wanted = self.wanted
        end = start + wanted.length
        gap = self.free.gap_at(technician, start, end)
        return gap is not None and gap.takes(wanted.desk, wanted.place, start, end, wanted.now)

    def _slot(self, technician, start, others, arrival) -> Slot:
        wanted = self.wanted
        window_end = start + wanted.window
        late = wanted.due_at is not None and window_end > wanted.due_at
        return Slot(
            technician=technician,
            start=start,
            end=start + wanted.length,
            window_end=window_end,
            is_preferred=technician.pk in self.wishes.preferred,
            due_at=wanted.due_at,
            late_by=wanted.calendar.working_time(wanted.due_at, window_end) if late else dt.timedelta(),
            others=others,
            way=arrival.way if arrival.way and arrival.way.metres is not None else None,
            way_from=arrival.way_from,
        )


def may_lead(wanted: Wanted, wishes: Wishes, technician: Technician) -> bool:
    """Whether the technician may come as the lead; who comes alone has all the skills."""
    is_able = wanted.work.crew > 1 or not wanted.work.missing(technician.skills)
    return wishes.allows(technician) and is_able


def offers_for(
    wanted: Wanted, days: list[dt.date], *, members: list[Member] | None = None, at_first: tuple = ()
) -> Offers:
    """Who could come on these days, and when: four queries, one fewer where `members` are known.

    With `at_first` so many working days are read, and the next ones where they do not suffice.
    """
    wishes, members = wanted.wishes, team() if members is None else members
    able = [m for m in members if _may_come(wanted, wishes, m.technician)]
    free = FreeTime(
        able,
        wanted.calendar,
        days,
        since=wanted.since,
        length=wanted.length,
        besides=[wanted.moving.pk] if wanted.moving else [],
        # Of a crew the others' later gaps are looked at with the lead's first.
        at_first=at_first if wanted.work.crew == 1 else (),
    )
    return Offers(wanted, wishes, members, free)


def days_ahead(wanted: Wanted) -> list[dt.date]:
    """The days on which somebody is looked for unless a day is asked for."""
    today = local_day(wanted.now, wanted.calendar.zone)
    return [today + dt.timedelta(days=ahead) for ahead in range(DAYS_AHEAD)]


def best_slots(wanted: Wanted) -> list[Slot]:
    """At most five: the preferred technician's earliest and next, then the soonest of the others.

    Four queries; of a crew that is not soon free two more. Without a preferred technician each one's
    earliest, soonest first. The same people at the same time are offered once, whoever of them leads.
    """
    return best_of(offers_ahead(wanted))


def offers_ahead(wanted: Wanted, *, members: list[Member] | None = None, soon: bool = False) -> Offers:
    """Who could come within the days on which somebody is looked for, as far as it needs reading.

    `soon`: of the next days alone where they hold the best slots; of a crew always.
    """
    days = days_ahead(wanted)
    if soon or wanted.work.crew > 1:
        near = offers_for(wanted, days[:NEAR_DAYS], members=members, at_first=NEAR_AT_FIRST)
        if _are_best(near):
            return near
        members = near.members
    return offers_for(wanted, days, members=members, at_first=DAYS_AT_FIRST)


def _are_best(near) -> bool:
    """Whether no later day could change what is offered: the preferred one has two, and there are five."""
    slots, leads = best_of(near), near.leads
    has_preferred = bool(leads) and leads[0].pk in near.wishes.preferred
    has_two = [slot.technician for slot in slots[:2]] == [*leads[:1], *leads[:1]]
    return len(slots) == OFFERED and (has_two or not has_preferred)


def best_of(offers: Offers) -> list[Slot]:
    """The same of offers that have been read."""
    leads = offers.leads
    # The preferred come first; a desk of one technician has nobody else to offer.
    has_preferred = bool(leads) and leads[0].pk in offers.wishes.preferred
    first = _next_two(offers.of(leads[0])) if has_preferred or len(leads) == 1 else []
    return _once([*first, *soonest(offers, leads[1:] if first else leads)])[:OFFERED]


def soonest(offers: Offers, technicians: list[Technician]) -> list[Slot]:
    """The earliest slot of each, the soonest first: no more technicians than are needed for five.

    Gaps are looked at in the order in which they open, whosever they are, until no other can hold a
    sooner slot.
    """
    tie, heap, found = count(), [], []
    # A crew that is offered already makes room for another.
    needed = OFFERED * max(1, offers.wanted.work.crew)

    def follow(gaps):
        gap = next(gaps, None)
        if gap is not None:
            heapq.heappush(heap, (gap.opens, next(tie), gap, gaps))

    for technician in technicians:
        follow(offers.free.of(technician))
    while heap and (len(found) < needed or heap[0][0] <= sorted(s.start for s in found)[needed - 1]):
        _, _, gap, gaps = heapq.heappop(heap)
        slot = next(offers.within(gap), None)
        if slot is None:
            follow(gaps)
        else:
            found.append(slot)
    return sorted(found, key=lambda slot: (slot.start, slot.technician.name))


def slots_on(
    wanted: Wanted,
    day: dt.date,
    *,
    technician: Technician | None = None,
    members: list[Member] | None = None,
) -> list[Slot]:
    """Every slot of one day, of one technician or of all who may come, in order: at most four queries."""
    return all_of(offers_for(wanted, [day], members=members), technician=technician)


def all_of(offers: Offers, *, technician: Technician | None = None) -> list[Slot]:
    """Every slot of offers that have been read, in order."""
    leads = [lead for lead in offers.leads if technician is None or lead == technician]
    slots = [slot for lead in leads for slot in offers.of(lead)]
    return _once(sorted(slots, key=lambda s: (s.start, not s.is_preferred, s.technician.name)))


def slot_at(
    wanted: Wanted, technician: Technician, start: dt.datetime, *, members: list[Member] | None = None
) -> Slot | None:
    """The slot of a technician at an instant, if it can be offered; None when it cannot (any more)."""
    if members is not None and wanted.work.crew == 1:
        # Nobody else's day is asked for.
        members = [member for member in members if member.technician == technician]
    day = local_day(start, wanted.calendar.zone)
    slots = slots_on(wanted, day, technician=technician, members=members)
    return next((slot for slot in slots if slot.start == start), None)


@lru_cache(maxsize=1024)
def half_hours(day: dt.date, zone: ZoneInfo) -> tuple[dt.datetime, ...]:
    """The instants at which a zone's wall clock shows a half hour on a day, each once, in order.

    Where the clock is put forward the skipped ones are left out, where it is put back the first
    of the two is meant.
    """
    instants = ((instant_at(day, clock, zone), clock) for clock in HALF_HOURS)
    return tuple(instant for instant, clock in instants if local_time(instant, zone).time() == clock)


def _may_come(wanted, wishes, technician) -> bool:
    """As the lead, or along with one."""
    if wanted.work.crew > 1:
        return technician.pk not in wishes.excluded
    return may_lead(wanted, wishes, technician)


def _rank(wishes, technician):
    return next((n for n, pk in enumerate(wishes.preferred) if pk == technician.pk), len(wishes.preferred))


def _once(slots: list[Slot]) -> list[Slot]:
    """The same people at the same time are one offer, whoever of them leads."""
    found = {}
    for slot in slots:
        found.setdefault((slot.start, frozenset(technician.pk for technician in slot.crew)), slot)
    return list(found.values())


def _next_two(offers: Iterator[Slot]) -> list[Slot]:
    """The earliest slot and the next that begins after its window, so that it is a real choice."""
    for first in offers:
        return [first, *islice((slot for slot in offers if slot.start >= first.window_end), 1)]
    return []


def _complete(missing, technicians, seats) -> tuple[Technician, ...] | None:
    """The first so many of the technicians, in their order, who together have what is missing."""
    if not seats:
        return None if missing else ()
    if len(technicians) < seats:
        return None
    if Work(0, missing).missing(skill for t in technicians for skill in t.skills):
        return None
    for place, technician in enumerate(technicians):
        left = Work(0, missing).missing(technician.skills)
        rest = _complete(left, technicians[place + 1 :], seats - 1)
        if rest is not None:
            return (technician, *rest)
    return None
