"""Paid visits that nobody has used, and how many of them lapse soon (R3.1)."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import DecimalField, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from contracts.models import Entitlement
from tenancy.models import Tenant
from visits.use_or_lose import open_grants

SOON = dt.timedelta(days=30)


@dataclass(frozen=True)
class UnusedVisits:
    """How many visits are open, and how many of them can be used 30 more days at most."""

    count: int
    lapsing: int


def lapsing_soon(desk: Tenant, day: dt.date) -> QuerySet[Entitlement]:
    """The open grants whose last day is near."""
    return open_grants(desk, day).filter(_soon(day))


def unused_visits(desk: Tenant, day: dt.date) -> UnusedVisits:
    """The figure on a day of the desk's, of the rows that `open_grants` gives: one query."""
    found = open_grants(desk, day).order_by().aggregate(count=_sum(), lapsing=_sum(filter=_soon(day)))
    return UnusedVisits(int(found["count"]), int(found["lapsing"]))


def _soon(day) -> Q:
    return Q(until__lte=day + SOON)


def _sum(**only):
    return Coalesce(Sum("left", **only), Value(0), output_field=DecimalField())
