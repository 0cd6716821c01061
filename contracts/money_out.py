"""Money that left and looks like the return of a payment: which one it was, settled by a person (R1.4)."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from cases.duties import close_duties_about
from cases.models import Duty
from contracts.bank_lines import BankLine
from contracts.models import MoneyOut, Payment
from contracts.open_money import AlreadySettled, NeedsReason, close_match_duty, tell, what_was_done
from contracts.taking_back import return_payment
from contracts.wording import day_in_full, money
from customers.searchkeys import serial_key, words
from tenancy.calendars import local_day, zone_of

# A direct debit that was never allowed can be taken back for 13 months.
LONGEST_RETURN = dt.timedelta(days=400)
SOON = dt.timedelta(days=14)
# So much of an earlier payment's reference in another line's words is no chance.
SHORTEST_SIGN = 5


@dataclass(frozen=True)
class Leaving:
    """Money that left: the day, how much, and what the bank says of it. `amount` is above nothing."""

    day: dt.date
    amount: Decimal
    currency: str
    whom: str
    words: str
    is_return: bool

    @classmethod
    def of_line(cls, line: BankLine) -> "Leaving":
        """A debit as the bank's file has it."""
        said = f"{line.reference} {line.text}"
        return cls(line.booked_on, -line.amount, line.currency, line.payer, said, line.is_return)

    @classmethod
    def of_row(cls, row: MoneyOut) -> "Leaving":
        """A debit that waits for a person: it looked like a return when it came."""
        return cls(row.booked_on, row.amount, row.currency, row.payee, row.reference, is_return=True)


@dataclass(frozen=True)
class Likely:
    """A payment that may have been returned, and why we think so."""

    payment: Payment
    reasons: tuple[str, ...]


def likely_returned(leaving: list[Leaving]) -> list[list[Likely]]:
    """For each the payments that it may return, the likeliest first: one query for any number.

    The amount must be the payment's; beyond that the payer, a number or the bank's own word speaks for it.
    """
    if not leaving:
        return []
    known = _payments_of(leaving)
    return [_likely(each, known.get((each.amount, each.currency), ())) for each in leaving]


@transaction.atomic
def settle_as_return(money_out: MoneyOut, payment: Payment, *, by, now: dt.datetime) -> None:
    """This money is that payment, gone back: its term goes with it. Raises AlreadySettled.

    A payment that was split goes back with every part that stands.
    """
    row = _lock(money_out)
    parts = _standing_parts(payment)
    if not parts:
        payment.refresh_from_db()
        raise AlreadySettled(f"Somebody was quicker: {what_was_done(payment)}. Look at it again.")
    if sum(part.amount for part in parts) > row.amount:
        raise NeedsReason("More was paid than went back. Settle it as something else, or refund a part.")
    because = row.reference or "Returned by the bank"
    for part in parts:
        return_payment(part, returned_on=row.booked_on, by=by, now=now, because=because)
        _check_it_was_us(part, by=by, now=now)
        close_match_duty(part, outcome="Returned by the bank", by=by, now=now)
        tell(part, "returned by the bank", step="returned", by=by, now=now, detail=because)
    outcome = f"Return of the payment of {day_in_full(payment.paid_on)}"
    _settle(row, payment, outcome, by=by, now=now)


@transaction.atomic
def settle_as_else(money_out: MoneyOut, *, because: str, by, now: dt.datetime) -> None:
    """This money is no payment's return. Raises NeedsReason without a reason, and AlreadySettled."""
    if not because.strip():
        raise NeedsReason("Say what it was.")
    _settle(_lock(money_out), None, because.strip(), by=by, now=now)


def _lock(money_out: MoneyOut) -> MoneyOut:
    row = MoneyOut.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=money_out.pk)
    if row.settled_at is not None:
        person = row.settled_by.name if row.settled_by else "the desk itself"
        day = day_in_full(local_day(row.settled_at, zone_of(row.tenant)))
        raise AlreadySettled(f"Somebody was quicker: {person} settled it on {day}: {row.settled_because}.")
    return row


