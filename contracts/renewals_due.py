"""Renewals due: contracts that end soon and have neither a next term nor anything in review (R1.2)."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_

from contracts.beside_terms import recorded_beside_terms
from contracts.covered import State
from contracts.models import Contract
from contracts.sql_parts import filled
from contracts.what_next import SOON_DAYS
from tenancy.models import Tenant
from tenancy.prepared import DAY, Among, Composed, Day, Keys, Prepared, Written


@dataclass(frozen=True)
class RenewalsDue:
    """How many contracts, and their prices summed, by currency."""

    count: int
    amounts: dict[str, Decimal]


# Only these are asked how they stand: of all others the last term and a cancellation say it.
_BESIDE = Written(
    lambda day, last: (
        _ending(day, last).filter(reduce(or_, recorded_beside_terms())).order_by().values_list("pk")
    ),
    day=DAY,
    last=Day(),
)
_JUDGED = Prepared(
    lambda contracts, day: (
        Contract.objects.filter(Among("pk", contracts))
        .with_cover(day)
        .filter(cover_state=State.RENEWAL_DUE)
        .order_by()
        .values_list("pk")
    ),
    contracts=Keys(),
    day=DAY,
)


def _ending(day, last):
    # A last term that runs: nobody has a next one.
    return Contract.objects.filter(last_term_start__lte=day, last_term_end__gte=day, last_term_end__lte=last)


# Nobody who is judged is among those of whom the last term says it.
_FOUND = """
    SELECT "currency", count(*), sum("price") FROM ({due} UNION ALL {judged}) AS "found" ("currency", "price")
    GROUP BY "currency" ORDER BY "currency"
"""


def _sums(day, last, beside, judged):
    cancelled = Contract.objects.with_cover(day).filter(cancelled=True)
    due = _ending(day, last).exclude(Among("pk", beside)).exclude(pk__in=cancelled.values("pk"))
    # Both are found by an index: with an OR all of a desk would be gone through.
    found = {"due": due, "judged": Contract.objects.filter(Among("pk", judged))}
    listed = {name: rows.order_by().values_list("currency", "price") for name, rows in found.items()}
    return filled(_FOUND, **listed)


_SUMS = Composed(_sums, day=DAY, last=Day(), beside=Keys(), judged=Keys())


def renewals_due(desk: Tenant, day: dt.date) -> RenewalsDue:
    """The figure on a day of the desk's, of the rows that `ending_soon` gives: three queries at most."""
    last = day + dt.timedelta(days=min(SOON_DAYS, desk.renewal_due_days))
    beside = [key for (key,) in _BESIDE.rows(day=day, last=last)]
    judged = [key for (key,) in _JUDGED.rows(contracts=beside, day=day)] if beside else []
    found = _SUMS.rows_planned_afresh(day=day, last=last, beside=beside, judged=judged)
    return RenewalsDue(
        sum(count for _, count, _ in found), {currency: amount for currency, _, amount in found}
    )
