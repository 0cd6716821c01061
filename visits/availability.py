"""When a technician can work: working hours, absences, and the blocks that stand on the board."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tenancy.calendars import Calendar, instant_at
from visits.models import Absence, Assignment, Technician, Visit, WorkingHours

Span = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True)
class Diary:
    """What is known of one technician's time within a span of days; all instants are UTC."""

    technician: Technician
    # (weekday, from, until) in the desk's wall time; none at all means the desk's hours.
    hours: tuple[tuple[int, dt.time, dt.time], ...] = ()
    absences: tuple[Span, ...] = ()
    blocks: tuple[Span, ...] = field(default=())

    def spans(self, day: dt.date, calendar: Calendar) -> list[Span]:
        """The working spans of one day, in order; none on a holiday or a day that the desk closes."""
        if not self.hours:
            return calendar.spans(day)
        if day in calendar.closed or calendar.is_holiday(day):
            return []
        return [
            (instant_at(day, opens, calendar.zone), instant_at(day, closes, calendar.zone))
            for weekday, opens, closes in sorted(self.hours)
            if weekday == day.weekday()
        ]

    def near(self, start: dt.datetime, end: dt.datetime, *, travel: dt.timedelta) -> "Diary":
        """The same with only what touches the time between, way included: a day is asked of often."""
        start, end = start - travel, end + travel
        return replace(
            self,
            absences=tuple(span for span in self.absences if span[0] < end and span[1] > start),
            blocks=tuple(span for span in self.blocks if span[0] < end and span[1] > start),
        )

    def is_free(self, start: dt.datetime, end: dt.datetime, *, travel: dt.timedelta) -> bool:
        """Whether nothing else is on, with time to travel from the visit before and to the next."""
        away = any(begins < end and ends > start for begins, ends in self.absences)
        busy = any(begins - travel < end and ends + travel > start for begins, ends in self.blocks)
        return not away and not busy


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
