"""Making, keeping and breaking promises (R4.1, R6.1, R6.2). A settled one is settled for good."""

import datetime as dt
import uuid

from cases.escalating import escalate_if_due
from cases.models import Case, Promise
from customers.models import Customer, TimelineEntry
from customers.timeline import add_line


def make_promise(
    *,
    customer: Customer,
    kind: str,
    text: str,
    due_at: dt.datetime,
    owner,
    by,
    now: dt.datetime,
    case: Case | None = None,
    expects: str = "",
    subject: uuid.UUID | None = None,
    tell_timeline: bool = True,
) -> Promise:
    """Record something told to a customer with a time on it. Raises ValueError when it lies in the past."""
    if due_at <= now:
        raise ValueError("A promise is for a time to come. Choose a later time.")
    promise = Promise.objects.create(
        customer=customer,
        kind=kind,
        text=text,
        due_at=due_at,
        owner=owner,
        made_by=by,
        made_at=now,
        case=case,
        expects=expects,
        subject=subject,
    )
    if tell_timeline:
        _tell(promise, "made", f"Promised: {text}", at=now, actor=by)
    return promise


def keep_promise(promise: Promise, *, by, now: dt.datetime, evidence: str) -> Promise:
    """Settle an open promise as kept, or kept late when it was agreed anew. Past due it is broken."""
    if now > promise.due_at:
        return break_promise(promise, now=now, evidence=f"Done too late: {evidence}", by=by)
    late = promise.renegotiated_at is not None
    return _settle(promise, Promise.State.KEPT_LATE if late else Promise.State.KEPT, now, evidence, by)


def break_promise(promise: Promise, *, now: dt.datetime, evidence: str, by=None) -> Promise:
    """Settle an open promise as broken, for good."""
    return _settle(promise, Promise.State.BROKEN, now, evidence, by)


def release_promise(promise: Promise, *, now: dt.datetime, evidence: str, by=None) -> Promise:
    """The customer needs it no longer: neither kept nor broken."""
    return _settle(promise, Promise.State.RELEASED, now, evidence, by)


def agree_anew(promise: Promise, *, due_at: dt.datetime, by, now: dt.datetime) -> Promise:
    """Move an open promise, agreed with the customer before it is due; it can be kept late only.

    Raises ValueError once it is settled or due: then it is broken, whatever is agreed after.
    """
    changed = Promise.objects.filter(pk=promise.pk, state=Promise.State.OPEN, due_at__gt=now).update(
        due_at=due_at, renegotiated_at=now
    )
    if not changed:
        raise ValueError("This promise is due or settled already. Make a new one.")
    promise.refresh_from_db()
    _tell(promise, f"moved {now.isoformat()}", f"Promise moved: {promise.text}", at=now, actor=by)
    return promise


def _settle(promise, state, now, evidence, by):
    """A conditional update: whoever settles first wins, a repeat changes nothing."""
    changed = Promise.objects.filter(pk=promise.pk, state=Promise.State.OPEN).update(
        state=state, settled_at=now, evidence=evidence[:300]
    )
    promise.refresh_from_db()
    if changed and state == Promise.State.BROKEN:
        _tell(promise, "broken", f"Promise broken: {promise.text}", at=now, actor=by, detail=evidence)
        if promise.case is not None:
            escalate_if_due(promise.case, now=now)
    return promise


def _tell(promise, step, title, *, at, actor, detail=""):
    add_line(
        promise.customer,
        TimelineEntry.Kind.PROMISE,
        title,
        at=at,
        detail=detail,
        actor=actor,
        subject=promise.public_id,
        step=step[:40],
    )
