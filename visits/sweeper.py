"""Nobody came: visits whose window is over become late, then missed, by themselves (R4.3, R4.7).

The sweep has no memory. It asks the database, over all desks, which visits need it now, and does
per visit what is due; run twice it changes nothing, after a standstill it catches up.
"""

import datetime as dt
import logging
from collections import defaultdict
from dataclasses import dataclass

from django.db import connection, transaction

from cases.duties import close_duties_about
from cases.models import Duty, Promise
from cases.promising import break_promise
from contracts.models import AllowanceEntry
from customers.models import TimelineEntry
from customers.timeline import add_line
from messaging.keys import moment
from tenancy.calendars import Calendar, calendar_of
from tenancy.models import Role, Tenant
from tenancy.scope import tenant
from visits.announcements import cancel_visit_messages, plan_visit_messages
from visits.commitments import break_promises
from visits.entitled import reopen_allowance
from visits.locks import hold_if_over, hold_promises
from visits.maintenance import follow_visit
from visits.models import Assignment, Visit
from visits.second_miss import hand_upstairs
from visits.visit_duties import open_visit_duty
from visits.visit_events import Kind as EventKind
from visits.visit_events import tell_of_visit

log = logging.getLogger(__name__)

# Rows taken at once: a standstill's backlog is worked off in slices, each its own transaction.
SLICE = 200
TELL_WITHIN = dt.timedelta(minutes=10)
REBOOK_WITHIN = dt.timedelta(hours=1)


@dataclass
class Swept:
    """How many visits became late and missed, how many promises broke, and how many approvals are overdue."""

    late: int = 0
    missed: int = 0
    broken: int = 0
    unapproved: int = 0


def sweep(*, now: dt.datetime) -> Swept:
    """Make late and missed what is, over all desks, and break promises past their due time."""
    swept = Swept()
    _work_off("visits_over", now, lambda desk, ids: _sweep_visits(desk, ids, now, swept))
    _work_off("promises_over", now, lambda desk, ids: _break_promises(ids, now, swept))
    _work_off("approvals_over", now, lambda desk, ids: _alarm_about_approvals(desk, ids, now, swept))
    return swept


def _work_off(function: str, now, act) -> None:
    """Slice by slice until nothing changes. A desk that fails keeps no other waiting."""
    failed: set[tuple[int, int]] = set()
    while rows := [row for row in _due(function, now, SLICE + len(failed)) if row not in failed]:
        changed, lost = _for_each_desk(rows, act)
        failed |= lost
        if not changed and not lost:
            return


def _due(function: str, now, most: int) -> list[tuple[int, int]]:
    """Desk and row of what is due; the function crosses desks and returns only ids."""
    query = {
        "visits_over": "SELECT tenant_id, visit_id FROM visits_over(%s, %s)",
        "promises_over": "SELECT tenant_id, promise_id FROM promises_over(%s, %s)",
        "approvals_over": "SELECT tenant_id, visit_id FROM approvals_over(%s, %s)",
    }[function]
    with connection.cursor() as cursor:
        cursor.execute(query, [now, most])
        return cursor.fetchall()


def _for_each_desk(rows, act) -> tuple[int, set[tuple[int, int]]]:
    """How much changed, and the rows of desks that could not be swept."""
    by_desk = defaultdict(list)
    for tenant_id, row_id in rows:
        by_desk[tenant_id].append(row_id)
    changed, lost = 0, set()
    for desk in Tenant.objects.filter(pk__in=by_desk):
        try:
            with tenant(desk):
                changed += act(desk, by_desk[desk.pk])
        except Exception:
            log.exception("Desk %s could not be swept", desk.pk)
            lost |= {(desk.pk, row_id) for row_id in by_desk[desk.pk]}
    return changed, lost


def _sweep_visits(desk, ids, now, swept) -> int:
    hold_if_over(ids, now=now)
    visits = (
        Visit.objects.select_for_update(of=("self",))
        .select_related("customer", "case", "booked_by__user")
        .filter(pk__in=ids, state__in=Visit.WAITING_STATES, window_end__lte=now)
        .order_by("window_end", "pk")
    )
    calendar = calendar_of(desk)
    changed = 0
    for visit in visits:
        visit.tenant = desk
        decided = catch_up(visit, now=now, calendar=calendar)
        swept.late += decided.late
        swept.missed += decided.missed
        changed += decided.late + decided.missed
    return changed


def catch_up(visit: Visit, *, now: dt.datetime, calendar: Calendar | None = None) -> Swept:
    """What the clock has decided about this visit by `now`, whoever asks first: late, then missed.

    The caller holds the visit and what a miss writes (`locks.hold_if_over`). `calendar` is the
    desk's, where the caller has it.
    """
    decided = Swept()
    if visit.state not in Visit.WAITING_STATES or visit.window_end > now:
        return decided
    if visit.late_at is None:
        _make_late(visit, now)
        decided.late = 1
    if visit.window_end + dt.timedelta(minutes=visit.tenant.missed_after_minutes) <= now:
        make_missed(visit, now=now, calendar=calendar or calendar_of(visit.tenant))
        decided.missed = 1
    return decided


def catch_up_first(visit: Visit, *, now: dt.datetime, version: int = 0) -> int:
    """Catch up in a transaction of its own, which stays where the person's act is then refused.

    Returns the version that somebody who saw `version` knows: what the clock did since is nobody's change.
    """
    with transaction.atomic():
        hold_if_over([visit.pk], now=now)
        overdue = Visit.objects.select_for_update().waiting().filter(pk=visit.pk, window_end__lte=now).first()
        if overdue is None:
            return version
        before = overdue.version
        catch_up(overdue, now=now)
        return version + overdue.version - before


