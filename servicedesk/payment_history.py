"""Who did what with a payment, and when: with the payment it was cut from."""

import datetime as dt
from dataclasses import dataclass

from contracts.models import Payment
from contracts.wording import day_in_full, money
from customers.models import TimelineEntry
from servicedesk.payment_rows import has_renewed

# Told on the time line only: the row keeps the customer, not who found it out.
GIVEN = "given"


@dataclass(frozen=True)
class Step:
    """One thing that happened to the money; `who` is empty for what the desk did by itself."""

    at: dt.datetime
    what: str
    who: str
    detail: str = ""


def history_of(payment: Payment) -> list[Step]:
    """Every step, the latest first; seven queries at most for a payment that was cut once."""
    rows = _with_wholes(payment)
    steps = [step for row in rows for step in _steps(row, is_part=row.part_of_id is not None)]
    given = TimelineEntry.objects.filter(subject__in=[row.public_id for row in rows], step=GIVEN)
    steps += [
        Step(entry.at, f"{entry.title}: {entry.customer}", entry.actor.name if entry.actor else "")
        for entry in given.select_related("actor__user", "customer")
    ]
    return sorted(steps, key=lambda step: step.at, reverse=True)


def _with_wholes(payment: Payment) -> list[Payment]:
    people = ("recorded_by", "matched_by", "returned_by", "set_aside_by", "replaced_by")
    known = Payment.objects.select_related(
        "contract", "statement", "renewal", *(f"{person}__user" for person in people)
    )
    rows, at = [], payment.pk
    while at is not None:
        row = known.get(pk=at)
        rows.append(row)
        at = row.part_of_id
    return rows


def _steps(row: Payment, *, is_part: bool):
    amount = money(row.amount, row.currency)
    if is_part:
        yield Step(row.recorded_at, f"{amount} became a payment of its own", _name(row.recorded_by))
    else:
        source = f"from {row.statement.name}" if row.statement else "entered or imported"
        yield Step(
            row.recorded_at,
            f"{amount} of {day_in_full(row.paid_on)} taken in",
            _name(row.recorded_by),
            source,
        )
    if row.matched_at is not None:
        what = "Renewed" if has_renewed(row) else "Matched to"
        number = f" with {row.contract_written}" if row.contract_written else ""
        yield Step(row.matched_at, f"{what} {row.contract.number}", _name(row.matched_by), number.strip())
    if row.set_aside_at is not None:
        yield Step(row.set_aside_at, "Set aside", _name(row.set_aside_by), row.set_aside_because)
    if row.replaced_at is not None:
        yield Step(row.replaced_at, f"{amount} taken apart", _name(row.replaced_by), row.replaced_because)
    if row.returned_at is not None:
        what = f"{row.get_return_kind_display()} on {day_in_full(row.returned_on)}"
        yield Step(row.returned_at, what, _name(row.returned_by), row.returned_because)


def _name(person) -> str:
    return person.name if person else ""
