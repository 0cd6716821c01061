"""A call's row: what a customer said, and what was promised."""

import datetime as dt
from dataclasses import dataclass

from imports.reading import Known, contract_key, customer_key
from imports.refusals import UNKNOWN_CUSTOMER
from imports.rows import Row
from imports.words import QUESTION, RENEWAL_CLAIM, Vocabulary

_MORNING, _EVENING = dt.time(8, 0), dt.time(17, 0)


@dataclass(frozen=True)
class CallRow:
    """What the export says of one call. Times are the desk's wall clock, unless they name an offset."""

    line: int
    at: dt.datetime
    customer: str
    contract: str
    taken_by: str
    kind: str
    kind_written: str
    text: str
    promise_by: dt.datetime | None

    @property
    def key(self) -> str:
        """By which the row is known again: calls have no number of their own."""
        return f"{self.at.isoformat()}|{self.customer}|{self.kind_written}|{self.text}"


def read_call(row: Row, known: Known, kinds: Vocabulary) -> CallRow:
    """One call. Raises RowRefused without day or kind, for an unknown customer, or one told before."""
    moment = row.moment("at")
    if moment is None or moment.day is None:
        row.refuse("at", "a day and time")
    customer = row.required("customer")
    if customer_key(customer) not in known.customers:
        row.refuse("customer", "the number of a customer that came in", reason=UNKNOWN_CUSTOMER)
    kind = row.meaning("kind", kinds)
    if not kind:
        row.warnings.append(f"kind not known, read as {QUESTION}: {row.written('kind')}")
    contract = row.text("contract")
    if contract and contract_key(contract) not in known.contracts:
        row.warnings.append(f"contract not known: {contract}")
    promise = row.moment("promise_by")
    at = dt.datetime.combine(moment.day, moment.time or _MORNING, tzinfo=moment.offset)
    read = CallRow(
        line=row.line,
        at=at,
        customer=known.customers[customer_key(customer)],
        contract=contract if contract_key(contract) in known.contracts else "",
        taken_by=row.known_text("taken_by"),
        kind=kind or QUESTION,
        kind_written=row.text("kind"),
        text=row.text("text"),
        promise_by=promise
        and dt.datetime.combine(promise.day or moment.day, promise.time or _EVENING, tzinfo=promise.offset),
    )
    if read.kind == RENEWAL_CLAIM and not contract:
        row.warnings.append("a renewal claim without a contract: a call like others")
    if known.is_told_before("calls", read.key):
        row.refuse("text", "a call that no row before tells")
    return read