def _settle(row: MoneyOut, payment: Payment | None, because: str, *, by, now) -> None:
    row.payment, row.settled_at, row.settled_by, row.settled_because = payment, now, by, because[:300]
    row.save(update_fields=["payment", "settled_at", "settled_by", "settled_because"])
    close_duties_about(row.public_id, Duty.Kind.SETTLE_MONEY_OUT, outcome=because, by=by, now=now)


def _standing_parts(payment: Payment) -> list[Payment]:
    """The payment itself, or what it was cut into, as far as it was not given back."""
    payment = Payment.objects.select_related("customer", "tenant").get(pk=payment.pk)
    if payment.returned_on is not None:
        return []
    if payment.replaced_at is None:
        return [payment]
    return [part for piece in payment.parts.order_by("pk") for part in _standing_parts(piece)]


def _check_it_was_us(part: Payment, *, by, now) -> None:
    """Returning money twice changes nothing; this line of the bank's would be left without its payment."""
    part.refresh_from_db()
    if (part.returned_at, part.returned_by) != (now, by):
        raise AlreadySettled(f"Somebody was quicker: {what_was_done(part)}. Look at it again.")


def _payments_of(leaving: list[Leaving]) -> dict[tuple, list[Payment]]:
    amounts = {each.amount for each in leaving}
    first = min(each.day for each in leaving) - LONGEST_RETURN
    rows = (
        Payment.objects.filter(
            amount__in=amounts, returned_on__isnull=True, part_of__isnull=True, paid_on__gte=first
        )
        .select_related("customer", "contract", "tenant")
        .order_by("-paid_on", "-pk")
    )
    found: dict[tuple, list[Payment]] = {}
    for payment in rows:
        found.setdefault((payment.amount, payment.currency), []).append(payment)
    return found


def _likely(leaving: Leaving, payments) -> list[Likely]:
    scored = []
    for payment in payments:
        if not payment.paid_on <= leaving.day <= payment.paid_on + LONGEST_RETURN:
            continue
        points, reasons = _signs(leaving, payment)
        if points:
            scored.append((points, Likely(payment, tuple(reasons))))
    scored.sort(key=lambda each: (-each[0], -each[1].payment.paid_on.toordinal(), each[1].payment.pk))
    return [likely for _, likely in scored[:5]]


def _signs(leaving: Leaving, payment: Payment) -> tuple[int, list[str]]:
    """What speaks for a payment of the same amount; nothing when that is all."""
    points, reasons = 0, [f"amount is exactly {money(payment.amount, payment.currency)}"]
    if _is_same_name(leaving.whom, payment):
        points += 3
        reasons.append("it went to the payer")
    said = serial_key(leaving.words)
    for sign, words_of_it in (
        (payment.written_key, "its contract number is named"),
        (payment.contract.number_key if payment.contract else "", "its contract number is named"),
        (serial_key(payment.number), "the bank’s number of it is named"),
        (serial_key(payment.reference), "its reference is named"),
    ):
        if len(sign) >= SHORTEST_SIGN and sign in said and words_of_it not in reasons:
            points += 3
            reasons.append(words_of_it)
    if leaving.is_return:
        points += 1
        reasons.append("the bank calls it a return")
    if points and leaving.day - payment.paid_on <= SOON:
        points += 1
        days = (leaving.day - payment.paid_on).days
        reasons.append("the same day" if days == 0 else "a day later" if days == 1 else f"{days} days later")
    return points, reasons


def _is_same_name(whom: str, payment: Payment) -> bool:
    told = words(whom)
    names = [payment.payer]
    if payment.customer is not None:
        names += [payment.customer.name, payment.customer.company]
    return bool(told) and any(words(name) == told for name in names)
