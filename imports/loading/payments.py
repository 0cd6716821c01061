"""Money as the bookkeeping tells it, matched to the contracts that it names."""

from contracts.bank_lines import BankLine
from contracts.matching import match_payments
from contracts.models import Payment
from contracts.named_contracts import Named, keep_names, named_contracts
from contracts.wording import money
from customers.models import TimelineEntry
from customers.searchkeys import serial_key
from imports.loading.again import Change, compare, count, remember, take_over
from imports.loading.desk import Desk, in_batches, insert
from imports.reading import customer_key
from imports.reading.payments import PaymentRow

TABLE = "payments"
_ATTRIBUTES = {
    "date": "paid_on",
    "amount": "amount",
    "method": "method",
    "reference": "reference",
    "payer": "payer",
}
# What may say which contracts it names.
_NAMING = {"contract", "reference"}


def load_payments(desk: Desk, rows: list[PaymentRow]) -> None:
    """Add new payments, take over changes to those not matched yet, then match what waits (R1.4)."""
    compared = compare(TABLE, rows, said)
    here = {
        number.casefold() for number in Payment.objects.exclude(number="").values_list("number", flat=True)
    }
    fresh = [row for row in compared.new if row.key not in here]
    for row in compared.new:
        if row.key in here:
            desk.warn(TABLE, row.line, f"a payment with this number is here already: {row.number}")
    done = 0
    for batch in in_batches(fresh):
        named = named_contracts(map(_line, batch))
        payments = [_payment(desk, row, meant) for row, meant in zip(batch, named, strict=True)]
        insert(payments)
        keep_names(payments, named)
        _tell(payments, desk)
        done += len(batch)
        desk.say(TABLE, done, len(fresh))
    updated = sum(_change(desk, change) for change in compared.changed)
    remember(desk, TABLE, compared.new, compared.changed, said)
    left = len(compared.new) - len(fresh) + len(compared.changed) - updated
    count(desk, TABLE, added=len(fresh), updated=updated, unchanged=compared.same + left)


def match_waiting(desk: Desk) -> None:
    """Match all money without a contract; what stays unmatched is a list for a person."""
    waiting = Payment.objects.unmatched().filter(paid_on__lte=desk.day)
    match_payments(waiting, by=None, now=desk.now)


def said(row: PaymentRow) -> dict:
    """What the export says of a payment, by field."""
    return {
        "date": row.date,
        "amount": row.amount,
        "method": row.method,
        "reference": row.reference,
        "contract": row.contract,
        "customer": row.customer,
        "payer": row.payer,
    }


def _line(row: PaymentRow) -> BankLine:
    """The row as a bank would tell it: the same rule says which contracts it names."""
    return BankLine(
        number=row.number,
        booked_on=row.date,
        amount=row.amount,
        currency="",
        payer=row.payer,
        reference=row.reference,
        contract=row.contract,
    )


def _payment(desk: Desk, row: PaymentRow, meant: Named) -> Payment:
    place = desk.places.get(customer_key(row.customer)) if row.customer else None
    return Payment(
        number=row.number,
        customer_id=place.customer if place else None,
        paid_on=row.date,
        amount=row.amount,
        currency=desk.tenant.currency,
        method=row.method,
        reference=row.reference,
        payer=row.payer,
        contract_written=meant.kept,
        written_key=serial_key(meant.kept),
        recorded_at=desk.now,
    )


def _tell(payments: list[Payment], desk: Desk) -> None:
    insert(
        [
            TimelineEntry(
                customer_id=payment.customer_id,
                at=desk.midday(payment.paid_on),
                kind=TimelineEntry.Kind.PAYMENT,
                title=f"Payment of {money(payment.amount, payment.currency)}",
                detail=" · ".join(
                    part for part in (payment.method, payment.reference, payment.contract_written) if part
                ),
                subject=payment.public_id,
                step="imported",
            )
            for payment in payments
            if payment.customer_id
        ],
        ignore_conflicts=True,
    )


def _change(desk: Desk, change: Change) -> int:
    payment = Payment.objects.filter(number=change.row.number).first()
    if payment is None or payment.contract_id is not None or payment.returned_on is not None:
        desk.warn(
            TABLE, change.row.line, f"payment {change.row.number} is matched already and stays as it is"
        )
        count(desk, TABLE, kept=1)
        return 0
    taken, kept = take_over(payment, change.values, _ATTRIBUTES)
    if "customer" in change.values:
        place = desk.places.get(customer_key(change.row.customer)) if change.row.customer else None
        payment.customer_id = place.customer if place else None
        taken.append("customer")
    if _NAMING & set(change.values):
        # Nobody writes the number here: the export's last word on it counts.
        (meant,) = named_contracts([_line(change.row)])
        payment.contract_written = meant.kept
        payment.named.all().delete()
        keep_names([payment], [meant])
        taken.append("contract_written")
    if taken:
        payment.save(update_fields=taken)
    for name in kept:
        desk.warn(TABLE, change.row.line, f"{name} of payment {change.row.number} was changed here and stays")
    count(desk, TABLE, kept=len(kept))
    return 1 if taken else 0
