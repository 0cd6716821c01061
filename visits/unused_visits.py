"""Paid visits that nobody has used, and how many of them lapse soon (R3.1).

Of all of a desk at once: what runs and what is over are asked for apart, each by its index. The rows behind
the figures are those of `use_or_lose.open_grants`.
"""

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet

from contracts.allowance import taken_by_entitlement, with_left
from contracts.models import Entitlement
from contracts.sql_parts import filled
from tenancy.prepared import DAY as PREPARED_DAY
from tenancy.prepared import Composed, Day, Written
from visits.use_or_lose import grants_of_ended_terms, grants_of_running_terms, open_grants

SOON = dt.timedelta(days=30)


@dataclass(frozen=True)
class UnusedVisits:
    """How many visits are open, and how many of them can be used 30 more days at most."""

    count: int
    lapsing: int


def lapsing_soon(day: dt.date) -> QuerySet[Entitlement]:
    """The open grants whose last day is near."""
    soon = day + SOON
    # None lasts less long than its term: that narrows them by an index.
    return open_grants(day).filter(until__lte=soon, term__ends_on__lte=soon)


# So many of them stand at the front.
FRONT = 4


def _first(grants) -> QuerySet[Entitlement]:
    found = with_left(grants).filter(left__gt=0).order_by("until", "pk")
    return found.select_related("term__contract__customer", "term__contract__tenant")[:FRONT]


_FIRST = [
    Written(
        lambda day, soon: _first(grants_of_running_terms(day).filter(term__ends_on__lte=soon)),
        day=PREPARED_DAY,
        soon=Day(),
    ),
    Written(
        lambda day, soon: _first(grants_of_ended_terms(day).filter(until__lte=soon)),
        day=PREPARED_DAY,
        soon=Day(),
    ),
]


def first_to_lapse(day: dt.date) -> list[Entitlement]:
    """The first of `lapsing_soon`, what ends first first: two queries."""
    found = [grant for asked in _FIRST for grant in asked.rows(day=day, soon=day + SOON)]
    return sorted(found, key=lambda grant: (grant.until, grant.pk))[:FRONT]


_SUMS = """
    SELECT sum("left"), sum("left") FILTER (WHERE "until" <= {soon})
    FROM (
        SELECT "found"."quantity" - coalesce("entered"."taken", 0) AS "left", "found"."until"
        FROM ({running} UNION ALL {ended}) AS "found" ("id", "quantity", "until")
        LEFT JOIN ({taken}) AS "entered" ("id", "taken") USING ("id")
    ) AS "open"
    WHERE "left" > 0
"""


def _sums(day, soon):
    listed = ("pk", "quantity", "until")
    return filled(
        _SUMS,
        soon=soon,
        running=grants_of_running_terms(day).order_by().values_list(*listed),
        ended=grants_of_ended_terms(day).order_by().values_list(*listed),
        taken=taken_by_entitlement(),
    )


_OPEN = Composed(_sums, day=PREPARED_DAY, soon=Day())


def unused_visits(day: dt.date) -> UnusedVisits:
    """The figure on a day of the desk's, of the rows that `open_grants` gives: one query."""
    ((count, lapsing),) = _OPEN.rows_planned_afresh(day=day, soon=day + SOON)
    return UnusedVisits(int(count or 0), int(lapsing or 0))
