"""Undoing a cancelling while nobody has been told: the visit stands as before, if its place is free."""

import datetime as dt

from django.db import transaction

from cases.models import Duty, Promise
from contracts.disposing import NothingLeft
from customers.models import TimelineEntry
from messaging import outbox
from messaging.models import Message
from tenancy.models import Membership
from visits.entitled import book_allowance_again
from visits.maintenance import follow_visit
from visits.models import Visit
from visits.outcomes import CANCELLED_WITH_IT, OutcomeRefused
from visits.places import UNDO_TIME, TooLateToUndo, crews_of, hold_technicians, hold_visits, place_is_free
from visits.snapshots import LEFT
from visits.visit_lines import add_visit_line

State = Visit.State
CANCELLED = (State.CANCELLED_BY_US, State.CANCELLED_BY_CUSTOMER)
UNDONE = "The cancelling was undone."
TOO_LATE = "Two minutes are over, and the customer is told: book a new visit."


def restore_visit(visit: Visit, *, by: Membership, now: dt.datetime) -> Visit:
    """Take back a cancelling of the last two minutes; the customer hears nothing. Twice changes nothing.

    Raises TooLateToUndo afterwards, PlaceTaken when another visit has its time, and OutcomeRefused for
    a visit that was not cancelled by the desk or whose paid visit is booked otherwise.
    """
    with transaction.atomic():
        crew = crews_of([visit.pk])[visit.pk]
        hold_technicians(who.pk for who in crew)
        visit = hold_visits([visit.pk])[visit.pk]
        if visit.state in Visit.WAITING_STATES:
            return visit
        _check(visit, now)
        # Who waited for somebody's cancelling, or has a slower clock, undoes it no sooner than it was done.
        now = max(now, visit.changed_at)
        cancelled_at, said = visit.changed_at, f"{visit.get_state_display()}: {visit.ended_because}"
        _stand_again(visit, crew, now)
        _promise_again(visit, cancelled_at)
        try:
            book_allowance_again(visit, by=by, now=now)
        except NothingLeft as gone:
            raise OutcomeRefused(str(gone)) from gone
        follow_visit(visit, by=by, now=now)
        outbox.call_off(visit.public_id, because=UNDONE, now=now, kinds=["cancelled"])
        stopped = _messages(visit).filter(reason=CANCELLED_WITH_IT)
        outbox.plan_again(stopped.values_list("pk", flat=True), now=now)
        duties = Duty.objects.filter(subject=visit.public_id)
        # To ring about it, first of all.
        duties.open().filter(opened_at=cancelled_at).update(closed_at=now, closed_by=by, outcome=UNDONE)
        closed = duties.filter(closed_at=cancelled_at, outcome=said[:300])
        closed.update(closed_at=None, closed_by=None, outcome="")
        add_visit_line(
            visit,
            f"Cancelling undone: visit {visit.number} stands as before",
            now=now,
            by=by,
            step=f"restored {visit.version}",
        )
    return visit


def can_restore(visit: Visit, *, now: dt.datetime) -> bool:
    """Whether the desk may still take a cancelling of its own back: one query within the two minutes."""
    is_in_time = visit.state in CANCELLED and now < visit.changed_at + UNDO_TIME
    return is_in_time and not visit.was_undone and not visit.is_history and _is_of_desk(visit)


def _messages(visit):
    return Message.objects.filter(subject=visit.public_id)


def _is_of_desk(visit) -> bool:
    """Whether somebody at the desk cancelled it, and not the customer on their page."""
    lines = TimelineEntry.objects.filter(subject=visit.public_id, step=f"cancelled {visit.version}")
    return lines.filter(actor__isnull=False).exists()


def _check(visit, now):
    if visit.state not in CANCELLED or visit.was_undone or visit.is_history:
        raise OutcomeRefused(f"This visit is {visit.get_state_display().lower()}: it cannot be restored.")
    if not _is_of_desk(visit):
        raise OutcomeRefused("The customer cancelled it. Book a new visit when they want one.")
    if now >= visit.changed_at + UNDO_TIME:
        raise TooLateToUndo(TOO_LATE)
    told = _messages(visit).filter(kind="cancelled", planned_at__gte=visit.changed_at)
    if told.filter(state__in=LEFT).exists():
        raise TooLateToUndo(TOO_LATE)


def _stand_again(visit, crew, now):
    """In the state that it had: the last one in its history in which somebody waited for it."""
    waited = visit.history.filter(state__in=Visit.WAITING_STATES).order_by("-pgh_created_at", "-pk")
    visit.state = waited.values_list("state", flat=True).first() or State.BOOKED
    visit.ended_because = ""
    visit.version, visit.changed_at = visit.version + 1, now
    names = " or ".join(who.first_name for who in crew)
    with place_is_free(lambda: f"{names} has another visit then. Book a new time."):
        visit.save(update_fields=["state", "ended_because", "version", "changed_at"])


def _promise_again(visit, cancelled_at):
    """What the cancelling settled is open again, as if nothing had been said; the database allows it here."""
    settled = Promise.objects.filter(
        of_visit__visit=visit,
        settled_at=cancelled_at,
        due_at__gte=cancelled_at,
        state__in=[Promise.State.RELEASED, Promise.State.BROKEN],
    )
    subjects = list(settled.values_list("public_id", flat=True))
    settled.update(state=Promise.State.OPEN, settled_at=None, settled_by=None, evidence="")
    # Broken after all, it is told again.
    lines = TimelineEntry.objects.filter(subject__in=subjects, step="broken")
    lines.update(step=f"undone {visit.version}")
