"""The life of a contract, replayed from its records: each change of its state, when, why, by whose act.

Nothing of it is stored. At every moment at which something was recorded, and on every day on which
time alone changes a state, cover is computed as it was known then (`with_reasons(day, known_at=…)`).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from contracts.cover import Cover, cover_in_words
from contracts.covered import State
from contracts.matching import is_in_range
from contracts.models import (
    Cancellation,
    Contract,
    ContractTerm,
    NamedContract,
    Payment,
    Renewal,
    RenewalEvidence,
    RenewalOffer,
)
from contracts.terms import ONE_DAY
from contracts.wording import day_in_full, money
from tenancy.calendars import instant_at, local_day, zone_of

MIDNIGHT = dt.time(0)


@dataclass(frozen=True)
class Change:
    """From `at` (an instant) on it read so: state, sentence and reason of the desk's `day`.

    `acts` says what was recorded at that moment and by whom; of a change that time alone brought, which
    day had come.
    """

    at: dt.datetime
    day: dt.date
    state: str
    sentence: str
    reason: str
    acts: str


@dataclass(frozen=True)
class Life:
    """A stretch of a contract's life, the newest change first; `older`: from where to read on, if any."""

    changes: list[Change]
    older: dt.datetime | None


def life_of(
    contract: Contract, *, until: dt.datetime, before: dt.datetime | None = None, most: int | None = None
) -> Life:
    """The changes of one contract up to an instant, the newest first: one query for each moment looked at.

    `before` reads on where a stretch of `most` changes ended.
    """
    moments = _moments([contract], until)[contract.pk]
    changes: list[Change] = []
    since = None
    for at in sorted(moments, reverse=True):
        if before is not None and at >= before:
            continue
        (cover,) = _covers([contract], at, _known_at(at, moments))
        if since is not None and _reads(since[1]) != _reads(cover):
            changes.append(_change(*since, moments))
            if len(changes) == most:
                return Life(changes, older=since[0])
        since = at, cover
    if since is not None:
        changes.append(_change(*since, moments))
    return Life(changes, older=None)


def lives_of(contracts: Iterable[Contract], *, until: dt.datetime) -> dict[int, list[Change]]:
    """The whole lives of many contracts, the oldest change first, by the contract's id.

    One query for each moment that any of them has, however many have it.
    """
    contracts = {contract.pk: contract for contract in contracts}
    moments = _moments(list(contracts.values()), until)
    together = defaultdict(list)
    for pk, own in moments.items():
        for at in own:
            together[at, _known_at(at, own)].append(contracts[pk])
    lives: dict[int, list[Change]] = {pk: [] for pk in contracts}
    said: dict[int, tuple] = {}
    for (at, known_at), having in sorted(together.items(), key=lambda item: item[0]):
        for cover in _covers(having, at, known_at):
            pk = cover.contract.pk
            if said.get(pk) != _reads(cover):
                said[pk] = _reads(cover)
                lives[pk].append(_change(at, cover, moments[pk]))
    return lives


class _Moments(defaultdict):
    """What happened at which instant, in words, and since when anything at all was known."""

    def __init__(self):
        super().__init__(list)
        self.known_from: dt.datetime | None = None

    def record(self, at: dt.datetime | None, words: str) -> None:
        """Something was recorded then."""
        if at is not None:
            self[at].append(words)


def _known_at(at, moments) -> dt.datetime:
    """Days before the first record are told by what that record said."""
    return max(at, moments.known_from)


def _covers(contracts: list[Contract], at, known_at) -> list[Cover]:
    day = local_day(at, zone_of(contracts[0].tenant))
    rows = Contract.objects.with_reasons(day, known_at)
    return [cover_in_words(row) for row in rows.filter(pk__in=[contract.pk for contract in contracts])]


def _reads(cover: Cover) -> tuple:
    """What tells one state of affairs from another: not the days that are left, nor a year that is added."""
    contract = cover.contract
    coming = (contract.coming_cancellation or {}).get("effective_on")
    if cover.state == State.IN_REVIEW:
        rests_on = contract.waiting_evidence or contract.unmatched_payment or contract.accepted_offer
        return cover.state, contract.running_end, str(rests_on), coming
    if cover.state == State.RENEWAL_DUE:
        return cover.state, contract.chain_end, coming
    return cover.state, cover.sentence, coming


