"""Moving a visit: another time, another technician, another length (R2.4, R2.6, R4.3).

Works under the lock of every technician it touches. The version that the mover saw decides
between two movers; the database refuses a technician in two places whatever this module thinks.
"""

import datetime as dt

from django.db import IntegrityError, connection, transaction

from cases.duties import close_duties_about
from cases.models import Duty, Promise
from customers.models import TimelineEntry
from customers.timeline import add_line
from messaging import outbox
from tenancy.calendars import local_time, zone_of
from tenancy.models import Membership, Role
from visits.announcements import cancel_visit_messages, plan_visit_messages, waits_to_be_told
from visits.commitments import keep_promise, renew_promises, reword_promises
from visits.fitting import blocking_visit, fit
from visits.models import Assignment, Technician, Visit
from visits.second_miss import name_backup
from visits.sweeper import catch_up_first


class MoveRefused(ValueError):
    """The visit was not moved; the text says why and what to do instead."""


class VisitChanged(MoveRefused):
    """Somebody else changed the visit since the mover saw it."""


class PlaceTaken(MoveRefused):
    """The technician has another visit at that time."""


class NeedsAgreement(MoveRefused):
    """The customer's yes is missing, or a supervisor's reason."""


def move_visit(
    visit: Visit,
    *,
    technician: Technician,
    start: dt.datetime,
    reason: str,
    by: Membership | None,
    now: dt.datetime,
    version: int,
    minutes: int | None = None,
    agreed_by_customer: bool = False,
    tell_customer: bool = True,
) -> Visit:
    """Give a waiting visit to `technician` from the instant `start`, for `minutes` (as long as before).

    `by` is None where the customer moves it through their own link. The window moves with the
    block, and the customer is told. Where nobody tells them, and they have not agreed, the window
    stays as promised and the new start must lie in it. Raises VisitChanged, PlaceTaken,
    NeedsAgreement, or MoveRefused for what cannot be moved at all.
    """
    version = catch_up_first(visit, now=now, version=version)
    with transaction.atomic():
        _lock(technician, visit)
        visit = Visit.objects.select_for_update().get(pk=visit.pk)
        _check_it_may_move(visit, version)
        before = list(visit.assignments.select_related("technician").order_by("pk"))
        length = dt.timedelta(minutes=minutes) if minutes else visit.planned_end - visit.planned_start
        is_new_time = start != visit.planned_start
        is_new_person = technician.pk not in {assignment.technician_id for assignment in before}
        verdict = fit(visit, technician=technician, start=start, length=length, now=now)
        if not verdict.fits:
            raise (PlaceTaken if verdict.is_taken else MoveRefused)(verdict.says)
        keeps_window = is_new_time and not tell_customer and not agreed_by_customer
        _check_agreement(
            visit,
            is_new_person=is_new_person and bool(before),
            is_new_time=is_new_time,
            start=start,
            now=now,
            keeps_window=keeps_window,
            agreed=agreed_by_customer,
            reason=reason,
            by=by,
        )
        window = dt.timedelta() if keeps_window else start - visit.planned_start
        _write(visit, start, length, window, is_new_time, is_new_person, agreed_by_customer, now)
        _assign(visit, before, technician)
        _follow_up(
            visit,
            technician,
            reason,
            by=by,
            now=now,
            agreed=agreed_by_customer,
            is_new_time=is_new_time,
            is_new_person=is_new_person,
            # A visit that nobody had yet is news to the customer too: a name.
            tell=tell_customer and (is_new_time or is_new_person),
        )
    return visit


def _lock(technician, visit):
    """The advisory locks of the old and new technicians, always in the same order."""
    held = set(visit.assignments.values_list("technician_id", flat=True)) | {technician.pk}
    with connection.cursor() as cursor:
        for key in sorted(held):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('technician', %s))", [key])


def _check_it_may_move(visit, version):
    if visit.missed_at is not None:
        raise MoveRefused("This visit was missed. Record what came of it, and book a new one.")
    if visit.state not in Visit.WAITING_STATES:
        raise MoveRefused(f"This visit is {visit.get_state_display().lower()}: it cannot be moved any more.")
    if visit.version != version:
        raise VisitChanged(who_changed(visit))


def who_changed(visit: Visit) -> str:
    """In words: who changed the visit last, and how it stands now."""
    zone = zone_of(visit.tenant)
    change = visit.history.order_by("-pgh_created_at", "-pk").first()
    user = (change.pgh_context or {}).get("user") if change else None
    member = Membership.objects.select_related("user").filter(user_id=user).first() if user else None
    names = ", ".join(visit.assignments.values_list("technician__name", flat=True)) or "nobody"
    start = local_time(visit.planned_start, zone)
    return (
        f"{member.name if member else 'Somebody'} changed this visit at "
        f"{local_time(visit.changed_at, zone):%H:%M}. It stands with {names} on "
        f"{start:%a} {start.day} {start:%b}, {start:%H:%M}. Look at it again before you move it."
    )


def _check_agreement(visit, *, is_new_person, is_new_time, start, now, keeps_window, agreed, reason, by):
    if is_new_time and visit.window_end <= now and not agreed:
        raise NeedsAgreement(
            "Its window is over: a new time needs the customer’s yes. Else it becomes a miss."
        )
    if keeps_window and not visit.window_start <= start <= visit.window_end:
        promised = f"{visit.told_from:%H:%M} to {visit.told_until:%H:%M}"
        raise NeedsAgreement(
            f"The customer was promised {promised}. Tell them the new time, or say that they agreed."
        )
    was_confirmed = visit.confirmed_at is not None or visit.state == Visit.State.CONFIRMED
    by_supervisor = by is not None and by.role == Role.MANAGER and bool(reason.strip())
    if is_new_person and was_confirmed and not agreed and not by_supervisor:
        raise NeedsAgreement(
            "This visit is confirmed: another technician needs the customer’s yes, or a manager’s reason."
        )


