"""What somebody who decides about goodwill has to know: how we failed them, and what they were given."""

import datetime as dt
from dataclasses import dataclass

from cases.goodwill_register import Total, given_before
from customers.models import Customer
from visits.failures import YEAR, failures_of


@dataclass(frozen=True)
class History:
    """The last 12 months of one customer."""

    misses: int
    broken: int
    given: Total | None


def histories_of(customers: list[Customer], *, now: dt.datetime) -> dict[int, History]:
    """The 12 months up to `now`, by the customer's id: three queries, however many customers."""
    failures = failures_of(customers, now=now)
    given = given_before(customers, since=now - YEAR)
    return {pk: History(one.misses, one.broken, given.get(pk)) for pk, one in failures.items()}