def _change(at, cover: Cover, moments) -> Change:
    acts = "; ".join(dict.fromkeys(moments[at]))
    return Change(at, cover.day, cover.state, cover.sentence, cover.reason, acts)


def _moments(contracts: list[Contract], until: dt.datetime) -> dict[int, _Moments]:
    """Every moment of each contract up to an instant: six queries."""
    found: dict[int, _Moments] = {contract.pk: _Moments() for contract in contracts}
    numbers = {contract.pk: contract for contract in contracts}
    days: dict[int, dict[dt.date, list[str]]] = {pk: defaultdict(list) for pk in found}
    terms = _terms(numbers, found, days)
    _renewals(numbers, found)
    _evidence(numbers, found, days)
    _offers(numbers, found)
    _cancellations(numbers, found, days)
    _payments(numbers, found, days, terms)
    for pk, moments in found.items():
        # Money may have come before its contract was entered.
        moments.known_from = min((term.created_at for term in terms[pk]), default=min(moments, default=None))
        zone = zone_of(numbers[pk].tenant)
        for day, words in days[pk].items() if moments else ():
            moments[instant_at(day, MIDNIGHT, zone)] += words
        for at in [at for at in moments if at > until]:
            del moments[at]
    return found


def _terms(contracts, found, days) -> dict[int, list[ContractTerm]]:
    """Terms that were entered, and the days on which each term's place in time changes a state."""
    made = set(Renewal.objects.filter(contract__in=contracts).values_list("term", flat=True))
    terms: dict[int, list[ContractTerm]] = defaultdict(list)
    rows = ContractTerm.objects.filter(contract__in=contracts).select_related("created_by__user", "extends")
    for term in rows.order_by("pk"):
        contract = contracts[term.contract_id]
        terms[contract.pk].append(term)
        span = f"{day_in_full(term.starts_on)} to {day_in_full(term.ends_on)}"
        if term.pk in made:
            found[contract.pk][term.created_at]
        elif term.given_days and term.extends is not None:
            why = term.extends.taken_back_because
            found[contract.pk].record(term.created_at, f"{why}, {_person(term.created_by)}")
        else:
            found[contract.pk].record(
                term.created_at, f"Term {span} entered, {_person(term.created_by, contract)}"
            )
        if term.taken_back_at is not None:
            found[contract.pk][term.taken_back_at]
        desk, own = contract.tenant, days[contract.pk]
        own[term.starts_on].append("The first day of the term")
        own[term.ends_on - desk.renewal_due_days * ONE_DAY].append(
            f"{desk.renewal_due_days} days before the end of the term"
        )
        own[term.ends_on + ONE_DAY].append("The last day of the term has passed")
        own[term.ends_on + (desk.grace_days + 1) * ONE_DAY].append("The days of grace have passed")
    return terms


def _renewals(contracts, found) -> None:
    rows = Renewal.objects.filter(contract__in=contracts).select_related("renewed_by__user", "term")
    for renewal in rows.order_by("pk"):
        contract = contracts[renewal.contract_id]
        until = day_in_full(renewal.ends_on)
        by = "by itself" if renewal.channel == Renewal.Channel.CLOCK else f"by {renewal.channel}"
        found[contract.pk].record(
            renewal.renewed_at, f"Renewed to {until} {by}, {_person(renewal.renewed_by)}"
        )
        found[contract.pk].record(renewal.taken_back_at, f"Renewal to {until} taken back")


def _evidence(contracts, found, days) -> None:
    rows = RenewalEvidence.objects.filter(contract__in=contracts)
    rows = rows.select_related("recorded_by__user", "decided_by__user", "returned_by__user")
    for piece in rows.order_by("pk"):
        contract = contracts[piece.contract_id]
        own, what = found[contract.pk], f"{piece.get_kind_display()} of {day_in_full(piece.dated_on)}"
        recorder = piece.recorded_by.name if piece.recorded_by else piece.recorded_by_name or "the import"
        own.record(piece.recorded_at, f"{what} logged, {recorder}")
        # What the bank gave back before anybody judged it has one verdict: that.
        if piece.decided_at != piece.returned_at:
            verdict = "rejected" if piece.state == RenewalEvidence.State.REJECTED else "confirmed"
            own.record(piece.decided_at, f"{what} {verdict}, {_person(piece.decided_by)}")
        own.record(piece.returned_at, f"{what} returned by the bank, {_person(piece.returned_by)}")
        days[contract.pk][piece.dated_on].append(f"The day of the {piece.kind}")


