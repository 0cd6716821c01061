"""Open recommendations by severity and age, and those that nobody ever raised again (R5.2, R5.3)."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Min, Q, QuerySet, TextChoices

from recommendations.models import Recommendation
from tenancy.calendars import day_bounds, local_day, zone_of
from tenancy.figures import ONE_DAY
from tenancy.models import Tenant
from visits.trails import never_raised_again


class Age(TextChoices):
    """How long ago it was raised, in days of the desk's calendar; or past how many visits in silence."""

    UNDER_30 = "under-30", "Under 30 days"
    UNDER_90 = "30-to-90", "30 to 90"
    OVER_90 = "over-90", "Over 90"
    NEVER_AGAIN = "never-again", "Never raised again"


@dataclass(frozen=True)
class OpenOnes:
    """How many are open, and how many by severity and age; who is never raised again has an age as well."""

    count: int
    cells: dict[tuple[int, str], int]

    def of(self, severity: int, age: str) -> int:
        """How many of a severity and age."""
        return self.cells.get((severity, age), 0)


def open_ones(
    desk: Tenant, *, now: dt.datetime, severity: int | None = None, age: str = ""
) -> QuerySet[Recommendation]:
    """The rows that are counted: what is open now, of one severity and age where asked."""
    # All that are open are unsettled: that narrows them by an index.
    unsettled = Recommendation.objects.filter(state__in=Recommendation.UNSETTLED_STATES)
    rows = unsettled.open(local_day(now, zone_of(desk)))
    if severity is not None:
        rows = rows.filter(severity=severity)
    if age == Age.NEVER_AGAIN:
        first = rows.order_by().aggregate(first=Min("raised_at"))["first"]
        return never_raised_again(rows, first=first, now=now, zone=zone_of(desk)) if first else rows.none()
    return rows.filter(_of_age(age, desk, now)) if age else rows


def open_recommendations(desk: Tenant, *, now: dt.datetime) -> OpenOnes:
    """The figures by severity and age: two queries at most."""
    ages = [age for age in Age if age != Age.NEVER_AGAIN]
    rows = open_ones(desk, now=now).order_by()
    counts = {age.name: Count("pk", filter=_of_age(age, desk, now)) for age in ages}
    found = list(rows.values("severity").annotate(first=Min("raised_at"), **counts))
    cells = {(row["severity"], age.value): row[age.name] for row in found for age in ages}
    if found:
        first = min(row["first"] for row in found)
        silent = never_raised_again(rows, first=first, now=now, zone=zone_of(desk)).values("severity")
        for row in silent.annotate(count=Count("pk")):
            cells[row["severity"], Age.NEVER_AGAIN.value] = row["count"]
    counted = sum(count for (_, age), count in cells.items() if age != Age.NEVER_AGAIN)
    return OpenOnes(counted, cells)


def _of_age(age, desk, now) -> Q:
    """As instants: the desk's midnights are found here, not in the database."""
    zone = zone_of(desk)
    today = local_day(now, zone)
    month_ago, quarter_ago = (day_bounds(today - days * ONE_DAY, zone)[0] for days in (29, 90))
    return {
        Age.UNDER_30: Q(raised_at__gte=month_ago),
        Age.UNDER_90: Q(raised_at__gte=quarter_ago, raised_at__lt=month_ago),
        Age.OVER_90: Q(raised_at__lt=quarter_ago),
    }[age]
