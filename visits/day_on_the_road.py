"""A day as its technicians drive it: who is at work, which visits may move, and how far it all is.

The times kept here are those of slots: working hours, absences, the way between two visits, and the
window that each customer was told.
"""

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass

from tenancy.calendars import Calendar, day_bounds
from tenancy.models import Tenant
from visits.availability import Span, working_spans
from visits.day_orders import Stop, Van
from visits.free_time import Member, team
from visits.models import Absence, Assignment, Technician, Visit
from visits.preferences import Place, Wishes, wishes_for_places
from visits.travel import Point, point_of, way
from visits.work_types import Work, works_for

# A start that has to change is put on a full five minutes of the clock.
STEP = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Driving:
    """All ways of a day: from home, between visits, and back."""

    minutes: int = 0
    metres: int = 0
    unmeasured: int = 0

    def __add__(self, other: "Driving") -> "Driving":
        return Driving(
            self.minutes + other.minutes, self.metres + other.metres, self.unmeasured + other.unmeasured
        )


@dataclass(frozen=True)
class Block:
    """One visit in one technician's day; of a crew each member has one, and none of them moves."""

    key: Hashable
    visit: Visit
    lane: int
    place: Point
    may_move: bool
    # Over, or under way: the rest of the day begins from there.
    has_begun: bool
    lanes: frozenset[int]


