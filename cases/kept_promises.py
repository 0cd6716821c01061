"""Promises kept on time: how many of those whose time has come, by kind, and what drags it down (R6.2).

A promise counts on the day on which it fell due. It was kept on time, or it was not: kept late, broken,
or past its time without an end. What the customer needed no more does not count, nor does what an older
program left open, of which nobody knows how it ended.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from cases.models import Promise
from tenancy.calendars import instant_at, local_time
from tenancy.figures import ONE_DAY, Days, Share, hull, shares

State = Promise.State
ON_TIME = Q(state=State.KEPT)
WEEKS = 7
NOON = dt.time(12)
# Fewer late ones have no pattern.
FEWEST_LATE = 5


@dataclass(frozen=True)
class Kept:
    """On time in these days, in as many before, and in each of the last seven weeks, the earliest first."""

    now: Share
    before: Share
    weeks: list[tuple[Days, Share]]


@dataclass(frozen=True)
class HalfDay:
    """The mornings or the afternoons of one weekday (Monday is 0), by the desk's clock."""

    weekday: int
    is_morning: bool

    def spans(self, days: Days) -> list[tuple[dt.datetime, dt.datetime]]:
        """When they begin and end within some days, as instants in order."""
        first = days.first + (self.weekday - days.first.weekday()) % 7 * ONE_DAY
        clocks = (dt.time(0), NOON) if self.is_morning else (NOON, dt.time(0))
        found = []
        for week in range((days.last - first).days // 7 + 1):
            day = first + 7 * week * ONE_DAY
            end = day if self.is_morning else day + ONE_DAY
            found.append((instant_at(day, clocks[0], days.zone), instant_at(end, clocks[1], days.zone)))
        return found


@dataclass(frozen=True)
class Drag:
    """The kind of promise that pulls the figure down: so many of all late ones, and where they gather."""

    kind: str
    late: Share
    half_day: HalfDay | None
    gathered: Share


def promises_due(days: Days, *, now: dt.datetime) -> QuerySet[Promise]:
    """The rows that are counted: promises that fell due in these days, up to now."""
    ended = Q(state__in=[State.KEPT, State.KEPT_LATE, State.BROKEN])
    unended = Q(state=State.OPEN, is_imported=False)
    return Promise.objects.filter(days.within("due_at"), ended | unended, due_at__lte=now)


def kept_on_time(days: Days, *, now: dt.datetime) -> Kept:
    """The figure, what it was before, and its line of seven weeks: one query."""
    spans = [days, days.before(), *days.weeks(WEEKS)]
    found = shares(promises_due(hull(spans), now=now), "due_at", ON_TIME, spans)
    return Kept(found[0], found[1], list(zip(spans[2:], found[2:], strict=True)))


def kept_by_kind(days: Days, *, now: dt.datetime) -> dict[str, Share]:
    """On time by kind of promise, in the order of the kinds; one without any is left out: one query."""
    counted = promises_due(days, now=now).order_by().values("kind")
    counts = counted.annotate(whole=Count("pk"), part=Count("pk", filter=ON_TIME))
    found = {row["kind"]: Share(row["part"], row["whole"]) for row in counts}
    return {kind: found[kind] for kind in Promise.Kind.values if kind in found}


def late_of_kind(kind: str, days: Days, *, now: dt.datetime, half_day: HalfDay | None = None) -> QuerySet:
    """The promises of a kind ("" is every kind) that were not kept on time; of one half of a weekday only."""
    rows = promises_due(days, now=now).exclude(ON_TIME)
    if kind:
        rows = rows.filter(kind=kind)
    return rows if half_day is None else rows.filter(_falls_in(half_day, days))


def what_drags(by_kind: dict[str, Share], days: Days, *, now: dt.datetime) -> Drag | None:
    """The one cause of most of what was late, where the figures give one: at most one query."""
    late = {kind: share.whole - share.part for kind, share in by_kind.items()}
    kind = max(late, key=late.get, default="")
    total = sum(late.values())
    if total < FEWEST_LATE or 2 * late[kind] < total:
        return None
    instants = late_of_kind(kind, days, now=now).values_list("due_at", flat=True)
    counts = Counter(_half_day(instant, days.zone) for instant in instants)
    # Of two alike the earlier in the week: the sentence stays the same from one look to the next.
    half_day, most = min(counts.items(), key=lambda each: (-each[1], each[0].weekday, not each[0].is_morning))
    gathers = most >= FEWEST_LATE and 2 * most > late[kind]
    return Drag(kind, Share(late[kind], total), half_day if gathers else None, Share(most, late[kind]))


def _half_day(instant, zone) -> HalfDay:
    clock = local_time(instant, zone)
    return HalfDay(clock.weekday(), clock.time() < NOON)


def _falls_in(half_day, days) -> Q:
    found = Q(pk__in=[])
    for start, end in half_day.spans(days):
        found |= Q(due_at__gte=start, due_at__lt=end)
    return found
