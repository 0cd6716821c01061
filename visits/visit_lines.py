"""What happened to a visit, on its customer's time line (R7.1)."""

import datetime as dt

from customers.models import TimelineEntry
from customers.timeline import add_line
from tenancy.models import Membership
from visits.models import Visit


def add_visit_line(
    visit: Visit,
    title: str,
    *,
    step: str,
    now: dt.datetime,
    by: Membership | None = None,
    detail: str = "",
    kind: str = TimelineEntry.Kind.VISIT,
) -> None:
    """Add one line, in the transaction of the event: the same `step` of a visit is told once."""
    add_line(visit.customer, kind, title, at=now, detail=detail, actor=by, subject=visit.public_id, step=step)
