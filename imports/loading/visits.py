"""Visits: those that are over as history, those to come as real appointments."""

import datetime as dt
from dataclasses import dataclass

from customers.models import SearchWord, TimelineEntry
from imports.loading.again import compare, count, remember
from imports.loading.allowance import USES, enter, entitlement_of, entitlements
from imports.loading.crew import part_names, parts_named, technicians_named
from imports.loading.desk import Desk, in_batches, insert
from imports.loading.numbers import insert_numbers
from imports.reading import customer_key
from imports.reading.visits import VisitRow
from imports.words import CANCELLED, DONE, INSTALL, MAINTENANCE, MISSED, NO_ACCESS, REPAIR, SCHEDULED
from tenancy.calendars import local_time
from visits.commitments import make_promises
from visits.models import Assignment, PartUse, ServiceReport, Visit, VisitEquipment

TABLE = "visits"
_KINDS = {MAINTENANCE: Visit.Kind.TUNE_UP, REPAIR: Visit.Kind.FAULT, INSTALL: Visit.Kind.INSTALL}
_OVER = {
    DONE: Visit.State.DONE,
    MISSED: Visit.State.MISSED,
    NO_ACCESS: Visit.State.NO_ACCESS,
    CANCELLED: Visit.State.CANCELLED_BY_US,
}
_IN_OLD_PROGRAM = "Cancelled in the old program; it does not say by whom"


@dataclass
class Arrival:
    """One visit on its way in, with what hangs on it."""

    row: VisitRow
    visit: Visit
    machine: int | None
    technician: int | None
    # The technician is elsewhere at that time: the visit comes in without one.
    is_crowded: bool = False


def is_over(row: VisitRow, desk: Desk) -> bool:
    """Whether a visit lies behind: it says so itself, or its window has passed and nobody closed it."""
    said_over = row.status != SCHEDULED and not says_too_early(row, desk)
    return said_over or desk.instant(row.end) <= desk.moment


def says_too_early(row: VisitRow, desk: Desk) -> bool:
    """Whether it is told as ended though nobody can have been there yet: that completes no visit (R5.4)."""
    came = row.completed or row.arrived or row.start
    return row.status in (DONE, NO_ACCESS, MISSED) and desk.instant(came) > desk.moment


def load_visits(desk: Desk, rows: list[VisitRow]) -> None:
    """Add new visits; those already here stay: visits move and end by acts, not by import."""
    compared = compare(TABLE, rows, said)
    here = set(Visit.objects.values_list("number_key", flat=True))
    fresh = [row for row in compared.new if row.key not in here]
    for row in compared.new:
        if row.key in here:
            desk.warn(TABLE, row.line, f"a visit with this number is here already: {row.number}")
    for row in fresh:
        if says_too_early(row, desk):
            told = f"visit {row.number} is told as {row.status} and is still to come: it comes in as booked"
            desk.warn(TABLE, row.line, told)
    # What is done takes of a grant before what is only booked.
    fresh.sort(key=lambda row: not is_over(row, desk))
    technicians, parts = technicians_named(fresh), parts_named(fresh)
    granted, taken = entitlements(), _taken(desk)
    done = 0
    for batch in in_batches(fresh):
        arrivals = [_arrival(desk, row, technicians, granted, taken) for row in batch]
        _store(desk, arrivals, parts)
        _promise(desk, [each.visit for each in arrivals if not each.visit.is_history])
        done += len(batch)
        desk.say(TABLE, done, len(fresh))
    for change in compared.changed:
        names = ", ".join(sorted(change.values))
        desk.warn(
            TABLE, change.row.line, f"the export changed {names} of visit {change.row.number}: it stays here"
        )
    remember(desk, TABLE, compared.new, compared.changed, said)
    left = len(compared.new) - len(fresh) + len(compared.changed)
    count(desk, TABLE, added=len(fresh), unchanged=compared.same + left, kept=len(compared.changed))


def said(row: VisitRow) -> dict:
    """What the export says of a visit, by field."""
    return {
        "customer": row.customer,
        "serial": row.serial,
        "technician": row.technician,
        "start": row.start,
        "end": row.end,
        "arrived": row.arrived,
        "completed": row.completed,
        "status": row.status,
        "kind": row.kind,
        "work": row.work,
        "parts": row.parts,
    }


def _arrival(desk: Desk, row: VisitRow, technicians, granted, taken) -> Arrival:
    over = is_over(row, desk)
    start, end = desk.instant(row.start), desk.instant(row.end)
    planned_end = end if end > start else start + dt.timedelta(minutes=desk.tenant.visit_minutes)
    machine = desk.machines.get(row.serial) if row.serial else None
    place = desk.places[customer_key(row.customer)]
    visit = Visit(
        number=row.number,
        number_key=row.key,
        customer_id=place.customer,
        site_id=place.site,
        contact_id=place.contact,
        kind=_KINDS[row.kind],
        window_start=start,
        window_end=end,
        planned_start=start,
        planned_end=planned_end,
        told_day=local_time(start, desk.zone).date(),
        told_from=local_time(start, desk.zone).time(),
        told_until=local_time(end, desk.zone).time(),
        is_history=over,
        booked_at=desk.instant(row.reported) or min(start, desk.now),
        changed_at=desk.now,
    )
    arrival = Arrival(row, visit, machine, technicians.get(row.technician.casefold()))
    if over:
        _end(desk, visit, row)
    if machine and visit.kind == Visit.Kind.TUNE_UP and visit.state in USES:
        visit.entitlement_id = entitlement_of(granted, machine, visit)
    if over:
        return arrival
    if arrival.technician is not None:
        blocks = taken.setdefault(arrival.technician, [])
        arrival.is_crowded = any(
            start < other_end and other_start < planned_end for other_start, other_end in blocks
        )
        if not arrival.is_crowded:
            blocks.append((start, planned_end))
    visit.needs_placing = arrival.is_crowded or arrival.technician is None
    return arrival


