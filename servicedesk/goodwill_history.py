"""What somebody who decides about goodwill has to know: how we failed them, and what they were given."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count

from cases.goodwill_register import Total, given_before
from cases.models import Promise
from customers.models import Customer
from visits.models import Visit

YEAR = dt.timedelta(days=365)


@dataclass(frozen=True)
class History:
    """The last 12 months of one customer."""

    misses: int
    broken: int
    given: Total | None


def histories_of(customers: list[Customer], *, now: dt.datetime) -> dict[int, History]:
    """The 12 months up to `now`, by the customer's id: three queries, however many customers."""
    since = now - YEAR
    missed = _counted(Visit.objects.filter(missed_at__gte=since, missed_at__lte=now), customers)
    broken = Promise.objects.filter(state=Promise.State.BROKEN, settled_at__gte=since, settled_at__lte=now)
    promises = _counted(broken, customers)
    given = given_before(customers, since=since)
    return {
        one.pk: History(missed.get(one.pk, 0), promises.get(one.pk, 0), given.get(one.pk))
        for one in customers
    }


def _counted(rows, customers) -> dict[int, int]:
    counts = rows.filter(customer__in=customers).order_by().values("customer").annotate(count=Count("pk"))
    return dict(counts.values_list("customer", "count"))
