"""What proves a renewal: logged by anyone on staff, judged by accounts, never left without an outcome.

Logging it moves cover to review at once, holds the customer back from selling and gives accounts
a verification due the same business day (R1.3). The customer's word brings a promise to call
back with the outcome either way (R1.8).
"""

import datetime as dt
from decimal import Decimal

from django.db import transaction

from cases.models import Promise
from cases.promising import make_promise
from contracts.cover import Cover
from contracts.cover_events import tell_of_cover
from contracts.first_terms import is_owed, not_paid, owed_first_terms, settle_first_term
from contracts.matching import end_meant
from contracts.models import Contract, ContractTerm, Renewal, RenewalEvidence, RenewalOffer
from contracts.offer_ends import end_offers
from contracts.renewals import lock_contract, renew
from contracts.taking_back import is_still_paid, take_back
from contracts.terms import ONE_DAY
from contracts.verifying import begin_verification, end_of_business_day, end_verification
from contracts.wording import day_in_full, money
from customers.models import TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import Calendar, calendar_of, local_day, zone_of
from tenancy.models import StoredFile

# Within one business hour of the verification's due time the customer hears the outcome.
CALL_BACK_WITHIN = dt.timedelta(hours=1)
ONE_CLICK = dt.timedelta(minutes=1)
CHANNELS = {
    RenewalEvidence.Kind.CHEQUE: Renewal.Channel.PAYMENT,
    RenewalEvidence.Kind.BANK_LINE: Renewal.Channel.PAYMENT,
    RenewalEvidence.Kind.SIGNED_FORM: Renewal.Channel.POST,
    RenewalEvidence.Kind.PHOTO: Renewal.Channel.POST,
    RenewalEvidence.Kind.MAIL: Renewal.Channel.MAIL,
    RenewalEvidence.Kind.WORD: Renewal.Channel.CALL,
    RenewalEvidence.Kind.OFFER: Renewal.Channel.OFFER,
}
# What a bank can give back.
RETURNABLE = (RenewalEvidence.Kind.CHEQUE, RenewalEvidence.Kind.BANK_LINE)


class AlreadyDecided(ValueError):
    """Somebody judged this evidence before; it says who and when."""


@transaction.atomic
def log_evidence(
    *,
    contract: Contract,
    kind: str,
    dated_on: dt.date,
    by,
    now: dt.datetime,
    reference: str = "",
    amount: Decimal | None = None,
    note: str = "",
    scan: StoredFile | None = None,
    recorded_by_name: str = "",
) -> RenewalEvidence:
    """Keep what proves a renewal, waiting for its verdict. `dated_on` is a day in the desk's zone.

    A customer who accepts an offer has no `by`, but the name that they typed. The very same within
    a minute is one click too many: what stands is returned. Raises ValueError for a day to come: cover
    would not see it until then.
    """
    if dated_on > local_day(now, zone_of(contract.tenant)):
        raise ValueError("Evidence cannot be dated after today.")
    lock_contract(contract.pk)
    said = {
        "kind": kind,
        "reference": reference,
        "amount": amount,
        "dated_on": dated_on,
        "note": note,
        "recorded_by": by,
        "recorded_by_name": recorded_by_name,
    }
    twice = contract.evidence.filter(
        state=RenewalEvidence.State.WAITING, recorded_at__gt=now - ONE_CLICK, **_or_none(said)
    ).first()
    if twice is not None:
        return twice
    evidence = RenewalEvidence.objects.create(contract=contract, scan=scan, recorded_at=now, **said)
    calendar = calendar_of(contract.tenant)
    begin_verification(evidence, calendar=calendar, by=by, now=now)
    if kind == RenewalEvidence.Kind.WORD:
        _promise_the_outcome(evidence, calendar, by=by, now=now)
    _tell(evidence, "logged", f"Renewal evidence logged: {in_words(evidence)}", by=by, now=now)
    tell_of_cover([evidence.contract], because="Renewal evidence was logged", now=now)
    return evidence


@transaction.atomic
def log_claim(*, contract: Contract, by, now: dt.datetime, note: str = "") -> RenewalEvidence:
    """The customer says it is renewed. A claim that still waits is returned instead of a second one."""
    # Two clicks, or two colleagues on the phone, make one claim.
    lock_contract(contract.pk)
    waiting = _waiting_words(contract).first()
    if waiting is None:
        return log_evidence(
            contract=contract,
            kind=RenewalEvidence.Kind.WORD,
            dated_on=local_day(now, zone_of(contract.tenant)),
            note=note,
            by=by,
            now=now,
        )
    # A claim that came in with an export has neither hold nor duty nor promise yet.
    calendar = calendar_of(contract.tenant)
    begin_verification(waiting, calendar=calendar, by=by, now=now)
    if not Promise.objects.filter(subject=waiting.public_id).exists():
        _promise_the_outcome(waiting, calendar, by=by, now=now)
    return waiting


