"""What a visit promises the customer: to come in the window, to confirm, to ring ahead (R4.1).

"Before" counts from the planned arrival. A promise whose time lies already in the past when the
visit is booked is not made: nobody was told it.
"""

import datetime as dt

from django.db.models import Q

from cases.models import Promise
from cases.promising import (
    agree_anew,
    break_promise,
    make_promise,
    release_promise,
)
from cases.promising import (
    keep_promise as settle_as_kept,
)
from visits.models import Visit, VisitPromise
from visits.places import crews_of


def due_times(visit: Visit) -> dict[str, dt.datetime]:
    """When each promise of a visit falls due, by its kind."""
    desk = visit.tenant
    return {
        Promise.Kind.WINDOW: visit.window_end,
        Promise.Kind.CONFIRMATION: visit.planned_start - dt.timedelta(minutes=desk.confirmation_minutes),
        Promise.Kind.CALL_AHEAD: visit.planned_start - dt.timedelta(minutes=desk.call_ahead_minutes),
    }


def make_promises(visit: Visit, *, by, now: dt.datetime) -> list[Promise]:
    """Make the promises of a newly booked visit, in the transaction of its booking.

    What still waits for a supervisor's approval promises nothing: it is promised when it is approved.
    """
    if visit.awaits_approval:
        return []
    technician = _technician_of(visit)
    return [
        _make(visit, kind, due_at, technician, by=by, now=now)
        for kind, due_at in due_times(visit).items()
        if due_at > now
    ]


def renew_promises(
    visit: Visit, *, by, now: dt.datetime, agreed_by_customer: bool, told: bool = True
) -> None:
    """After a move: what was promised for the old time ends, the new time is promised.

    By the customer's wish the old promises are released. Ours, told before it was due, is agreed
    anew and can only be kept late (R6.2). What is past due stays broken. Where nobody is `told`, the
    window stands and nothing was agreed anew: only when to ring and to confirm follow the new start.
    """
    if visit.awaits_approval:
        return
    open_ones = {p.kind: p for p in open_promises(visit)}
    technician = _technician_of(visit)
    for kind, due_at in due_times(visit).items():
        promise = open_ones.get(kind)
        if promise is not None and promise.due_at <= now:
            break_promise(promise, now=now, evidence="Moved only after it was due", by=by)
            promise = None
        if promise is not None and due_at > now and not agreed_by_customer:
            if told:
                agree_anew(promise, due_at=due_at, by=by, now=now)
            Promise.objects.filter(pk=promise.pk).update(
                due_at=due_at, text=_text(visit, kind, technician), owner=_owner(technician, by)
            )
            continue
        if promise is not None:
            agreed, no_time = "Moved with the customer's yes", "Moved; there is no time left for it"
            because = agreed if agreed_by_customer else no_time
            release_promise(promise, now=now, evidence=because, by=by)
        if due_at > now and (told or agreed_by_customer):
            _make(visit, kind, due_at, technician, by=by, now=now)
    if agreed_by_customer:
        # Their yes to the new time is the confirmation.
        keep_promise(visit, Promise.Kind.CONFIRMATION, now=now, evidence="Agreed to the new time", by=by)


def reword_promises(visit: Visit, *, by) -> None:
    """Another technician at the same time: the open promises name, and are owned by, who comes now."""
    technician = _technician_of(visit)
    for promise in open_promises(visit):
        Promise.objects.filter(pk=promise.pk).update(
            text=_text(visit, promise.kind, technician), owner=_owner(technician, by)
        )


def release_promises(visit: Visit, *, now: dt.datetime, because: str, by=None) -> None:
    """Nobody waits for the visit any more: what was due and not kept is broken, the rest needed no more."""
    for promise in open_promises(visit):
        if promise.due_at < now:
            break_promise(promise, now=now, evidence="Not kept by its time", by=by)
            continue
        release_promise(promise, now=now, evidence=because, by=by)


def keep_promise(visit: Visit, kind: str, *, now: dt.datetime, evidence: str, by=None) -> Promise | None:
    """Settle the visit's open promise of a kind as kept; past due it is broken. None: it had none."""
    promise = open_promises(visit).filter(kind=kind).first()
    return promise and settle_as_kept(promise, by=by, now=now, evidence=evidence)


def keep_promised_visit(visit: Visit, *, now: dt.datetime, by) -> int:
    """A done visit keeps the "new visit" that was promised before it, of its case or of none; how many.

    One that was promised at this very visit is for the next one.
    """
    promised = Promise.objects.open().filter(
        Q(case__isnull=True) | Q(case=visit.case_id),
        customer=visit.customer_id,
        kind=Promise.Kind.VISIT,
        made_at__lt=visit.arrived_at,
    )
    kept = [
        settle_as_kept(promise, by=by, now=now, evidence=f"Visit {visit.number} done")
        for promise in promised.order_by("pk")
    ]
    return len(kept)


def break_promises(visit: Visit, *kinds: str, now: dt.datetime, evidence: str) -> int:
    """Settle the visit's open promises of some kinds as broken; how many were."""
    broken = [
        break_promise(promise, now=now, evidence=evidence)
        for promise in open_promises(visit).filter(kind__in=kinds)
    ]
    return len(broken)


def open_promises(visit: Visit):
    """The promises of a visit that are neither kept nor broken, in the order of locks (`visits.locks`)."""
    return Promise.objects.open().filter(of_visit__visit=visit).order_by("pk")


def _make(visit, kind, due_at, technician, *, by, now) -> Promise:
    promise = make_promise(
        customer=visit.customer,
        kind=kind,
        text=_text(visit, kind, technician),
        due_at=due_at,
        owner=_owner(technician, by),
        by=by,
        now=now,
        case=visit.case,
        subject=visit.public_id,
        # The booking itself stands on the time line; its promises are part of it.
        tell_timeline=False,
    )
    VisitPromise.objects.create(visit=visit, promise=promise)
    return promise


def _technician_of(visit):
    return next(iter(crews_of([visit.pk])[visit.pk]), None)


def _owner(technician, by):
    """The technician's person where there is one, else whoever booked."""
    return (technician and technician.membership) or by


def _text(visit, kind, technician) -> str:
    who = technician.first_name if technician else "Somebody"
    told = f"{visit.told_day.day} {visit.told_day:%B}, {visit.told_from:%H:%M} to {visit.told_until:%H:%M}"
    return {
        Promise.Kind.WINDOW: f"{who} will be there on {told}",
        Promise.Kind.CONFIRMATION: f"We confirm the visit of {told} the day before",
        Promise.Kind.CALL_AHEAD: f"{who} will ring before coming on {told}",
    }[kind]
