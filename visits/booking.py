"""Booking a visit: one function for every way in, one transaction for all that belongs to it (R2.4).

The time of the technicians is taken by an INSERT that gives way: of two bookers at once the database
lets one in, and the other is told so without a failed transaction. Technicians are held before
anything else is, in one order for all paths (`visits.places`): nobody waits in a circle.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Min

from cases.case_lines import add_case_line
from cases.duties import close_duties_about
from cases.matters import take_in
from cases.models import Case, Interaction
from cases.promising import release_promise
from cases.reopening import standing_case
from contracts.models import Entitlement
from customers.models import Contact, Customer, Equipment, SearchWord, Site
from customers.search_words import add_number
from recommendations.faults import link_warnings, unlink_warnings
from tenancy.models import Membership
from visits.announcements import cancel_visit_messages, plan_visit_messages
from visits.commitments import make_promises, open_promises
from visits.entitled import book_allowance, release_allowance
from visits.maintenance import book_service, follow_visit
from visits.models import Assignment, PlannedService, Technician, Visit, VisitEquipment, VisitSeries
from visits.numbering import next_number
from visits.places import UNDO_TIME, TooLateToUndo, hold_technicians
from visits.second_miss import mind_misses
from visits.told import told
from visits.visit_events import Kind as EventKind
from visits.visit_events import tell_of_visit
from visits.visit_lines import add_visit_line
from visits.work_left import keep_open, note_return

UNDONE = "The booking was undone"


class SlotTaken(Exception):
    """The technician's time went to somebody else: `taken_at` says when, if another visit took it."""

    def __init__(self, technician: Technician, start: dt.datetime, taken_at: dt.datetime | None):
        super().__init__(f"{technician.name} is not free any more.")
        self.technician, self.start, self.taken_at = technician, start, taken_at


@transaction.atomic
def book_visit(
    *,
    customer: Customer,
    site: Site,
    contact: Contact | None,
    machines: Iterable[Equipment],
    kind: str,
    problem: str,
    technician: Technician,
    start: dt.datetime,
    end: dt.datetime,
    window_end: dt.datetime,
    by: Membership | None,
    now: dt.datetime,
    case: Case | None = None,
    response_due_at: dt.datetime | None = None,
    entitlement: Entitlement | None = None,
    service: PlannedService | None = None,
    tell_by_mail: bool = True,
    tell_by_sms: bool = True,
    others: Iterable[Technician] = (),
    series: VisitSeries | None = None,
    confirm: bool = True,
    is_new_matter: bool = False,
) -> Visit:
    """Book a technician from `start` to `end`; the customer is told the window `start` to `window_end`.

    `others` come along: all of them are taken or nobody, and `technician` is the one named. A fault
    without a `case` goes to the open one of its machine, else, or where it `is_new_matter`, it opens
    one, to be answered by `response_due_at`; a visit more for a `case` keeps it open. With an
    `entitlement` the visit is one of those that the contract grants, with a `service` it is planned
    maintenance, with a `series` one that comes again. The confirmation (none without `confirm`) leaves
    when the booking cannot be undone any more, or, for a third appointment after two misses, when a
    supervisor approves it (see `second_miss`). Raises SlotTaken when the time of one of them is gone,
    NothingLeft when the granted visit is, PlanRefused when the service is booked otherwise, and
    ValueError for a time that has passed.
    """
    if start < now:
        raise ValueError("That time has passed. Choose a later one.")
    machines = list(machines)
    crew = list(dict.fromkeys([technician, *others]))
    hold_technicians(who.pk for who in crew)
    # Whoever held them before has booked by now: before anything is written.
    _refuse_if_taken(crew, start, end)
    if case is None and kind == Visit.Kind.FAULT:
        said = {"customer": customer, "site": site, "contact": contact, "response_due_at": response_due_at}
        case = _take_fault_in(machines, problem, **said, is_new=is_new_matter, by=by, now=now)
    elif case is not None:
        case = standing_case(case)
        keep_open(case.pk, by=by, now=now)
        if kind == Visit.Kind.FAULT:
            link_warnings(case, machines, now=now, since=_fault_since(case, now))
    visit = _visit(customer, site, contact, kind, problem, start, end, window_end, by=by, now=now)
    visit.case, visit.entitlement, visit.series, visit.crew = case, entitlement, series, len(crew)
    visit.tell_by_mail, visit.tell_by_sms = tell_by_mail, tell_by_sms
    visit.number = next_number()
    visit.save()
    VisitEquipment.objects.bulk_create([VisitEquipment(visit=visit, equipment=m) for m in machines])
    _take_time(visit, crew)
    mind_misses(visit, by=by, now=now)
    make_promises(visit, by=by, now=now)
    book_allowance(visit, by=by, now=now)
    note_return(visit, by=by, now=now)
    if service is not None:
        book_service(service, visit, by=by, now=now)
    if confirm:
        plan_visit_messages(visit, "booked", now=now, send_after=visit.held_until)
    add_number(customer, SearchWord.Kind.VISIT, visit.number, visit.public_id)
    _tell_timeline(visit, crew, "booked", "Visit booked", at=now, by=by, detail=problem)
    tell_of_visit(EventKind.VISIT_BOOKED, visit, now=now)
    return visit


