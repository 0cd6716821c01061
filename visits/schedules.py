"""On which days maintenance is due: by the calendar, or counted from the last completion (R3.4).

Days are dates of the desk's calendar. Months are counted from the first due day and end with the
month that has no such day: 31 January, 28 February, 31 March; 29 February comes back every leap
year. Where weekdays are named, a day counted in months moves on to the first of them.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from dateutil.rrule import MO, MONTHLY, WEEKLY, rrule

from contracts.terms import months_after
from tenancy.calendars import Calendar
from visits.models import MaintenancePlan

Unit = MaintenancePlan.Unit
DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)
# The last day that every month has.
SHORTEST_MONTH = 28


@dataclass(frozen=True)
class Schedule:
    """A plan's rhythm: every so many weeks or months from `starts_on` on, `until` included."""

    every: int
    unit: str
    starts_on: dt.date
    weekdays: frozenset[int] = frozenset()
    until: dt.date | None = None
    # Days of the schedule that are left out.
    exceptions: frozenset[dt.date] = frozenset()

    @property
    def interval(self) -> dt.timedelta:
        """How long it is from one due day to the next, at the least."""
        return self.every * (WEEK if self.unit == Unit.WEEKS else SHORTEST_MONTH * DAY)

    def days(self, first: dt.date, last: dt.date) -> Iterator[dt.date]:
        """The due days from `first` to `last`, both included, in order."""
        last = min(last, self.until or last)
        by_rule = self._weekly(first) if self.unit == Unit.WEEKS else self._monthly(first)
        for day in takewhile(lambda day: day <= last, by_rule):
            if day >= first and day not in self.exceptions:
                yield day

    def after(self, base: dt.date) -> dt.date | None:
        """The next due day counted from a completion, or from a day that was left out; None after the end."""
        day = base
        while True:
            step = self.every * WEEK
            day = day + step if self.unit == Unit.WEEKS else months_after(day, self.every)
            day = self._on_weekday(day)
            if self.until is not None and day > self.until:
                return None
            if day not in self.exceptions:
                return day

    def _weekly(self, first) -> Iterator[dt.date]:
        """From a whole number of rounds before `first` on: years of past weeks are not counted again."""
        rounds = max(0, (first - self.starts_on) // (self.every * WEEK) - 1)
        begins = self.starts_on + rounds * self.every * WEEK
        rule = rrule(
            WEEKLY,
            interval=self.every,
            dtstart=_midnight(begins),
            byweekday=sorted(self.weekdays) or None,
            wkst=MO,
        )
        return (moment.date() for moment in rule if moment.date() >= self.starts_on)

    def _monthly(self, first) -> Iterator[dt.date]:
        months = (first.year - self.starts_on.year) * 12 + first.month - self.starts_on.month
        rounds = max(0, months // self.every - 1)
        begins = months_after(self.starts_on.replace(day=1), rounds * self.every)
        wanted = self.starts_on.day
        # The last of these that a month has.
        among = range(min(wanted, SHORTEST_MONTH), wanted + 1)
        rule = rrule(
            MONTHLY, interval=self.every, dtstart=_midnight(begins), bymonthday=tuple(among), bysetpos=-1
        )
        return (self._on_weekday(moment.date()) for moment in rule)

    def _on_weekday(self, day) -> dt.date:
        """The day itself, or the first of the named weekdays after it."""
        if not self.weekdays:
            return day
        return next(d for d in (day + n * DAY for n in range(7)) if d.weekday() in self.weekdays)


def schedule_of(plan: MaintenancePlan, exceptions: frozenset[dt.date] = frozenset()) -> Schedule:
    """The rhythm of a plan; one that is to stop has no due day after that."""
    ends = [day for day in (plan.until, plan.stopped_on) if day is not None]
    return Schedule(
        every=plan.every,
        unit=plan.unit,
        starts_on=plan.starts_on,
        weekdays=frozenset(plan.weekdays),
        until=min(ends, default=None),
        exceptions=exceptions,
    )


def proposed_day(due_on: dt.date, *, calendar: Calendar, last_day: dt.date | None = None) -> dt.date:
    """The day to propose for a due day: a working day, not later, and not after `last_day`.

    A day on which nobody works is proposed one working day earlier. Raises ValueError where a year
    goes by without a working day.
    """
    latest = due_on if last_day is None else min(due_on, last_day)
    for back in range(366):
        if not calendar.is_closed(latest - back * DAY):
            return latest - back * DAY
    raise ValueError("The desk has no working day in the year before.")


def _midnight(day):
    return dt.datetime.combine(day, dt.time(0))
