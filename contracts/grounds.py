"""Why we say so: what a contract's state rests on, uncertain things first, then newest first (R1.6).

What an older program said of the contract is kept and shown, agreed with or overruled; it never
decides anything.
"""

import datetime as dt
from dataclasses import dataclass
from itertools import chain

from django.db.models import Exists, OuterRef, Subquery

from contracts.cover import Cover
from contracts.covered import State
from contracts.evidence import in_words
from contracts.models import Cancellation, Contract, ContractTerm, Payment, Renewal, RenewalEvidence
from contracts.wording import day_in_full, money
from tenancy.calendars import local_time, zone_of
from tenancy.prepared import Key, Prepared, together

WAITING, PROOF, PLAIN, OVERRULED = "waiting", "proof", "plain", "overruled"
ICONS = {
    RenewalEvidence.Kind.CHEQUE: "banknote",
    RenewalEvidence.Kind.BANK_LINE: "landmark",
    RenewalEvidence.Kind.SIGNED_FORM: "file-check",
    RenewalEvidence.Kind.PHOTO: "camera",
    RenewalEvidence.Kind.MAIL: "mail",
    RenewalEvidence.Kind.WORD: "message-square",
    RenewalEvidence.Kind.OFFER: "file-check",
}
# What old programs write for a contract that runs; any other word says that it does not.
RUNNING_WORDS = {"a", "active", "aktiv", "activo", "actif", "current", "ok", "open"}
# All of one contract, each with its people.
_EVIDENCE = Prepared(
    lambda contract: RenewalEvidence.objects.filter(contract=contract).select_related(
        "recorded_by__user", "decided_by__user", "scan"
    ),
    contract=Key(),
)
_PAYMENTS = Prepared(
    lambda contract: Payment.objects.filter(contract=contract).select_related(
        "recorded_by__user", "matched_by__user"
    ),
    contract=Key(),
)
_CANCELLATIONS = Prepared(
    lambda contract: Cancellation.objects.filter(contract=contract).select_related(
        "recorded_by__user", "undone_by__user"
    ),
    contract=Key(),
)
RUNNING_STATES = (State.ACTIVE, State.RENEWAL_DUE, State.IN_REVIEW, State.UPCOMING)


@dataclass(frozen=True)
class Ground:
    """One line: when (the desk's day and clock, where known), what, who recorded it, what it counts as."""

    day: dt.date
    clock: dt.time | None
    kind: str
    counts_as: str
    icon: str
    what: str
    detail: str = ""
    recorded_by: str = ""
    evidence: RenewalEvidence | None = None

    @property
    def is_struck(self) -> bool:
        """Kept for the record, and counts for nothing."""
        return self.kind == OVERRULED


def grounds_of(cover: Cover) -> list[Ground]:
    """Every record that the cover of a contract rests on, or that it overrules: one query."""
    contract = cover.contract
    zone = zone_of(contract.tenant)
    evidence, payments, renewals, entered, cancellations = _records(contract)
    found = [
        *_evidence(evidence, zone),
        *_payments(payments, contract),
        *_renewals(renewals, zone),
        *_first_terms(entered, contract, zone),
        *_cancellations(cancellations, zone, cover.day),
        *_waiting_money(contract),
        *_accepted_offer(contract, zone),
    ]
    if contract.imported_status:
        found.append(_imported_status(cover, zone))
    # Twice sorted: newest first within what is uncertain, what counts, and what is overruled.
    found.sort(key=lambda line: (line.day, line.clock or dt.time.min), reverse=True)
    return sorted(found, key=lambda line: {WAITING: 0, OVERRULED: 2}.get(line.kind, 1))


def _records(contract: Contract) -> list[list]:
    """Of each kind the contract's own; each knows it."""
    kinds = (_EVIDENCE, _PAYMENTS, _RENEWALS, _ENTERED, _CANCELLATIONS)
    found = together(*(rows.asking(contract=contract.pk) for rows in kinds))
    for row in chain(*found):
        row.contract = contract
    return found


