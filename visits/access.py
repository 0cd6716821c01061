"""No access: we came and could not get in, which needs evidence (R4.5)."""

import datetime as dt

from django.db import transaction

from cases.models import Duty
from contracts.models import AllowanceEntry
from tenancy.calendars import calendar_of, local_time, zone_of
from visits.announcements import cancel_visit_messages
from visits.commitments import release_promises
from visits.entitled import reopen_allowance
from visits.fieldwork import StepRefused, take_visit, write_step, write_visit
from visits.maintenance import follow_visit
from visits.models import Visit, VisitStep
from visits.phone_times import arrival_of, done_at
from visits.visit_duties import open_visit_duty
from visits.visit_lines import add_visit_line

Step = VisitStep.Step
WAIT_FOR_ACCESS = dt.timedelta(minutes=10)


def steps_of(visit: Visit) -> list[VisitStep]:
    """The visit's steps in order of time, as the following take them."""
    return list(visit.steps.order_by("at", "pk"))


def came_at(visit: Visit, steps: list[VisitStep]) -> dt.datetime | None:
    """When the technician came: by the phone where the arrival waited there for a signal."""
    arrival = arrival_of(steps)
    return done_at(arrival) if arrival else visit.arrived_at


def access_from(visit: Visit, steps: list[VisitStep]) -> dt.datetime | None:
    """The instant from which *no access* may be said: ten minutes after the arrival."""
    came = came_at(visit, steps)
    return came and came + WAIT_FOR_ACCESS


def calls_at_the_door(visit: Visit, steps: list[VisitStep]) -> list[VisitStep]:
    """The calls tried since the arrival, in order."""
    came = came_at(visit, steps)
    if came is None:
        return []
    calls = [each for each in steps if each.step == Step.CALL_AHEAD and each.result]
    return [call for call in calls if call.undone_at is None and done_at(call) > came]


def no_access(visit: Visit, *, because: str, by, now: dt.datetime, device_at=None) -> Visit:
    """We came and could not get in: needs the arrival, ten minutes' wait and a call since (R4.5).

    A phone that was without a signal is judged by its own times, set right to our clock: what it sends
    at one go did not happen at one go.
    """
    if not because.strip():
        raise StepRefused("Say what kept you out.")
    said_at = now if device_at is None else min(device_at, now)
    with transaction.atomic():
        visit = take_visit(visit, by, now=now)
        if visit.state != Visit.State.ON_SITE:
            raise StepRefused("Tap Arrived first: no access needs the time at which you came.")
        zone, steps = zone_of(visit.tenant), steps_of(visit)
        if said_at < access_from(visit, steps):
            wait = local_time(access_from(visit, steps), zone)
            raise StepRefused(f"Wait ten minutes for somebody to open: until {wait:%H:%M}.")
        if not calls_at_the_door(visit, steps):
            raise StepRefused("Ring the customer and log the call first.")
        write_step(visit, Step.NO_ACCESS, by=by, now=now, device_at=device_at)
        write_visit(visit, now, state=Visit.State.NO_ACCESS, ended_because=because.strip()[:300])
        release_promises(visit, by=by, now=now, because="We came and could not get in")
        cancel_visit_messages(visit, now=now)
        reopen_allowance(visit, AllowanceEntry.Kind.NO_ACCESS, by=by, now=now)
        follow_visit(visit, by=by, now=now)
        add_visit_line(
            visit,
            f"No access: {by.name} came and could not get in",
            now=now,
            detail=because.strip(),
            by=by,
            step="no access",
        )
        open_visit_duty(
            visit,
            "no access",
            kind=Duty.Kind.CALL_CUSTOMER,
            title=f"Ring {visit.customer}: we came and could not get in",
            detail=because.strip(),
            due_at=calendar_of(visit.tenant).due_after(now, dt.timedelta(hours=1)),
            now=now,
        )
    return visit
