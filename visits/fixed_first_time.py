"""Fixed first time: of the visits that are done and whose report says, how many needed no second one.

A visit counts on the day on which it was planned. An older program's report does not say.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from tenancy.figures import Days, Share, hull, shares
from visits.models import ServiceReport

FIXED = Q(fixed_first_time=True)


@dataclass(frozen=True)
class FixedFirstTime:
    """Fixed in these days and in as many before, of those whose report says."""

    now: Share
    before: Share


def reports_that_say(days: Days) -> QuerySet[ServiceReport]:
    """The rows that are counted: reports of visits of these days that say whether it was fixed."""
    return ServiceReport.objects.filter(days.within("visit_start"), fixed_first_time__isnull=False)


def fixed_first_time(days: Days) -> FixedFirstTime:
    """The figure, and what it was before: one query."""
    spans = [days, days.before()]
    return FixedFirstTime(*shares(reports_that_say(hull(spans)), "visit_start", FIXED, spans))
