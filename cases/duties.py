"""Opening and closing duties: what a colleague must do by a time."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from cases.models import Case, Duty
from customers.models import Customer
from messaging.keys import key_of
from tenancy.models import Membership


@dataclass(frozen=True)
class OverdueDuties:
    """How many are open past their due time, and of them those that no person owns, only a role."""

    count: int
    of_nobody: int


def open_duty(
    *cause,
    kind: str,
    title: str,
    due_at: dt.datetime,
    now: dt.datetime,
    owner_role: str,
    owner=None,
    customer: Customer | None = None,
    case: Case | None = None,
    subject: uuid.UUID | None = None,
    detail: str = "",
) -> Duty:
    """Open a duty for a cause (a kind of event and what it is about); the same cause has one only."""
    key = key_of("duty", *cause)
    Duty.objects.bulk_create(
        [
            Duty(
                key=key,
                kind=kind,
                title=title[:200],
                detail=detail,
                due_at=due_at,
                opened_at=now,
                owner_role=owner_role,
                owner=owner,
                customer=customer,
                case=case,
                subject=subject,
            )
        ],
        ignore_conflicts=True,
    )
    return Duty.objects.get(key=key)


def open_case_duty(case: Case, event: str, *more, **fields) -> Duty:
    """Open a duty for an event of a case; the same event has one only, unless `more` tells it apart.

    The fields are those of `open_duty`; it is found with the case and with its customer.
    """
    return open_duty(event, case.public_id, *more, **about_case(case), **fields)


def about_case(case: Case) -> dict:
    """The fields by which a duty is found with a case and with its customer."""
    return {"customer": case.customer, "case": case, "subject": case.public_id}


def open_duties(duties: Iterable[Duty]) -> int:
    """Open many duties (unsaved, with their keys) at once; how many are new: two statements."""
    wanted = {duty.key: duty for duty in duties}
    known = set(Duty.objects.filter(key__in=wanted).values_list("key", flat=True))
    new = [duty for key, duty in wanted.items() if key not in known]
    Duty.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def close_duty(duty: Duty, *, by, now: dt.datetime, outcome: str) -> Duty:
    """Close a duty with what came of it; closing twice keeps the first.

    Raises ValueError without an outcome.
    """
    if not outcome.strip():
        raise ValueError("Say what came of it: a duty closes only with an outcome.")
    Duty.objects.filter(pk=duty.pk, closed_at__isnull=True).update(
        closed_at=now, closed_by=by, outcome=outcome.strip()[:300]
    )
    duty.refresh_from_db()
    return duty


def close_duties_about(subject: uuid.UUID, *kinds: str, by, now: dt.datetime, outcome: str) -> int:
    """Close every open duty of some kinds about one thing; how many were.

    Without kinds all but a call: whoever asked to be rung is rung, whatever became of the thing.
    """
    about = Duty.objects.open().filter(subject=subject)
    about = about.filter(kind__in=kinds) if kinds else about.exclude(kind=Duty.Kind.CALL_CUSTOMER)
    return about.update(closed_at=now, closed_by=by, outcome=outcome[:300])


def overdue_duties(*, now: dt.datetime) -> OverdueDuties:
    """The active desk's duties that are open past their due time."""
    # Whoever works here no more does nothing.
    nobodys = Q(owner__isnull=True) | Q(owner__ended_at__isnull=False)
    overdue = Duty.objects.open().filter(due_at__lt=now)
    return OverdueDuties(**overdue.aggregate(count=Count("pk"), of_nobody=Count("pk", filter=nobodys)))


def owns_duty(member: Membership, id: uuid.UUID) -> bool:
    """Whether a duty (its public id) is a person's own, whatever their role: one query."""
    return Duty.objects.filter(public_id=id, owner=member).exists()