def _write(visit, start, length, window, is_new_time, is_new_person, agreed, now):
    zone = zone_of(visit.tenant)
    if visit.late_at is not None and window > dt.timedelta():
        # The broken promise stays; the visit itself has a new window to keep.
        visit.late_at = None
    visit.planned_start, visit.planned_end = start, start + length
    visit.window_start += window
    visit.window_end += window
    visit.told_day = local_time(visit.window_start, zone).date()
    visit.told_from = local_time(visit.window_start, zone).time()
    visit.told_until = local_time(visit.window_end, zone).time()
    visit.needs_placing = False
    if visit.awaits_approval:
        # Whatever the customer agrees to, it is a supervisor's to approve first.
        visit.state, visit.confirmed_at = Visit.State.BOOKED, None
    elif agreed and (is_new_time or is_new_person or visit.state == Visit.State.BOOKED):
        visit.state, visit.confirmed_at = Visit.State.CONFIRMED, now
    elif window:
        visit.state, visit.confirmed_at = Visit.State.BOOKED, None
    elif visit.state == Visit.State.ON_THE_WAY and (is_new_time or is_new_person):
        visit.state = Visit.State.CONFIRMED if visit.confirmed_at else Visit.State.BOOKED
    if is_new_time or is_new_person:
        visit.on_the_way_at = visit.expected_at = None
    if is_new_time:
        visit.called_ahead_at = None
    if is_new_person:
        visit.brief_read_at = None
    visit.version += 1
    visit.changed_at = now
    visit.save(update_fields=WRITTEN)


WRITTEN = [
    "planned_start",
    "planned_end",
    "window_start",
    "window_end",
    "told_day",
    "told_from",
    "told_until",
    "needs_placing",
    "state",
    "confirmed_at",
    "late_at",
    "on_the_way_at",
    "expected_at",
    "called_ahead_at",
    "brief_read_at",
    "version",
    "changed_at",
]


def _assign(visit, before, technician):
    """One technician takes the place of the first; others of a crew keep theirs, at the new time."""
    span = {"starts_at": visit.planned_start, "ends_at": visit.planned_end}
    try:
        with transaction.atomic():
            if not before:
                Assignment.objects.create(visit=visit, technician=technician, **span)
            elif technician.pk not in {assignment.technician_id for assignment in before}:
                before[0].technician = technician
            for assignment in before:
                assignment.starts_at, assignment.ends_at = span["starts_at"], span["ends_at"]
                assignment.save(update_fields=["technician", "starts_at", "ends_at"])
    except IntegrityError as error:
        if "assignment_never_in_two_places" not in str(error):
            raise
        raise PlaceTaken(_taken_words(visit, technician)) from error


def _taken_words(visit, technician):
    other = blocking_visit(visit, technician=technician, start=visit.planned_start, end=visit.planned_end)
    if other is None:
        return "Another technician of this visit has no time then."
    clock = local_time(other.planned_start, zone_of(visit.tenant))
    return f"{technician.first_name} has another visit then, from {clock:%H:%M}. Choose another time."


def _follow_up(visit, technician, reason, *, by, now, agreed, is_new_time, is_new_person, tell):
    """Promises, messages, duties and the time line, in the transaction of the move."""
    if visit.backup_id is not None or visit.approval_asked_at is not None:
        name_backup(visit, now=now)
    if is_new_time:
        renew_promises(visit, by=by, now=now, agreed_by_customer=agreed, told=tell)
        # What waits to tell the time is replaced: it would not be told at all.
        tell = tell or waits_to_be_told(visit)
        cancel_visit_messages(visit, now=now)
        # The call that was waited for is promised for another time now.
        close_duties_about(visit.public_id, Duty.Kind.CALL_AHEAD, by=by, now=now, outcome="Moved")
        if tell or agreed:
            # Before the move is planned: whom nothing reaches is rung about it.
            said = "A new time was agreed or told"
            close_duties_about(visit.public_id, Duty.Kind.TELL_CUSTOMER, by=by, now=now, outcome=said)
    elif is_new_person:
        reword_promises(visit, by=by)
        # Written when they leave, all others name who comes then; these were true of the one before.
        outbox.cancel_about(visit.public_id, because="Somebody else comes", kinds=["on the way", "delayed"])
    if agreed and not is_new_time:
        keep_promise(visit, Promise.Kind.CONFIRMATION, now=now, evidence="Agreed to the change", by=by)
    if tell:
        plan_visit_messages(visit, "moved", now=now)
    close_duties_about(
        visit.public_id, Duty.Kind.PLACE_VISIT, by=by, now=now, outcome=f"Placed with {technician.name}"
    )
    start = local_time(visit.planned_start, zone_of(visit.tenant))
    add_line(
        visit.customer,
        TimelineEntry.Kind.VISIT,
        f"Visit moved to {start:%a} {start.day} {start:%b}, {start:%H:%M}, {technician.name}",
        at=now,
        detail=reason,
        actor=by,
        subject=visit.public_id,
        step=f"moved {visit.version}",
    )
