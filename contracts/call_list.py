"""Who may be called about a renewal, and who is held back and why (R1.7).

A query over cover, never a snapshot: what a page shows was true when it was asked for. Held back
is whoever has renewed or may have: an active contract, a renewal in review, a hold. A customer
with several contracts is called about one that ends soon, but about one that ended only where no
other is active: it may be the old number of the same agreement.
"""

import datetime as dt
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Subquery

from contracts.covered import State
from contracts.models import CallSkip, Contract
from customers.models import Customer, Hold

ACTIVE, IN_REVIEW, HELD, PUT_OFF = "active", "in review", "held", "put off"
# Who ends soonest or ended last is called first; a longer lapsed contract is the least urgent.
RANK = {State.RENEWAL_DUE: 0, State.IN_GRACE: 1, State.LAPSED: 2}


@dataclass(frozen=True, order=True)
class Row:
    """One customer: the contract to speak about, its state, and why nobody calls ("" when one may).

    `days` is how far its end is away, in either direction. Ordered as the list is read.
    """

    rank: int
    days: int
    customer: str  # its public id
    customer_id: int = field(compare=False)
    contract_id: int = field(compare=False)
    state: str = field(compare=False)
    held_back: str = field(compare=False)

    @property
    def may_be_called(self) -> bool:
        """Whether the row belongs in the list."""
        return not self.held_back

    @property
    def cursor(self) -> str:
        """The place of this row, for the page that follows it."""
        return f"{self.rank}.{self.days}.{self.customer}"


@dataclass(frozen=True)
class CallList:
    """The list of a day, and who is not on it."""

    rows: list[Row]
    held_back: list[Row]

    @property
    def counts(self) -> Counter:
        """How many are held back for each reason."""
        return Counter(row.held_back for row in self.held_back)

    @property
    def states(self) -> Counter:
        """How many may be called in each state."""
        return Counter(row.state for row in self.rows)


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the cursors of its neighbours ("" when there is none)."""

    rows: list[Row]
    after: str


def call_list(day: dt.date) -> CallList:
    """Everybody's place on a day (the desk's), in the order of the list: one query."""
    standing = sorted(_rows(Contract.objects.all(), day))
    return CallList(
        rows=[row for row in standing if row.may_be_called],
        held_back=[row for row in standing if not row.may_be_called],
    )


def place_of(customer: Customer, day: dt.date) -> Row | None:
    """The customer's place computed again: one query. None without a contract that could renew."""
    return next(iter(_rows(Contract.objects.filter(customer=customer), day)), None)


def next_row(customer: Customer, day: dt.date) -> Row | None:
    """Whom to call after this customer: one query. From outside the list, its first row."""
    rows = call_list(day).rows
    here = next((at for at, row in enumerate(rows) if row.customer_id == customer.pk), -1)
    return rows[here + 1] if here + 1 < len(rows) else None


def page_of(rows: list[Row], *, after: str = "", size: int = 50) -> Page:
    """The rows that follow a cursor. A cursor that is none begins at the front."""
    begin = bisect_right(rows, _place(after), key=lambda row: (row.rank, row.days, row.customer))
    shown = rows[begin : begin + size]
    return Page(rows=shown, after=shown[-1].cursor if begin + size < len(rows) else "")


def _rows(contracts, day: dt.date) -> Iterable[Row]:
    of_customer = defaultdict(list)
    for contract in _with_facts(contracts, day):
        # Asked here and not in SQL: that led the planner to read all customers for each contract.
        if contract["customer__merged_into"] is None:
            of_customer[contract["customer_id"]].append(contract)
    for found in of_customer.values():
        row = _row(found, day)
        if row is not None:
            yield row


def _with_facts(contracts, day):
    held = Hold.objects.filter(customer=OuterRef("customer_id"), released_at__isnull=True)
    skips = CallSkip.objects.filter(customer=OuterRef("customer_id"))
    last_skip = skips.order_by("-at", "-pk").values("until")[:1]
    return (
        contracts.with_cover(day)
        .annotate(is_held=Exists(held), put_off_until=Subquery(last_skip))
        .values(
            "pk",
            "customer_id",
            "customer__public_id",
            "customer__merged_into",
            "cover_state",
            "last_end",
            "is_held",
            "put_off_until",
        )
    )


def _row(contracts: list[dict], day: dt.date) -> Row | None:
    contract, held_back = _judged(contracts, day)
    if contract is None:
        return None
    return Row(
        rank=RANK.get(contract["cover_state"], len(RANK)),
        days=_days(contract, day),
        customer=str(contract["customer__public_id"]),
        customer_id=contract["customer_id"],
        contract_id=contract["pk"],
        state=contract["cover_state"],
        held_back=held_back,
    )


def _judged(contracts, day) -> tuple[dict | None, str]:
    """The contract to speak about and why not to call; anything doubtful holds back."""
    by_state = defaultdict(list)
    for contract in contracts:
        by_state[contract["cover_state"]].append(contract)
    running = by_state[State.ACTIVE] + by_state[State.UPCOMING]
    ended = by_state[State.IN_GRACE] + by_state[State.LAPSED]
    if by_state[State.IN_REVIEW]:
        return _nearest(by_state[State.IN_REVIEW], day), IN_REVIEW
    candidate = _nearest(by_state[State.RENEWAL_DUE] or running or ended, day)
    if candidate is None:
        return None, ""
    if candidate["is_held"]:
        return candidate, HELD
    if not by_state[State.RENEWAL_DUE] and running:
        return candidate, ACTIVE
    if candidate["put_off_until"] is not None and candidate["put_off_until"] > day:
        return candidate, PUT_OFF
    return candidate, ""


def _nearest(contracts, day) -> dict | None:
    return min(contracts, key=lambda contract: (_days(contract, day), contract["pk"]), default=None)


def _days(contract, day) -> int:
    # A contract that never had a standing term is the least urgent of all.
    return abs((contract["last_end"] - day).days) if contract["last_end"] else 99_999


def _place(cursor: str) -> tuple[int, int, str]:
    rank, _, rest = cursor.partition(".")
    days, _, customer = rest.partition(".")
    return (int(rank), int(days), customer) if rank.isdecimal() and days.isdecimal() else (-1, 0, "")
