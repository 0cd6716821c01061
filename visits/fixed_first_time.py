"""Fixed first time: of the visits that are done and whose report says, how many needed no second one.

A visit counts on the day on which it was planned. An older program's report does not say.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from tenancy.figures import Days, Share, hull, shares
from visits.models import ServiceReport, Visit

FIXED = Q(fixed_first_time=True)


@dataclass(frozen=True)
class FixedFirstTime:
    """Fixed in these days and in as many before, of those whose report says."""

    now: Share
    before: Share


def reports_that_say(days: Days) -> QuerySet[ServiceReport]:
    """The rows that are counted: reports of visits of these days that say whether it was fixed."""
    done = Q(visit__state=Visit.State.DONE, fixed_first_time__isnull=False)
    return ServiceReport.objects.filter(days.within("visit__planned_start"), done)


def fixed_first_time(days: Days) -> FixedFirstTime:
    """The figure, and what it was before: one query."""
    spans = [days, days.before()]
    return FixedFirstTime(*shares(reports_that_say(hull(spans)), "visit__planned_start", FIXED, spans))
