"""What happened to a case, on its customer's time line (R7.1)."""

import datetime as dt

from cases.models import Case
from customers.models import TimelineEntry
from customers.timeline import add_line
from tenancy.models import Membership


def add_case_line(
    case: Case, title: str, *, step: str, now: dt.datetime, by: Membership | None = None, detail: str = ""
) -> None:
    """Add one line, in the transaction of the event: the same `step` (40 letters) of a case is told once."""
    add_line(
        case.customer,
        TimelineEntry.Kind.CASE,
        title,
        at=now,
        detail=detail,
        actor=by,
        subject=case.public_id,
        step=step[:40],
    )
