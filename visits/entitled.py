"""The granted visits of a running term that nobody has used or booked yet (R3.1)."""

import datetime as dt

from django.db.models import Count, Q

from contracts.cover import Cover
from contracts.models import AllowanceEntry, Entitlement
from visits.models import Visit


def unused_visit(covers: list[Cover]) -> tuple[Entitlement, Cover] | None:
    """The entitlement with a visit left that is neither done nor booked, and its cover: one query.

    `covers` are a customer's or machine's, best first.
    """
    running = {c.contract.running_term: c for c in covers if c.is_covered and c.visits_left}
    granted = Entitlement.objects.filter(
        term_id__in=[term for term in running if term], kind=Entitlement.Kind.VISITS
    ).annotate(waiting=Count("visits", filter=Q(visits__state__in=[*Visit.WAITING_STATES, "on site"])))
    free = {e.term_id: e for e in granted if running[e.term_id].visits_left > e.waiting}
    return next(((free[term], cover) for term, cover in running.items() if term in free), None)


def book_allowance(visit: Visit, *, by, now: dt.datetime) -> None:
    """Note in the ledger that the visit is booked on its entitlement; only *done* will use it up."""
    _enter(visit, AllowanceEntry.Kind.BOOKED, by, now, "")


def release_allowance(visit: Visit, *, by, now: dt.datetime, because: str) -> None:
    """Note that the booking holds nothing any more."""
    _enter(visit, AllowanceEntry.Kind.RELEASED, by, now, because)


def _enter(visit, kind, by, now, reason):
    if visit.entitlement_id is None:
        return
    entry = AllowanceEntry(
        entitlement_id=visit.entitlement_id,
        kind=kind,
        quantity=1,
        at=now,
        by=by,
        reason=reason,
        subject=visit.public_id,
    )
    AllowanceEntry.objects.bulk_create([entry], ignore_conflicts=True)
