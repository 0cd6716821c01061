"""The steps of a visit: call ahead, on the way, arrived. A wrong tap is undone for 60 s.

Who may: the technicians assigned to it, dispatchers and managers. `now` is the server's instant;
`device_at` the phone's own, set right to ours, when the tap waited in its queue. Finishing stands in
`visits.gate`, no access in `visits.access`.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction

from cases.duties import close_duties_about
from cases.models import Case, Duty, Promise
from cases.promising import break_promise
from customers.models import TimelineEntry
from messaging import outbox
from messaging.models import Message
from recommendations.models import Recommendation
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.models import Role
from visits.announcements import plan_visit_messages
from visits.commitments import keep_promise
from visits.locks import hold_if_over
from visits.models import Assignment, Visit, VisitPromise, VisitStep
from visits.phone_times import came_in_time, done_at, in_words, was_sent_later
from visits.sweeper import catch_up
from visits.visit_lines import add_visit_line

Step = VisitStep.Step
Result = VisitStep.Result
State = Visit.State

UNDO_TIME = dt.timedelta(seconds=60)
# By how much the times of two taps may be apart from each other for the way that each was sent.
UNDO_SLACK = dt.timedelta(seconds=5)
ROUNDED_TO = dt.timedelta(minutes=5)
REACHED = (Result.SPOKE, Result.LEFT_MESSAGE)


class StepRefused(ValueError):
    """The step cannot be taken now; the words say why and are fit to show."""


class BriefNotRead(StepRefused):
    """There are recommendations to raise that the technician has not confirmed having read (R5.3)."""


class ArrivalRefused(StepRefused):
    """The arrival time cannot be told to a customer: it lies behind, or far ahead."""


def may_work_on(visit: Visit, person, *, assigned: list[Assignment] | None = None) -> bool:
    """Whether this member of the desk may take the visit's steps; `assigned` where it is known who goes."""
    if person.has_role(Role.DISPATCHER):
        return True
    if visit.backup is not None and visit.backup.membership_id == person.pk:
        # Who stands by may come in the place of whoever was sent (R4.6).
        return True
    if assigned is not None:
        return any(one.technician.membership_id == person.pk for one in assigned)
    return visit.assignments.filter(technician__membership=person).exists()


def call_ahead(visit: Visit, *, result: str, by, now: dt.datetime, device_at=None) -> Visit:
    """Log a call. Spoke, or a message left, keeps the promise; no answer keeps it open."""
    if result not in Result.values:
        raise StepRefused("Say how the call went: spoke, left a message or no answer.")
    with transaction.atomic():
        visit = take_visit(visit, by, now=now)
        _check_not_over(visit)
        step = write_step(visit, Step.CALL_AHEAD, by=by, now=now, device_at=device_at, result=result)
        said = f"Rang about visit {visit.number}: {Result(result).label.lower()}"
        kind = TimelineEntry.Kind.CALL
        add_visit_line(visit, said, step=f"rang {step.pk}", now=now, by=by, kind=kind)
        if result in REACHED and visit.called_ahead_at is None and visit.arrived_at is None:
            write_visit(visit, now, called_ahead_at=now)
            evidence = f"{by.name}: {Result(result).label.lower()}"
            keep_promise(visit, Promise.Kind.CALL_AHEAD, now=now, evidence=evidence, by=by)
            done = (Duty.Kind.CALL_AHEAD, *((Duty.Kind.TELL_CUSTOMER,) if result == Result.SPOKE else ()))
            close_duties_about(visit.public_id, *done, by=by, now=now, outcome=evidence)
            outbox.call_off(visit.public_id, because="Rung meanwhile", now=now, kinds=["not called"])
    return visit


def to_raise(visit: Visit, day: dt.date):
    """The open recommendations on all equipment at the visit's site, worst first (R5.3)."""
    return to_raise_at(visit.site_id, day)


def to_raise_at(site: int, day: dt.date):
    """The same by the site's primary key."""
    at_site = Recommendation.objects.filter(equipment__site_id=site)
    return at_site.open(day).worst_first().select_related("equipment", "raised_by__user")


def unread(visit: Visit, day: dt.date):
    """Those of them that the technician has not confirmed having read."""
    found = to_raise(visit, day)
    return found.filter(raised_at__gt=visit.brief_read_at) if visit.brief_read_at else found


def read_brief(visit: Visit, *, by, now: dt.datetime) -> Visit:
    """The technician confirms having read what is to be raised at the site."""
    with transaction.atomic():
        visit = take_visit(visit, by, now=now)
        write_visit(visit, now, brief_read_at=now)
    return visit


