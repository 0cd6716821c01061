"""Until when notice can be given: the one rule, in days and for a query (R1.9).

The notice date counts back from the end of the running term; that day still counts.
"""

import datetime as dt

from django.db.models import F, Q, Value

from contracts.models import Contract
from contracts.terms import ONE_DAY


def last_day_for_notice(contract: Contract, ends_on: dt.date) -> dt.date:
    """Until when, that day included, notice lets the contract end with the term that ends on `ends_on`."""
    return ends_on - contract.notice_days * ONE_DAY


def notice_is_over(day: dt.date) -> Q:
    """Contracts (with `last_end`) whose last day for notice lies before `day`."""
    return Q(last_end__lt=Value(day) + Value(ONE_DAY) * F("notice_days"))


def notice_is_open(day: dt.date) -> Q:
    """Contracts (with `last_end`) for which notice can still be given on `day`."""
    return Q(last_end__gte=Value(day) + Value(ONE_DAY) * F("notice_days"))