@transaction.atomic
def confirm_evidence(
    evidence: RenewalEvidence,
    *,
    by,
    now: dt.datetime,
    reason: str = "",
    after: ContractTerm | None = None,
) -> Renewal | None:
    """It proves a renewal: the next term follows, or it joins the renewal that it already belongs to.

    What proves a first term's own money, which had gone back, pays for that term: no term is made, and
    there is no renewal. `after` is the last term as the person saw it. Raises AlreadyDecided,
    AlreadyRenewed when another term stands since then, and NoTermToRenew for a contract without a
    standing term.
    """
    evidence = _waiting(evidence)
    about = what_it_belongs_to(evidence)
    if isinstance(about, ContractTerm):
        reason = reason or "Its first term is paid"
        _decide(evidence, RenewalEvidence.State.CONFIRMED, reason, by=by, now=now)
        settle_first_term(evidence, about, by=by, now=now)
        _tell(evidence, "confirmed", f"First term paid: {in_words(evidence)}", by=by, now=now)
        tell_of_cover([evidence.contract], because="Its first term was paid", now=now)
        return None
    _decide(evidence, RenewalEvidence.State.CONFIRMED, reason or "The renewal stands", by=by, now=now)
    renewal = about or renew(
        evidence.contract,
        channel=CHANNELS[evidence.kind],
        amount=evidence.amount,
        by=by,
        now=now,
        after=after,
    )
    evidence.renewal = renewal
    evidence.save(update_fields=["renewal"])
    end_verification(
        [evidence], outcome=f"Confirmed: renewed to {day_in_full(renewal.ends_on)}", by=by, now=now
    )
    _tell(evidence, "confirmed", f"Renewal confirmed: {in_words(evidence)}", by=by, now=now)
    return renewal


@transaction.atomic
def reject_evidence(evidence: RenewalEvidence, *, by, now: dt.datetime, reason: str) -> None:
    """It proves no renewal. Raises ValueError without a reason, and AlreadyDecided."""
    evidence = _waiting(evidence)
    _decide(evidence, RenewalEvidence.State.REJECTED, reason, by=by, now=now)
    end_verification([evidence], outcome=f"Rejected: {reason}", by=by, now=now)
    # An offer whose acceptance proves nothing would leave the contract in review for ever.
    accepted = RenewalOffer.objects.filter(evidence=evidence)
    end_offers(accepted, because=f"Acceptance rejected: {reason}", by=by, now=now)
    _tell(evidence, "rejected", f"No renewal: {in_words(evidence)}", by=by, now=now, detail=reason)
    tell_of_cover([evidence.contract], because="Renewal evidence was rejected", now=now)


@transaction.atomic
def return_evidence(evidence: RenewalEvidence, *, by, now: dt.datetime, reason: str) -> None:
    """The bank gave the money back. A term that rests on it is taken back, into review (R1.4).

    Money that is matched to the same renewal keeps its term. Raises ValueError without a reason or
    for what no bank can give back, and AlreadyDecided when it was rejected or returned before.
    """
    if evidence.kind not in RETURNABLE:
        raise ValueError("Only a cheque or a bank line can be returned.")
    evidence = _locked(evidence)
    if evidence.state not in (RenewalEvidence.State.WAITING, RenewalEvidence.State.CONFIRMED):
        raise AlreadyDecided(_decided_words(evidence))
    renewal, first = evidence.renewal, evidence.first_term
    had_proved = evidence.state == RenewalEvidence.State.CONFIRMED
    _give_back(evidence, reason, by=by, now=now)
    end_verification([evidence], outcome=f"Returned: {reason}", by=by, now=now)
    _tell(evidence, "returned", f"Returned: {in_words(evidence)}", by=by, now=now, detail=reason)
    tell_of_cover([evidence.contract], because="The bank returned the money", now=now)
    if first is not None and had_proved and is_owed(first):
        _look_again(evidence, f". {not_paid(first)}", by=by, now=now)
    if renewal is None or renewal.taken_back_at or is_still_paid(renewal):
        return
    take_back(renewal, because=f"{in_words(evidence)} returned", by=by, now=now)
    _look_again(evidence, ", ask the customer", by=by, now=now)


def what_it_belongs_to(evidence: RenewalEvidence) -> Renewal | ContractTerm | None:
    """The standing renewal of the end that the evidence is dated about, by the limits for money.

    Or the first term that begins the day after that end, while its own money is owed. An offer is about
    the term that follows: while its acceptance waits, that is not made yet. None: it proves a renewal
    that is still to be made.
    """
    if evidence.first_term is not None:
        return evidence.first_term
    if evidence.kind == RenewalEvidence.Kind.OFFER:
        return None
    ends: dict[dt.date, Renewal | ContractTerm] = {
        first.starts_on - ONE_DAY: first for first in owed_first_terms(evidence.contract_id)
    }
    for renewal in evidence.contract.renewals.filter(taken_back_at__isnull=True):
        ends[renewal.starts_on - ONE_DAY] = renewal
    standing = evidence.contract.terms.filter(taken_back_at__isnull=True)
    # What was agreed is proved as before, though days were given at that end.
    given = dict(standing.order_by("ends_on").values_list("ends_on", "given_days"))
    end = end_meant(evidence.dated_on, ends, given)
    return None if end is None else ends[end]


