"""Paid visits that nobody has used, and how many of them lapse soon (R3.1)."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet

from contracts.models import Entitlement
from tenancy.prepared import DAY as PREPARED_DAY
from tenancy.prepared import Composed, Day, Written
from visits.use_or_lose import open_grants

SOON = dt.timedelta(days=30)


@dataclass(frozen=True)
class UnusedVisits:
    """How many visits are open, and how many of them can be used 30 more days at most."""

    count: int
    lapsing: int


def lapsing_soon(day: dt.date) -> QuerySet[Entitlement]:
    """The open grants whose last day is near."""
    return _until(day, day + SOON)


def _until(day, soon):
    # None lasts less long than its term: that narrows them by an index.
    return open_grants(day).filter(until__lte=soon, term__ends_on__lte=soon)


# So many of them stand at the front.
FRONT = 4
_FIRST = Written(
    lambda day, soon: _until(day, soon).order_by("until", "pk")[:FRONT], day=PREPARED_DAY, soon=Day()
)


def first_to_lapse(day: dt.date) -> list[Entitlement]:
    """The first of them, what ends first first: one query."""
    return _FIRST.rows(day=day, soon=day + SOON)


_SUMS = """
    SELECT sum("left"), sum("left") FILTER (WHERE "until" <= %s) FROM ({grants}) AS found ("left", "until")
"""


def _sums(day, soon):
    grants, values = open_grants(day).order_by().values_list("left", "until").query.sql_with_params()
    return _SUMS.format(grants=grants), [soon, *values]


_OPEN = Composed(_sums, day=PREPARED_DAY, soon=Day())


def unused_visits(day: dt.date) -> UnusedVisits:
    """The figure on a day of the desk's, of the rows that `open_grants` gives: one query."""
    ((count, lapsing),) = _OPEN.rows_planned_afresh(day=day, soon=day + SOON)
    return UnusedVisits(int(count or 0), int(lapsing or 0))
