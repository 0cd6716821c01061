"""Which money renews which contract (R1.4). Money that fits none stays unmatched, in a queue.

The limits are the rule's own: the exact number however it is spelled, at least 95 % of the
price, dated from 120 days before to 90 days after the end of the last standing term.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction

from contracts.covered import MONEY_DAYS_AFTER, MONEY_DAYS_BEFORE
from contracts.models import Cancellation, Contract, ContractTerm, Payment, Renewal
from contracts.renewals import grant_visits, next_term_dates, settle_review

ENOUGH = Decimal("0.95")


@dataclass
class Matched:
    """What came of matching: money that renewed, money for its own term, money left unmatched."""

    renewed: list[Payment] = field(default_factory=list)
    paid: list[Payment] = field(default_factory=list)
    unmatched: list[Payment] = field(default_factory=list)


def is_in_range(paid_on: dt.date, ends_on: dt.date) -> bool:
    """Whether money of that day can be meant for the renewal at a term's end; both limits count."""
    days = (paid_on - ends_on).days
    return -MONEY_DAYS_BEFORE <= days <= MONEY_DAYS_AFTER


def is_enough(amount: Decimal, price: Decimal) -> bool:
    """Whether an amount is at least 95 % of the price."""
    return amount >= price * ENOUGH


@transaction.atomic
def match_payments(payments: Iterable[Payment], *, by, now: dt.datetime) -> Matched:
    """Match saved payments that have no contract yet; renew what they renew. Queries do not grow with them.

    In order of their day, so that each is held against the end that the one before it left. Money
    with another customer's number, for a cancelled contract's next term, or too little stays
    unmatched: a person decides. Matching twice changes nothing, also with copies read before the
    first time: the payments are read again, once their contracts are locked.
    """
    payments = [payment for payment in payments if payment.contract_id is None]
    contracts = _named_contracts(payments)
    waiting = sorted(_still_unmatched(payments), key=lambda p: (p.paid_on, p.number, p.pk))
    terms = _last_terms(contracts.values())
    cancelled = _cancelled(contracts.values())
    result, renewals = Matched(), []
    for payment in waiting:
        contract = contracts.get(payment.written_key)
        if contract is None or not _may_pay(payment, contract) or contract.pk not in terms:
            result.unmatched.append(payment)
            continue
        renews = _renews(payment, terms[contract.pk])
        if renews and contract.pk in cancelled:
            result.unmatched.append(payment)
            continue
        payment.contract, payment.matched_at, payment.matched_by = contract, now, by
        if not renews:
            result.paid.append(payment)
            continue
        terms[contract.pk] = _following(terms[contract.pk], contract, now)
        payment.renewal = Renewal(
            contract=contract,
            term=terms[contract.pk],
            channel=Renewal.Channel.PAYMENT,
            amount=payment.amount,
            renewed_at=now,
            renewed_by=by,
        )
        renewals.append(payment.renewal)
        result.renewed.append(payment)
    _store(renewals, result, by=by, now=now)
    return result


def _named_contracts(payments) -> dict[str, Contract]:
    keys = {payment.written_key for payment in payments if payment.written_key}
    named = Contract.objects.select_for_update(of=("self",)).filter(number_key__in=keys).order_by("pk")
    return {contract.number_key: contract for contract in named}


def _still_unmatched(payments):
    rows = Payment.objects.unmatched().filter(pk__in=[payment.pk for payment in payments])
    return rows.select_for_update(of=("self",)).order_by("pk")


def _last_terms(contracts) -> dict[int, ContractTerm]:
    standing = ContractTerm.objects.filter(
        contract__in=[contract.pk for contract in contracts], taken_back_at__isnull=True
    ).order_by("ends_on")
    return {term.contract_id: term for term in standing}


def _cancelled(contracts) -> set[int]:
    standing = Cancellation.objects.filter(
        contract__in=[contract.pk for contract in contracts], undone_at__isnull=True
    )
    return set(standing.values_list("contract_id", flat=True))


def _may_pay(payment, contract) -> bool:
    is_its_customers = payment.customer_id in (None, contract.customer_id)
    return is_its_customers and is_enough(payment.amount, contract.price)


def _renews(payment, term) -> bool:
    """In range of the end; for short terms, and not nearer to the start that it paid for."""
    if not is_in_range(payment.paid_on, term.ends_on):
        return False
    to_end = abs((payment.paid_on - term.ends_on).days)
    to_start = abs((payment.paid_on - term.starts_on).days)
    return to_end <= to_start


def _following(term, contract, now) -> ContractTerm:
    starts_on, ends_on = next_term_dates(term.starts_on, term.ends_on)
    return ContractTerm(
        contract=contract, starts_on=starts_on, ends_on=ends_on, price=contract.price, created_at=now
    )


def _store(renewals, result, *, by, now) -> None:
    terms = [renewal.term for renewal in renewals]
    ContractTerm.objects.bulk_create(terms, batch_size=1000)
    visits = defaultdict(int, {r.contract_id: r.contract.visits_per_term for r in renewals})
    grant_visits(terms, visits)
    for renewal in renewals:
        # Takes over the id that the term was given a moment ago.
        renewal.term_id = renewal.term.pk
    Renewal.objects.bulk_create(renewals, batch_size=1000)
    for payment in result.renewed:
        payment.renewal_id = payment.renewal.pk
    matched = result.renewed + result.paid
    Payment.objects.bulk_update(matched, ["contract", "renewal", "matched_at", "matched_by"], batch_size=1000)
    settle_review(renewals, by=by, now=now)
