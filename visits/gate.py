"""The gate: a visit is completed only when every open recommendation on its equipment was answered (R5.4).

One function completes a visit, in one transaction. The database checks the same again at commit
(the constraint trigger visit_gate), so that no other way round exists.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import IntegrityError, connection, transaction

from contracts.cover import covers_of_machines
from customers.meters import Counted, record_reading
from customers.models import Equipment
from recommendations import lifecycle
from recommendations.models import Recommendation
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.desk_settings import SettingRefused
from tenancy.models import StoredFile
from tenancy.prepared import Key, Prepared
from visits.announcements import cancel_visit_messages
from visits.commitments import keep_promised_visit, release_promises
from visits.entitled import use_allowance
from visits.fieldwork import StepRefused, is_over, take_visit, write_step, write_visit
from visits.handover import hand_over
from visits.maintenance import follow_visit
from visits.mended import close_mended
from visits.models import (
    Assignment,
    Part,
    Review,
    ServiceReport,
    Technician,
    Visit,
    VisitEquipment,
    VisitStep,
)
from visits.parts import use_parts
from visits.report_letter import plan_report
from visits.visit_events import Kind as EventKind
from visits.visit_events import tell_of_visit
from visits.visit_lines import add_visit_line
from visits.work_left import LeftAnswer, leave_work, settle_left

Outcome = Review.Outcome
GATE = "visit_gate"


@dataclass(frozen=True)
class Answer:
    """What was said about one recommendation, in the words of R5.4."""

    recommendation: Recommendation
    outcome: str
    customer_told: bool
    reason: str = ""
    deferred_until: dt.date | None = None
    # For worse: how urgent it is now. For accepted: somebody has to book a visit for it.
    severity: int = 0


@dataclass(frozen=True)
class Finding:
    """A recommendation raised at this visit; `public_id` is proposed by the page, so it is raised once."""

    equipment: Equipment
    finding: str
    severity: int
    public_id: uuid.UUID | None = None
    photos: tuple[StoredFile, ...] = ()
    risk: str = ""
    # In the desk's currency; the day is the desk's.
    estimate: Decimal | None = None
    review_by: dt.date | None = None


@dataclass(frozen=True)
class Report:
    """What the technician writes and who signs, for the work and apart from it for the recommendations.

    `recommendations_signed_by` empty: not handed over.
    """

    work_done: str
    fixed_first_time: bool
    not_fixed_because: str = ""
    next_step: str = ""
    parts_needed: str = ""
    signing: str = ""
    signature: StoredFile | None = None
    signed_by: str = ""
    cannot_sign_because: str = ""
    recommendations_signing: str = ""
    recommendations_signature: StoredFile | None = None
    recommendations_signed_by: str = ""
    recommendations_unsigned_because: str = ""


@dataclass(frozen=True)
class Completion:
    """All that finishing a visit brings with it."""

    report: Report
    answers: tuple[Answer, ...] = ()
    findings: tuple[Finding, ...] = ()
    parts: dict[Part, int] = field(default_factory=dict)
    # What the technician says of work that earlier visits left.
    left: tuple[LeftAnswer, ...] = ()
    # What the counters of its machines showed.
    readings: tuple[Counted, ...] = ()


class NotReviewed(StepRefused):
    """Open recommendations on the visit's equipment have no answer: they stand in `recommendations`."""

    def __init__(self, recommendations: Iterable[Recommendation]):
        self.recommendations = list(recommendations)
        names = ", ".join(f"“{rec.finding}”" for rec in self.recommendations)
        count = len(self.recommendations)
        what = "1 recommendation" if count == 1 else f"{count} recommendations"
        super().__init__(
            f"{what} without an answer: {names}. Answer {'it' if count == 1 else 'them'} to finish."
        )


class AlreadyOver(StepRefused):
    """Somebody ended the visit before; the words say who and when."""


def unreviewed(visit: Visit, day: dt.date):
    """Open recommendations on the visit's equipment without a review at this visit, worst first."""
    return (
        Recommendation.objects.filter(equipment__visited__visit=visit)
        .open(day)
        .exclude(reviews__visit=visit)
        .select_related("equipment", "raised_by__user")
        .worst_first()
    )


def raise_at_visit(visit: Visit, finding: Finding, *, by, now: dt.datetime) -> Recommendation:
    """Raise a recommendation during the visit: it needs no other answer there. Raised twice, it is one."""
    with transaction.atomic():
        visit = take_visit(visit, by, now=now)
        _check_on_site(visit)
        return _raise(visit, finding, told=True, by=by, now=now, device_at=None)


