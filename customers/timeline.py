"""The time line of a customer: one line for each thing that happened (R7.1)."""

import datetime as dt
import uuid
from collections.abc import Iterable

from customers.models import Customer, TimelineEntry


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
