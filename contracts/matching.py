"""Which money renews which contract (R1.4). Money that fits none stays unmatched, in a queue.

The limits are the rule's own: the exact number however it is spelled, at least 95 % of the
price, dated from 120 days before to 90 days after the end of the last standing term.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.db.models import BooleanField, Case, Exists, OuterRef, Subquery, Value, When

from contracts.agreed import agreed_for, standing_offers
from contracts.covered import MONEY_DAYS_AFTER, MONEY_DAYS_BEFORE
from contracts.models import Cancellation, Contract, ContractTerm, Payment, Renewal
from contracts.models.contract import EARNED_END
from contracts.open_money import close_match_duties
from contracts.renewals import Act, enter_renewals
from contracts.terms import ENOUGH, earned_end, paid_from

# Later than this after the end it is not for that term any more.
AFTER_THE_END = dt.timedelta(days=MONEY_DAYS_AFTER)


@dataclass
class Matched:
    """What came of matching: money that renewed, money for its own term, money left unmatched."""

    renewed: list[Payment] = field(default_factory=list)
    paid: list[Payment] = field(default_factory=list)
    unmatched: list[Payment] = field(default_factory=list)


def is_in_range(paid_on: dt.date, ends_on: dt.date, *, given_days: int = 0) -> bool:
    """Whether money of that day can be meant for the renewal at a term's end; both limits count.

    Days that were given at the end lengthen the range: who pays as was agreed pays as before.
    """
    days = (paid_on - ends_on).days
    return -MONEY_DAYS_BEFORE - given_days <= days <= MONEY_DAYS_AFTER


def end_meant(day: dt.date, renewed: Iterable[dt.date], given: Mapping[dt.date, int]) -> dt.date | None:
    """Which of the ends that were renewed money or proof of that day is about; of several the nearest.

    `given` has the end of each standing term with the days that were given there. None: it is about a
    renewal that is still to be made.
    """
    about = [end for end in renewed if is_in_range(day, end, given_days=given.get(end, 0))]
    if not about:
        return None
    nearest = min(about, key=lambda end: (abs(day - end), end))
    # Of a short term both ends may be in range: the next renewal, when that is nearer.
    return None if abs(day - max(given)) < abs(day - nearest) else nearest


def pays_next_term(paid_on: dt.date, term: ContractTerm) -> bool:
    """In range of the end; for short terms, and not nearer to the start that it paid for."""
    if not is_in_range(paid_on, term.ends_on, given_days=term.given_days):
        return False
    # From the agreed end to the last day that was given, money is at the end.
    to_end = max((earned_end(term) - paid_on).days, (paid_on - term.ends_on).days, 0)
    to_start = abs((paid_on - paid_from(term)).days)
    return to_end <= to_start


def is_enough(amount: Decimal, price: Decimal) -> bool:
    """Whether an amount is at least 95 % of the price."""
    return amount >= price * ENOUGH


@transaction.atomic
def match_payments(payments: Iterable[Payment], *, by, now: dt.datetime) -> Matched:
    """Match saved payments that have no contract yet; renew what they renew. Queries do not grow with them.

    In order of their day, so that each is held against the end that the one before it left. Money
    with another customer's number, for a cancelled contract's next term, too little, or perhaps known
    already stays unmatched: a person decides. Matching twice changes nothing, also with copies read
    before the first time: the payments are read again, once their contracts are locked.
    """
    payments = [payment for payment in payments if payment.contract_id is None]
    contracts = _named_contracts(payments)
    waiting = sorted(_still_unmatched(payments), key=lambda p: (p.paid_on, p.number, p.pk))
    desk = _Matching(contracts.values())
    result = Matched()
    while waiting:
        # One payment of each contract at a time: the next is held against the term that this one made.
        this_time, waiting = _first_of_each(waiting)
        acts = []
        for payment in this_time:
            contract = contracts.get(payment.written_key)
            act = desk.judge(payment, contract)
            if act is None:
                result.unmatched.append(payment)
                continue
            payment.contract, payment.matched_at, payment.matched_by = contract, now, by
            if isinstance(act, Act):
                acts.append((payment, act))
            else:
                # Given back, it takes that term with it; other money of it keeps the term.
                last = desk.terms[contract.pk]
                payment.renewal_id = last.made_by
                last.is_paid = last.made_by is not None or _is_near(payment, last)
                result.paid.append(payment)
        renewals = enter_renewals([act for _, act in acts], by=by, now=now)
        for (payment, _), renewal in zip(acts, renewals, strict=True):
            payment.renewal = renewal
            desk.terms[renewal.contract_id] = renewal.term
            # It has settled whatever was on offer: the next money is not held against that.
            desk.offers.pop(renewal.contract_id, None)
            renewal.term.made_by, renewal.term.is_paid = renewal.pk, True
            result.renewed.append(payment)
    matched = result.renewed + result.paid
    Payment.objects.bulk_update(matched, ["contract", "renewal", "matched_at", "matched_by"], batch_size=1000)
    # Money may wait for a contract that is entered after it came.
    close_match_duties(matched, outcome="Matched by its number", by=by, now=now)
    return result


OWN_TERM = "own term"


class _Matching:
    """What the contracts of one run stand at, while their payments are held against them."""

    def __init__(self, contracts: Iterable[Contract]):
        contracts = list(contracts)
        self.terms = _last_terms(contracts)
        self.cancelled = _cancelled(contracts)
        self.offers = standing_offers(contracts)

    def judge(self, payment: Payment, contract: Contract | None) -> Act | str | None:
        """The renewal that a payment makes; OWN_TERM for money of its term; None: a person decides."""
        if contract is None or payment.customer_id not in (None, contract.customer_id):
            return None
        last = self.terms.get(contract.pk)
        if last is None or payment.currency != contract.currency:
            return None
        if not pays_next_term(payment.paid_on, last):
            return OWN_TERM if self._pays_own_term(payment, last) else None
        agreed = agreed_for(contract, last, self.offers.get(contract.pk), on=payment.paid_on)
        if contract.pk in self.cancelled or not is_enough(payment.amount, agreed.price):
            return None
        return Act(contract, last, agreed, Renewal.Channel.PAYMENT, payment.amount)

    def _pays_own_term(self, payment: Payment, last: ContractTerm) -> bool:
        """Enough for the term that stands, in time for it, and not the second time.

        Who pays after all, long after the end, or pays twice, is heard of by a person.
        """
        if not is_enough(payment.amount, last.price) or payment.paid_on > last.ends_on + AFTER_THE_END:
            return False
        return not last.is_paid


def _first_of_each(payments: list[Payment]) -> tuple[list[Payment], list[Payment]]:
    first, rest, seen = [], [], set()
    for payment in payments:
        again = payment.written_key and payment.written_key in seen
        (rest if again else first).append(payment)
        seen.add(payment.written_key)
    return first, rest


def _named_contracts(payments) -> dict[str, Contract]:
    keys = {payment.written_key for payment in payments if payment.written_key}
    named = Contract.objects.select_for_update(of=("self",)).filter(number_key__in=keys).order_by("pk")
    return {contract.number_key: contract for contract in named}


def _still_unmatched(payments):
    ids = [payment.pk for payment in payments]
    rows = Payment.objects.unmatched().filter(pk__in=ids, perhaps_again__isnull=True)
    return rows.select_for_update(of=("self",)).order_by("pk")


def _last_terms(contracts) -> dict[int, ContractTerm]:
    """The last standing terms, each with the renewal that made it (`made_by`, None for a first term)

    and whether money is matched to it (`is_paid`).
    """
    made_by = Renewal.objects.filter(
        contract=OuterRef("contract"), ends_on=OuterRef("earned_end"), taken_back_at__isnull=True
    )
    standing = (
        ContractTerm.objects.filter(
            contract__in=[contract.pk for contract in contracts], taken_back_at__isnull=True
        )
        .annotate(earned_end=EARNED_END)
        .annotate(made_by=Subquery(made_by.values("pk")[:1]))
        .annotate(is_paid=_money_of_its_term())
        .order_by("ends_on")
    )
    return {term.contract_id: term for term in standing}


def _money_of_its_term():
    """Money of the renewal that made a term; of a first term, money near enough to its days."""
    days = Value(AFTER_THE_END)
    money = Payment.objects.standing().filter(contract=OuterRef("contract"))
    near = money.filter(
        renewal__isnull=True,
        paid_on__gte=OuterRef("starts_on") - days,
        paid_on__lte=OuterRef("ends_on") + days,
    )
    return Case(
        When(made_by__isnull=True, then=Exists(near)),
        default=Exists(money.filter(renewal=OuterRef("made_by"))),
        output_field=BooleanField(),
    )


def _is_near(payment, term) -> bool:
    return term.starts_on - AFTER_THE_END <= payment.paid_on <= term.ends_on + AFTER_THE_END


def _cancelled(contracts) -> set[int]:
    standing = Cancellation.objects.filter(
        contract__in=[contract.pk for contract in contracts], undone_at__isnull=True
    )
    return set(standing.values_list("contract_id", flat=True))