def complete_visit(visit: Visit, *, completion: Completion, by, now: dt.datetime, device_at=None) -> Visit:
    """Finish: reviews, report, parts and van stock, allowance, promises and time line, or nothing of it.

    Raises NotReviewed while a recommendation lacks its answer, AlreadyOver when somebody was
    quicker, StepRefused before the arrival, lifecycle.NotPossible for an answer that cannot be.
    """
    try:
        with transaction.atomic():
            visit = take_visit(visit, by, now=now)
            _check_on_site(visit)
            _complete(visit, completion, by=by, now=now, device_at=device_at)
    except IntegrityError as refused:
        if GATE not in str(refused):
            raise
        raise NotReviewed(unreviewed(visit, _day(visit, now))) from None
    return visit


def why_not_finish(visit: Visit) -> str:
    """Why the visit cannot be finished as it stands: who ended it and when, or nobody arrived yet."""
    fresh = Visit.objects.select_related("tenant").get(pk=visit.pk)
    if not is_over(fresh):
        return "Tap Arrived first, then finish."
    last = fresh.steps.select_related("by__user").order_by("-at", "-pk").first()
    words = fresh.get_state_display().lower()
    if last is not None and last.by is not None:
        words = f"{words}, set by {last.by.name} at {local_time(last.at, zone_of(fresh.tenant)):%H:%M}"
    return f"This visit is over: {words}. What you sent was not saved twice."


_ASSIGNED = Prepared(
    lambda visit: Assignment.objects.filter(visit=visit).select_related("technician").order_by("pk"),
    visit=Key(),
)


def assigned_to(visit: Visit) -> list[Assignment]:
    """Who goes there, the first assigned first: one query, with the technicians."""
    return _ASSIGNED.rows(visit=visit.pk)


_FOR = Prepared(
    lambda visit: (
        VisitEquipment.objects.filter(visit=visit).select_related("equipment__site").order_by("equipment_id")
    ),
    visit=Key(),
)


def machines_of(visit: Visit) -> list[VisitEquipment]:
    """What it is for, the machine that was known first before the others: one query, with the machines."""
    return _FOR.rows(visit=visit.pk)


def technician_of(visit: Visit, by=None, *, assigned: list[Assignment] | None = None) -> Technician | None:
    """Whose van the visit's parts come from: the acting technician's, else the first assigned.

    Who stands by acts where they came instead. `assigned` spares reading it where it is known.
    """
    assigned = assigned_to(visit) if assigned is None else assigned
    crew = [assignment.technician for assignment in assigned]
    return next(
        (one for one in (*crew, visit.backup) if one and by is not None and one.membership_id == by.pk),
        crew[0] if crew else None,
    )


def _complete(visit, completion, *, by, now, device_at):
    # Nothing is raised or opened again on these machines until this is decided. All that is written here
    # is held at once: of two who answer about each other's machine neither waits in a circle.
    machines = list(Equipment.objects.filter(visited__visit=visit).order_by("pk"))
    lifecycle.hold_machines(
        {machine.pk for machine in machines}
        | {answer.recommendation.equipment_id for answer in completion.answers}
        | {finding.equipment.pk for finding in completion.findings}
    )
    report = completion.report
    told = bool(report.recommendations_signed_by)
    for answer in completion.answers:
        _review(visit, answer, by=by, now=now, device_at=device_at)
    for finding in completion.findings:
        _raise(visit, finding, told=told, by=by, now=now, device_at=device_at)
    forgotten = list(unreviewed(visit, _day(visit, now)))
    if forgotten:
        raise NotReviewed(forgotten)

    covers = covers_of_machines(machines, _day(visit, now))
    use_parts(visit, technician_of(visit, by), completion.parts, covers, by=by, now=now)
    _write_report(visit, report, now, device_at)
    _read_meters(visit, completion.readings, by=by, now=now, device_at=device_at)
    write_step(visit, VisitStep.Step.FINISHED, by=by, now=now, device_at=device_at)
    write_visit(visit, now, state=Visit.State.DONE, completed_at=now, completed_on=_day(visit, now))

    release_promises(visit, by=by, now=now, because="The visit is done")
    keep_promised_visit(visit, by=by, now=now)
    cancel_visit_messages(visit, now=now)
    use_allowance(visit, by=by, now=now)
    follow_visit(visit, by=by, now=now)
    hand_over(visit, signed_by=report.recommendations_signed_by, now=now)
    settle_left(visit, completion.left, by=by, now=now)
    if not report.fixed_first_time:
        words = report.next_step or report.not_fixed_because
        leave_work(visit, words=words, parts=report.parts_needed, by=by, now=now)
    else:
        close_mended(visit, by=by, now=now)
    plan_report(visit, now=now)
    _tell(visit, report, by=by, now=now)
    # The gate of the database, now rather than at commit: here its refusal can be answered.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS visit_gate IMMEDIATE")
        cursor.execute("SET CONSTRAINTS visit_gate DEFERRED")