def _evidence(found, zone):
    for evidence in found:
        waiting = evidence.state == RenewalEvidence.State.WAITING
        at = local_time(evidence.recorded_at, zone)
        words = in_words(evidence)
        yield Ground(
            day=at.date(),
            clock=at.time(),
            kind=WAITING
            if waiting
            else PROOF
            if evidence.state == RenewalEvidence.State.CONFIRMED
            else OVERRULED,
            counts_as=evidence.get_state_display(),
            icon=ICONS[evidence.kind],
            what=f"Still uncertain: {words[0].lower()}{words[1:]}" if waiting else words,
            detail=_evidence_detail(evidence),
            recorded_by=evidence.recorded_by.name if evidence.recorded_by else evidence.recorded_by_name,
            evidence=evidence,
        )


def _evidence_detail(evidence) -> str:
    parts = [f"dated {day_in_full(evidence.dated_on)}", evidence.note]
    if evidence.state == RenewalEvidence.State.WAITING:
        parts.append("until accounts decide, this is a renewal in review")
    elif evidence.decided_by:
        parts.append(f"{evidence.decision_reason}, {evidence.decided_by.name}")
    else:
        parts.append(evidence.decision_reason)
    return "; ".join(part for part in parts if part)


def _payments(found, contract: Contract):
    for payment in found:
        returned = payment.returned_on is not None
        yield Ground(
            day=payment.paid_on,
            clock=None,
            kind=OVERRULED if returned else PROOF,
            counts_as="Returned" if returned else "Proof",
            icon="landmark",
            what=_money_words(payment),
            detail=f"Returned {day_in_full(payment.returned_on)}" if returned else _payment_detail(payment),
            recorded_by=_person(payment.recorded_by or payment.matched_by, contract),
        )


def _money_words(payment: Payment) -> str:
    how = " ".join(part for part in (payment.method, payment.reference) if part)
    amount = money(payment.amount, payment.currency)
    return f"{amount} received" + (f", {how}" if how else "")


def _payment_detail(payment: Payment) -> str:
    matched = f"matched by {payment.matched_by.name}" if payment.matched_by else "matched by its number"
    return f"from {payment.payer}, {matched}" if payment.payer else matched


def _made(contract):
    # Its own term may have been replaced by a longer one before it was taken back.
    ended = ContractTerm.objects.filter(
        contract=contract, taken_back_at=OuterRef("taken_back_at"), extended_by__isnull=True
    )
    rows = Renewal.objects.filter(contract=contract)
    because = Subquery(ended.values("taken_back_because")[:1])
    return rows.annotate(because=because).select_related("term", "renewed_by__user")


_RENEWALS = Prepared(_made, contract=Key())


def _renewals(found, zone):
    for renewal in found:
        at = local_time(renewal.renewed_at, zone)
        back = renewal.taken_back_at is not None
        yield Ground(
            day=at.date(),
            clock=at.time(),
            kind=OVERRULED if back else PROOF,
            counts_as="Taken back" if back else "Proof",
            icon="file-x" if back else "file-check",
            what=f"Renewed, {day_in_full(renewal.term.starts_on)} to {day_in_full(renewal.term.ends_on)}",
            detail=renewal.because or "" if back else _renewal_detail(renewal),
            recorded_by=renewal.renewed_by.name if renewal.renewed_by else "The desk, by itself",
        )


def _renewal_detail(renewal: Renewal) -> str:
    return f"{money(renewal.amount, renewal.contract.currency)}, by {renewal.get_channel_display().lower()}"


def _entered(contract):
    longer = ContractTerm.objects.filter(extends=OuterRef("pk"))
    rows = ContractTerm.objects.filter(contract=contract, renewal__isnull=True)
    return rows.annotate(goes_on=Exists(longer)).select_related("created_by__user", "extends")


_ENTERED = Prepared(_entered, contract=Key())


