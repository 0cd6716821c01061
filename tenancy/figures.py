"""What every figure is made of: the local days that it is about, and a part of a whole."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from tenancy.calendars import day_bounds, local_day

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """Days of a desk's calendar in a row, the first and the last included."""

    first: dt.date
    last: dt.date
    zone: ZoneInfo

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def starts_at(self) -> dt.datetime:
        """The first instant of the first day."""
        return day_bounds(self.first, self.zone)[0]

    @property
    def ends_at(self) -> dt.datetime:
        """The first instant after the last day."""
        return day_bounds(self.last, self.zone)[1]

    def within(self, field: str) -> Q:
        """The condition that an instant in a field lies in these days."""
        return Q(**{f"{field}__gte": self.starts_at, f"{field}__lt": self.ends_at})

    def before(self) -> "Days":
        """As many days right before these."""
        return Days(self.first - len(self) * ONE_DAY, self.first - ONE_DAY, self.zone)

    def weeks(self, count: int) -> list["Days"]:
        """So many times seven days that end with the last of these, the earliest first."""
        ends = [self.last - 7 * ago * ONE_DAY for ago in reversed(range(count))]
        return [Days(end - 6 * ONE_DAY, end, self.zone) for end in ends]


def last_days(count: int, *, now: dt.datetime, zone: ZoneInfo) -> Days:
    """Today and the days before it, so many in all, by the wall clock of a zone."""
    today = local_day(now, zone)
    return Days(today - (count - 1) * ONE_DAY, today, zone)


@dataclass(frozen=True)
class Share:
    """A part of a whole, counted."""

    part: int
    whole: int

    @property
    def percent(self) -> int:
        """To the nearest whole; 100 and 0 only where it is all or none. Of nothing: ZeroDivisionError."""
        nearest = round(100 * self.part / self.whole)
        if self.part < self.whole:
            nearest = min(nearest, 99)
        return max(nearest, 1) if self.part else nearest


def hull(spans: Sequence[Days]) -> Days:
    """From the first of some days to the last."""
    return Days(min(span.first for span in spans), max(span.last for span in spans), spans[0].zone)


def shares(rows: QuerySet, field: str, part: Q, spans: Sequence[Days]) -> list[Share]:
    """Of the rows whose instant in a field lies in each span: how many, and how many of them meet `part`.

    One query, however many spans.
    """
    asked = {}
    for number, span in enumerate(spans):
        asked[f"whole_{number}"] = Count("pk", filter=span.within(field))
        asked[f"part_{number}"] = Count("pk", filter=span.within(field) & part)
    found = rows.order_by().aggregate(**asked)
    return [Share(found[f"part_{number}"], found[f"whole_{number}"]) for number in range(len(spans))]
