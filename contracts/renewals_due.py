"""Renewals due: contracts that end soon and have neither a next term nor anything in review (R1.2)."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from contracts.models import Contract
from contracts.what_next import ending_soon
from tenancy.models import Tenant


@dataclass(frozen=True)
class RenewalsDue:
    """How many contracts, and their prices summed, by currency."""

    count: int
    amounts: dict[str, Decimal]


def renewals_due(desk: Tenant, day: dt.date) -> RenewalsDue:
    """The figure on a day of the desk's, of the rows that `ending_soon` gives: one query."""
    # Judged once, then summed: grouping by what is derived would judge each contract again.
    chosen = ending_soon(desk, day).order_by().values("pk")
    sums = Contract.objects.filter(pk__in=chosen).order_by("currency").values("currency")
    sums = sums.annotate(count=Count("pk"), amount=Sum("price"))
    found = {row["currency"]: (row["count"], row["amount"]) for row in sums}
    return RenewalsDue(
        sum(count for count, _ in found.values()),
        {currency: amount for currency, (_, amount) in found.items()},
    )
