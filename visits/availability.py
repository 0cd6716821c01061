"""When somebody works: own hours or the desk's, less holidays and the days that the desk closes."""

import datetime as dt
from functools import lru_cache

from tenancy.calendars import Calendar, instant_at

Span = tuple[dt.datetime, dt.datetime]
# (weekday, from, until) in the desk's wall time; Monday is 0.
Hours = tuple[tuple[int, dt.time, dt.time], ...]


def working_spans(day: dt.date, calendar: Calendar, hours: Hours = (), subdivision: str = "") -> list[Span]:
    """When somebody with these hours works on a day, as instants in order; spans that touch are one.

    Without hours they are the desk's. Nobody works on a day that the desk closes, nor on a public
    holiday of the own region; an empty `subdivision` means the desk's.
    """
    if day in calendar.closed or calendar.in_region(subdivision).is_holiday(day):
        return []
    return list(_spans(hours or calendar.hours, day, calendar.zone))


@lru_cache(maxsize=16_384)
def _spans(hours, day, zone) -> tuple[Span, ...]:
    """Asked for by every technician with the same hours."""
    found: list[Span] = []
    for weekday, clock, until in sorted(hours):
        if weekday != day.weekday():
            continue
        opens, closes = instant_at(day, clock, zone), instant_at(day, until, zone)
        # Where the clock is put forward, a span within the skipped hour is none.
        if found and opens <= found[-1][1]:
            found[-1] = found[-1][0], max(closes, found[-1][1])
        elif opens < closes:
            found.append((opens, closes))
    return tuple(found)