def _offers(contracts, found) -> None:
    rows = RenewalOffer.objects.filter(contract__in=contracts).select_related("settled_by__user")
    for offer in rows.order_by("pk"):
        own = found[offer.contract_id]
        own.record(
            offer.accepted_at, f"Offer {offer.number} accepted, {offer.accepted_name or 'the customer'}"
        )
        own.record(offer.settled_at, f"Offer {offer.number} settled, {_person(offer.settled_by)}")


def _cancellations(contracts, found, days) -> None:
    rows = Cancellation.objects.filter(contract__in=contracts)
    for cancelled in rows.select_related("recorded_by__user", "undone_by__user").order_by("pk"):
        contract = contracts[cancelled.contract_id]
        own = found[contract.pk]
        own.record(
            cancelled.recorded_at, f"Cancellation recorded, {_person(cancelled.recorded_by, contract)}"
        )
        own.record(cancelled.undone_at, f"Cancellation undone, {_person(cancelled.undone_by)}")
        if cancelled.effective_on is not None:
            days[contract.pk][cancelled.effective_on].append("The day of the cancellation")


def _payments(contracts, found, days, terms) -> None:
    """Money of the customers, or that names the contracts; of other contracts' money nothing is told."""
    customers: dict[int, list[Contract]] = defaultdict(list)
    named = {contract.number_key: contract for contract in contracts.values()}
    for contract in contracts.values():
        customers[contract.customer_id].append(contract)
    beside = defaultdict(set)
    for pk, key in NamedContract.objects.filter(number_key__in=named).values_list("payment", "number_key"):
        beside[pk].add(named[key].pk)
    rows = Payment.objects.filter(
        Q(customer__in=customers) | Q(written_key__in=named) | Q(contract__in=contracts) | Q(pk__in=beside)
    ).select_related("recorded_by__user", "matched_by__user", "returned_by__user", "set_aside_by__user")
    rows = rows.select_related("replaced_by__user").order_by("pk")
    for payment in rows:
        names = set(beside.get(payment.pk, ()))
        if payment.written_key in named:
            names.add(named[payment.written_key].pk)
        own = {contract.pk for contract in customers.get(payment.customer_id, ())}
        about = {pk for pk in own | names if _may_mean(payment, terms[pk], is_named=pk in names)}
        for pk in about | ({payment.contract_id} & set(contracts)):
            _payment(payment, contracts[pk], found[pk])
            days[pk][payment.paid_on].append("The day of the payment")


def _may_mean(payment, terms, *, is_named) -> bool:
    """Near the end of a term; money that names the contract also at any other day of a term."""
    return any(
        is_in_range(payment.paid_on, term.ends_on, given_days=term.given_days)
        or (is_named and term.starts_on <= payment.paid_on <= term.ends_on)
        for term in terms
    )


def _payment(payment, contract, own) -> None:
    what = f"{money(payment.amount, payment.currency)} of {day_in_full(payment.paid_on)}"
    own.record(payment.recorded_at, f"{what} received, {_person(payment.recorded_by, contract)}")
    where = "matched" if payment.contract_id == contract.pk else "matched to another contract"
    own.record(payment.matched_at, f"{what} {where}, {_person(payment.matched_by)}")
    returned = payment.get_return_kind_display().lower()
    own.record(payment.returned_at, f"{what} {returned}, {_person(payment.returned_by)}")
    own.record(payment.set_aside_at, f"{what} set aside, {_person(payment.set_aside_by)}")
    own.record(payment.replaced_at, f"{what} replaced by its parts, {_person(payment.replaced_by)}")


def _person(member, contract: Contract | None = None) -> str:
    if member is not None:
        return member.name
    return "the import" if contract is not None and contract.imported_at else "the desk"
