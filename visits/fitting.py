"""Would a visit fit there? The same answer for the drag's toast, the move dialog and the move itself."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from tenancy.calendars import calendar_of, local_day, local_time, zone_of
from visits.availability import diaries
from visits.models import Absence, Assignment, Technician, Visit
from visits.preferences import wishes_for


@dataclass(frozen=True)
class Fit:
    """Whether it fits, in words; `meets` says whether a response promised to the customer is kept."""

    fits: bool
    says: str
    is_taken: bool = False
    meets: bool | None = None


def fit(
    visit: Visit,
    *,
    technician: Technician,
    start: dt.datetime,
    length: dt.timedelta,
    now: dt.datetime,
    besides: Collection[int] = (),
) -> Fit:
    """What placing `visit` with `technician` from `start` for `length` would mean; changes nothing.

    `besides` are other visits (primary keys) that leave their places at the same moment.
    """
    zone, end = zone_of(visit.tenant), start + length
    if start < now and start != visit.planned_start:
        return Fit(False, "That time has passed. Choose a later one.")
    if not technician.is_active:
        return Fit(False, f"{technician.first_name} does not work here any more.")
    other = blocking_visit(visit, technician=technician, start=start, end=end, besides=besides)
    if other is not None:
        span = f"{local_time(other.planned_start, zone):%H:%M} to {local_time(other.planned_end, zone):%H:%M}"
        who = other.customer.company or other.customer.name
        return Fit(False, f"Overlaps {who}, {span}.", is_taken=True)
    away = Absence.objects.filter(technician=technician, starts_at__lt=end, ends_at__gt=start).first()
    if away is not None:
        until = local_time(away.ends_at, zone)
        why = f" ({away.reason})" if away.reason else ""
        return Fit(False, f"{technician.first_name} is away until {until:%a} {until.day} {until:%b}{why}.")
    if not _may_come(visit, technician):
        return Fit(False, f"The customer wants somebody other than {technician.first_name}.")
    return _judged(visit, technician, start, end, zone)


def blocking_visit(
    visit: Visit,
    *,
    technician: Technician,
    start: dt.datetime,
    end: dt.datetime,
    besides: Collection[int] = (),
) -> Visit | None:
    """Another visit that takes the technician's time between two instants, but for those `besides`."""
    taken = (
        Assignment.objects.filter(
            technician=technician, starts_at__lt=end, ends_at__gt=start, state__in=Assignment.BLOCKING_STATES
        )
        .exclude(visit_id__in=[visit.pk, *besides])
        .select_related("visit__customer")
        .order_by("starts_at")
        .first()
    )
    return taken and taken.visit


def _may_come(visit, technician):
    """Whoever is on the visit already stays: wishes decide who comes anew."""
    if visit.assignments.filter(technician=technician).exists():
        return True
    machines = [machine.equipment for machine in visit.machines.select_related("equipment")]
    return wishes_for(visit.customer, visit.site, machines).allows(technician)


def _judged(visit, technician, start, end, zone):
    """It can be done; what it does to the response promised, and what to mind."""
    day = local_day(start, zone)
    (diary,) = diaries([technician], start=start, end=end)
    spans = diary.spans(day, calendar_of(technician.tenant))
    is_working = any(opens <= start and end <= closes for opens, closes in spans)
    minds = [] if is_working else [f"Outside {technician.first_name}’s hours."]
    due = visit.case.response_due_at if visit.case and not visit.case.responded_at else None
    if due is None:
        return Fit(True, " ".join(["Free.", *minds]))
    clock = local_time(due, zone)
    named = f"{clock:%H:%M}" if clock.date() == day else f"{clock:%a %H:%M}"
    # As a slot is judged: the promise is met when the whole window lies before it.
    meets = start + (visit.window_end - visit.planned_start) <= due
    return Fit(
        True, " ".join([f"{'Meets' if meets else 'Breaks'} the {named} promise.", *minds]), meets=meets
    )