def waits_for_word(contract: Contract) -> bool:
    """Whether a customer's word waits for its verdict: one query."""
    return _waiting_words(contract).exists()


def acceptance_waits(cover: Cover) -> bool:
    """Whether an accepted offer waits for its verdict. Asks nothing: cover has read it."""
    contract = cover.contract
    kind = (contract.waiting_evidence or {}).get("kind")
    return contract.accepted_offer is not None or kind == RenewalEvidence.Kind.OFFER


def in_words(evidence: RenewalEvidence) -> str:
    """ "Cheque 004417, £612.00": kind, reference and amount, as far as they are known."""
    what = " ".join(part for part in (evidence.get_kind_display(), evidence.reference) if part)
    return (
        what if evidence.amount is None else f"{what}, {money(evidence.amount, evidence.contract.currency)}"
    )


def _or_none(values: dict) -> dict:
    """As conditions: nothing is asked for as nothing."""
    known = {name: value for name, value in values.items() if value is not None}
    return known | {f"{name}__isnull": True for name, value in values.items() if value is None}


def _waiting_words(contract):
    return contract.evidence.filter(kind=RenewalEvidence.Kind.WORD, state=RenewalEvidence.State.WAITING)


def _promise_the_outcome(evidence, calendar: Calendar, *, by, now):
    verified_by = end_of_business_day(now, calendar)
    make_promise(
        customer=evidence.contract.customer,
        kind=Promise.Kind.CALL_BACK,
        text=f"Ring back about the renewal of {evidence.contract.number}, whatever the outcome",
        expects="To hear whether the renewal was found",
        due_at=calendar.due_after(verified_by, CALL_BACK_WITHIN),
        owner=by,
        by=by,
        now=now,
        subject=evidence.public_id,
    )


def _look_again(evidence, what_to_do, *, by, now):
    """A term taken back, or not paid any more, leaves the contract in review until somebody has asked."""
    returned = RenewalEvidence.objects.create(
        contract=evidence.contract,
        first_term=evidence.first_term,
        kind=evidence.kind,
        reference=evidence.reference,
        amount=evidence.amount,
        dated_on=evidence.dated_on,
        note=f"returned {day_in_full(local_day(now, zone_of(evidence.tenant)))}{what_to_do}"[:300],
        recorded_at=now,
        recorded_by=by,
    )
    begin_verification(returned, calendar=calendar_of(evidence.tenant), by=by, now=now)


def _waiting(evidence) -> RenewalEvidence:
    evidence = _locked(evidence)
    if evidence.state != RenewalEvidence.State.WAITING:
        raise AlreadyDecided(_decided_words(evidence))
    return evidence


def _locked(evidence) -> RenewalEvidence:
    lock_contract(evidence.contract_id)
    rows = RenewalEvidence.objects.select_related("contract__customer", "first_term", "tenant")
    return rows.select_for_update(of=("self",)).get(pk=evidence.pk)


def _decided_words(evidence) -> str:
    person = f" by {evidence.decided_by.name}" if evidence.decided_by else ""
    day = day_in_full(local_day(evidence.decided_at, zone_of(evidence.tenant)))
    return f"{evidence.get_state_display()}{person} on {day} already."


def _decide(evidence, state, reason, *, by, now):
    if not reason.strip():
        raise ValueError("Say why: evidence closes only with an outcome.")
    evidence.state, evidence.decision_reason = state, reason.strip()[:300]
    evidence.decided_at, evidence.decided_by = now, by
    evidence.save(update_fields=["state", "decision_reason", "decided_at", "decided_by"])


def _give_back(evidence, reason, *, by, now):
    """Returned by the bank. A verdict of before stays beside it: it stood until now."""
    if evidence.state == RenewalEvidence.State.WAITING:
        _decide(evidence, RenewalEvidence.State.RETURNED, reason, by=by, now=now)
    elif not reason.strip():
        raise ValueError("Say why: evidence closes only with an outcome.")
    evidence.state, evidence.returned_because = RenewalEvidence.State.RETURNED, reason.strip()[:300]
    evidence.returned_at, evidence.returned_by = now, by
    evidence.save(update_fields=["state", "returned_because", "returned_at", "returned_by"])


def _tell(evidence, step, title, *, by, now, detail=""):
    add_line(
        evidence.contract.customer,
        TimelineEntry.Kind.RENEWAL,
        title,
        at=now,
        detail=detail or evidence.note,
        actor=by,
        subject=evidence.public_id,
        step=step,
    )
