"""Money that waits for a person: taken hold of for one act, and what is done with its duty afterwards.

Every act on a payment takes its row for itself and looks again: of two people the second is told
what the first one did.
"""

import datetime as dt
from collections.abc import Iterable

from cases.duties import open_duties
from cases.models import Duty
from contracts.models import Contract, Payment
from contracts.money_duties import due_next_noon, match_duty
from contracts.wording import day_in_full, money
from customers.models import TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import calendar_of, local_day, zone_of


class AlreadySettled(ValueError):
    """Somebody was quicker; it says who did what with the money, and when."""


class NeedsReason(ValueError):
    """The act is possible, but only with a reason; it says why."""


def lock_contracts(contracts: Iterable[Contract]) -> dict[int, Contract]:
    """The contracts' rows, held until the transaction ends: always in one order, before any payment."""
    ids = {contract.pk for contract in contracts}
    rows = Contract.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    return {contract.pk: contract for contract in rows.select_related("customer")}


def lock_payments(payments: Iterable[Payment]) -> list[Payment]:
    """The payments' rows as they are now, held until the transaction ends, in the order given."""
    ids = [payment.pk for payment in payments]
    rows = Payment.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    found = {row.pk: row for row in rows.select_related("customer", "tenant", "contract", "renewal")}
    return [found[pk] for pk in ids]


def lock_unmatched(payments: Iterable[Payment]) -> list[Payment]:
    """The same, all of which still wait. Raises AlreadySettled for the first that does not."""
    locked = lock_payments(payments)
    for payment in locked:
        done = what_was_done(payment)
        if done:
            raise AlreadySettled(f"Somebody was quicker: {done}. Look at it again.")
    return locked


def what_was_done(payment: Payment) -> str:
    """What became of a payment, with who and when, as a half sentence; empty while it waits."""
    zone = zone_of(payment.tenant)
    for at, by, words in (
        (payment.replaced_at, payment.replaced_by, "taken apart"),
        (payment.returned_at, payment.returned_by, payment.get_return_kind_display().lower()),
        (payment.set_aside_at, payment.set_aside_by, "set aside"),
        (payment.matched_at, payment.matched_by, _matched_words(payment)),
    ):
        if at is not None:
            person = by.name if by else "the desk itself"
            return f"the payment was {words} by {person} on {day_in_full(local_day(at, zone))}"
    return ""


def wait_for_person(payments: Iterable[Payment], *, now: dt.datetime) -> int:
    """Open the duty to match each of these, due by the next business noon; how many are new."""
    payments = list(payments)
    if not payments:
        return 0
    due_at = due_next_noon(calendar_of(payments[0].tenant), now)
    return open_duties([match_duty(payment, due_at, now) for payment in payments])


def close_match_duty(payment: Payment, *, outcome: str, by, now: dt.datetime) -> None:
    """The question what this money was for has its answer."""
    close_match_duties([payment], outcome=outcome, by=by, now=now)


def close_match_duties(payments: Iterable[Payment], *, outcome: str, by, now: dt.datetime) -> int:
    """The same for many; how many questions were open."""
    subjects = [payment.public_id for payment in payments]
    about = Duty.objects.open().filter(kind=Duty.Kind.MATCH_PAYMENT, subject__in=subjects)
    return about.update(closed_at=now, closed_by=by, outcome=outcome[:300])


def tell(payment: Payment, what: str, *, step: str, by, now: dt.datetime, detail: str = "") -> None:
    """A line in the customer's time line; none for money of an unknown payer."""
    if payment.customer is not None:
        add_line(
            payment.customer,
            TimelineEntry.Kind.PAYMENT,
            f"Payment of {money(payment.amount, payment.currency)} {what}",
            at=now,
            detail=detail,
            actor=by,
            subject=payment.public_id,
            step=step,
        )


def _matched_words(payment: Payment) -> str:
    return f"matched to {payment.contract.number}" if payment.contract is not None else ""
