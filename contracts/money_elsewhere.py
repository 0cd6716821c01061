"""Money that is for no contract, whose payer is found out, or that goes back: by hand, with a reason."""

import datetime as dt
from decimal import Decimal

from django.db import transaction

from cases.models import Duty
from contracts.first_terms import not_paid, unpaid_first_term
from contracts.models import Payment
from contracts.money_by_hand import CannotMatch, put_in_review, replace_by_parts
from contracts.open_money import (
    AlreadySettled,
    NeedsReason,
    close_match_duty,
    lock_contracts,
    lock_payments,
    lock_unmatched,
    tell,
    wait_for_person,
    what_was_done,
)
from contracts.taking_back import is_still_paid, return_payment, take_back
from contracts.wording import money
from customers.models import Customer
from tenancy.calendars import local_day, zone_of


@transaction.atomic
def set_aside(payment: Payment, *, because: str, by, now: dt.datetime) -> None:
    """This money is for something else: a repair, a part, somebody else's invoice.

    Raises NeedsReason without a reason, and AlreadySettled.
    """
    if not because.strip():
        raise NeedsReason("Say what it was for.")
    (locked,) = lock_unmatched([payment])
    locked.set_aside_at, locked.set_aside_by, locked.set_aside_because = now, by, because.strip()[:300]
    locked.save(update_fields=["set_aside_at", "set_aside_by", "set_aside_because"])
    close_match_duty(locked, outcome=f"Set aside: {because.strip()}", by=by, now=now)
    tell(locked, "set aside: not for a contract", step="set aside", by=by, now=now, detail=because)


@transaction.atomic
def give_to_customer(payment: Payment, customer: Customer, *, by, now: dt.datetime) -> Payment:
    """Say whose money it is; their contracts are in review until it is matched.

    Gives the payment, or what replaces it: money that stood with another customer is replaced, so
    that what was known before can be told. Raises AlreadySettled.
    """
    (locked,) = lock_unmatched([payment])
    if locked.customer_id == customer.pk:
        return locked
    if locked.customer_id is not None:
        because = f"It is money of {customer}, not of {locked.customer}"
        (part,) = replace_by_parts(locked, [locked.amount], because=because, by=by, now=now)
        close_match_duty(locked, outcome=because, by=by, now=now)
        tell(locked, f"given to {customer}", step="given", by=by, now=now)
        locked = part
    locked.customer = customer
    locked.save(update_fields=["customer"])
    wait_for_person([locked], now=now)
    Duty.objects.open().filter(subject=locked.public_id).update(customer=customer)
    tell(locked, "found to be theirs", step="given", by=by, now=now)
    return locked


@transaction.atomic
def give_back(
    payment: Payment,
    *,
    because: str,
    returned_on: dt.date,
    by,
    now: dt.datetime,
    amount: Decimal | None = None,
    kind: str = Payment.Return.REFUNDED,
) -> Payment:
    """Money went back on that day, all of it or a part; the payment, or the part that went back.

    A term that what is left does not pay for is taken back, into review. Raises NeedsReason,
    CannotMatch for an amount or a day that cannot be, and AlreadySettled.
    """
    if not because.strip():
        raise NeedsReason("Say why it went back.")
    if payment.contract is not None:
        lock_contracts([payment.contract])
    (locked,) = lock_payments([payment])
    if locked.returned_at or locked.replaced_at or locked.contract_id != payment.contract_id:
        raise AlreadySettled(f"Somebody was quicker: {what_was_done(locked)}. Look at it again.")
    if not locked.paid_on <= returned_on <= local_day(now, zone_of(locked.tenant)):
        raise CannotMatch("It went back on a day after it came, and not after today.")
    if amount is not None and not 0 < amount <= locked.amount:
        raise CannotMatch(f"At most {money(locked.amount, locked.currency)} can go back.")
    goes = locked if amount in (None, locked.amount) else _cut_off(locked, amount, because, by=by, now=now)
    return_payment(goes, returned_on=returned_on, kind=kind, because=because.strip(), by=by, now=now)
    words = dict(Payment.Return.choices)[kind].lower()
    close_match_duty(goes, outcome=f"{words.capitalize()}: {because.strip()}", by=by, now=now)
    tell(goes, words, step="returned", by=by, now=now, detail=because)
    goes.refresh_from_db()
    return goes


def _cut_off(payment: Payment, amount: Decimal, because: str, *, by, now) -> Payment:
    """The part that goes back; the other part stays what the payment was."""
    words = f"{money(amount, payment.currency)} of it went back: {because.strip()}"
    goes, stays = replace_by_parts(payment, [amount, payment.amount - amount], because=words, by=by, now=now)
    close_match_duty(payment, outcome=words, by=by, now=now)
    if payment.contract_id is not None:
        stays.contract, stays.renewal = payment.contract, payment.renewal
        stays.matched_at, stays.matched_by = now, by
        stays.save(update_fields=["contract", "renewal", "matched_at", "matched_by"])
        _check_still_paid(stays, because, by=by, now=now)
    elif payment.set_aside_at is not None:
        stays.set_aside_at, stays.set_aside_by = now, by
        stays.set_aside_because = payment.set_aside_because
        stays.save(update_fields=["set_aside_at", "set_aside_by", "set_aside_because"])
    else:
        wait_for_person([stays], now=now)
    return goes


def _check_still_paid(stays: Payment, because: str, *, by, now) -> None:
    renewal = stays.renewal
    if renewal is None:
        if (first := unpaid_first_term(stays)) is not None:
            note = f"{not_paid(first)}. A part of its money was given back: {because.strip()}"
            put_in_review(stays, note, by=by, now=now, first=first)
        return
    if renewal.taken_back_at is not None or is_still_paid(renewal):
        return
    take_back(renewal, because=f"Money given back: {because.strip()}", by=by, now=now)
    put_in_review(stays, f"A part of its money was given back: {because.strip()}", by=by, now=now)
