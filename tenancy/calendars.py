"""Zones, business hours and holidays: the one place where a wall clock meets an instant.

Instants are UTC. A wall time belongs to a zone of the pinned `tzdata`; PostgreSQL's own zones
disagree with it on most doubled local times, so no SQL does this arithmetic.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from django.db.models import DateField, IntegerField, TimeField, Value

from tenancy.models import BusinessHours, Closure, Tenant
from tenancy.prepared import Prepared

UTC = ZoneInfo("UTC")
DEFAULT_HOURS = tuple((weekday, dt.time(8, 0), dt.time(17, 30)) for weekday in range(5))


def zone_of(tenant: Tenant) -> ZoneInfo:
    """The desk's zone."""
    return ZoneInfo(tenant.time_zone)


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name. Raises ZoneInfoNotFoundError for one that the tz database lacks."""
    return ZoneInfo(name)


def local_time(instant: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """An instant as the wall clock of a zone shows it."""
    return instant.astimezone(zone)


def local_day(instant: dt.datetime, zone: ZoneInfo) -> dt.date:
    """The calendar day of an instant in a zone."""
    return instant.astimezone(zone).date()


def instant_at(day: dt.date, clock: dt.time, zone: ZoneInfo) -> dt.datetime:
    """The instant (UTC) at which a zone's wall clock shows `clock` on `day`.

    Of a doubled hour the first is meant; a time that the change of the clock skips becomes the
    same distance after it (02:30 in a skipped 02:00-03:00 is 03:30), as people arrive then.
    """
    return dt.datetime.combine(day, clock, tzinfo=zone).replace(fold=0).astimezone(UTC)


def day_bounds(day: dt.date, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    """The first instant of a local day and the first of the next: 23, 24 or 25 hours."""
    return instant_at(day, dt.time(0), zone), instant_at(day + dt.timedelta(days=1), dt.time(0), zone)


@dataclass(frozen=True)
class ClockChange:
    """An instant at which a zone's clock jumps: how far it is from UTC before and after."""

    at: dt.datetime
    before: dt.timedelta
    after: dt.timedelta


def clock_changes(zone: ZoneInfo, start: dt.datetime, end: dt.datetime) -> list[ClockChange]:
    """When the clock of a zone changes after `start` and up to `end`, to the second, in order."""
    found, day = [], dt.timedelta(days=1)
    start = start.astimezone(UTC)
    while start < end:
        stop = min(start + day, end)
        if start.astimezone(zone).utcoffset() != stop.astimezone(zone).utcoffset():
            found.append(_clock_change(zone, start, stop))
        start = stop
    return found


