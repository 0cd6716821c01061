"""What the clock should have settled and has not: 0 while the job runner works (R4.7).

Asked of the database by the sweeper's own questions, so that the figure and the sweep cannot differ.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q

from cases.models import Promise
from tenancy.models import Tenant

# Six turns of the sweeper: what ended a moment ago waits for the next one, and is no fault.
SWEPT_WITHIN = dt.timedelta(minutes=2)


@dataclass(frozen=True)
class UnbrokenPromises:
    """Open past their due time: those that the clock should have broken, and those it lets be."""

    count: int
    # Due before the desk's messages were switched on: history, which alarms nobody.
    let_be: int


def unswept_visits(desk: Tenant, *, now: dt.datetime) -> int:
    """Visits in the past still as scheduled or on the way: how many of the active desk."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM visits_over(%s, NULL) WHERE tenant_id = %s", [now - SWEPT_WITHIN, desk.pk]
        )
        return cursor.fetchone()[0]


def unbroken_promises(desk: Tenant, *, now: dt.datetime) -> UnbrokenPromises:
    """Promises of the active desk that are open past their due time."""
    overdue = Promise.objects.overdue(now - SWEPT_WITHIN)
    if desk.messages_from is None:
        return UnbrokenPromises(0, overdue.count())
    alarming = Q(due_at__gte=desk.messages_from)
    return UnbrokenPromises(
        **overdue.aggregate(count=Count("pk", filter=alarming), let_be=Count("pk", filter=~alarming))
    )
