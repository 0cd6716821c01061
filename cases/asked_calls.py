"""A customer asked to be rung: a call that is owed, and a promise with an owner and a time (R6.1).

The call stands among those owed to customers. The promise belongs to it and ends with it, kept by
whoever rang; past its time the clock breaks it, as every other.
"""

import datetime as dt
import uuid

from django.db import transaction
from django.db.models import Count, Q

from cases.duties import open_duty
from cases.models import Case, Duty, Promise
from cases.presence import away_at
from cases.promising import keep_promise, make_promise
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
    # Two presses at once wait here for each other.
    Duty.objects.select_for_update(of=("self",), no_key=True).get(pk=duty.pk)
    if not Promise.objects.filter(subject=duty.public_id, kind=Promise.Kind.CALL_BACK).exists():
        make_promise(
            customer=customer,
            kind=Promise.Kind.CALL_BACK,
            text=f"Ring them about {about}"[:300],
            due_at=duty.due_at,
            owner=owner,
            by=None,
            now=now,
            case=case,
            expects=expects[:300],
            subject=duty.public_id,
        )
    return duty


def promise_of(duty: Duty) -> Promise | None:
    """What the customer was promised by a call that they asked for."""
    return Promise.objects.filter(subject=duty.public_id, kind=Promise.Kind.CALL_BACK).first()


def keep_asked_calls(subject: uuid.UUID, *, by: Membership, now: dt.datetime, evidence: str) -> None:
    """They were spoken to about the subject: what was promised with every call that is owed is kept."""
    for duty in Duty.objects.open().filter(subject=subject, kind=Kind.CALL_CUSTOMER):
        keep_asked_call(duty, by=by, now=now, evidence=evidence)


def keep_asked_call(duty: Duty, *, by: Membership, now: dt.datetime, evidence: str) -> None:
    """They were rung: what was promised with this call, if anything, is kept, or kept too late."""
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
