"""Response time kept: of the cases whose time to answer has come, how many were answered by then (R2.5)."""

import datetime as dt

from django.db.models import Count, F, Q, QuerySet

from cases.models import Case
from tenancy.figures import Days, Share

IN_TIME = Q(responded_at__lte=F("response_due_at"))


def cases_to_answer(days: Days, *, now: dt.datetime) -> QuerySet[Case]:
    """The rows that are counted: cases that were to be answered in these days, up to now.

    A case that became a part of another is answered with that one, and history has no clock.
    """
    return Case.objects.filter(
        days.within("response_due_at"), response_due_at__lte=now, joined_into__isnull=True
    )


def answered_in_time(days: Days, *, now: dt.datetime) -> Share:
    """The figure: one query."""
    found = cases_to_answer(days, now=now).aggregate(part=Count("pk", filter=IN_TIME), whole=Count("pk"))
    return Share(found["part"], found["whole"])
