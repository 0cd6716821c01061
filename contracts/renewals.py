"""Renewal: the act that makes the next term, without gap or overlap (R1.3, R1.4, R1.9)."""

import calendar
import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from contracts.models import (
    Contract,
    ContractTerm,
    Entitlement,
    Payment,
    Renewal,
    RenewalEvidence,
    RenewalOffer,
)
from contracts.verifying import begin_verification, end_verification
from contracts.wording import day_in_full, money
from customers.models import TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import calendar_of

ONE_DAY = dt.timedelta(days=1)


class NoTermToRenew(ValueError):
    """The contract has no standing term: its first one has to be entered."""


class AlreadyRenewed(ValueError):
    """Another term stands since the caller looked; it says until when."""


def lock_contract(contract_id: int) -> Contract:
    """The contract's row, held until the transaction ends.

    Whoever renews, judges or returns takes it before any other row of the contract: two who took
    evidence or money first would wait for each other for ever.
    """
    return Contract.objects.select_for_update(of=("self",)).get(pk=contract_id)


def next_term_dates(starts_on: dt.date, ends_on: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the term of the same length that follows without a gap.

    A term of whole months is followed by as many months (15 Mar to 14 Mar, also over a leap
    day); any other by as many days.
    """
    follows_on = ends_on + ONE_DAY
    months = (follows_on.year - starts_on.year) * 12 + follows_on.month - starts_on.month
    if months > 0 and _months_after(starts_on, months) == follows_on:
        return follows_on, _months_after(starts_on, 2 * months) - ONE_DAY
    return follows_on, ends_on + (follows_on - starts_on)


def last_term(contract: Contract) -> ContractTerm:
    """The last standing term. Raises NoTermToRenew when there is none."""
    term = contract.terms.filter(taken_back_at__isnull=True).order_by("-ends_on").first()
    if term is None:
        raise NoTermToRenew(f"{contract.number} has no term that stands. Enter its first one.")
    return term


@transaction.atomic
def renew(
    contract: Contract,
    *,
    channel: str,
    amount: Decimal,
    by,
    now: dt.datetime,
    payment: Payment | None = None,
    after: ContractTerm | None = None,
) -> Renewal:
    """Add the next term to a contract, with the visits it grants, and settle what was in review.

    The term starts the day after the old end, also in grace. `after` is the last term as the caller
    saw it: of two who saw the same one, the second makes no term. Raises AlreadyRenewed for it, and
    NoTermToRenew.
    """
    locked = lock_contract(contract.pk)
    last = last_term(locked)
    if after is not None and after.pk != last.pk:
        raise AlreadyRenewed(
            f"Somebody was quicker: {locked.number} has a term to {day_in_full(last.ends_on)} by now. "
            "Look again before you renew it."
        )
    starts_on, ends_on = next_term_dates(last.starts_on, last.ends_on)
    term = ContractTerm.objects.create(
        contract=locked, starts_on=starts_on, ends_on=ends_on, price=locked.price, created_at=now
    )
    grant_visits([term], {locked.pk: locked.visits_per_term})
    renewal = Renewal.objects.create(
        contract=locked, term=term, channel=channel, amount=amount, renewed_at=now, renewed_by=by
    )
    if payment is not None:
        payment.contract, payment.renewal, payment.matched_at, payment.matched_by = locked, renewal, now, by
        payment.save(update_fields=["contract", "renewal", "matched_at", "matched_by"])
    settle_review([renewal], by=by, now=now)
    add_line(
        locked.customer,
        TimelineEntry.Kind.RENEWAL,
        f"Contract {locked.number} renewed to {day_in_full(ends_on)}",
        at=now,
        detail=f"{money(amount, locked.currency)} by {renewal.get_channel_display().lower()}",
        actor=by,
        subject=renewal.public_id,
    )
    return renewal


@transaction.atomic
def return_payment(payment: Payment, *, returned_on: dt.date, by, now: dt.datetime) -> None:
    """Money that came back takes its term back; the contract is in review, never lapsed by it.

    A second return changes nothing.
    """
    # Its contract, or the one that matching could give it at this moment.
    pays = Contract.objects.filter(Q(pk=payment.contract_id) | Q(number_key=payment.written_key))
    list(pays.select_for_update(of=("self",)).order_by("pk"))
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    if payment.returned_on is not None:
        return
    payment.returned_on = returned_on
    payment.save(update_fields=["returned_on"])
    if payment.renewal is None:
        return
    take_back(payment.renewal, because=f"Payment of {day_in_full(payment.paid_on)} returned", now=now)
    evidence = RenewalEvidence.objects.create(
        contract=payment.contract,
        kind=RenewalEvidence.Kind.BANK_LINE,
        reference=payment.reference[:120],
        amount=payment.amount,
        dated_on=returned_on,
        note="Returned by the bank",
        recorded_at=now,
        recorded_by=by,
    )
    begin_verification(evidence, calendar=calendar_of(payment.tenant), by=by, now=now)
    add_line(
        payment.contract.customer,
        TimelineEntry.Kind.PAYMENT,
        f"Payment of {money(payment.amount, payment.currency)} returned",
        at=now,
        actor=by,
        subject=payment.public_id,
        step="returned",
    )


def take_back(renewal: Renewal, *, because: str, now: dt.datetime) -> None:
    """Withdraw a renewal's term. Its row stays, with the reason; it counts for no day any more."""
    term = renewal.term
    term.taken_back_at, term.taken_back_because = now, because[:200]
    term.save(update_fields=["taken_back_at", "taken_back_because"])
    renewal.taken_back_at = now
    renewal.save(update_fields=["taken_back_at"])


def grant_visits(terms: list[ContractTerm], visits: dict[int, int]) -> None:
    """Grant each term the visits of its contract (`visits` by the contract's id)."""
    Entitlement.objects.bulk_create(
        [
            Entitlement(term=term, kind=Entitlement.Kind.VISITS, quantity=visits[term.contract_id])
            for term in terms
            if visits[term.contract_id]
        ],
        batch_size=1000,
    )


def settle_review(renewals: list[Renewal], *, by, now: dt.datetime) -> None:
    """What waited for a verdict on these contracts has it: the renewal stands."""
    made = {renewal.contract_id: renewal for renewal in renewals}
    waiting = list(RenewalEvidence.objects.filter(contract__in=made, state=RenewalEvidence.State.WAITING))
    for evidence in waiting:
        evidence.state, evidence.renewal = RenewalEvidence.State.CONFIRMED, made[evidence.contract_id]
        evidence.decided_at, evidence.decided_by = now, by
        evidence.decision_reason = "The renewal stands"
    RenewalEvidence.objects.bulk_update(
        waiting, ["state", "renewal", "decided_at", "decided_by", "decision_reason"], batch_size=1000
    )
    end_verification(waiting, outcome="The renewal stands", by=by, now=now)
    RenewalOffer.objects.filter(contract__in=made, settled_at__isnull=True).update(settled_at=now)


def _months_after(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))
