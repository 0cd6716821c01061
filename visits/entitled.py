"""The granted visits of a term: which are open, and what the ledger says of a visit that is one (R3.1)."""

import datetime as dt
import uuid
from collections.abc import Iterator
from itertools import count, takewhile

from cases.duties import close_duties_about
from cases.models import Duty
from contracts.allowance import terms_that_count, with_left
from contracts.cover import Cover
from contracts.disposing import NothingLeft, hold_entitlement, open_visits
from contracts.models import AllowanceEntry, Entitlement
from messaging.keys import key_of
from tenancy.prepared import DAY, Among, Keys, Prepared
from visits.models import Visit

Kind = AllowanceEntry.Kind


def unused_visit(covers: list[Cover]) -> tuple[Entitlement, Cover] | None:
    """The first entitlement with a visit that is neither booked nor disposed of, and its cover: one query.

    `covers` are a customer's or machine's, best first. In review and in grace the last term's count.
    """
    return next(iter(unused_visits(covers)), None)


def _free(contracts, day):
    terms = terms_that_count(day).filter(Among("contract", contracts))
    granted = Entitlement.objects.filter(kind=Entitlement.Kind.VISITS, term__in=terms.values("pk"))
    return with_left(granted).filter(left__gt=0).select_related("term")


_FREE = Prepared(_free, contracts=Keys(), day=DAY)


def unused_visits(covers: list[Cover]) -> list[tuple[Entitlement, Cover]]:
    """All of them, in the order of the covers: one query."""
    covering = {cover.contract.pk: cover for cover in covers if cover.is_covered}
    if not covering:
        return []
    day = next(iter(covering.values())).day
    free = {e.term.contract_id: e for e in _FREE.rows(contracts=list(covering), day=day)}
    return [(free[contract], cover) for contract, cover in covering.items() if contract in free]


def still_open(visit: Visit) -> Entitlement | None:
    """What a visit that is to be booked anew uses: its own entitlement, while a visit of it is open."""
    granted = visit.entitlement
    return granted if granted is not None and open_visits(granted) else None


def book_allowance(visit: Visit, *, by, now: dt.datetime) -> None:
    """Note in the ledger that the visit is booked on its entitlement; only *done* will use it up.

    Raises NothingLeft when the last one was booked or given up meanwhile.
    """
    if visit.entitlement_id is None:
        return
    held = hold_entitlement(visit.entitlement)
    left = open_visits(held)
    if left < 1:
        raise NothingLeft("The last paid visit was booked or given up meanwhile.")
    _enter(visit, held.pk, Kind.BOOKED, by, now)
    if left == 1:
        said = f"Visit {visit.number} is booked"
        close_duties_about(held.public_id, Duty.Kind.OFFER_VISIT, by=by, now=now, outcome=said)


def book_allowance_again(visit: Visit, *, by, now: dt.datetime) -> None:
    """Its cancelling was undone: the granted visit that was released is booked once more.

    Raises NothingLeft when it was booked or given up meanwhile.
    """
    if visit.entitlement_id is None:
        return
    held = hold_entitlement(visit.entitlement)
    if open_visits(held) < 1:
        raise NothingLeft("The paid visit that it used was booked or given up meanwhile. Book it anew.")
    booked = _booked_causes(visit, held.pk)
    cause = next(cause for cause in _causes(visit) if cause not in booked)
    _enter(visit, held.pk, Kind.BOOKED, by, now, "The cancelling was undone", cause=cause)


def release_allowance(visit: Visit, *, by, now: dt.datetime, because: str) -> None:
    """Note that the booking holds nothing any more."""
    _enter(visit, visit.entitlement_id, Kind.RELEASED, by, now, because)


def reopen_allowance(visit: Visit, kind: str, *, by, now: dt.datetime) -> None:
    """Missed by us, or no access: the visit took place for nothing and is open again."""
    _enter(visit, visit.entitlement_id, kind, by, now)


def use_allowance(visit: Visit, *, by, now: dt.datetime) -> None:
    """A visit that is done uses one up: of its own term, or of the one running on that day.

    Where neither has one left (a missed visit that was done late after all, and another one in its
    place) it was none of those granted, and says so.
    """
    if visit.entitlement_id is None:
        return
    own = visit.entitlement
    used = _one_left(visit, own)
    if used != own:
        because = "Done in the next term" if used else "No granted visit was left when it was done"
        if own.entries.filter(kind=Kind.BOOKED, subject=_cause(visit, own.pk)).exists():
            release_allowance(visit, by=by, now=now, because=because)
        visit.entitlement = used
        visit.save(update_fields=["entitlement"])
    if used:
        _enter(visit, used.pk, Kind.DONE, by, now)


def _one_left(visit, own) -> Entitlement | None:
    """Its own entitlement, or that of the term running now when the visit slid over the term's end."""
    day = visit.completed_on
    ranked = [own]
    if not own.term.starts_on <= day <= own.term.ends_on or own.term.taken_back_at is not None:
        running = Entitlement.objects.filter(
            term__contract_id=own.term.contract_id, term__period__contains=day, kind=own.kind
        )
        ranked = [*running.exclude(pk=own.pk), own]
    ids = [entitlement.pk for entitlement in ranked]
    held = Entitlement.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids)
    list(held.order_by("pk").values_list("pk"))
    # What is booked counts for nothing here: somebody was there.
    unused = {e.pk for e in with_left(Entitlement.objects.filter(pk__in=ids)) if e.quantity > e.disposed}
    return next((entitlement for entitlement in ranked if entitlement.pk in unused), None)


def _causes(visit) -> Iterator[uuid.UUID]:
    """Under what a visit stands in the ledger, where nothing is entered twice: its public id, and one
    more for each time that it was booked again."""
    yield visit.public_id
    yield from (key_of("booked again", visit.public_id, time) for time in count(1))


def _booked_causes(visit, entitlement) -> set[uuid.UUID]:
    booked = AllowanceEntry.objects.filter(entitlement=entitlement, kind=Kind.BOOKED)
    return set(booked.values_list("subject", flat=True))


def _cause(visit, entitlement) -> uuid.UUID:
    """The one that it was booked under last."""
    booked = _booked_causes(visit, entitlement)
    return [visit.public_id, *takewhile(booked.__contains__, _causes(visit))][-1]


def _enter(visit, entitlement, kind, by, now, reason="", cause=None):
    if entitlement is None:
        return
    entry = AllowanceEntry(
        entitlement_id=entitlement,
        kind=kind,
        quantity=1,
        at=now,
        by=by,
        reason=reason[:200],
        subject=cause or _cause(visit, entitlement),
    )
    AllowanceEntry.objects.bulk_create([entry], ignore_conflicts=True)
