"""The time line of a customer: one line for each thing that happened (R7.1), and what is asked of it."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from customers.models import Customer, TimelineEntry
from tenancy.calendars import day_bounds
from tenancy.models import Membership

# A line is looked through for so many words; more would be a text, not a search.
MOST_WORDS = 6


@dataclass(frozen=True)
class Asked:
    """Which lines of a time line somebody wants to read; as it is, all of them.

    `kinds` are TimelineEntry.Kinds, `person` is who did it (`is_nobodys`: no colleague did), `first` and
    `last` are days of the desk, both included, and each of the `words` stands somewhere in the line.
    """

    kinds: tuple[str, ...] = ()
    person: Membership | None = None
    is_nobodys: bool = False
    first: dt.date | None = None
    last: dt.date | None = None
    words: str = ""


def lines_of(customer: Customer, asked: Asked, *, zone: ZoneInfo) -> QuerySet[TimelineEntry]:
    """The lines that were asked for, with who did it; `zone` is the desk's. Not in order yet."""
    lines = customer.timeline.select_related("actor__user")
    if asked.kinds:
        lines = lines.filter(kind__in=asked.kinds)
    if asked.is_nobodys:
        lines = lines.filter(actor__isnull=True)
    elif asked.person is not None:
        lines = lines.filter(actor=asked.person)
    if asked.first is not None:
        lines = lines.filter(at__gte=day_bounds(asked.first, zone)[0])
    if asked.last is not None:
        lines = lines.filter(at__lt=day_bounds(asked.last, zone)[1])
    for word in asked.words.split()[:MOST_WORDS]:
        lines = lines.filter(Q(title__icontains=word) | Q(detail__icontains=word))
    return lines


def people_on(customer: Customer) -> QuerySet[Membership]:
    """The colleagues of whom the time line tells, by name."""
    told = customer.timeline.filter(actor__isnull=False).order_by().values("actor")
    return Membership.objects.filter(pk__in=told).select_related("user").order_by("user__name", "pk")


def add_line(
    customer: Customer,
    kind: str,
    title: str,
    *,
    at: dt.datetime,
    detail: str = "",
    actor=None,
    subject: uuid.UUID | None = None,
    step: str = "",
) -> None:
    """Add one line, in the transaction of the event it tells of.

    `kind` is a TimelineEntry.Kind, `actor` the Membership that acted. With a `subject` (the
    public id of the visit, promise … it tells of) the same step is told once, however often
    the job that tells it runs.
    """
    add_lines(
        [
            TimelineEntry(
                customer=customer,
                kind=kind,
                title=title[:200],
                detail=detail,
                at=at,
                actor=actor,
                subject=subject,
                step=step,
            )
        ]
    )


def add_lines(lines: Iterable[TimelineEntry]) -> None:
    """Add many lines (unsaved) with one statement, as `add_line` does one."""
    TimelineEntry.objects.bulk_create(lines, ignore_conflicts=True)
