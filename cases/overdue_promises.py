"""What is overdue now, and which matters went upstairs and nobody has taken over yet (R6.2, R6.3)."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Min, QuerySet

from cases.models import Duty
from cases.promise_register import overdue_promises


@dataclass(frozen=True)
class Overdue:
    """How many promises, and since when the oldest is; None where there are none."""

    count: int
    oldest_due_at: dt.datetime | None


def overdue(*, now: dt.datetime) -> Overdue:
    """The figure, of the rows that `overdue_promises` gives: one query."""
    return Overdue(**overdue_promises(now=now).aggregate(count=Count("pk"), oldest_due_at=Min("due_at")))


def open_escalations() -> QuerySet[Duty]:
    """The matters of which a supervisor has yet to say what they do."""
    return Duty.objects.open().filter(kind=Duty.Kind.OWN_CASE)
