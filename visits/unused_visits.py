"""Paid visits that nobody has used, and how many of them lapse soon (R3.1).

Of all of a desk at once: what runs, what is in grace and what is past it are asked for apart, each by its
index. The rows behind the figures are those of `use_or_lose.open_grants`.
"""

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet

from contracts.allowance import taken_by_entitlement, with_left
from contracts.models import Entitlement
from contracts.sql_parts import filled
from tenancy.models import Tenant
from tenancy.prepared import DAY as PREPARED_DAY
from tenancy.prepared import Composed, Day, Keys, Prepared, Written
from visits.use_or_lose import (
    grants_in_grace,
    grants_of_last_terms,
    grants_of_running_terms,
    in_review_past_grace,
    open_grants,
)

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
    # Within each kind the order of their last days is that of their terms' ends, which has an index.
    found = with_left(grants).filter(left__gt=0).order_by("term__ends_on", "pk")
    return found.select_related("term__contract__customer", "term__contract__tenant")[:FRONT]


_RUNNING = Written(
    lambda day, soon: _first(grants_of_running_terms(day).filter(term__ends_on__lte=soon)),
    day=PREPARED_DAY,
    soon=Day(),
)
_IN_GRACE = Written(
    lambda day, soon, graced: _first(grants_in_grace(day, graced).filter(until__lte=soon)),
    day=PREPARED_DAY,
    soon=Day(),
    graced=Day(),
)
_IN_REVIEW = Prepared(
    lambda contracts, day: _first(grants_of_last_terms(contracts, day)), contracts=Keys(), day=PREPARED_DAY
)


def first_to_lapse(desk: Tenant, day: dt.date) -> list[Entitlement]:
    """The first of `lapsing_soon`, what ends first first: five queries at most."""
    soon, graced = day + SOON, _graced(desk, day)
    found = _RUNNING.rows(day=day, soon=soon) + _IN_GRACE.rows(day=day, soon=soon, graced=graced)
    if contracts := in_review_past_grace(day, graced):
        found += _IN_REVIEW.rows(contracts=contracts, day=day)
    return sorted(found, key=lambda grant: (grant.until, grant.pk))[:FRONT]


_SUMS = """
    SELECT sum("left"), sum("left") FILTER (WHERE "until" <= {soon})
    FROM (
        SELECT "found"."quantity" - coalesce("entered"."taken", 0) AS "left", "found"."until"
        FROM ({running} UNION ALL {in_grace} UNION ALL {in_review}) AS "found" ("id", "quantity", "until")
        LEFT JOIN ({taken}) AS "entered" ("id", "taken") USING ("id")
    ) AS "open"
    WHERE "left" > 0
"""


def _sums(day, soon, graced, contracts):
    found = {
        "running": grants_of_running_terms(day),
        "in_grace": grants_in_grace(day, graced),
        "in_review": grants_of_last_terms(contracts, day),
    }
    columns = ("pk", "quantity", "until")
    listed = {name: grants.order_by().values_list(*columns) for name, grants in found.items()}
    return filled(_SUMS, soon=soon, taken=taken_by_entitlement(), **listed)


_OPEN = Composed(_sums, day=PREPARED_DAY, soon=Day(), graced=Day(), contracts=Keys())


def unused_visits(desk: Tenant, day: dt.date) -> UnusedVisits:
    """The figure on a day of the desk's, of the rows that `open_grants` gives: three queries at most."""
    graced = _graced(desk, day)
    contracts = in_review_past_grace(day, graced)
    ((count, lapsing),) = _OPEN.rows_planned_afresh(
        day=day, soon=day + SOON, graced=graced, contracts=contracts
    )
    return UnusedVisits(int(count or 0), int(lapsing or 0))


def _graced(desk, day) -> dt.date:
    """The earliest last day of a term that is in grace."""
    return day - dt.timedelta(days=desk.grace_days)
