"""A supervisor's word on a third appointment: approved, the customer hears; declined, it is off (R4.6)."""

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet

from cases.duties import close_duties_about
from cases.models import Duty
from customers.models import TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import calendar_of, local_time, zone_of
from tenancy.models import Membership, Role
from visits.announcements import plan_visit_messages
from visits.commitments import make_promises
from visits.models import Visit
from visits.outcomes import OutcomeRefused, Whose, cancel_visit
from visits.places import changed_by, who_changed
from visits.sweeper import catch_up_first
from visits.visit_duties import open_visit_duty

RING_WITHIN = dt.timedelta(hours=1)


class ApprovalRefused(ValueError):
    """It cannot be decided so; the text says why."""


def waiting_for_approval() -> QuerySet[Visit]:
    """The third appointments on which a supervisor has yet to decide."""
    return Visit.objects.waiting().filter(approval_asked_at__isnull=False, approved_at__isnull=True)


def approve_visit(visit: Visit, *, by: Membership, now: dt.datetime, version: int) -> Visit:
    """Approve it as it was read, at `version`: from here on it is promised and told like any other.

    Approving twice counts once. Raises ApprovalRefused for anybody but a manager, for a visit that
    nobody waits for any more, and for one that somebody else decided on or changed meanwhile.
    """
    version = catch_up_first(visit, now=now, version=version)
    with transaction.atomic():
        visit = _locked(visit, by)
        if visit.approved_at is not None and visit.approved_by_id == by.pk:
            return visit
        _check_it_is_as_read(visit, version)
        visit.approved_at, visit.approved_by = now, by
        visit.version += 1
        visit.changed_at = now
        visit.save(update_fields=["approved_at", "approved_by", "version", "changed_at"])
        make_promises(visit, by=by, now=now)
        plan_visit_messages(visit, "booked", now=now)
        close_duties_about(
            visit.public_id, Duty.Kind.APPROVE_VISIT, by=by, now=now, outcome=f"Approved by {by.name}"
        )
        add_line(
            visit.customer,
            TimelineEntry.Kind.VISIT,
            f"Visit {visit.number} approved",
            at=now,
            actor=by,
            subject=visit.public_id,
            step="approved",
        )
    return visit


def decline_visit(visit: Visit, *, because: str, by: Membership, now: dt.datetime, version: int) -> Visit:
    """Decline it as it was read: cancelled by us. No message told the customer of it, and none takes it back.

    But whoever booked it spoke to them: a call is owed, with another time, within one business hour.
    Raises ApprovalRefused as `approve_visit` does, without a reason, and where it cannot be cancelled.
    """
    if not because.strip():
        raise ApprovalRefused("Say why.")
    version = catch_up_first(visit, now=now, version=version)
    with transaction.atomic():
        _check_it_is_as_read(_locked(visit, by), version)
        try:
            visit = cancel_visit(
                visit, whose=Whose.US, because=f"Not approved: {because}", by=by, now=now, version=version
            )
        except OutcomeRefused as refused:
            raise ApprovalRefused(str(refused)) from refused
        open_visit_duty(
            visit,
            "visit declined",
            kind=Duty.Kind.CALL_CUSTOMER,
            title=f"Ring {visit.customer} with another time: visit {visit.number} was not approved",
            detail=because.strip(),
            due_at=calendar_of(visit.tenant).due_after(now, RING_WITHIN),
            now=now,
            owner=visit.booked_by,
        )
    return visit


def _locked(visit, by) -> Visit:
    if by.role != Role.MANAGER:
        raise ApprovalRefused("A third appointment is approved by a manager.")
    return Visit.objects.select_for_update().get(pk=visit.pk)


def _check_it_is_as_read(visit, version):
    """It still waits for a word, and nobody has changed it since."""
    if visit.approval_asked_at is None:
        raise ApprovalRefused("This visit needs no approval.")
    if visit.approved_at is not None:
        clock = local_time(visit.approved_at, zone_of(visit.tenant))
        raise ApprovalRefused(f"{visit.approved_by.name} approved this visit at {clock:%H:%M}.")
    if visit.state not in Visit.WAITING_STATES:
        who = changed_by(visit)
        by_whom = f", by {who.name}" if who else ""
        raise ApprovalRefused(f"This visit is {visit.get_state_display().lower()} already{by_whom}.")
    if visit.version != version:
        raise ApprovalRefused(who_changed(visit))
