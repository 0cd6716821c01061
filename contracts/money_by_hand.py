"""Matching money by hand: to a contract, over several, and undoing it (R1.4).

A payment's row is only ever finished. Money that was matched wrongly, or is meant for several
contracts, is replaced by parts that carry the same sum.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import models, transaction

from contracts.agreed import agreed_for, standing_offers
from contracts.likely_customers import likely_customers
from contracts.matching import is_enough, is_in_range
from contracts.models import (
    Cancellation,
    Contract,
    ContractTerm,
    NamedContract,
    Payment,
    Renewal,
    RenewalEvidence,
)
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
from contracts.renewals import last_term, renew, renewal_of_end
from contracts.taking_back import is_still_paid, take_back
from contracts.terms import earned_end
from contracts.verifying import begin_verification
from contracts.wording import day_in_full, money
from tenancy.calendars import calendar_of, local_day, zone_of


class CannotMatch(ValueError):
    """This money cannot be meant for this contract so; the text says what to do instead."""


class Purpose(models.TextChoices):
    """What a payment is for at its contract."""

    RENEWS = "renews", "Renews it"
    OWN_TERM = "own term", "Pays the term that stands"


@dataclass(frozen=True)
class Share:
    """A part of a payment: for a contract, or (None) money that still waits for a person.

    `after` is the contract's last term as the person saw it.
    """

    amount: Decimal
    contract: Contract | None = None
    purpose: str = Purpose.RENEWS
    after: ContractTerm | None = None


@transaction.atomic
def match_by_hand(
    payment: Payment,
    contract: Contract,
    *,
    purpose: str,
    by,
    now: dt.datetime,
    together: Iterable[Payment] = (),
    because: str = "",
    after: ContractTerm | None = None,
) -> Renewal | None:
    """Match unmatched money to a contract, with other part payments of it; the renewal, if it makes one.

    `after` is the last term as the person saw it. Raises AlreadySettled, AlreadyRenewed and
    NoTermToRenew when things are no longer as they were, CannotMatch, and NeedsReason for less than
    95 % of the price, money of another customer, or a renewal by money out of range of the term's end,
    without `because`.
    """
    locked = lock_contracts([contract])[contract.pk]
    payments = lock_unmatched([payment, *together])
    theirs = likely_customers(payments)
    for each in payments:
        _check_is_theirs(locked, set(theirs[each.pk]), each, because)
    return _match(locked, payments, purpose, because=because, after=after, by=by, now=now)


@transaction.atomic
def split_payment(
    payment: Payment, shares: list[Share], *, by, now: dt.datetime, because: str = ""
) -> list[Payment]:
    """Replace unmatched money by parts, each matched to its contract; the rest waits for a person.

    Raises what match_by_hand raises, and CannotMatch when the shares do not make the payment or two of them
    renew the same contract: that would be two terms.
    """
    contracts = lock_contracts(share.contract for share in shares if share.contract is not None)
    (locked,) = lock_unmatched([payment])
    theirs = set(likely_customers([locked])[locked.pk])
    if len(shares) < 2 or any(share.amount <= 0 for share in shares):
        raise CannotMatch("A payment is split into two parts or more, each above nothing.")
    total = sum(share.amount for share in shares)
    if total != locked.amount:
        difference = money(abs(locked.amount - total), locked.currency)
        raise CannotMatch(
            f"The parts make {money(total, locked.currency)} of {money(locked.amount, locked.currency)}: "
            f"{difference} {'is missing' if total < locked.amount else 'too much'}."
        )
    _check_renewed_once(shares)
    parts = replace_by_parts(
        locked,
        [share.amount for share in shares],
        because=because or f"Split into {len(shares)} parts",
        by=by,
        now=now,
    )
    for part, share in zip(parts, shares, strict=True):
        if share.contract is not None:
            contract = contracts[share.contract.pk]
            _check_is_theirs(contract, theirs, locked, because)
            part.customer = contract.customer
            part.save(update_fields=["customer"])
            _match(contract, [part], share.purpose, because=because, after=share.after, by=by, now=now)
    _forget_names(parts, contracts)
    wait_for_person([part for part in parts if part.contract_id is None], now=now)
    close_match_duty(locked, outcome=f"Split into {len(shares)} parts", by=by, now=now)
    return parts


def _check_renewed_once(shares: list[Share]) -> None:
    renewed = [share.contract for share in shares if share.contract and share.purpose == Purpose.RENEWS]
    for place, contract in enumerate(renewed):
        if contract in renewed[:place]:
            raise CannotMatch(
                f"{contract.number} would be renewed twice. Make one part of what is for it; for two years, "
                "let the second part wait and match it afterwards."
            )


def _forget_names(parts: list[Payment], paid: dict[int, Contract]) -> None:
    """Contracts that have their share are not meant by the rest any more."""
    keys = [contract.number_key for contract in paid.values()]
    NamedContract.objects.filter(payment__in=parts, number_key__in=keys).delete()


@transaction.atomic
def take_up_again(payment: Payment, *, because: str, by, now: dt.datetime) -> Payment:
    """Undo a match, or a setting aside: the money waits for a person again, as a part that replaces it.

    A term that it alone paid for is taken back, into review; other part payments of that term wait
    again as well. Raises NeedsReason, and AlreadySettled when it waits already, went back, or
    is matched otherwise than the caller saw it.
    """
    if not because.strip():
        raise NeedsReason("Say why it was not right.")
    if payment.contract is not None:
        lock_contracts([payment.contract])
    (locked,) = lock_payments([payment])
    is_over = locked.replaced_at or locked.returned_at or locked.contract_id != payment.contract_id
    if is_over or not (locked.contract_id or locked.set_aside_at):
        done = what_was_done(locked) or "the payment waits for a person already"
        raise AlreadySettled(f"Somebody was quicker: {done}. Look at it again.")
    again = _waiting_again(locked, because, by=by, now=now)
    renewal = locked.renewal
    if renewal is not None and renewal.taken_back_at is None and not is_still_paid(renewal):
        take_back(renewal, because=f"Match undone: {because.strip()}", by=by, now=now)
        others = lock_payments(renewal.payments.standing())
        for other in others:
            _waiting_again(other, f"Its renewal was undone: {because.strip()}", by=by, now=now)
        put_in_review(locked, f"A payment was matched here by mistake: {because.strip()}", by=by, now=now)
    return again


def replace_by_parts(
    payment: Payment, amounts: list[Decimal], *, because: str, by, now: dt.datetime
) -> list[Payment]:
    """Unmatched parts in the place of a locked payment. A person says for what; none is matched by number.

    Each keeps the names of several contracts that the whole had: none of these may lapse while it waits.
    """
    payment.replaced_at, payment.replaced_by, payment.replaced_because = now, by, because.strip()[:300]
    payment.save(update_fields=["replaced_at", "replaced_by", "replaced_because"])
    parts = [
        Payment.objects.create(
            part_of=payment,
            amount=amount,
            customer=payment.customer,
            paid_on=payment.paid_on,
            currency=payment.currency,
            method=payment.method,
            reference=payment.reference,
            payer=payment.payer,
            statement_id=payment.statement_id,
            recorded_at=now,
            recorded_by=by,
        )
        for amount in amounts
    ]
    keys = list(payment.named.order_by("pk").values_list("number_key", flat=True))
    NamedContract.objects.bulk_create(
        NamedContract(payment=part, number_key=key) for part in parts for key in keys
    )
    return parts


def put_in_review(
    payment: Payment, note: str, *, by, now: dt.datetime, first: ContractTerm | None = None
) -> RenewalEvidence:
    """A term was taken back with this payment, or it had paid for the `first` one and does not any more: its
    contract is looked at by a person, never just lapsed.
    """
    evidence = RenewalEvidence.objects.create(
        contract=payment.contract,
        first_term=first,
        kind=RenewalEvidence.Kind.BANK_LINE,
        reference=payment.reference[:120],
        amount=payment.amount,
        dated_on=local_day(now, zone_of(payment.tenant)),
        note=note[:300],
        recorded_at=now,
        recorded_by=by,
    )
    begin_verification(evidence, calendar=calendar_of(payment.tenant), by=by, now=now)
    return evidence


def _match(contract, payments, purpose, *, by, now, because="", after=None) -> Renewal | None:
    """Of a locked contract and locked, unmatched payments."""
    total = _sum_in(contract.currency, payments)
    last = last_term(contract)
    if purpose == Purpose.RENEWS:
        _check_renewable(contract)
        price = agreed_for(contract, last, standing_offers([contract]).get(contract.pk)).price
    else:
        price = last.price
    if not is_enough(total, price) and not because.strip():
        short = money(price - total, contract.currency)
        raise NeedsReason(f"{short} is missing to the price. Say why it counts, or match it with the rest.")
    # Whoever saw an earlier term is told of the later one instead.
    is_as_seen = after is None or after.pk == last.pk
    paid_on = max(payment.paid_on for payment in payments)
    is_out = purpose == Purpose.RENEWS and not is_in_range(paid_on, last.ends_on, given_days=last.given_days)
    if is_out and is_as_seen and not because.strip():
        days = (paid_on - last.ends_on).days
        when = f"{abs(days)} days {'after' if days > 0 else 'before'} the end of {contract.number}"
        raise NeedsReason(f"The money is dated {when}. Say why it renews it, or match it to its own term.")
    for payment in payments:
        payment.customer = payment.customer or contract.customer
        payment.save(update_fields=["customer"])
    renewal = None
    if purpose == Purpose.RENEWS:
        renewal = renew(
            contract,
            channel=Renewal.Channel.PAYMENT,
            amount=total,
            by=by,
            now=now,
            payments=payments,
            after=after,
        )
        outcome = f"Matched to {contract.number}: renewed to {day_in_full(renewal.ends_on)}"
    else:
        _pay_own_term(contract, last, payments, by=by, now=now)
        outcome = f"Matched to {contract.number}: pays the term to {day_in_full(last.ends_on)}"
    for payment in payments:
        close_match_duty(payment, outcome=outcome, by=by, now=now)
        tell(payment, f"matched to {contract.number}", step="matched", by=by, now=now, detail=because)
    return renewal


def _pay_own_term(contract, last, payments, *, by, now) -> None:
    """Money for the term that stands. Where a renewal made that term, it pays for that renewal too."""
    renewal = renewal_of_end(contract, earned_end(last))
    for payment in payments:
        payment.contract, payment.renewal, payment.matched_at, payment.matched_by = contract, renewal, now, by
        payment.save(update_fields=["contract", "renewal", "matched_at", "matched_by"])


def _check_is_theirs(contract: Contract, theirs: set[int], payment: Payment, because: str) -> None:
    """Money that is another customer's, known or by the payer's name, is not matched without a reason."""
    if theirs and contract.customer_id not in theirs and not because.strip():
        payer = payment.customer or payment.payer
        raise NeedsReason(
            f"{contract.number} belongs to {contract.customer}, the money is of {payer}. Say why."
        )


def _sum_in(currency: str, payments: list[Payment]) -> Decimal:
    for payment in payments:
        if payment.currency != currency:
            raise CannotMatch(
                f"The money is in {payment.currency}, the contract in {currency}. Log it as evidence of "
                "the renewal with what it is worth, and set the payment aside."
            )
    return sum((payment.amount for payment in payments), Decimal(0))


def _check_renewable(contract: Contract) -> None:
    if Cancellation.objects.filter(contract=contract, undone_at__isnull=True).exists():
        raise CannotMatch(f"{contract.number} is cancelled. Undo the cancellation before it is renewed.")


def _waiting_again(payment: Payment, because: str, *, by, now) -> Payment:
    (again,) = replace_by_parts(payment, [payment.amount], because=because, by=by, now=now)
    wait_for_person([again], now=now)
    tell(payment, "taken up again", step="taken up", by=by, now=now, detail=because)
    return again
