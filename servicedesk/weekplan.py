"""The board's week: days across, technicians down, each cell a count and the hours that are free."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q

from servicedesk.moments import span_word
from servicedesk.whereabouts import CANCELLED, customer_name, with_names
from tenancy.calendars import Calendar, day_bounds, local_day, local_time
from tenancy.models import Tenant
from visits.availability import Span
from visits.free_time import Member, team
from visits.models import Absence, Technician, Visit
from visits.standing import Word, standing_of


@dataclass(frozen=True)
class Chip:
    """A visit that is listed by name: missed, or with nobody to go."""

    id: str
    customer: str
    starts: str
    state: str


@dataclass(frozen=True)
class Cell:
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
    begun = Visit.objects.filter(planned_start__gte=start, planned_start__lt=end).exclude(state__in=CANCELLED)
    by_place, unassigned = defaultdict(list), defaultdict(list)
    for visit in with_names(begun).order_by("planned_start", "pk"):
        on = local_day(visit.planned_start, calendar.zone)
        word = standing_of(visit, now=now, desk=desk, assigned=bool(visit.going)).word
        for assignment in visit.going:
            by_place[assignment.technician_id, on].append((visit, word))
        if not visit.going:
            unassigned[on].append((visit, word))
    busy = {technician for technician, _ in by_place}
    theirs = team(Technician.objects.filter(Q(is_active=True) | Q(pk__in=busy)))
    away = _away(theirs, start, end)
    used = {on for _, on in by_place} | set(unassigned)
    days = [
        on for on in week if on.weekday() < 5 or on in used or any(one.spans(on, calendar) for one in theirs)
    ]
    rows = tuple(
        (
            one.technician.name,
            tuple(
                _cell(by_place[one.technician.pk, on], on, calendar, now, one, tuple(away[one.technician.pk]))
                for on in days
            ),
        )
        for one in theirs
    )
    return WeekPlan(tuple(days), rows, tuple(_cell(unassigned[on], on, calendar, now) for on in days))


def _away(members, start, end) -> dict[int, list[Span]]:
    """Absences by technician: one query."""
    away = defaultdict(list)
    rows = Absence.objects.filter(
        technician__in=[member.technician for member in members], starts_at__lt=end, ends_at__gt=start
    )
    for technician, *span in rows.values_list("technician_id", "starts_at", "ends_at"):
        away[technician].append(tuple(span))
    return away


def _cell(visits, day, calendar, now, member: Member | None = None, away: tuple[Span, ...] = ()) -> Cell:
    named = [
        Chip(
            id=str(visit.public_id),
            customer=customer_name(visit),
            starts=f"{local_time(visit.planned_start, calendar.zone):%H:%M}",
            state="missed" if visit.missed_at or word == Word.MISSED else "unassigned",
        )
        for visit, word in visits
        if member is None or visit.missed_at or word == Word.MISSED
    ]
    return Cell(
        day=day,
        count=len(visits) - len(named),
        free=""
        if member is None
        else _free(member, away, [visit for visit, _ in visits], day, calendar, now),
        chips=tuple(named),
    )


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
