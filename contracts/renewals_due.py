"""Renewals due: contracts that end soon and have neither a next term nor anything in review (R1.2)."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from contracts.models import Contract
from contracts.what_next import SOON_DAYS, ending_by
from tenancy.models import Tenant
from tenancy.prepared import DAY, Day, Written


@dataclass(frozen=True)
class RenewalsDue:
    """How many contracts, and their prices summed, by currency."""

    count: int
    amounts: dict[str, Decimal]


def _sums(day, last):
    # Judged once, then summed: grouping by what is derived would judge each contract again.
    chosen = ending_by(day, last).order_by().values("pk")
    sums = Contract.objects.filter(pk__in=chosen).order_by("currency").values("currency")
    return sums.annotate(count=Count("pk"), amount=Sum("price")).values_list("currency", "count", "amount")


_SUMS = Written(_sums, day=DAY, last=Day())


def renewals_due(desk: Tenant, day: dt.date) -> RenewalsDue:
    """The figure on a day of the desk's, of the rows that `ending_soon` gives: one query."""
    found = _SUMS.rows(day=day, last=day + dt.timedelta(days=SOON_DAYS))
    return RenewalsDue(
        sum(count for _, count, _ in found), {currency: amount for currency, _, amount in found}
    )