def usual_arrival(visit: Visit, *, now: dt.datetime) -> dt.datetime:
    """When the technician who leaves now will be there: after the way, rounded up, not before the window."""
    there = now + dt.timedelta(minutes=visit.tenant.travel_minutes)
    over = dt.timedelta(minutes=there.minute % 5, seconds=there.second, microseconds=there.microsecond)
    rounded = there if not over else there - over + ROUNDED_TO
    return max(rounded, visit.window_start)


def set_out(visit: Visit, *, by, now: dt.datetime, expected_at: dt.datetime | None = None, device_at=None):
    """On the way; the customer is told when to expect the technician, once the undo time is over.

    Raises BriefNotRead where something must be raised that was not read, StepRefused while the
    call ahead is neither made nor skipped.
    """
    with transaction.atomic():
        visit = take_visit(visit, by, now=now)
        _check_not_over(visit)
        if visit.on_the_way_at is not None:
            return visit
        _check_called(visit)
        _check_read(visit, now)
        expected_at = expected_at or usual_arrival(visit, now=now)
        _check_arrival(expected_at, now)
        write_step(visit, Step.ON_THE_WAY, by=by, now=now, device_at=device_at)
        # A missed visit stays one: the technician still comes, the miss stands.
        state = visit.state if visit.state == State.MISSED else State.ON_THE_WAY
        write_visit(visit, now, state=state, on_the_way_at=now, expected_at=expected_at)
        _tell_arrival(visit, "on the way", now=now, send_after=now + UNDO_TIME)
    return visit


def change_arrival(visit: Visit, *, expected_at: dt.datetime, by, now: dt.datetime) -> Visit:
    """Another arrival time while on the way; the customer hears it, instead of or after the first."""
    with transaction.atomic():
        visit = take_visit(visit, by, now=now)
        if visit.on_the_way_at is None or visit.arrived_at is not None:
            raise StepRefused("The arrival time can be changed while you are on the way.")
        _check_arrival(expected_at, now)
        write_visit(visit, now, expected_at=expected_at)
        said = "Another arrival time"
        waits = outbox.call_off(visit.public_id, because=said, now=now, kinds=["on the way"])
        outbox.call_off(visit.public_id, because=said, now=now, kinds=["delayed"])
        _tell_arrival(visit, "on the way" if waits else "delayed", now=now, send_after=now)
    return visit


def arrive(visit: Visit, *, by, now: dt.datetime, device_at=None) -> Visit:
    """On site: the window's promise is kept, if it still can be. After a miss the miss stays."""
    with transaction.atomic():
        visit = take_visit(visit, by, now=now)
        if visit.state == State.ON_SITE:
            return visit
        _check_not_over(visit)
        if visit.on_the_way_at is None and not _was_skipped(visit, Step.ON_THE_WAY):
            raise StepRefused("Tap On my way first, or skip it with a reason.")
        _check_read(visit, now)
        step = write_step(visit, Step.ARRIVED, by=by, now=now, device_at=device_at)
        write_visit(visit, now, state=State.ON_SITE, arrived_at=now)
        # "On the way" or "we are late" told after the arrival would be untrue.
        outbox.call_off(
            visit.public_id, because="Arrived", now=now, kinds=["not called", "on the way", "delayed", "late"]
        )
        evidence = _arrival_in_words(visit, step)
        keep_promise(visit, Promise.Kind.WINDOW, now=now, evidence=evidence, by=by)
        close_duties_about(
            visit.public_id,
            Duty.Kind.TELL_CUSTOMER,
            Duty.Kind.CALL_AHEAD,
            by=by,
            now=now,
            outcome=evidence,
        )
        if came_in_time(visit, [step]):
            add_visit_line(visit, in_words(step, zone_of(visit.tenant)), now=now, by=by, step="sent later")
        if visit.case_id:
            Case.objects.filter(pk=visit.case_id, responded_at__isnull=True).update(responded_at=now)
    return visit


def skip_step(visit: Visit, step: str, *, because: str, by, now: dt.datetime, device_at=None) -> Visit:
    """Leave out the call ahead or *on my way*, and say why; the board shows it. No promise is kept by it."""
    if step not in (Step.CALL_AHEAD, Step.ON_THE_WAY):
        raise StepRefused("This step cannot be skipped.")
    if not because.strip():
        raise StepRefused("Say why you skip this step.")
    with transaction.atomic():
        visit = take_visit(visit, by, now=now)
        _check_not_over(visit)
        if step == Step.ON_THE_WAY:
            _check_called(visit)
            _check_read(visit, now)
        write_step(visit, step, by=by, now=now, device_at=device_at, skipped_because=because.strip()[:200])
        write_visit(visit, now)
    return visit