def _check_on_site(visit):
    if is_over(visit):
        raise AlreadyOver(why_not_finish(visit))
    if visit.state != Visit.State.ON_SITE:
        raise StepRefused(why_not_finish(visit))


def _review(visit, answer, *, by, now, device_at):
    recommendation = answer.recommendation
    act = {"by": by, "now": now, "reason": answer.reason}
    if answer.outcome == Outcome.DONE:
        lifecycle.mark_done(recommendation, **act)
    elif answer.outcome == Outcome.ACCEPTED:
        lifecycle.accept(recommendation, **act, by_customer=True)
    elif answer.outcome == Outcome.DECLINED:
        lifecycle.decline(recommendation, **act, by_customer=True)
    elif answer.outcome == Outcome.DEFERRED:
        lifecycle.defer(recommendation, until=answer.deferred_until, **act, by_customer=True)
    elif answer.outcome == Outcome.WORSE:
        severity = answer.severity or min(recommendation.severity + 1, Recommendation.Severity.LIKELY_TO_FAIL)
        lifecycle.worsen(recommendation, severity=severity, **act)
    elif answer.outcome != Outcome.STILL_VALID:
        raise lifecycle.NotPossible("Choose an answer.")
    _note(visit, recommendation, answer.outcome, answer.customer_told, by, now, device_at, answer)


def _raise(visit, finding, *, told, by, now, device_at):
    before = Recommendation.objects.filter(public_id=finding.public_id).first() if finding.public_id else None
    if before is not None:
        # Only what was raised here needs no other answer: an open one is not answered by its own id.
        if not visit.reviews.filter(recommendation=before).exists():
            raise StepRefused(f"“{before.finding}” was raised before this visit: answer it.")
        return before
    recommendation = lifecycle.raise_recommendation(
        equipment=finding.equipment,
        finding=finding.finding,
        severity=finding.severity,
        risk=finding.risk,
        estimate=finding.estimate,
        review_by=finding.review_by,
        photos=finding.photos,
        public_id=finding.public_id,
        by=by,
        now=now,
    )
    _note(visit, recommendation, Outcome.RAISED, told, by, now, device_at)
    return recommendation


def _note(visit, recommendation, outcome, told, by, now, device_at, answer=None):
    Review.objects.create(
        visit=visit,
        recommendation=recommendation,
        outcome=outcome,
        customer_told=told,
        reason=answer.reason[:200] if answer else "",
        deferred_until=answer.deferred_until if answer and outcome == Outcome.DEFERRED else None,
        at=now,
        device_at=device_at,
        by=by,
    )


def _write_report(visit, report, now, device_at):
    ServiceReport.objects.create(
        visit=visit,
        work_done=report.work_done,
        fixed_first_time=report.fixed_first_time,
        not_fixed_because=report.not_fixed_because,
        next_step=report.next_step,
        minutes=_minutes_there(visit, now, device_at),
        signing=report.signing,
        signature=report.signature,
        signed_by=report.signed_by,
        cannot_sign_because=report.cannot_sign_because,
        recommendations_signing=report.recommendations_signing,
        recommendations_signature=report.recommendations_signature,
        recommendations_signed_by=report.recommendations_signed_by,
        recommendations_unsigned_because=report.recommendations_unsigned_because,
        written_at=now,
    )


def _read_meters(visit, readings, *, by, now, device_at):
    """What cannot be is refused with the visit: nobody stands before the counter any more."""
    read_at = min(device_at or now, now)
    for counted in readings:
        try:
            record_reading(
                counted.machine,
                kind=counted.kind,
                value=counted.value,
                was_replaced=counted.was_replaced,
                read_at=read_at,
                visit=visit.public_id,
                by=by,
                now=now,
            )
        except SettingRefused as refused:
            raise StepRefused(f"{counted.machine.name}: {refused}") from None


def _minutes_there(visit, now, device_at) -> int:
    """From arrival to finish; by the phone where it told both: what it sends late did not last longer."""
    arrival = visit.steps.filter(step=VisitStep.Step.ARRIVED, undone_at=None).order_by("at", "pk").last()
    lasted = now - visit.arrived_at
    if device_at and arrival and arrival.device_at and arrival.device_at <= device_at <= now:
        lasted = device_at - arrival.device_at
    return min(int(lasted.total_seconds() // 60), 24 * 60)


def _tell(visit, report, *, by, now):
    late = ", done late" if visit.missed_at else ""
    fixed = "Fixed first time." if report.fixed_first_time else f"Not fixed: {report.not_fixed_because}."
    add_visit_line(
        visit,
        f"{visit.get_kind_display()} visit by {by.name}{late}",
        now=now,
        detail=f"{report.work_done} {fixed}".strip(),
        by=by,
        step="done",
    )
    tell_of_visit(EventKind.VISIT_DONE, visit, now=now)


def _day(visit, now) -> dt.date:
    return local_day(now, zone_of(visit.tenant))
