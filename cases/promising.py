"""Making, keeping and breaking promises (R4.1, R6.1, R6.2). A settled one is settled for good."""

import datetime as dt
import uuid

from django.db import transaction

from cases.escalating import escalate_if_due
from cases.models import Case, Duty, Promise
from cases.promise_breaks import tell_lead
from cases.promise_reminders import plan_reminders
from customers.models import Customer, TimelineEntry
from customers.timeline import add_line
from messaging.webhook_events import Happened, Kind, tell_programs

# How a settled promise is told: the step of its line, and what it says.
SETTLED = {
    Promise.State.KEPT: ("kept", "Promise kept"),
    Promise.State.KEPT_LATE: ("kept", "Promise kept late"),
    Promise.State.BROKEN: ("broken", "Promise broken"),
    Promise.State.RELEASED: ("released", "Promise needed no longer"),
}


class SettledMeanwhile(Exception):
    """Somebody else settled, moved or handed on this promise first; `promise` is as it is now."""

    def __init__(self, promise: Promise):
        by = f" by {promise.settled_by.name}" if promise.settled_by else ""
        if promise.state == Promise.State.OPEN:
            said = f"It was changed meanwhile: {promise.owner.name if promise.owner else 'nobody'} has it."
        else:
            said = (
                f"It was settled meanwhile{by}, as {promise.get_state_display().lower()}: {promise.evidence}"
            )
        super().__init__(said)
        self.promise = promise


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
    """Record something told to a customer with a time on it, and plan reminding whoever keeps it.

    Raises ValueError when it lies in the past.
    """
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
        step_of_promise(promise, "made", f"Promised: {text}", at=now, actor=by)
    plan_reminders(promise, now=now)
    return promise


def keep_promise(promise: Promise, *, by, now: dt.datetime, evidence: str) -> Promise:
    """Settle an open promise as kept, or kept late when it was agreed anew. Past due it is broken."""
    _keep(promise, by=by, now=now, evidence=evidence)
    return promise


def keep_by_hand(promise: Promise, *, by, now: dt.datetime, evidence: str) -> Promise:
    """Keep it as a colleague who must know when another came first: raises SettledMeanwhile.

    Raises ValueError without a word on what came of it.
    """
    if not evidence.strip():
        raise ValueError("Say what came of it.")
    if not _keep(promise, by=by, now=now, evidence=evidence.strip()):
        raise SettledMeanwhile(promise)
    return promise


def release_by_hand(promise: Promise, *, by, now: dt.datetime, evidence: str) -> Promise:
    """The customer needs it no longer, as a colleague says: past due it is broken all the same.

    Raises SettledMeanwhile, and ValueError without their words.
    """
    if not evidence.strip():
        raise ValueError("Say what the customer said.")
    if now > promise.due_at:
        done = _settle(promise, Promise.State.BROKEN, now, f"Not kept by its time: {evidence.strip()}", by)
    else:
        done = _settle(promise, Promise.State.RELEASED, now, evidence.strip(), by)
    if not done:
        raise SettledMeanwhile(promise)
    return promise


def break_promise(promise: Promise, *, now: dt.datetime, evidence: str, by=None) -> Promise:
    """Settle an open promise as broken, for good."""
    _settle(promise, Promise.State.BROKEN, now, evidence, by)
    return promise


def release_promise(promise: Promise, *, now: dt.datetime, evidence: str, by=None) -> Promise:
    """The customer needs it no longer: neither kept nor broken."""
    _settle(promise, Promise.State.RELEASED, now, evidence, by)
    return promise


def agree_anew(promise: Promise, *, due_at: dt.datetime, by, now: dt.datetime) -> Promise:
    """Move an open promise, agreed with the customer before it is due; it can be kept late only.

    Raises ValueError once it is settled or due (then it is broken, whatever is agreed after), and where
    somebody moved it since the caller looked.
    """
    open_ones = Promise.objects.filter(pk=promise.pk, state=Promise.State.OPEN, due_at__gt=now)
    if not open_ones.filter(due_at=promise.due_at).update(due_at=due_at, renegotiated_at=now):
        if open_ones.exists():
            raise ValueError("Somebody moved this promise meanwhile. Look at it again.")
        raise ValueError("This promise is due or settled already. Make a new one.")
    promise.refresh_from_db()
    step_of_promise(promise, f"moved {now.isoformat()}", f"Promise moved: {promise.text}", at=now, actor=by)
    plan_reminders(promise, now=now)
    return promise


def step_of_promise(promise: Promise, step: str, title: str, *, at: dt.datetime, actor, detail: str = ""):
    """One step of a promise as a line of the customer's time line."""
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


def _keep(promise, *, by, now, evidence) -> bool:
    if now > promise.due_at:
        return _settle(promise, Promise.State.BROKEN, now, f"Done too late: {evidence}", by)
    late = promise.renegotiated_at is not None
    state = Promise.State.KEPT_LATE if late else Promise.State.KEPT
    # One that was moved meanwhile is not judged by its old time.
    return _settle(promise, state, now, evidence, by, due_at=promise.due_at)


@transaction.atomic
def _settle(promise, state, now, evidence, by, **still) -> bool:
    """A conditional update: whoever settles first wins, a repeat changes nothing. Whether it was first."""
    same = Promise.objects.filter(pk=promise.pk, state=Promise.State.OPEN, **still)
    changed = same.update(state=state, settled_at=now, settled_by=by, evidence=evidence[:300])
    promise.refresh_from_db()
    if changed:
        _tell_timeline(promise, at=now, actor=by)
    if changed and promise.kind in Promise.OF_DUTIES and state != Promise.State.BROKEN:
        _close_duty(promise, by=by, now=now)
    if changed and state == Promise.State.BROKEN:
        tell_lead(promise, now=now)
        _tell_programs(promise, now=now)
        if promise.case is not None:
            escalate_if_due(promise.case, now=now)
    return bool(changed)


def _tell_programs(promise, *, now):
    """One of an older program's history is no event."""
    if promise.is_imported:
        return
    data = {
        "promise": str(promise.public_id),
        "customer": str(promise.customer.public_id),
        "kind": promise.kind,
        "text": promise.text,
        "due_at": promise.due_at.isoformat(),
        "evidence": promise.evidence,
    }
    tell_programs(Happened(Kind.PROMISE_BROKEN, promise.public_id, now, data))


def _close_duty(promise, *, by, now):
    """The call or the answer that the customer was to have is owed no longer."""
    if promise.subject is not None:
        Duty.objects.open().filter(public_id=promise.subject).update(
            closed_at=now, closed_by=by, outcome=promise.evidence
        )


def _tell_timeline(promise, *, at, actor):
    """How it ended. What a visit promised and kept stands there as the visit's own steps."""
    if promise.kind in Promise.OF_VISITS and promise.state != Promise.State.BROKEN:
        return
    step, said = SETTLED[promise.state]
    step_of_promise(promise, step, f"{said}: {promise.text}", at=at, actor=actor, detail=promise.evidence)
