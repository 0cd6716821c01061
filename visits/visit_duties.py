"""Duties about a visit: found with it, with its customer and with its case (R4)."""

import datetime as dt

from cases.duties import open_duty
from cases.models import Duty
from tenancy.models import Membership, Role
from visits.models import Visit


def open_visit_duty(
    visit: Visit,
    event: str,
    *more,
    kind: str,
    title: str,
    due_at: dt.datetime,
    now: dt.datetime,
    detail: str = "",
    owner: Membership | None = None,
    owner_role: str = Role.DISPATCHER,
) -> Duty:
    """Open a duty for an event of a visit; the same event has one only, unless `more` tells it apart."""
    return open_duty(
        event,
        visit.public_id,
        *more,
        kind=kind,
        title=title,
        detail=detail,
        due_at=due_at,
        now=now,
        owner=owner,
        owner_role=owner_role,
        customer=visit.customer,
        case=visit.case,
        subject=visit.public_id,
    )
