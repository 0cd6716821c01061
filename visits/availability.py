"""When a technician can work: working hours, absences, and the blocks that stand on the board."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from tenancy.calendars import Calendar, instant_at
from visits.models import Absence, Assignment, Technician, Visit, WorkingHours

Span = tuple[dt.datetime, dt.datetime]
# (weekday, from, until) in the desk's wall time; Monday is 0.
Hours = tuple[tuple[int, dt.time, dt.time], ...]


@dataclass(frozen=True)
class Diary:
    """What is known of one technician's time within a span of days; all instants are UTC."""

    technician: Technician
    # None at all means the desk's hours.
    hours: Hours = ()
    absences: tuple[Span, ...] = ()
    blocks: tuple[Span, ...] = field(default=())

    def spans(self, day: dt.date, calendar: Calendar) -> list[Span]:
        """The working spans of one day, in order; none on a holiday or a day that the desk closes."""
        return working_spans(day, calendar, self.hours, self.technician.subdivision)

    def is_free(self, start: dt.datetime, end: dt.datetime, *, travel: dt.timedelta) -> bool:
        """Whether nothing else is on, with time to travel from the visit before and to the next."""
        away = any(begins < end and ends > start for begins, ends in self.absences)
        busy = any(begins - travel < end and ends + travel > start for begins, ends in self.blocks)
        return not away and not busy


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


def diaries(
    technicians: Iterable[Technician], *, start: dt.datetime, end: dt.datetime, besides: Visit | None = None
) -> list[Diary]:
    """The diaries of technicians between two instants, in the order given: three queries.

    The block of the visit `besides` is left out: it is to be moved.
    """
    technicians = list(technicians)
    hours, absences, blocks = defaultdict(list), defaultdict(list), defaultdict(list)
    for technician, *row in WorkingHours.objects.filter(technician__in=technicians).values_list(
        "technician_id", "weekday", "starts", "ends"
    ):
        hours[technician].append(tuple(row))
    within = {"technician__in": technicians, "starts_at__lt": end, "ends_at__gt": start}
    for technician, *span in Absence.objects.filter(**within).values_list(
        "technician_id", "starts_at", "ends_at"
    ):
        absences[technician].append(tuple(span))
    blocking = Assignment.objects.filter(state__in=Assignment.BLOCKING_STATES, **within)
    if besides is not None:
        blocking = blocking.exclude(visit=besides)
    for technician, *span in blocking.values_list("technician_id", "starts_at", "ends_at"):
        blocks[technician].append(tuple(span))
    return [Diary(t, tuple(hours[t.pk]), tuple(absences[t.pk]), tuple(blocks[t.pk])) for t in technicians]