def undoable(
    visit: Visit, *, now: dt.datetime, device_at: dt.datetime | None = None, by=None, steps=None
) -> VisitStep | None:
    """The last step, while it can still be undone: by the phone's times where the tap came from there.

    Not what was done after that tap: by whoever it was later, or by somebody else and heard of later.
    `steps` in their order spare reading them where they are known.
    """
    if visit.state in (State.DONE, State.NO_ACCESS):
        return None
    last = _last_step(visit) if steps is None else _last_standing(steps)
    if last is None:
        return None
    if device_at is None:
        return last if now - last.at <= UNDO_TIME else None
    tapped_at = min(device_at, now)
    if by is not None and last.by_id != by.pk and last.at > tapped_at:
        return None
    return last if -UNDO_SLACK <= tapped_at - done_at(last) <= UNDO_TIME else None


def undo_step(visit: Visit, *, by, now: dt.datetime, of: str = "", device_at=None) -> Visit:
    """Take back the last step within 60 s of it; what it kept is promised again.

    `of` is the step that the page showed: where a colleague took another one since, nothing is undone.
    """
    with transaction.atomic():
        visit = take_visit(visit, by, now=now)
        step = undoable(visit, now=now, device_at=device_at, by=by)
        if step is None:
            raise StepRefused("A step can be undone for 60 seconds. Ring the office to correct it.")
        if of and of != step.step:
            last = step.get_step_display().lower()
            raise StepRefused(f"Not undone: the last step is another one now, “{last}”.")
        step.undone_at = now
        step.save(update_fields=["undone_at"])
        if step.step == Step.CALL_AHEAD and step.result:
            said, told = f"Undone, a wrong tap: rang about visit {visit.number}", f"undone {step.pk}"
            add_visit_line(visit, said, step=told, now=now, by=by, kind=TimelineEntry.Kind.CALL)
        if step.skipped_because:
            write_visit(visit, now)
        elif step.step == Step.CALL_AHEAD and visit.called_ahead_at == step.at:
            write_visit(visit, now, called_ahead_at=None)
            _promise_again(visit, Promise.Kind.CALL_AHEAD, step.at, by=by, now=now)
        elif step.step == Step.ON_THE_WAY:
            outbox.call_off(visit.public_id, because="Undone: a wrong tap", now=now, kinds=["on the way"])
            write_visit(visit, now, state=_state_before(visit), on_the_way_at=None, expected_at=None)
        elif step.step == Step.ARRIVED:
            was = State.ON_THE_WAY if visit.on_the_way_at and not visit.missed_at else _state_before(visit)
            write_visit(visit, now, state=was, arrived_at=None)
            _promise_again(visit, Promise.Kind.WINDOW, step.at, by=by, now=now)
            # Only what this tap answered: an earlier response stands.
            Case.objects.filter(pk=visit.case_id, responded_at=step.at).update(responded_at=None)
            _tell_again(visit, now=now)
    return visit


def take_visit(visit: Visit, by, *, now: dt.datetime) -> Visit:
    """The visit under lock, as it is now, late or missed if the clock says so.

    Raises PermissionDenied for a member who may not work on it.
    """
    hold_if_over([visit.pk], now=now)
    fresh = (
        Visit.objects.select_for_update(of=("self",))
        .select_related("tenant", "customer", "case", "contact", "backup")
        .get(pk=visit.pk)
    )
    if not may_work_on(fresh, by):
        raise PermissionDenied("Only its technician, a dispatcher or a manager takes this visit's steps.")
    catch_up(fresh, now=now)
    return fresh


def write_step(visit: Visit, step: str, *, by, now, device_at, **values) -> VisitStep:
    """One line for one tap, with the server's time and, where it came through a phone's queue, the phone's.

    The phone's is raised to the step before it, and to the booking: nobody came before either.
    """
    if device_at is not None:
        last = _last_step(visit)
        # A phone whose clock runs ahead has not seen the future.
        device_at = min(max(device_at, visit.booked_at, done_at(last) if last else device_at), now)
    return VisitStep.objects.create(visit=visit, step=step, at=now, device_at=device_at, by=by, **values)