def _first_terms(found, contract: Contract, zone):
    """Terms that no renewal made: how the contract began, and days that were given on one."""
    for term in found:
        at = local_time(term.created_at, zone)
        # One that was made longer is not void: it goes on in the longer one.
        back = term.taken_back_at is not None and not term.goes_on
        is_given = term.given_days and term.extends is not None
        began = f"Term entered, {day_in_full(term.starts_on)} to {day_in_full(term.ends_on)}"
        yield Ground(
            day=at.date(),
            clock=at.time(),
            kind=OVERRULED if back else PROOF,
            counts_as="Taken back" if back else "Proof",
            icon="gift" if is_given else "file-text",
            what=term.extends.taken_back_because if is_given else began,
            detail=_term_detail(term, back=back, is_given=is_given),
            recorded_by=_person(term.created_by, contract),
        )


def _term_detail(term: ContractTerm, *, back, is_given) -> str:
    if back:
        return term.taken_back_because
    return f"To {day_in_full(term.ends_on)}, at no price" if is_given else ""


def _cancellations(found, zone, today: dt.date):
    for cancellation in found:
        at = local_time(cancellation.recorded_at, zone)
        day = cancellation.effective_on
        undone = cancellation.undone_at is not None
        yield Ground(
            day=at.date(),
            clock=at.time(),
            kind=OVERRULED if undone else PLAIN,
            counts_as="Undone" if undone else "Cancelled",
            icon="ban",
            what=_cancelled_words(day, is_coming=not undone and day is not None and day > today),
            detail=cancellation.undone_because if undone else cancellation.reason,
            recorded_by=cancellation.recorded_by.name if cancellation.recorded_by else "Import",
        )


def _cancelled_words(day: dt.date | None, *, is_coming: bool) -> str:
    if day is None:
        return "Cancelled, date unknown"
    return f"Cancelled from {day_in_full(day)}" if is_coming else f"Cancelled {day_in_full(day)}"


def _person(member, contract: Contract) -> str:
    """Who recorded it. What nobody entered came with the import, or by the desk itself."""
    if member is not None:
        return member.name
    return "Import" if contract.imported_at else "The desk"


def _waiting_money(contract: Contract):
    payment = contract.unmatched_payment
    if not payment:
        return
    named = payment["contract_written"]
    yield Ground(
        day=dt.date.fromisoformat(payment["paid_on"]),
        clock=None,
        kind=WAITING,
        counts_as="Waiting",
        icon="landmark",
        what=f"Still uncertain: {money(payment['amount'], contract.currency)} received"
        + (f", naming “{named}”" if named else ", naming no contract"),
        detail=(f"From {payment['payer']}. " if payment["payer"] else "")
        + "It may be meant for this contract: accounts match it",
        recorded_by=payment["recorded_by"] or "Import",
    )


def _accepted_offer(contract: Contract, zone):
    offer, waiting = contract.accepted_offer, contract.waiting_evidence
    # Its acceptance stands among the evidence already.
    if not offer or (waiting and waiting["kind"] == RenewalEvidence.Kind.OFFER):
        return
    at = local_time(dt.datetime.fromisoformat(offer["accepted_at"]), zone)
    yield Ground(
        day=at.date(),
        clock=at.time(),
        kind=WAITING,
        counts_as="Waiting",
        icon="file-check",
        what=f"Still uncertain: offer of {money(offer['amount'], contract.currency)} accepted",
        detail="The next term has not been made yet",
        recorded_by="The customer",
    )


def _imported_status(cover: Cover, zone) -> Ground:
    contract = cover.contract
    says_running = contract.imported_status.strip().casefold() in RUNNING_WORDS
    is_running = cover.state in RUNNING_STATES
    agrees = says_running == is_running
    at = local_time(contract.imported_at, zone) if contract.imported_at else None
    return Ground(
        day=at.date() if at else dt.date.min,
        clock=at.time() if at else None,
        kind=PLAIN if agrees else OVERRULED,
        counts_as="Agrees" if agrees else "Overruled",
        icon="file-text" if agrees else "file-x",
        what=f"The old program said “{contract.imported_status}”",
        detail="It decides nothing" if agrees else "Out of date: the records above decide",
        recorded_by="Import",
    )