def _clock_change(zone, start, end) -> ClockChange:
    """Halving the span between two instants with different offsets."""
    before, after = start.astimezone(zone).utcoffset(), end.astimezone(zone).utcoffset()
    while end - start > dt.timedelta(seconds=1):
        middle = (start + (end - start) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            start = middle
        else:
            end = middle
    return ClockChange(end, before, after)


def in_quiet_hours(
    instant: dt.datetime, *, zone: ZoneInfo, quiet_from: dt.time, quiet_until: dt.time
) -> bool:
    """Whether the recipient's wall clock stands in the quiet hours, which may pass midnight."""
    clock = instant.astimezone(zone).time()
    if quiet_from == quiet_until:
        return False
    if quiet_from < quiet_until:
        return quiet_from <= clock < quiet_until
    return clock >= quiet_from or clock < quiet_until


def end_of_quiet_hours(instant: dt.datetime, *, zone: ZoneInfo, quiet_from: dt.time, quiet_until: dt.time):
    """The first instant, not before `instant`, outside the recipient's quiet hours."""
    if not in_quiet_hours(instant, zone=zone, quiet_from=quiet_from, quiet_until=quiet_until):
        return instant
    local = instant.astimezone(zone)
    day = local.date() + dt.timedelta(days=1) if local.time() >= quiet_until else local.date()
    return instant_at(day, quiet_until, zone)


@dataclass(frozen=True)
class Calendar:
    """A desk's working time: hours by weekday, days closed, in its zone."""

    zone: ZoneInfo
    hours: tuple[tuple[int, dt.time, dt.time], ...] = DEFAULT_HOURS
    closed: frozenset[dt.date] = frozenset()
    country: str = ""
    subdivision: str = ""
    # Worked out once: a page asks about the same days again and again.
    _years: dict = field(default_factory=dict, compare=False, repr=False)
    _days: dict = field(default_factory=dict, compare=False, repr=False)

    def is_closed(self, day: dt.date) -> bool:
        """Whether nobody works that day: no hours, a closure, or a public holiday."""
        return (
            day in self.closed
            or self.is_holiday(day)
            or not any(w == day.weekday() for w, _, _ in self.hours)
        )

    def is_holiday(self, day: dt.date) -> bool:
        """Whether the day is a public holiday where the desk is."""
        return day in self._holidays(day.year)

    def in_region(self, subdivision: str) -> "Calendar":
        """The same desk for somebody whose own region's public holidays count; empty: the desk's region."""
        if not subdivision or subdivision == self.subdivision:
            return self
        return replace(self, subdivision=subdivision, _years={}, _days={})

    def spans(self, day: dt.date) -> list[tuple[dt.datetime, dt.datetime]]:
        """The working spans of one day, as instants in order."""
        if day not in self._days:
            self._days[day] = tuple(self._found_on(day))
        return list(self._days[day])

    def _found_on(self, day):
        if self.is_closed(day):
            return []
        return [
            (instant_at(day, opens, self.zone), instant_at(day, closes, self.zone))
            for weekday, opens, closes in sorted(self.hours)
            if weekday == day.weekday()
        ]

    def due_after(self, start: dt.datetime, working: dt.timedelta) -> dt.datetime:
        """The instant at which `working` time has passed since `start`, counting open hours only.

        Raises ValueError when a year passes without enough open hours (a desk without hours).
        """
        left = working
        for opens, closes in self._spans_from(start):
            begin = max(opens, start)
            if begin >= closes:
                continue
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
        raise ValueError("The desk has no business hours in the year that follows.")

    def working_time(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """The open time between two instants; zero when they are the wrong way round."""
        total = dt.timedelta()
        day, last = local_day(start, self.zone), local_day(end, self.zone)
        while day <= last:
            for opens, closes in self.spans(day):
                total += max(dt.timedelta(), min(closes, end) - max(opens, start))
            day += dt.timedelta(days=1)
        return total

    def next_working_day(self, day: dt.date) -> dt.date:
        """The first working day after `day`. Raises ValueError after a year without one."""
        for ahead in range(1, 367):
            candidate = day + dt.timedelta(days=ahead)
            if not self.is_closed(candidate):
                return candidate
        raise ValueError("The desk has no working day in the year that follows.")

    def _spans_from(self, start: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        day = local_day(start, self.zone)
        for ahead in range(367):
            yield from self.spans(day + dt.timedelta(days=ahead))

    def _holidays(self, year: int) -> Iterable[dt.date]:
        if year not in self._years:
            self._years[year] = _public_holidays(self.country, self.subdivision, year)
        return self._years[year]


def _hours_and_days_closed():
    hours = BusinessHours.objects.order_by().annotate(day=Value(None, DateField()))
    times = {name: Value(None, TimeField()) for name in ("opens", "closes")}
    closed = Closure.objects.order_by().annotate(weekday=Value(None, IntegerField()), **times)
    columns = ("weekday", "opens", "closes", "day")
    return hours.values_list(*columns).union(closed.values_list(*columns), all=True)


_WORKING_TIME = Prepared(_hours_and_days_closed)


def calendar_of(tenant: Tenant) -> Calendar:
    """The active desk's working calendar: one query. Hours never set are Monday to Friday."""
    found = _WORKING_TIME.rows()
    hours = tuple(sorted(tuple(span) for *span, day in found if day is None))
    closed = frozenset(day for *_, day in found if day is not None)
    return Calendar(
        zone=zone_of(tenant),
        hours=hours or DEFAULT_HOURS,
        closed=closed,
        country=tenant.country,
        subdivision=tenant.subdivision,
    )


@lru_cache(maxsize=512)
def _public_holidays(country: str, subdivision: str, year: int) -> frozenset[dt.date]:
    if not country:
        return frozenset()
    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
    except NotImplementedError:
        # A region that the library does not know has its country's days; a country that it does not
        # know has only the closures its manager enters.
        return _public_holidays(country, "", year) if subdivision else frozenset()