class DayOnTheRoad:
    """What is known of a day: technicians at work, their visits, where these are."""

    def __init__(
        self,
        desk: Tenant,
        day: dt.date,
        calendar: Calendar,
        *,
        now: dt.datetime,
        technician: Technician | None = None,
    ):
        self.desk, self.day, self.now = desk, day, now
        # Whoever was promised a call before can still be rung; sooner, nothing is moved and nothing begins.
        self.callable_from = now + dt.timedelta(minutes=desk.call_ahead_minutes)
        self.zone_start, self.zone_end = day_bounds(day, calendar.zone)
        members = [m for m in team() if technician is None or m.technician == technician]
        self.spans = {m.technician.pk: _spans(m, day, calendar) for m in members}
        self.lanes: dict[int, Member] = {m.technician.pk: m for m in members if self.spans[m.technician.pk]}
        self.absences = self._absences()
        self.blocks = self._blocks()
        self.stands: dict[int, list[Hashable]] = {pk: [] for pk in self.lanes}
        for block in sorted(self.blocks.values(), key=lambda block: block.visit.planned_start):
            self.stands[block.lane].append(block.key)

    def van(self, pk) -> Van:
        """A technician's working day as the solver reads it."""
        spans, home = self.spans[pk], self.lanes[pk].home
        fixed = [block.visit for block in self._of(pk) if not block.may_move and not block.has_begun]
        # What stands outside the hours stands there: a person has put it so.
        opens = min([spans[0][0], *(visit.planned_start for visit in fixed)])
        closes = max([spans[-1][1], *(visit.planned_end for visit in fixed)])
        begun = [block for block in self._of(pk) if block.has_begun]
        if not begun:
            return Van(pk, home, home, self._minute(opens), self._minute(closes))
        last = begun[-1]
        free_from = self._minute(max(opens, last.visit.planned_end))
        return Van(pk, last.place, home, free_from, max(free_from, self._minute(closes)), leaves_home=False)

    def begun(self, pk) -> list[Hashable]:
        """The keys of what is over or under way, which no order changes."""
        return [block.key for block in self._of(pk) if block.has_begun]

    def stops(self, lanes) -> list[Stop]:
        """Visits that have not begun, and pauses, of these technicians."""
        mine = set(lanes)
        stops = [
            self._stop(block, mine)
            for block in self.blocks.values()
            if block.lane in mine and not block.has_begun
        ]
        for pk in lanes:
            stops += [
                Stop(
                    ("pause", pk, number),
                    None,
                    self._minute(end) - self._minute(start),
                    self._minute(start),
                    self._minute(start),
                    frozenset([pk]),
                    is_pause=True,
                )
                for number, (start, end) in enumerate(self._pauses(pk))
            ]
        return stops

    def way(self, a: Point, b: Point) -> tuple[int, int]:
        """Minutes, and metres where they are known."""
        found = way(self.desk, a, b)
        return found.minutes, found.metres or 0

    def driving(self, orders) -> Driving:
        """All ways of these orders; a pause on the way changes none."""
        return sum((self._driving_of(pk, keys) for pk, keys in orders.items()), Driving())

    def timed(self, pk, keys) -> dict[int, dt.datetime] | None:
        """When each visit of a technician's order begins; None when its times cannot be kept.

        As it stands where that is possible; else as early as can be, on a full five minutes.
        """
        blocks = [self.blocks[key] for key in keys if key in self.blocks]
        latest = self._latest(blocks)
        starts, free_from, here = {}, self.spans[pk][0][0], self.lanes[pk].home
        is_first = True
        for block, last in zip(blocks, latest, strict=True):
            visit = block.visit
            found = way(self.desk, here, block.place)
            # As slots are cut: where the way from home cannot be measured, they are there at opening.
            minutes = 0 if is_first and found.metres is None else found.minutes
            start = self._start(pk, block, free_from + dt.timedelta(minutes=minutes), last)
            if start is None:
                return None
            starts[block.key] = start
            free_from, here, is_first = start + length_of(visit), block.place, False
        return starts

    def _start(self, pk, block, reached, last) -> dt.datetime | None:
        visit = block.visit
        if not block.may_move:
            # Where something stands that cannot be moved, what comes before must leave room for it.
            return visit.planned_start if reached <= visit.planned_start or block.has_begun else None
        earliest = max(reached, visit.window_start, self.callable_from)
        if earliest <= visit.planned_start <= last and self._is_open(pk, visit.planned_start, visit):
            return visit.planned_start
        for opens, closes in self._open_spans(pk):
            start = max(earliest, opens)
            rounded = self._on_the_clock(start)
            for one in (rounded, start):
                if one <= last and one + length_of(visit) <= closes:
                    return one
        return None

    def _latest(self, blocks) -> list[dt.datetime]:
        """The last start of each that leaves time for those that follow."""
        latest, following = [], None
        for block in reversed(blocks):
            visit = block.visit
            last = last_start_of(visit) if block.may_move else visit.planned_start
            if following is not None:
                there, its_last = following
                minutes = way(self.desk, block.place, there.place).minutes
                last = min(last, its_last - dt.timedelta(minutes=minutes) - length_of(visit))
            latest.append(last)
            following = block, last
        return latest[::-1]

    def _of(self, pk) -> list[Block]:
        """The technician's visits as they stand, in order."""
        return [self.blocks[key] for key in self.stands[pk]]

    def _on_the_clock(self, instant) -> dt.datetime:
        past = (instant - self.zone_start) % STEP
        return instant + (STEP - past) % STEP

    def _is_open(self, pk, start, visit) -> bool:
        return any(
            opens <= start and start + length_of(visit) <= closes for opens, closes in self._open_spans(pk)
        )

    def _open_spans(self, pk) -> list[Span]:
        """Working time without absences, in order."""
        open_spans = self.spans[pk]
        for begins, ends in self.absences[pk]:
            open_spans = _without(open_spans, begins, ends)
        return open_spans

    def _pauses(self, pk) -> list[Span]:
        """What lies between the working time of the day, less what a visit that cannot move takes of it."""
        spans = self._open_spans(pk)
        pauses = [(a[1], b[0]) for a, b in zip(spans, spans[1:], strict=False)]
        for block in self._of(pk):
            if not block.may_move:
                pauses = _without(pauses, block.visit.planned_start, block.visit.planned_end)
        return pauses

    def _stop(self, block, lanes) -> Stop:
        visit = block.visit
        if block.may_move:
            earliest, last = max(visit.window_start, self.callable_from), last_start_of(visit)
        else:
            earliest = last = visit.planned_start
        return Stop(
            block.key,
            block.place,
            math.ceil(length_of(visit) / dt.timedelta(minutes=1)),
            self._minute(earliest),
            max(self._minute(earliest), self._minute(last)),
            block.lanes & lanes,
        )

    def _minute(self, instant) -> int:
        clipped = min(max(instant, self.zone_start), self.zone_end)
        return math.ceil((clipped - self.zone_start) / dt.timedelta(minutes=1))

    def _driving_of(self, pk, keys) -> Driving:
        home = self.lanes[pk].home
        points = [self.blocks[key].place for key in keys if key in self.blocks]
        if not points:
            return Driving()
        legs = zip([home, *points], [*points, home], strict=True)
        ways = [way(self.desk, a, b) for a, b in legs]
        return Driving(
            sum(one.minutes for one in ways),
            sum(one.metres or 0 for one in ways),
            sum(one.metres is None for one in ways),
        )

    def _absences(self) -> dict[int, list[Span]]:
        away = defaultdict(list)
        rows = Absence.objects.filter(
            technician__in=self.lanes, starts_at__lt=self.zone_end, ends_at__gt=self.zone_start
        )
        for pk, *span in rows.values_list("technician_id", "starts_at", "ends_at"):
            away[pk].append(tuple(span))
        return away

    def _blocks(self) -> dict[int, Block]:
        rows = list(
            Assignment.objects.filter(
                technician__in=self.lanes,
                starts_at__gte=self.zone_start,
                starts_at__lt=self.zone_end,
                state__in=[*Assignment.BLOCKING_STATES, Visit.State.DONE],
            )
            .select_related("visit__site", "visit__customer", "visit__case")
            .prefetch_related("visit__machines__equipment")
            .order_by("starts_at", "pk")
        )
        ours = Counter(row.visit_id for row in rows)
        visits = [row.visit for row in rows]
        wishes, works = _wanted(visits)
        blocks = {}
        for row, wish, work in zip(rows, wishes, works, strict=True):
            visit = row.visit
            may_move = (
                visit.state in (Visit.State.BOOKED, Visit.State.CONFIRMED)
                and visit.called_ahead_at is None
                and visit.planned_start > self.callable_from
                and visit.window_end > self.callable_from
                and visit.crew == 1
                and ours[visit.pk] == 1
            )
            key = visit.pk if ours[visit.pk] == 1 else (visit.pk, row.technician_id)
            lanes = self._who_may(visit, row.technician_id, wish, work) if may_move else {row.technician_id}
            # Begun, or its time has come and nobody has said so yet.
            has_begun = visit.planned_start <= self.now or visit.state not in (
                Visit.State.BOOKED,
                Visit.State.CONFIRMED,
            )
            site = visit.site
            blocks[key] = Block(
                key,
                visit,
                row.technician_id,
                point_of(site.latitude, site.longitude),
                may_move,
                has_begun,
                frozenset(lanes),
            )
        return blocks

    def _who_may(self, visit, now_with, wishes: Wishes, work: Work) -> set[int]:
        """Whoever has been promised stays; else who may come, knows how, and is at work."""
        if visit.was_confirmed or now_with in wishes.preferred:
            return {now_with}
        others = {
            pk
            for pk, member in self.lanes.items()
            if wishes.allows(member.technician) and not work.missing(member.technician.skills)
        }
        return others | {now_with}


