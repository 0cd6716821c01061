"""A contract's row. Of its status only "cancelled" is believed; the rest is for payments to say."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from imports.reading import Known, contract_key, customer_key, machine_key
from imports.refusals import END_BEFORE_START, UNKNOWN_CUSTOMER
from imports.rows import Row
from imports.words import CANCELLED, Vocabulary

_BETWEEN_SERIALS = re.compile(r"[;,|\n\t]+")


@dataclass(frozen=True)
class ContractRow:
    """What the export says of one contract: its first term as the old program has it."""

    line: int
    number: str
    customer: str
    kind: str
    start: dt.date
    end: dt.date
    status: str
    is_cancelled: bool
    cancelled_on: dt.date | None
    visits: int
    response_hours: int | None
    price: Decimal
    serials: tuple[str, ...]

    @property
    def key(self) -> str:
        """By which the row is known again."""
        return contract_key(self.number)


def read_contract(row: Row, known: Known, statuses: Vocabulary) -> ContractRow:
    """One contract. Raises RowRefused for days that are none or in disorder, or an unknown customer."""
    row.number = number = row.required("number")
    if not contract_key(number):
        row.refuse("number", "a number with letters or digits")
    if known.is_told_before("contracts", contract_key(number)):
        row.refuse("number", "a number that no row before has")
    start, end = row.required_day("start"), row.required_day("end")
    customer = row.required("customer")
    if customer_key(customer) not in known.customers:
        row.refuse("customer", "the number of a customer that came in", reason=UNKNOWN_CUSTOMER)
    if end < start:
        row.refuse("end", f"a day not before {row.written('start')}", reason=END_BEFORE_START)
    meaning = row.meaning("status", statuses)
    if meaning is None:
        row.warnings.append(f"status not known, read as not cancelled: {row.written('status')}")
    cancelled_on = row.day("cancelled_on")
    price = row.amount("price")
    if price is None:
        row.warnings.append("no price: taken as 0")
    read = ContractRow(
        line=row.line,
        number=number,
        customer=known.customers[customer_key(customer)],
        kind=row.known_text("kind"),
        start=start,
        end=end,
        status=row.text("status"),
        is_cancelled=meaning == CANCELLED or cancelled_on is not None,
        cancelled_on=cancelled_on,
        visits=row.count("visits") or 0,
        response_hours=row.count("response_hours"),
        price=price or Decimal(0),
        serials=_serials(row, known),
    )
    known.contracts[read.key] = read.customer
    return read


def _serials(row: Row, known: Known) -> tuple[str, ...]:
    """The keys of the machines it covers; one we do not know is left off with a warning."""
    found = []
    for written in _BETWEEN_SERIALS.split(row.text("serials")):
        pieces = [written] if machine_key(written) in known.machines else written.split()
        for piece in pieces:
            key = machine_key(piece)
            if key in known.machines:
                found.append(key)
            elif key:
                row.warnings.append(f"machine not known, left off the contract: {piece}")
    return tuple(dict.fromkeys(found))
