"""How we failed a customer in a year: what goodwill is measured by, and what whoever decides has to know."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from cases.models import Promise
from customers.models import Customer
from visits.models import Visit

YEAR = dt.timedelta(days=365)


@dataclass(frozen=True)
class Failures:
    """In the last 12 months: visits that we missed, and promises that we broke."""

    misses: int = 0
    broken: int = 0


def failures_of(customers: Iterable[Customer], *, now: dt.datetime) -> dict[int, Failures]:
    """The 12 months up to `now`, by the customer's id: two queries, however many customers."""
    customers, since = list(customers), now - YEAR
    missed = _counted(Visit.objects.filter(missed_at__gte=since, missed_at__lte=now), customers)
    promises = Promise.objects.filter(state=Promise.State.BROKEN, settled_at__gte=since, settled_at__lte=now)
    broken = _counted(promises, customers)
    return {one.pk: Failures(missed.get(one.pk, 0), broken.get(one.pk, 0)) for one in customers}


def _counted(rows, customers) -> dict[int, int]:
    counts = rows.filter(customer__in=customers).order_by().values("customer").annotate(count=Count("pk"))
    return dict(counts.values_list("customer", "count"))
