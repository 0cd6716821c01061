"""Slots to offer: real free time of real technicians, the preferred one first (R2.3).

A slot is a technician and a planned start; the customer is told the window that begins there.
It begins on the half hour of the desk's wall clock, lies within working hours, keeps the desk's
travel time to its neighbours, and is never in the past.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from customers.models import Customer, Equipment, Site
from tenancy.calendars import Calendar, day_bounds, instant_at, local_day, local_time
from tenancy.models import Tenant
from visits.availability import Diary, diaries
from visits.models import Assignment, Technician, Visit
from visits.preferences import Place, Wishes, wishes_for, wishes_for_places

HALF_HOURS = tuple(dt.time(minutes // 60, minutes % 60) for minutes in range(0, 24 * 60, 30))
# Beyond this nobody is offered anything without asking for a day.
DAYS_AHEAD = 28
OFFERED = 5
# Times proposed to each of many, none of them twice.
PROPOSED = 2
# What a tune-up adds to a visit for something else.
TUNE_UP_MINUTES = 30


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

    @property
    def meets_promise(self) -> bool | None:
        """Whether the window ends by the promised response; None where none was promised."""
        return None if self.due_at is None else self.window_end <= self.due_at

    @property
    def key(self) -> str:
        """What a form posts back: technician and start."""
        return f"{self.technician.public_id}@{self.start:%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True)
class Wanted:
    """What a slot is looked for: for whom, how long, from when, and the promise that it should meet."""

    desk: Tenant
    calendar: Calendar
    now: dt.datetime
    customer: Customer
    site: Site | None
    machines: tuple[Equipment, ...] = ()
    with_tune_up: bool = False
    due_at: dt.datetime | None = None
    # Nothing sooner is offered, even where somebody is free.
    not_before: dt.datetime | None = None
    # A visit that looks for another place: its own block does not stand in its way.
    moving: Visit | None = None

    @property
    def length(self) -> dt.timedelta:
        """How long the technician's block is."""
        if self.moving is not None:
            return self.moving.planned_end - self.moving.planned_start
        return dt.timedelta(minutes=self.desk.visit_minutes + (TUNE_UP_MINUTES if self.with_tune_up else 0))

    @property
    def window(self) -> dt.timedelta:
        """How long the customer waits at most: from the planned start to the end of the window."""
        if self.moving is not None:
            return self.moving.window_end - self.moving.planned_start
        return dt.timedelta(minutes=self.desk.window_minutes)

    @property
    def travel(self) -> dt.timedelta:
        """Between two visits, and before the first when it is today."""
        return dt.timedelta(minutes=self.desk.travel_minutes)


def best_slots(wanted: Wanted) -> list[Slot]:
    """At most five: the preferred technician's earliest and next, then the soonest of the others.

    Five queries. Without a preferred technician each technician's earliest, soonest first.
    """
    wishes, booked = _diaries(wanted, wanted.now, DAYS_AHEAD)
    today = local_day(wanted.now, wanted.calendar.zone)
    days = [today + dt.timedelta(days=ahead) for ahead in range(DAYS_AHEAD)]
    offers = [offers_of(wanted, wishes, diary, days) for diary in booked]
    # The preferred come first in `booked`; a desk of one technician has nobody else to offer.
    has_preferred = bool(booked) and booked[0].technician.pk in wishes.preferred
    first = list(_next_two(offers[0])) if has_preferred or len(offers) == 1 else []
    others = offers[1:] if first else offers
    soonest = sorted(
        filter(None, (next(offer, None) for offer in others)), key=lambda s: (s.start, s.technician.name)
    )
    return [*first, *soonest][:OFFERED]


@dataclass(frozen=True)
class Asked:
    """One of many for whom times are proposed: what is wanted, and the days that suit, the best first."""

    wanted: Wanted
    days: tuple[dt.date, ...]


def proposed_slots(asked: list[Asked]) -> list[list[Slot]]:
    """For each at most two, and no technician's time twice: whoever stands first is proposed first.

    The preferred technician's, else of the one who was there last, else the soonest with anybody.
    Everybody gets a first time before anybody a second one. Six queries, however many are asked for.
    """
    days = [day for one in asked for day in one.days]
    if not days:
        return [[] for _ in asked]
    zone, travel = asked[0].wanted.calendar.zone, asked[0].wanted.travel
    start, end = day_bounds(min(days), zone)[0], day_bounds(max(days), zone)[1]
    places = [
        Place(
            one.wanted.customer.pk,
            one.wanted.site and one.wanted.site.pk,
            frozenset(machine.pk for machine in one.wanted.machines),
        )
        for one in asked
    ]
    technicians = Technician.objects.filter(is_active=True).order_by("name")
    booked = {
        diary.technician.pk: diary for diary in diaries(technicians, start=start - travel, end=end + travel)
    }
    wished, last = wishes_for_places(places), _there_last(places)
    found: list[list[Slot]] = [[] for _ in asked]
    for _ in range(PROPOSED):
        for one, place, wishes, mine in zip(asked, places, wished, found, strict=True):
            there_last = last.get((place.customer, place.site))
            slot = _next_proposal(one, wishes, there_last, booked, mine)
            if slot is not None:
                mine.append(slot)
                diary = booked[slot.technician.pk]
                booked[slot.technician.pk] = replace(diary, blocks=(*diary.blocks, (slot.start, slot.end)))
    return found


