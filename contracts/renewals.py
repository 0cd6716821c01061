"""Renewal: the act that makes the next term, without gap or overlap (R1.3, R1.4, R1.9)."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from contracts.agreed import Agreed, agreed_for, standing_offers
from contracts.allowance import grant_visits
from contracts.as_it_was import change_contracts
from contracts.cover_events import tell_of_cover
from contracts.models import (
    Contract,
    ContractTerm,
    Entitlement,
    Payment,
    Renewal,
    RenewalEvidence,
    RenewalOffer,
)
from contracts.offer_ends import end_offers
from contracts.verifying import end_verification
from contracts.wording import day_in_full, money
from customers.models import TimelineEntry
from customers.timeline import add_lines
from tenancy.calendars import local_day, zone_of
from tenancy.models import Tenant


class NoTermToRenew(ValueError):
    """The contract has no standing term: its first one has to be entered."""


class IsCancelled(ValueError):
    """A cancellation stands: nothing renews the contract until it is undone."""


class AlreadyRenewed(ValueError):
    """Another term stands since the caller looked; it says until when."""


def lock_contract(contract_id: int) -> Contract:
    """The contract's row, held until the transaction ends.

    Whoever renews, judges or returns takes it before any other row of the contract: two who took
    evidence or money first would wait for each other for ever.
    """
    return Contract.objects.select_for_update(of=("self",)).get(pk=contract_id)


def last_term(contract: Contract) -> ContractTerm:
    """The last standing term. Raises NoTermToRenew when there is none."""
    term = contract.terms.filter(taken_back_at__isnull=True).order_by("-ends_on").first()
    if term is None:
        raise NoTermToRenew(f"{contract.number} has no term that stands. Enter its first one.")
    return term


def renewal_of_end(contract: Contract, ends_on: dt.date) -> Renewal | None:
    """The standing renewal that made the end of a term (its `earned_end`); None for a first term's.

    By its own end: the term that it made may have been cut, or given days, and another made in its place.
    """
    return Renewal.objects.filter(contract=contract, ends_on=ends_on, taken_back_at__isnull=True).first()


@dataclass(frozen=True)
class Act:
    """One renewal to be made: of which contract, after which standing term, to what, over which channel."""

    contract: Contract
    last: ContractTerm
    agreed: Agreed
    channel: str
    amount: Decimal


@transaction.atomic
def renew(
    contract: Contract,
    *,
    channel: str,
    amount: Decimal | None,
    by,
    now: dt.datetime,
    payments: Iterable[Payment] = (),
    after: ContractTerm | None = None,
    agreed: Agreed | None = None,
) -> Renewal:
    """Add the next term to a contract, with the visits it grants, and settle what was in review.

    The term starts the day after the old end, also in grace; it is what `agreed` says, else what the
    standing offer says, else as the contract was. `amount` None is its price. `payments` are
    matched to it. `after` is the last term as the caller saw it: of two who saw the same one, the
    second makes no term. Raises AlreadyRenewed for it, IsCancelled and NoTermToRenew.
    """
    locked = lock_contract(contract.pk)
    last = last_term(locked)
    if cancelled := locked.cancellations.filter(undone_at__isnull=True).first():
        day = f" from {day_in_full(cancelled.effective_on)}" if cancelled.effective_on else ""
        raise IsCancelled(f"{locked.number} is cancelled{day}. Undo that first.")
    if after is not None and after.pk != last.pk:
        raise AlreadyRenewed(
            f"Somebody was quicker: {locked.number} has a term to {day_in_full(last.ends_on)} by now. "
            "Look again before you renew it."
        )
    today = local_day(now, zone_of(locked.tenant))
    agreed = agreed or agreed_for(locked, last, standing_offers([locked]).get(locked.pk), on=today)
    amount = agreed.price if amount is None else amount
    (renewal,) = enter_renewals([Act(locked, last, agreed, channel, amount)], by=by, now=now)
    for payment in payments:
        payment.contract, payment.renewal, payment.matched_at, payment.matched_by = locked, renewal, now, by
        payment.save(update_fields=["contract", "renewal", "matched_at", "matched_by"])
    tell_renewals([renewal], by=by, now=now)
    return renewal


def enter_renewals(acts: list[Act], *, by, now: dt.datetime) -> list[Renewal]:
    """Make the terms of these acts, one for each contract, with all that hangs on them.

    The caller holds the contracts' locks. What waited for a verdict is settled. Queries do not grow
    with the acts.
    """
    if not acts:
        return []
    terms = _new_terms(acts, by=by, now=now)
    changed = change_contracts({act.contract: act.agreed for act in acts})
    renewals = [
        Renewal(
            contract=act.contract,
            term=term,
            channel=act.channel,
            amount=act.amount,
            starts_on=act.agreed.starts_on,
            ends_on=act.agreed.ends_on,
            note=act.agreed.note[:300],
            renewed_at=now,
            renewed_by=by,
            changed=changed[act.contract.pk],
        )
        for act, term in zip(acts, terms, strict=True)
    ]
    Renewal.objects.bulk_create(renewals)
    visits = {term.pk: act.agreed.visits for act, term in zip(acts, terms, strict=True)}
    grant_visits(terms, visits, by=by, now=now)
    settle_review(renewals, by=by, now=now)
    return renewals


def tell_renewals(renewals: list[Renewal], *, by, now: dt.datetime) -> None:
    """A line in each customer's time line: one statement."""
    add_lines(
        TimelineEntry(
            customer=renewal.contract.customer,
            kind=TimelineEntry.Kind.RENEWAL,
            title=f"Contract {renewal.contract.number} renewed to {day_in_full(renewal.ends_on)}",
            detail=_in_words(renewal),
            at=now,
            actor=by,
            subject=renewal.public_id,
        )
        for renewal in renewals
    )
    tell_of_cover([renewal.contract for renewal in renewals], because="It was renewed", now=now)


