"""The board's week: days across, technicians down, each cell a count and the hours that are free."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from servicedesk.board_visits import beginning
from servicedesk.moments import span_word
from tenancy.addresses import desk_urls
from tenancy.calendars import Calendar, day_bounds, local_day, local_time
from tenancy.models import Tenant
from tenancy.prepared import Among, Instant, Keys, Prepared
from visits.availability import Span
from visits.free_time import Member, team_with
from visits.models import Absence
from visits.standing import Word, standing_of


class Chip(NamedTuple):
    """A visit that is listed by name: missed, or with nobody to go."""

    url: str
    customer: str
    starts: str
    state: str


class Cell(NamedTuple):
    """One technician's day: how many visits, how much time is free, and what is named."""

    day: dt.date
    count: int
    free: str
    chips: tuple[Chip, ...]


@dataclass(frozen=True)
class WeekPlan:
    """Monday to Friday, and the days at the weekend on which somebody works or goes somewhere."""

    days: tuple[dt.date, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    unassigned: tuple[Cell, ...]

    @property
    def has_unassigned(self) -> bool:
        """Whether any visit of the week has nobody to go."""
        return any(cell.chips for cell in self.unassigned)


def week_plan(desk: Tenant, day: dt.date, *, now: dt.datetime, calendar: Calendar) -> WeekPlan:
    """The week of `day` as it stands at `now`, in a fixed number of queries."""
    monday = day - dt.timedelta(days=day.weekday())
    week = [monday + dt.timedelta(days=ahead) for ahead in range(7)]
    start, end = day_bounds(week[0], calendar.zone)[0], day_bounds(week[-1], calendar.zone)[1]
    by_place, unassigned = defaultdict(list), defaultdict(list)
    for visit in beginning(start, end):
        on = local_day(visit.planned_start, calendar.zone)
        word = standing_of(visit, now=now, desk=desk, assigned=bool(visit.going)).word
        for somebody in visit.going:
            by_place[somebody.technician_id, on].append((visit, word))
        if not visit.going:
            unassigned[on].append((visit, word))
    busy = {technician for technician, _ in by_place}
    theirs = team_with(busy)
    away = _away(theirs, start, end)
    used = {on for _, on in by_place} | set(unassigned)
    days = [
        on for on in week if on.weekday() < 5 or on in used or any(one.spans(on, calendar) for one in theirs)
    ]
    cells = _Cells(desk, calendar, now)
    rows = tuple(
        (
            one.technician.name,
            tuple(
                cells.of_member(by_place[one.technician.pk, on], on, one, away[one.technician.pk])
                for on in days
            ),
        )
        for one in theirs
    )
    return WeekPlan(tuple(days), rows, tuple(cells.of_nobody(unassigned[on], on) for on in days))


_AWAY = Prepared(
    lambda technicians, start, end: Absence.objects.filter(
        Among("technician", technicians), starts_at__lt=end, ends_at__gt=start
    ).values_list("technician_id", "starts_at", "ends_at"),
    technicians=Keys(),
    start=Instant(),
    end=Instant(),
)


def _away(members, start, end) -> dict[int, list[Span]]:
    """Absences by technician: one query."""
    away = defaultdict(list)
    keys = [member.technician.pk for member in members]
    for technician, *span in _AWAY.rows(technicians=keys, start=start, end=end):
        away[technician].append(tuple(span))
    return away


class _Cells:
    """Makes the cells of one week at one desk."""

    def __init__(self, desk: Tenant, calendar: Calendar, now: dt.datetime):
        self.calendar, self.now, self.url_of = calendar, now, desk_urls(desk, "visit")

    def of_member(self, visits, day: dt.date, member: Member, away: list[Span]) -> Cell:
        """A technician's: misses are named, the others counted, and what is free."""
        missed = [visit for visit, word in visits if visit.missed_at or word == Word.MISSED]
        free = _free(member, away, [visit for visit, _ in visits], day, self.calendar, self.now)
        return Cell(day, len(visits) - len(missed), free, tuple(self._chip(one, "missed") for one in missed))

    def of_nobody(self, visits, day: dt.date) -> Cell:
        """Those that nobody is booked for, all of them named."""
        chips = (
            self._chip(visit, "missed" if visit.missed_at or word == Word.MISSED else "unassigned")
            for visit, word in visits
        )
        return Cell(day, 0, "", tuple(chips))

    def _chip(self, visit, state: str) -> Chip:
        clock = f"{local_time(visit.planned_start, self.calendar.zone):%H:%M}"
        return Chip(self.url_of(visit.public_id), visit.customer, clock, state)


def _free(member: Member, away, visits, day, calendar, now) -> str:
    """Working time still to come without absence or visit: "1 h 30 free", or why there is none."""
    spans = member.spans(day, calendar)
    if not spans:
        return "Not working"
    coming = [(max(opens, now), closes) for opens, closes in spans if closes > now]
    if not coming:
        return "" if visits else "No visits"
    if all(any(begins <= opens and closes <= ends for begins, ends in away) for opens, closes in coming):
        return "Away"
    taken = [*away, *((visit.planned_start, visit.planned_end) for visit in visits)]
    left = sum((_left(opens, closes, taken) for opens, closes in coming), dt.timedelta())
    return f"{span_word(left)} free" if left else "Full"


def _left(opens, closes, taken) -> dt.timedelta:
    """What is left of a span when all that is taken is cut out, however it overlaps."""
    left, at = dt.timedelta(), opens
    for begins, ends in sorted(taken):
        left += max(dt.timedelta(), min(begins, closes) - at)
        at = min(closes, max(at, ends))
    return left + max(dt.timedelta(), closes - at)
