"""The money of a first term, which no renewal made: is it owed since some of it went back? (R1.4)

The term itself stays: nobody loses a contract that began because a payment bounced. A person asks the
customer, and what proves the money afterwards pays for that term and makes no other.
"""

import datetime as dt

from django.db.models import Exists, Max, OuterRef, Q, Sum

from contracts.covered import MONEY_DAYS_AFTER
from contracts.models import ContractTerm, Payment, Renewal, RenewalEvidence
from contracts.models.contract import EARNED_END
from contracts.terms import ENOUGH, earned_end
from contracts.verifying import end_verification
from contracts.wording import day_in_full


def first_terms(contract_id: int) -> list[ContractTerm]:
    """The terms of a contract that no renewal made, the earliest first; an extended one as it was before."""
    extended_or_standing = Q(taken_back_at__isnull=True) | Q(extended_by__isnull=False)
    # What is left of a term when an extension before it is taken back begins where a renewal did.
    made = Renewal.objects.filter(contract=OuterRef("contract"), starts_on=OuterRef("starts_on"))
    began = ContractTerm.objects.filter(
        extended_or_standing, ~Exists(made), contract=contract_id, renewal__isnull=True, extends__isnull=True
    )
    return list(began.order_by("starts_on", "ends_on", "pk").distinct())


def unpaid_first_term(payment: Payment) -> ContractTerm | None:
    """The first term that returned money had paid for, if what is left of its money is too little."""
    if payment.contract_id is None:
        return None
    began = first_terms(payment.contract_id)
    first = min(began, key=lambda term: abs((payment.paid_on - term.starts_on).days), default=None)
    return first if first is not None and not is_paid(first) else None


def owed_first_terms(contract_id: int) -> list[ContractTerm]:
    """Those about whose returned money somebody was asked, and whose money is still not there."""
    asked = RenewalEvidence.objects.filter(contract=contract_id, first_term__isnull=False)
    if not asked.exists():
        return []
    return [term for term in first_terms(contract_id) if is_owed(term)]


def is_owed(first: ContractTerm) -> bool:
    """Whether money of it went back, nothing proved it since, and what is left is less than 95 %."""
    verdicts = RenewalEvidence.objects.filter(first_term=first).values_list("state", flat=True)
    return bool(verdicts) and RenewalEvidence.State.CONFIRMED not in verdicts and not is_paid(first)


def is_paid(first: ContractTerm) -> bool:
    """Whether the money around a first term that is no renewal's makes 95 % of its price."""
    around = dt.timedelta(days=MONEY_DAYS_AFTER)
    left = Payment.objects.standing().filter(
        contract=first.contract_id,
        renewal__isnull=True,
        paid_on__range=(first.starts_on - around, _last_day(first) + around),
    )
    return (left.aggregate(sum=Sum("amount"))["sum"] or 0) >= first.price * ENOUGH


def _last_day(first: ContractTerm) -> dt.date:
    """Its end with the days that were given on it since: the term itself is told as it was before."""
    given = ContractTerm.objects.annotate(earned_end=EARNED_END).filter(
        contract=first.contract_id, starts_on=first.starts_on, earned_end=earned_end(first)
    )
    return given.aggregate(last=Max("ends_on"))["last"]


def settle_first_term(proof: RenewalEvidence, first: ContractTerm, *, by, now: dt.datetime) -> None:
    """Confirmed evidence proves its money: no term is made, and who else asked about it has the answer.

    Those are no proof themselves: if the bank gives this one back, the money is owed again. The caller
    holds the contract's lock.
    """
    proof.first_term = first
    proof.save(update_fields=["first_term"])
    waiting = list(RenewalEvidence.objects.filter(first_term=first, state=RenewalEvidence.State.WAITING))
    for asked in waiting:
        asked.state, asked.decided_at, asked.decided_by = RenewalEvidence.State.REJECTED, now, by
        day = day_in_full(proof.dated_on)
        asked.decision_reason = f"Answered: {proof.get_kind_display().lower()} of {day} pays it"
        asked.save(update_fields=["state", "decided_at", "decided_by", "decision_reason"])
    outcome = f"Confirmed: pays the first term, to {day_in_full(first.ends_on)}"
    end_verification([proof, *waiting], outcome=outcome, by=by, now=now)


def not_paid(first: ContractTerm) -> str:
    """What a person is to do about it, in a sentence."""
    return f"Its first term, to {day_in_full(first.ends_on)}, is not paid: ask the customer"