def _make_late(visit: Visit, now) -> None:
    visit.late_at = visit.changed_at = now
    visit.version += 1
    visit.save(update_fields=["late_at", "changed_at", "version"])
    break_promises(visit, Promise.Kind.WINDOW, now=now, evidence="The window ended and nobody had arrived")
    if not _alarms(visit):
        return
    tell_of_visit(EventKind.VISIT_LATE, visit, now=now)
    tell_by = now + TELL_WITHIN
    plan_visit_messages(visit, "late", now=now, fields=_who_rings(visit, tell_by))
    open_visit_duty(
        visit,
        "late",
        # Late once more, for the new window of a visit that was moved, is another cause.
        moment(visit.window_end),
        kind=Duty.Kind.TELL_CUSTOMER,
        title=f"Tell {visit.customer} when we will come",
        detail=f"The window ended at {visit.told_until:%H:%M} and nobody has arrived.",
        due_at=tell_by,
        now=now,
        owner=visit.booked_by,
    )
    _alarm_technicians(visit, tell_by, now)


def _alarm_technicians(visit, tell_by, now):
    """Whoever is expected there hears of it too, and says when they will be there, or that they cannot."""
    coming = Assignment.objects.filter(visit=visit, technician__membership__isnull=False)
    for assignment in coming.select_related("technician__membership").order_by("pk"):
        open_visit_duty(
            visit,
            "late",
            moment(visit.window_end),
            "technician",
            assignment.technician_id,
            kind=Duty.Kind.TELL_CUSTOMER,
            title=f"You are late at {visit.customer}: say when you will be there",
            due_at=tell_by,
            now=now,
            owner=assignment.technician.membership,
            owner_role=Role.TECHNICIAN,
        )


def make_missed(visit: Visit, *, now: dt.datetime, calendar) -> None:
    """Missed by us, for good: apology with a rebooking link, and a duty to rebook with an owner.

    `calendar` is the desk's: the duty is due within one business hour. Nothing can undo a miss.
    """
    visit.state = Visit.State.MISSED
    visit.missed_at = visit.changed_at = now
    visit.version += 1
    visit.save(update_fields=["state", "missed_at", "changed_at", "version"])
    break_promises(
        visit,
        Promise.Kind.WINDOW,
        Promise.Kind.CONFIRMATION,
        Promise.Kind.CALL_AHEAD,
        now=now,
        evidence="Nobody came",
    )
    cancel_visit_messages(visit, now=now)
    reopen_allowance(visit, AllowanceEntry.Kind.MISSED_BY_US, by=None, now=now)
    follow_visit(visit, by=None, now=now)
    close_duties_about(
        visit.public_id,
        Duty.Kind.APPROVE_VISIT,
        by=None,
        now=now,
        outcome="Nobody decided before it was missed",
    )
    add_line(
        visit.customer,
        TimelineEntry.Kind.MISSED,
        "Missed visit",
        at=now,
        detail=f"Promised {visit.told_from:%H:%M} to {visit.told_until:%H:%M}; nobody came.",
        subject=visit.public_id,
        step="missed",
    )
    if not _alarms(visit):
        return
    tell_of_visit(EventKind.VISIT_MISSED, visit, now=now)
    # First: it may give the visit a case, and the duty to rebook is about that.
    hand_upstairs(visit, now=now, calendar=calendar)
    ring_by = calendar.due_after(now, REBOOK_WITHIN)
    plan_visit_messages(visit, "missed", now=now, fields=_who_rings(visit, ring_by))
    open_visit_duty(
        visit,
        "missed",
        kind=Duty.Kind.REBOOK,
        title=f"Ring {visit.customer} and rebook the missed visit",
        due_at=ring_by,
        now=now,
        owner=visit.booked_by,
    )


def _who_rings(visit, by: dt.datetime) -> dict:
    """Told to the customer: who rings and by when, as the duty says."""
    caller = visit.booked_by.name.split()[0] if visit.booked_by else ""
    return {"call_by": by.isoformat(), "caller": caller}


def _alarms(visit) -> bool:
    """A desk's alarms begin when its manager switches them on; nothing due before is raised."""
    begin = visit.tenant.messages_from
    return begin is not None and visit.window_end >= begin


def _break_promises(ids, now, swept) -> int:
    changed = 0
    for promise in hold_promises(ids):
        if promise.state != Promise.State.OPEN or promise.due_at >= now:
            # Kept or moved by whoever held it first.
            continue
        break_promise(promise, now=now, evidence="Its time passed and nobody had kept it")
        changed += 1
        swept.broken += 1
    return changed


def _alarm_about_approvals(desk, ids, now, swept) -> int:
    """The supervisor's time to decide is over: the dispatcher reaches one before the customer waits."""
    visits = Visit.objects.select_related("customer", "case", "booked_by__user").filter(pk__in=ids)
    alarmed = 0
    for visit in visits:
        open_visit_duty(
            visit,
            "approval overdue",
            kind=Duty.Kind.APPROVE_VISIT,
            title=f"Nobody has approved the visit to {visit.customer}: reach a manager",
            detail=f"Visit {visit.number}. They have been told nothing by message.",
            due_at=max(now, visit.planned_start),
            now=now,
            owner=visit.booked_by,
        )
        alarmed += 1
    swept.unapproved += alarmed
    return alarmed
