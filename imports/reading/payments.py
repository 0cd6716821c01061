"""A payment's row: money as the bookkeeping tells it, with whatever number somebody wrote on it."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from imports.reading import Known, contract_key, customer_key
from imports.refusals import UNKNOWN_CUSTOMER
from imports.rows import Row


@dataclass(frozen=True)
class PaymentRow:
    """What the export says of one payment."""

    line: int
    number: str
    date: dt.date
    amount: Decimal
    method: str
    reference: str
    contract: str
    customer: str
    payer: str

    @property
    def key(self) -> str:
        """By which the row is known again."""
        return self.number.casefold()


def read_payment(row: Row, known: Known) -> PaymentRow:
    """One payment. Raises RowRefused without day or amount, or where nobody can tell whose money it is."""
    row.number = number = row.text("number")
    date = row.required_day("date")
    amount = row.amount("amount")
    if not amount:
        row.refuse("amount", "an amount above nothing")
    contract, customer = row.text("contract"), row.known_text("customer")
    payer = row.known_text("payer")
    named = known.contracts.get(contract_key(contract)) if contract else None
    if customer and customer_key(customer) not in known.customers and not named:
        row.refuse("customer", "the number of a customer that came in", reason=UNKNOWN_CUSTOMER)
    whose = known.customers.get(customer_key(customer)) or named or ""
    if not whose and not payer:
        row.refuse("customer", "a customer's number, a contract's number or a payer")
    reference = row.known_text("reference")
    if not number:
        number = f"{date.isoformat()} {amount} {whose or payer} {reference}"[:60].strip()
    if known.is_told_before("payments", number.casefold()):
        row.refuse("number", "a payment that no row before tells")
    return PaymentRow(
        line=row.line,
        number=number,
        date=date,
        amount=amount,
        method=row.known_text("method"),
        reference=reference,
        contract=contract,
        customer=whose,
        payer=payer,
    )