def _wanted(visits) -> tuple[list[Wishes], list[Work]]:
    """Wishes and work of each visit: two queries."""
    machines = [[machine.equipment for machine in visit.machines.all()] for visit in visits]
    places = [
        Place(visit.customer_id, visit.site_id, frozenset(one.pk for one in mine))
        for visit, mine in zip(visits, machines, strict=True)
    ]
    return wishes_for_places(places), works_for(
        [(visit.kind, tuple(mine)) for visit, mine in zip(visits, machines, strict=True)]
    )


def _without(spans, begins, ends) -> list[Span]:
    """The spans without the time between, in order."""
    parts = (part for a, b in spans for part in ((a, min(b, begins)), (max(a, ends), b)))
    return [(a, b) for a, b in parts if a < b]


def _spans(member, day, calendar) -> list[Span]:
    return working_spans(day, calendar, member.hours, member.technician.subdivision)


def last_start_of(visit: Visit) -> dt.datetime:
    """Within the window told; where an answer was promised by a time, not after that, or not later still."""
    due = visit.case.response_due_at if visit.case and not visit.case.responded_at else None
    return visit.window_end if due is None else min(visit.window_end, max(due, visit.planned_start))


def length_of(visit: Visit) -> dt.timedelta:
    """How long the technician is there."""
    return visit.planned_end - visit.planned_start