def _next_proposal(asked, wishes, there_last, booked, mine) -> Slot | None:
    """The best time that is still free, and clear of the windows of those proposed to the same one."""
    may_come = [diary for diary in booked.values() if wishes.allows(diary.technician)]
    for technician in (*wishes.preferred, there_last):
        diary = next((diary for diary in may_come if diary.technician.pk == technician), None)
        if diary is not None and (slot := _first_clear(asked, wishes, diary, mine)):
            return slot
    soonest = filter(None, (_first_clear(asked, wishes, diary, mine) for diary in may_come))
    return min(soonest, key=lambda slot: (slot.start, slot.technician.name), default=None)


def _first_clear(asked, wishes, diary, mine) -> Slot | None:
    for slot in offers_of(asked.wanted, wishes, diary, asked.days):
        if all(slot.start >= other.window_end or slot.window_end <= other.start for other in mine):
            return slot
    return None


def _there_last(places) -> dict[tuple[int, int | None], int]:
    """Who did the last visit at each customer's site, as the technician's primary key: one query."""
    done = Assignment.objects.filter(
        visit__customer__in={place.customer for place in places}, visit__completed_at__isnull=False
    )
    last = done.order_by("visit__customer", "visit__site", "-visit__completed_at", "pk")
    rows = last.distinct("visit__customer", "visit__site")
    return {
        (customer, site): technician
        for customer, site, technician in rows.values_list("visit__customer", "visit__site", "technician")
    }


def slots_on(wanted: Wanted, day: dt.date, *, technician: Technician | None = None) -> list[Slot]:
    """Every slot of one day, of one technician or of all who may come, in order: five queries."""
    start, _ = day_bounds(day, wanted.calendar.zone)
    wishes, booked = _diaries(wanted, start, 1)
    found = [
        slot
        for diary in booked
        if technician is None or diary.technician == technician
        for slot in offers_of(wanted, wishes, diary, [day])
    ]
    return sorted(found, key=lambda slot: (slot.start, not slot.is_preferred, slot.technician.name))


def slot_at(wanted: Wanted, technician: Technician, start: dt.datetime) -> Slot | None:
    """The slot of a technician at an instant, if it can be offered; None when it cannot (any more)."""
    day = local_day(start, wanted.calendar.zone)
    return next((s for s in slots_on(wanted, day, technician=technician) if s.start == start), None)


@lru_cache(maxsize=128)
def half_hours(day: dt.date, zone: ZoneInfo) -> tuple[dt.datetime, ...]:
    """The instants at which a zone's wall clock shows a half hour on a day, each once.

    Where the clock is put forward the skipped ones are left out, where it is put back the first
    of the two is meant.
    """
    instants = ((instant_at(day, clock, zone), clock) for clock in HALF_HOURS)
    return tuple(instant for instant, clock in instants if local_time(instant, zone).time() == clock)


def _diaries(wanted, start, days) -> tuple[Wishes, list[Diary]]:
    """Of everybody who may come, the preferred first."""
    wishes = wishes_for(wanted.customer, wanted.site, wanted.machines)
    technicians = [t for t in Technician.objects.filter(is_active=True).order_by("name") if wishes.allows(t)]
    end = start + dt.timedelta(days=days + 1)
    booked = diaries(technicians, start=start - wanted.travel, end=end, besides=wanted.moving)
    return wishes, sorted(booked, key=lambda diary: _rank(wishes, diary.technician))


def _rank(wishes, technician):
    if technician.pk in wishes.preferred:
        return wishes.preferred.index(technician.pk)
    return len(wishes.preferred)


def _next_two(offers: Iterator[Slot]) -> Iterator[Slot]:
    """The earliest slot and the next that begins after its window, so that it is a real choice."""
    first = next(offers, None)
    if first is not None:
        yield first
        yield from islice((slot for slot in offers if slot.start >= first.window_end), 1)


def offers_of(wanted: Wanted, wishes: Wishes, diary: Diary, days: Iterable[dt.date]) -> Iterator[Slot]:
    """Every slot of a technician, in order."""
    earliest = max(wanted.now + wanted.travel, wanted.not_before or wanted.now)
    for day in days:
        spans = diary.spans(day, wanted.calendar)
        if not spans:
            continue
        that_day = diary.near(spans[0][0], max(closes for _, closes in spans), travel=wanted.travel)
        for start in half_hours(day, wanted.calendar.zone):
            end = start + wanted.length
            fits = start >= earliest and any(opens <= start and end <= closes for opens, closes in spans)
            if fits and that_day.is_free(start, end, travel=wanted.travel):
                yield _slot(wanted, diary.technician, start, diary.technician.pk in wishes.preferred)


def _slot(wanted, technician, start, is_preferred) -> Slot:
    window_end = start + wanted.window
    late = wanted.due_at is not None and window_end > wanted.due_at
    return Slot(
        technician=technician,
        start=start,
        end=start + wanted.length,
        window_end=window_end,
        is_preferred=is_preferred,
        due_at=wanted.due_at,
        late_by=wanted.calendar.working_time(wanted.due_at, window_end) if late else dt.timedelta(),
    )