def write_visit(visit: Visit, now: dt.datetime, **values) -> None:
    """Save what changed, with the version that the board compares."""
    values |= {"version": visit.version + 1, "changed_at": now}
    for name, value in values.items():
        setattr(visit, name, value)
    visit.save(update_fields=list(values))


def is_over(visit: Visit) -> bool:
    """Whether nothing more happens there. To a miss somebody may still come, unless it came in as over."""
    return visit.state in Visit.OVER_STATES and (visit.state != State.MISSED or visit.is_history)


def _last_step(visit: Visit) -> VisitStep | None:
    return visit.steps.filter(undone_at__isnull=True).order_by("-at", "-pk").first()


def _last_standing(steps: list[VisitStep]) -> VisitStep | None:
    return next((step for step in reversed(steps) if step.undone_at is None), None)


def _check_not_over(visit: Visit) -> None:
    if is_over(visit):
        raise StepRefused(f"This visit is over: {visit.get_state_display().lower()}.")
    if visit.awaits_approval and visit.missed_at is None:
        raise StepRefused("A supervisor has not approved this visit yet. Ring the office.")


def _check_called(visit: Visit) -> None:
    promised = visit.tenant.call_ahead_minutes > 0
    if promised and visit.called_ahead_at is None and not _was_skipped(visit, Step.CALL_AHEAD):
        raise StepRefused("Call ahead first, or skip it with a reason.")


def _check_read(visit: Visit, now: dt.datetime) -> None:
    count = unread(visit, local_day(now, zone_of(visit.tenant))).count()
    if count:
        raise BriefNotRead(f"{count} to raise: read {'it' if count == 1 else 'them'} first.")


def _check_arrival(expected_at: dt.datetime, now: dt.datetime) -> None:
    if not now - dt.timedelta(minutes=1) <= expected_at <= now + dt.timedelta(hours=12):
        raise ArrivalRefused("Choose an arrival time later today.")


def _was_skipped(visit: Visit, step: str) -> bool:
    return visit.steps.filter(step=step, undone_at__isnull=True).exclude(skipped_because="").exists()


def _arrival_in_words(visit: Visit, step: VisitStep) -> str:
    """What keeps the window's promise, or speaks for whoever was there and could not say so in time."""
    zone = zone_of(visit.tenant)
    if was_sent_later(step):
        return in_words(step, zone)
    return f"{step.by.name} arrived at {local_time(step.at, zone):%H:%M}"


def _state_before(visit: Visit) -> str:
    if visit.missed_at is not None:
        return State.MISSED
    return State.CONFIRMED if visit.confirmed_at else State.BOOKED


def _tell_arrival(visit: Visit, kind: str, *, now, send_after) -> None:
    fields = {"expected_at": visit.expected_at.isoformat()}
    plan_visit_messages(visit, kind, now=now, fields=fields, send_after=send_after)


def _tell_again(visit: Visit, *, now: dt.datetime) -> None:
    """Not there yet after all: the arrival time that was no longer told is told, where it is still ahead."""
    if visit.expected_at is None or visit.expected_at <= now:
        return
    told = Message.objects.filter(subject=visit.public_id, kind__in=["on the way", "delayed"])
    told = told.exclude(state=Message.State.CANCELLED)
    if told.filter(fields__expected_at=visit.expected_at.isoformat()).exists():
        return
    send_after = max(now, visit.on_the_way_at + UNDO_TIME)
    _tell_arrival(visit, "delayed" if told.exists() else "on the way", now=now, send_after=send_after)


def _promise_again(visit: Visit, kind: str, kept_at: dt.datetime, *, by, now: dt.datetime) -> None:
    """A settled promise stays settled: what was kept by a wrong tap is promised anew, as it was."""
    kept = Promise.objects.filter(
        of_visit__visit=visit,
        kind=kind,
        settled_at=kept_at,
        state__in=[Promise.State.KEPT, Promise.State.KEPT_LATE],
    ).first()
    if kept is None:
        return
    again = Promise.objects.create(
        customer_id=kept.customer_id,
        case_id=kept.case_id,
        kind=kept.kind,
        text=kept.text,
        expects=kept.expects,
        owner_id=kept.owner_id,
        made_by_id=kept.made_by_id,
        made_at=kept.made_at,
        due_at=kept.due_at,
        renegotiated_at=kept.renegotiated_at,
        subject=kept.subject,
    )
    VisitPromise.objects.create(visit=visit, promise=again)
    if again.due_at < now:
        break_promise(again, now=now, evidence="Its time passed and nobody had kept it", by=by)
