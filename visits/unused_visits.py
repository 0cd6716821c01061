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
from tenancy.prepared import Among, Composed, Day, Keys, Prepared
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
    return open_grants(day).filter(until__lte=soon, ends_on__lte=soon)


# So many of them stand at the front.
FRONT = 4


# What runs can be used to the end of its term, what is over a grace longer.
_UNTIL = """
    SELECT "id", "quantity", "ends_on" AS "until" FROM ({running}) AS "running" ("id", "quantity", "ends_on")
    UNION ALL
    SELECT "id", "quantity", "ends_on" + ({day}::date - {graced}::date)
    FROM (({in_grace}) UNION ALL ({in_review})) AS "over" ("id", "quantity", "ends_on")
"""
_FRONT = """
    SELECT "id", "until" FROM ({found}) AS "found" WHERE "until" <= {soon}
    ORDER BY "until", "id" LIMIT {front}
"""


def _with_until(day, graced, running, in_grace, in_review):
    grants = {"running": running, "in_grace": in_grace, "in_review": in_review}
    listed = {name: rows.values_list("pk", "quantity", "ends_on") for name, rows in grants.items()}
    return filled(_UNTIL, day=day, graced=graced, **listed)


def _first(grants) -> QuerySet[Entitlement]:
    # Within each kind the order of their last days is that of their terms' ends, which has an index.
    return with_left(grants).filter(left__gt=0).order_by("ends_on", "pk")[:FRONT]


def _front(day, soon, graced, contracts):
    found = _with_until(
        day,
        graced,
        running=_first(grants_of_running_terms(day).filter(ends_on__lte=soon)),
        in_grace=_first(grants_in_grace(day, graced, few=True)),
        in_review=_first(grants_of_last_terms(contracts)),
    )
    return filled(_FRONT, found=found, soon=soon, front=FRONT)


_FIRST = Composed(_front, day=PREPARED_DAY, soon=Day(), graced=Day(), contracts=Keys())
_OF_THESE = Prepared(
    lambda entitlements: with_left(Entitlement.objects.filter(Among("pk", entitlements))).select_related(
        "term__contract__customer", "term__contract__tenant"
    ),
    entitlements=Keys(),
)


def first_to_lapse(desk: Tenant, day: dt.date) -> list[Entitlement]:
    """The first of `lapsing_soon`, what ends first first: four queries at most."""
    graced = _graced(desk, day)
    contracts = in_review_past_grace(day, graced)
    untils = dict(_FIRST.rows_planned_afresh(day=day, soon=day + SOON, graced=graced, contracts=contracts))
    # What belongs to them is read of these alone: of all of a desk it may be gone through for them.
    found = _OF_THESE.rows(entitlements=list(untils)) if untils else []
    for grant in found:
        grant.until = untils[grant.pk]
    return sorted(found, key=lambda grant: (grant.until, grant.pk))


_SUMS = """
    SELECT sum("left"), sum("left") FILTER (WHERE "until" <= {soon})
    FROM (
        SELECT "found"."quantity" - coalesce("entered"."taken", 0) AS "left", "found"."until"
        FROM ({found}) AS "found"
        LEFT JOIN ({taken}) AS "entered" ("id", "taken") USING ("id")
    ) AS "open"
    WHERE "left" > 0
"""


def _sums(day, soon, graced, contracts):
    found = _with_until(
        day,
        graced,
        running=grants_of_running_terms(day).order_by(),
        in_grace=grants_in_grace(day, graced).order_by(),
        in_review=grants_of_last_terms(contracts).order_by(),
    )
    return filled(_SUMS, found=found, soon=soon, taken=taken_by_entitlement())


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
