"""A customer asked to be rung, or to hear: a duty, and a promise with an owner and a time (R6.1).

The duty stands among the calls owed to customers. The promise belongs to it and ends with it, kept by
whoever rang; past its time the clock breaks it, as every other.
"""

import datetime as dt
import uuid

from django.db import transaction
from django.db.models import Count, Q

from cases.duties import close_duty, open_duty
from cases.models import Case, Duty, Promise
from cases.presence import away_at
from cases.promising import break_promise, keep_promise, make_promise, release_promise
from customers.models import Customer
from tenancy.models import Membership, Role

Kind = Duty.Kind


@transaction.atomic
def ask_for_call(
    customer: Customer,
    subject: uuid.UUID,
    *,
    about: str,
    due_at: dt.datetime,
    now: dt.datetime,
    expects: str = "",
    case: Case | None = None,
) -> Duty:
    """Somebody rings the customer about the subject (a public id) by `due_at`.

    Asked again while the call is owed it is the same call, at the same time. `expects` is the time as
    the customer chose it, in words, where it is more than an end.
    """
    asked = Duty.objects.filter(subject=subject, kind=Kind.CALL_CUSTOMER)
    owner = who_rings(case=case, now=now, due_at=due_at)
    duty = open_duty(
        "ring me",
        subject,
        asked.filter(closed_at__isnull=False).count(),
        kind=Kind.CALL_CUSTOMER,
        title=f"Ring {customer}: they asked on their page",
        detail=". ".join(filter(None, (f"About {about}", expects and f"They chose {expects}"))),
        due_at=due_at,
        now=now,
        owner=owner,
        owner_role=Role.DISPATCHER,
        customer=customer,
        case=case,
        subject=subject,
    )
    promise_with(duty, text=f"Ring them about {about}", now=now, expects=expects)
    return duty


@transaction.atomic
def promise_with(duty: Duty, *, text: str, now: dt.datetime, expects: str = "") -> Promise:
    """Promise the customer, by its time, what a duty is for, as their page says it: once for each duty.

    A call back where somebody rings, else an answer. Its keeper is who has the duty. Raises ValueError
    for a duty that is due already.
    """
    # Two presses at once wait here for each other.
    Duty.objects.select_for_update(of=("self",), no_key=True).get(pk=duty.pk)
    is_call = duty.kind == Kind.CALL_CUSTOMER
    return promise_of(duty) or make_promise(
        customer=duty.customer,
        kind=Promise.Kind.CALL_BACK if is_call else Promise.Kind.ANSWER,
        text=text[:300],
        due_at=duty.due_at,
        owner=duty.owner or who_rings(case=duty.case, now=now, due_at=duty.due_at),
        by=None,
        now=now,
        case=duty.case,
        expects=expects[:300],
        subject=duty.public_id,
    )


def promise_of(duty: Duty) -> Promise | None:
    """What the customer was promised with a duty, if anything."""
    return Promise.objects.filter(subject=duty.public_id, kind__in=Promise.OF_DUTIES).first()


def keep_with_duties(
    subject: uuid.UUID, *kinds: str, by: Membership, now: dt.datetime, evidence: str
) -> None:
    """What was due about the subject was done: what was promised with it is kept, or kept too late."""
    for duty in Duty.objects.open().filter(subject=subject, kind__in=kinds):
        keep_asked_call(duty, by=by, now=now, evidence=evidence)


def release_with_duties(subject: uuid.UUID, *kinds: str, now: dt.datetime, evidence: str) -> None:
    """The customer needs it no longer: the duties about the subject end, and what was promised with them.

    Past its time it is broken all the same.
    """
    for duty in Duty.objects.open().filter(subject=subject, kind__in=kinds):
        promise = promise_of(duty)
        if promise is not None and now > promise.due_at:
            break_promise(promise, now=now, evidence=f"Not kept by its time: {evidence}")
        elif promise is not None:
            release_promise(promise, now=now, evidence=evidence)
        close_duty(duty, by=None, now=now, outcome=evidence)


def keep_asked_calls(subject: uuid.UUID, *, by: Membership, now: dt.datetime, evidence: str) -> None:
    """They were spoken to about the subject: what was promised with every call that is owed is kept."""
    keep_with_duties(subject, Kind.CALL_CUSTOMER, by=by, now=now, evidence=evidence)


def keep_asked_call(duty: Duty, *, by: Membership, now: dt.datetime, evidence: str) -> None:
    """It was done: what was promised with this duty, if anything, is kept, or kept too late."""
    promise = promise_of(duty)
    if promise is not None:
        keep_promise(promise, by=by, now=now, evidence=evidence)


def who_rings(*, case: Case | None, now: dt.datetime, due_at: dt.datetime) -> Membership | None:
    """Who keeps the promise: the case's owner, else a dispatcher, else a manager, who is here until then.

    Of several the one with the fewest open promises. None where nobody is here: the clock hands it on.
    """
    is_open = Q(promises__state=Promise.State.OPEN)
    staff = Membership.objects.filter(role__in=(Role.DISPATCHER, Role.MANAGER), ended_at__isnull=True)
    ranked = sorted(
        staff.select_related("user").annotate(has=Count("promises", filter=is_open)),
        key=lambda one: (one.role != Role.DISPATCHER, one.has, one.pk),
    )
    owner = case.owner if case is not None and case.state != Case.State.CLOSED else None
    wanted = [one for one in (owner, *ranked) if one is not None and one.ended_at is None]
    away = away_at(wanted, start=now, end=due_at)
    return next((one for one in wanted if one.pk not in away), None)
