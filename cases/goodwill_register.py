"""All goodwill of a desk: what waits for a yes, what was given and declined, and what it came to (R6.6)."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth

from cases.models import Goodwill
from customers.models import Customer

State = Goodwill.State


@dataclass(frozen=True)
class Page:
    """Some rows, and the cursor after which the next ones stand; empty on the last page."""

    rows: list[Goodwill]
    after: str


@dataclass(frozen=True)
class Total:
    """How often and how much, of one month, item or cause: in the desk's currency, and days of extensions."""

    of: object
    count: int
    amount: Decimal
    days: int


# Days are no money: they are counted apart.
SUMS = {
    "count": Count("pk"),
    "amount": Coalesce(Sum("amount"), Value(Decimal(0))),
    "days": Coalesce(Sum("days"), Value(0)),
}


def counts() -> dict[str, int]:
    """How many there are of each state: one query."""
    rows = Goodwill.objects.order_by().values("state").annotate(count=Count("pk"))
    return dict.fromkeys(State.values, 0) | {row["state"]: row["count"] for row in rows}


def page_of(state: str, *, after: str = "", size: int) -> Page:
    """One state's rows after a cursor: what waits the oldest first, the rest the latest first."""
    rows = all_of(state)
    waits = state == State.PROPOSED
    cursor = _cursor(after)
    if cursor is not None:
        at, pk = cursor
        side = "gt" if waits else "lt"
        rows = rows.filter(Q(**{f"proposed_at__{side}": at}) | Q(proposed_at=at, **{f"pk__{side}": pk}))
    order = ("proposed_at", "pk") if waits else ("-proposed_at", "-pk")
    found = list(rows.order_by(*order)[: size + 1])
    return Page(found[:size], str(found[size - 1].public_id) if len(found) > size else "")


def all_of(state: str) -> QuerySet[Goodwill]:
    """One state's rows, with who asked and decided."""
    people = ("customer", "item", "proposed_by__user", "decided_by__user")
    return Goodwill.objects.filter(state=state).select_related(*people).prefetch_related("item__limits")


def given_before(customers: list[Customer], *, since: dt.datetime) -> dict[int, Total]:
    """What each customer was given since an instant, by the customer's id: one query."""
    rows = Goodwill.objects.filter(customer__in=customers, state=State.APPROVED, decided_at__gte=since)
    sums = rows.order_by().values("customer").annotate(**SUMS)
    return {row["customer"]: _total(row, "customer") for row in sums}


def totals(*, since: dt.datetime, zone: ZoneInfo) -> dict[str, list[Total]]:
    """What was given since an instant: by month of the desk's clock, by item, by cause; three queries."""
    given = Goodwill.objects.filter(state=State.APPROVED, decided_at__gte=since).order_by()
    by_month = given.annotate(of=TruncMonth("decided_at", tzinfo=zone)).values("of")
    by_item = given.values("item__name")
    by_cause = given.values("cause")
    return {
        "months": _summed(by_month, "of", "-of"),
        "items": _summed(by_item, "item__name", "-amount", "-days", "item__name"),
        "causes": _summed(by_cause, "cause", "-amount", "-days", "cause"),
    }


def _summed(rows, key, *order) -> list[Total]:
    return [_total(row, key) for row in rows.annotate(**SUMS).order_by(*order)]


def _total(row, key) -> Total:
    return Total(row[key], row["count"], row["amount"], row["days"])


def _cursor(after: str):
    """Where the page before ended; None for the first page, and for what is no cursor."""
    try:
        return Goodwill.objects.filter(public_id=uuid.UUID(after)).values_list("proposed_at", "pk").get()
    except (ValueError, Goodwill.DoesNotExist):
        return None
