"""Who may be called about a renewal, and who is held back and why (R1.7).

A query over cover, never a snapshot: what a page shows was true when it was asked for. Held back
is whoever has renewed or may have: an active contract, a renewal in review, one that renews by
itself, a hold. A customer with several contracts is called about one that ends soon, but about
one that ended only where no other is active: it may be the old number of the same agreement.

Each function is one query, however many contracts there are; only the rows asked for are read.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from contracts.call_places import AROUND, CALLED_PAGE, HELD_BACK_PAGE, OF_CUSTOMER
from customers.models import Customer
from tenancy.prepared import Composed

ACTIVE, IN_REVIEW, HELD, PUT_OFF = "active", "in review", "held", "put off"
RENEWS_ITSELF = "renews itself"


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
    """Some rows of the list of a day, with the counts of all of it.

    `states` counts who may be called by state, `held_back` who may not by reason; `after` is the
    cursor of what follows the rows ("" when nothing does).
    """

    rows: list[Row]
    after: str
    states: Counter
    held_back: Counter

    @property
    def to_call(self) -> int:
        """How many may be called."""
        return self.states.total()

    @property
    def held(self) -> int:
        """How many are held back."""
        return self.held_back.total()


@dataclass(frozen=True)
class Neighbourhood:
    """A customer's place (None: none), the rows around it, who stands before and after it (None: nobody)."""

    place: Row | None
    list: CallList
    previous: Row | None
    following: Row | None


def call_list(
    day: dt.date, *, held_back: bool = False, only: str = "", after: str = "", size: int = 50
) -> CallList:
    """A page of who may be called on a day (the desk's), or of who is held back; in order of the list.

    `only` narrows it to a state, or to a reason of being held back. A cursor that is none begins at
    the front.
    """
    rank, days, customer = _place(after)
    page = HELD_BACK_PAGE if held_back else CALLED_PAGE
    found = _read(page, day=day, only=only, rank=rank, days=days, customer=customer, size=size + 1)
    rows = found.rows["following"]
    return found.list(rows[:size], rows[size - 1].cursor if len(rows) > size else "")


def place_of(customer: Customer, day: dt.date) -> Row | None:
    """The customer's place computed again. None without a contract that could renew."""
    found = _read(OF_CUSTOMER, day=day, customer=customer.pk)
    return next(iter(found.rows["place"]), None)


def next_row(customer: Customer, day: dt.date) -> Row | None:
    """Whom to call after this customer: two queries. From outside the list, its first row."""
    place = place_of(customer, day)
    after = place.cursor if place is not None and place.may_be_called else ""
    return next(iter(call_list(day, after=after, size=1).rows), None)


def neighbourhood(customer: Customer, day: dt.date, *, before: int, after: int) -> Neighbourhood:
    """The rows around a customer of the list, or for one who is not in it its first rows; and all counts.

    At most `before` rows before them, and as many from them on as make `before + after` together.
    """
    size = before + after
    found = _read(AROUND, day=day, customer=customer.pk, before=before, size=size + 1)
    place = next(iter(found.rows["place"]), None)
    is_in_list = place is not None and place.may_be_called
    earlier, later = sorted(found.rows["previous"]), found.rows["following"]
    rows = (earlier + later)[:size]
    more = len(earlier) + len(later) > size
    return Neighbourhood(
        place,
        found.list(rows, rows[-1].cursor if more else ""),
        previous=earlier[-1] if earlier else None,
        following=next((row for row in later if not is_in_list or row > place), None),
    )


@dataclass
class _Found:
    """What a query answered: rows by the part of the question, and the counts."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    states: Counter = field(default_factory=Counter)
    held_back: Counter = field(default_factory=Counter)

    def list(self, rows, after: str) -> CallList:
        return CallList(rows, after, self.states, self.held_back)


def _read(asked: Composed, **values) -> _Found:
    """What is asked of the places."""
    found = _Found()
    for part, rank, days, customer, customer_id, contract_id, state, held_back in asked.rows(**values):
        if part != "count":
            row = Row(rank, days, str(customer), customer_id, contract_id, state, held_back)
            found.rows[part].append(row)
        elif held_back:
            found.held_back[held_back] += rank
        else:
            found.states[state] += rank
    return found


def _place(cursor: str) -> tuple[int, int, uuid.UUID]:
    rank, _, rest = cursor.partition(".")
    days, _, customer = rest.partition(".")
    try:
        return _figure(rank), _figure(days), uuid.UUID(customer)
    except ValueError:
        return -1, 0, uuid.UUID(int=0)


def _figure(text: str) -> int:
    # At most what fits the column that it is held against.
    if not text.isdecimal() or len(text) > 9:
        raise ValueError(text)
    return int(text)