def _in_words(renewal: Renewal) -> str:
    """The amount, over which channel, and what was agreed anew."""
    channel = renewal.get_channel_display().lower()
    over = channel if renewal.channel == Renewal.Channel.CLOCK else f"by {channel}"
    note = f"; {renewal.note}" if renewal.note else ""
    return f"{money(renewal.amount, renewal.contract.currency)} {over}{note}"


def _new_terms(acts, *, by, now) -> list[ContractTerm]:
    """Terms that follow, or at a desk that extends, terms that go on in the place of the last ones."""
    extends = Tenant.objects.get(pk=acts[0].contract.tenant_id).renew_by == Tenant.RenewBy.EXTENSION
    if extends:
        for act in acts:
            act.last.taken_back_at = now
            act.last.taken_back_because = f"Extended to {day_in_full(act.agreed.ends_on)}"
        ContractTerm.objects.bulk_update([act.last for act in acts], ["taken_back_at", "taken_back_because"])
    terms = [
        ContractTerm(
            contract=act.contract,
            starts_on=act.last.starts_on if extends else act.agreed.starts_on,
            ends_on=act.agreed.ends_on,
            price=act.agreed.price,
            response_hours=act.agreed.response_hours,
            counts_from=act.agreed.starts_on if extends else None,
            usual_months=act.agreed.usual and act.agreed.usual.months,
            usual_days=act.agreed.usual and act.agreed.usual.days,
            extends=act.last if extends else None,
            created_at=now,
            created_by=by,
        )
        for act in acts
    ]
    ContractTerm.objects.bulk_create(terms)
    if extends:
        hand_on_entitlements({act.last.pk: term for act, term in zip(acts, terms, strict=True)})
    return terms


def hand_on_entitlements(instead: dict[int, ContractTerm]) -> None:
    """What was granted and used stays with the term that goes on."""
    granted = list(Entitlement.objects.filter(term__in=instead))
    for entitlement in granted:
        entitlement.term = instead[entitlement.term_id]
    Entitlement.objects.bulk_update(granted, ["term"])


def settle_review(renewals: list[Renewal], *, by, now: dt.datetime) -> None:
    """What waited for a verdict on these contracts has it: the renewal stands.

    Not what asks about a first term's own money: that is owed, whoever paid for the next one.
    """
    made = {renewal.contract_id: renewal for renewal in renewals}
    waiting = list(
        RenewalEvidence.objects.filter(
            contract__in=made, state=RenewalEvidence.State.WAITING, first_term__isnull=True
        )
    )
    for evidence in waiting:
        evidence.state, evidence.renewal = RenewalEvidence.State.CONFIRMED, made[evidence.contract_id]
        evidence.decided_at, evidence.decided_by = now, by
        evidence.decision_reason = "The renewal stands"
    RenewalEvidence.objects.bulk_update(
        waiting, ["state", "renewal", "decided_at", "decided_by", "decision_reason"], batch_size=1000
    )
    end_verification(waiting, outcome="The renewal stands", by=by, now=now)
    unanswered = RenewalOffer.objects.filter(contract__in=made, declined_at__isnull=True)
    end_offers(unanswered, because="The renewal stands", by=by, now=now)
