"""Missed visits: of those that were to take place, how many we did not come to in time (R4.3).

A visit counts on the day on which it was planned. One that we missed counts as missed for good, also
where somebody came late. Those still to come, cancelled before, or undone do not count.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from tenancy.figures import Days, Share, hull, shares
from visits.models import Visit

MISSED = Q(missed_at__isnull=False)


@dataclass(frozen=True)
class Missed:
    """Missed in these days and in as many before, of those that were to take place."""

    now: Share
    before: Share


def visits_that_ended(days: Days) -> QuerySet[Visit]:
    """The rows that are counted: visits of these days that we made, could not get in for, or missed."""
    made = Q(state__in=[Visit.State.DONE, Visit.State.NO_ACCESS])
    return Visit.objects.filter(days.within("planned_start"), made | MISSED)


def visits_missed(days: Days) -> QuerySet[Visit]:
    """Those of them that we missed."""
    return visits_that_ended(days).filter(MISSED)


def missed_visits(days: Days) -> Missed:
    """The figure, and what it was before: one query."""
    spans = [days, days.before()]
    return Missed(*shares(visits_that_ended(hull(spans)), "planned_start", MISSED, spans))