@transaction.atomic
def undo_booking(visit: Visit, *, by: Membership, now: dt.datetime) -> Visit:
    """Take back a booking while its confirmation waits; undoing twice changes nothing.

    The visit reads "Booking undone", its promises end as released, and the case that was opened with
    it closes, unless another visit is for it as well. Raises TooLateToUndo afterwards: then it is
    cancelled or moved, and the customer is told.
    """
    visit = Visit.objects.select_for_update().get(pk=visit.pk)
    if visit.was_undone:
        return visit
    waits = (Visit.State.BOOKED, Visit.State.CONFIRMED)
    if visit.state not in waits or visit.held_until is None or now >= visit.held_until:
        raise TooLateToUndo("Two minutes are over: move or cancel the visit, so that the customer hears.")
    visit.state, visit.ended_because = Visit.State.CANCELLED_BY_US, Visit.BOOKING_UNDONE
    visit.version, visit.changed_at = visit.version + 1, now
    visit.save(update_fields=["state", "ended_because", "version", "changed_at"])
    cancel_visit_messages(visit, now=now)
    for promise in open_promises(visit):
        # Nobody was told of it: whatever was due by now, none of it is broken.
        release_promise(promise, now=now, evidence=UNDONE, by=by)
    release_allowance(visit, by=by, now=now, because=UNDONE)
    follow_visit(visit, by=by, now=now)
    close_duties_about(visit.public_id, by=by, now=now, outcome=UNDONE)
    _close_case_of(visit, by=by, now=now)
    add_visit_line(
        visit,
        "Booking undone",
        now=now,
        by=by,
        step="undone",
    )
    return visit


def _refuse_if_taken(crew, start, end):
    """The common case, before anything is written."""
    other = (
        Assignment.objects.filter(
            technician__in=crew, starts_at__lt=end, ends_at__gt=start, state__in=Assignment.BLOCKING_STATES
        )
        .select_related("technician", "visit")
        .order_by("-visit__booked_at")
        .first()
    )
    if other is not None:
        raise SlotTaken(other.technician, start, other.visit.booked_at)


def _take_time(visit, crew):
    """Whoever inserts first has it; the other waits for that transaction's end, and gives way."""
    span = {"starts_at": visit.planned_start, "ends_at": visit.planned_end}
    Assignment.objects.bulk_create(
        [Assignment(visit=visit, technician=who, **span) for who in crew], ignore_conflicts=True
    )
    taken = set(Assignment.objects.filter(visit=visit).values_list("technician", flat=True))
    missing = [who for who in crew if who.pk not in taken]
    if missing:
        _refuse_if_taken(missing, start=visit.planned_start, end=visit.planned_end)
        raise SlotTaken(missing[0], visit.planned_start, None)


def _close_case_of(visit, *, by, now):
    """The case that was opened with the booking goes with it, while no other visit is for it."""
    if visit.case is None:
        return
    if visit.case.opened_at != visit.booked_at:
        unlink_warnings(visit.case, noticed_at=visit.booked_at)
        return
    cancelled = (Visit.State.CANCELLED_BY_US, Visit.State.CANCELLED_BY_CUSTOMER)
    if not visit.case.visits.exclude(pk=visit.pk).exclude(state__in=cancelled).exists():
        Case.objects.filter(pk=visit.case_id).update(state=Case.State.CLOSED, closed_at=now, outcome=UNDONE)
        said = f"Closed: {visit.case.title}"
        add_case_line(visit.case, said, step=f"closed {now.isoformat()}", now=now, by=by, detail=UNDONE)
        unlink_warnings(visit.case)


def _fault_since(case, now) -> dt.datetime:
    """Since when the fault is there: as old as its case, or as the first visit for it in another case."""
    if case.kind == Case.Kind.FAULT:
        return case.opened_at
    return case.visits.filter(kind=Visit.Kind.FAULT).aggregate(first=Min("booked_at"))["first"] or now


def _take_fault_in(machines, problem, *, by, now, **said) -> Case:
    """The case of a fault, the open one of its machine or a new one.

    What we had recommended on the machine is linked and counted (R5.7).
    """
    named = ", ".join(str(machine) for machine in machines)
    case = take_in(
        kind=Case.Kind.FAULT,
        title=(problem.strip().splitlines() or [f"Fault: {named}"])[0][:200],
        words=problem,
        channel=Interaction.Channel.CALL if by else Interaction.Channel.MESSAGE,
        equipment=machines,
        by=by,
        now=now,
        **said,
    )
    link_warnings(case, machines, now=now, since=_fault_since(case, now))
    return case


def _visit(customer, site, contact, kind, problem, start, end, window_end, *, by, now) -> Visit:
    return Visit(
        tenant=customer.tenant,
        customer=customer,
        site=site,
        contact=contact,
        kind=kind,
        problem=problem.strip(),
        window_start=start,
        window_end=window_end,
        planned_start=start,
        planned_end=end,
        **told(customer, start, window_end),
        booked_at=now,
        booked_by=by,
        changed_at=now,
        held_until=now + UNDO_TIME,
    )


def _tell_timeline(visit, crew, step, title, *, at, by, detail):
    day = f"{visit.told_day:%a} {visit.told_day.day} {visit.told_day:%b}"
    window = f"{visit.told_from:%H:%M} to {visit.told_until:%H:%M}"
    add_visit_line(
        visit,
        f"{title}: {day}, {window}, {' and '.join(who.name for who in crew)}",
        now=at,
        detail=detail,
        by=by,
        step=step,
    )