def _end(desk: Desk, visit: Visit, row: VisitRow) -> None:
    """How a visit of the past ended."""
    visit.state = _OVER.get(row.status, Visit.State.MISSED)
    visit.arrived_at = desk.instant(row.arrived)
    if visit.state == Visit.State.DONE:
        visit.completed_at = desk.instant(row.completed) or visit.arrived_at or visit.window_end
        visit.completed_on = local_time(visit.completed_at, desk.zone).date()
    elif visit.state == Visit.State.MISSED:
        visit.late_at = visit.missed_at = visit.window_end
        visit.ended_because = "Never closed in the old program: nobody came"
    elif visit.state == Visit.State.CANCELLED_BY_US:
        visit.ended_because = _IN_OLD_PROGRAM


def _store(desk: Desk, arrivals: list[Arrival], parts: dict[str, int]) -> None:
    insert([each.visit for each in arrivals])
    insert([VisitEquipment(visit=each.visit, equipment_id=each.machine) for each in arrivals if each.machine])
    _assign(desk, arrivals)
    insert([_report(each) for each in arrivals if each.visit.state == Visit.State.DONE])
    insert(
        [
            PartUse(visit=each.visit, part_id=parts[name.casefold()], quantity=1)
            for each in arrivals
            if each.visit.is_history
            for name in part_names(each.row)
        ]
    )
    enter([each.visit for each in arrivals if each.visit.entitlement_id])
    _tell(arrivals)


def _assign(desk: Desk, arrivals: list[Arrival]) -> None:
    """Give each its technician; where somebody booked the time meanwhile, the visit comes in without."""
    wanted = [each for each in arrivals if each.technician is not None and not each.is_crowded]
    insert(
        [
            Assignment(
                visit=each.visit,
                technician_id=each.technician,
                starts_at=each.visit.planned_start,
                ends_at=each.visit.planned_end,
            )
            for each in wanted
        ],
        ignore_conflicts=True,
    )
    to_come = [each for each in wanted if not each.visit.is_history]
    placed = set(
        Assignment.objects.filter(visit__in=[each.visit.pk for each in to_come]).values_list(
            "visit", flat=True
        )
    )
    for each in to_come:
        each.is_crowded = each.visit.pk not in placed
    late = [each.visit.pk for each in to_come if each.is_crowded]
    Visit.objects.filter(pk__in=late).update(needs_placing=True)
    for each in arrivals:
        if each.is_crowded:
            text = f"{each.row.technician} has another visit at that time, this one needs a technician"
            desk.warn(TABLE, each.row.line, f"{text}: {each.row.number}")


def _report(arrival: Arrival) -> ServiceReport:
    visit = arrival.visit
    minutes = (visit.completed_at - visit.arrived_at).total_seconds() // 60 if visit.arrived_at else None
    return ServiceReport(
        visit=visit,
        work_done=arrival.row.work,
        minutes=int(minutes) if minutes is not None and 0 <= minutes < 32_000 else None,
        written_at=visit.completed_at,
    )


def _promise(desk: Desk, visits: list[Visit]) -> None:
    """What an appointment to come promises: window, confirmation, call ahead (R4.1). Nothing is sent."""
    for visit in Visit.objects.filter(pk__in=[each.pk for each in visits]).select_related("customer", "case"):
        visit.tenant = desk.tenant
        make_promises(visit, by=None, now=min(desk.now, desk.moment))


def _tell(arrivals: list[Arrival]) -> None:
    insert_numbers(SearchWord.Kind.VISIT, [each.visit for each in arrivals])
    insert([_line(each) for each in arrivals], ignore_conflicts=True)


def _line(arrival: Arrival) -> TimelineEntry:
    visit, row = arrival.visit, arrival.row
    what = f"{visit.get_kind_display()} {visit.number}"
    title, kind = {
        Visit.State.DONE: (f"{what} done", TimelineEntry.Kind.VISIT),
        Visit.State.MISSED: (f"{what}: nobody came", TimelineEntry.Kind.MISSED),
        Visit.State.NO_ACCESS: (f"{what}: no access", TimelineEntry.Kind.VISIT),
        Visit.State.CANCELLED_BY_US: (f"{what} cancelled", TimelineEntry.Kind.VISIT),
    }.get(visit.state, (f"{what} booked", TimelineEntry.Kind.VISIT))
    if arrival.is_crowded:
        title = f"{what} came in without a technician: {row.technician} is elsewhere at that time"
    elif row.technician and visit.state == Visit.State.DONE:
        title = f"{title} by {row.technician}"
    return TimelineEntry(
        customer_id=visit.customer_id,
        at=visit.completed_at
        or visit.missed_at
        or (visit.window_start if visit.is_history else visit.booked_at),
        kind=kind,
        title=title[:200],
        detail=row.work,
        subject=visit.public_id,
        step="imported",
    )


def _taken(desk: Desk) -> dict[int, list[tuple[dt.datetime, dt.datetime]]]:
    """The blocks that technicians have already in this desk."""
    found: dict[int, list[tuple[dt.datetime, dt.datetime]]] = {}
    blocking = Assignment.objects.filter(state__in=Assignment.BLOCKING_STATES, ends_at__gt=desk.moment)
    for technician, start, end in blocking.values_list("technician", "starts_at", "ends_at"):
        found.setdefault(technician, []).append((start, end))
    return found
