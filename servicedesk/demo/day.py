"""The demo's day: visits before, at and after the present moment, as their steps would have left them."""

import datetime as dt

from cases.models import Promise
from customers.models import SearchWord
from customers.search_words import add_numbers
from messaging.models import Message
from servicedesk.demo.people import Built
from servicedesk.demo.schedule import (
    BOOKED,
    CALLED,
    DONE,
    LATE,
    MISSED,
    ON_SITE,
    ON_THE_WAY,
    TODAY,
    Planned,
)
from tenancy.calendars import calendar_of, local_time, zone_of
from tenancy.models import Role
from visits.commitments import keep_promise, make_promises
from visits.models import Assignment, ServiceReport, Visit, VisitEquipment, VisitStep
from visits.numbering import next_number
from visits.sweeper import make_missed

MINUTE = dt.timedelta(minutes=1)
QUARTER = dt.timedelta(minutes=15)


def add_day(built: Built) -> dict[str, Visit]:
    """Every visit of the schedule, by its customer."""
    visits = {planned.customer: _add(built, planned) for planned in TODAY}
    kind = SearchWord.Kind.VISIT
    add_numbers((each.customer, kind, each.number, each.public_id) for each in visits.values())
    return visits


def place_visit(built: Built, key: str, start: dt.datetime, end: dt.datetime, **fields) -> Visit:
    """A visit's row for all of a customer's machines; `technician` and `window` (minutes) may be given."""
    technician, window = fields.pop("technician", None), fields.pop("window", 60)
    window_end = start + window * MINUTE
    zone = zone_of(built.desk)
    visit = Visit.objects.create(
        **{
            "number": next_number(),
            "customer": built.customers[key],
            "site": built.sites[key],
            "contact": built.contacts[key],
            "window_start": start,
            "window_end": window_end,
            "planned_start": start,
            "planned_end": end,
            "told_day": local_time(start, zone).date(),
            "told_from": local_time(start, zone).time(),
            "told_until": local_time(window_end, zone).time(),
            "booked_at": min(start, built.now) - dt.timedelta(days=2, hours=3),
            "booked_by": built.people[Role.DISPATCHER],
            "changed_at": built.now,
            **fields,
        }
    )
    for machine in built.machines[key]:
        VisitEquipment.objects.create(visit=visit, equipment=machine)
    if technician is not None:
        Assignment.objects.create(visit=visit, technician=technician, starts_at=start, ends_at=end)
    return visit


def report(visit: Visit, work: str, at: dt.datetime) -> None:
    """What was done at a visit that is over."""
    ServiceReport.objects.create(
        visit=visit, work_done=work, fixed_first_time=True, signing="typed", signed_by=visit.contact.name,
        written_at=at,
    )  # fmt: skip


def _add(built: Built, planned: Planned) -> Visit:
    start, end = _moment(built, planned.start, planned.day), _moment(built, planned.end, planned.day)
    technician = None if planned.technician is None else built.technicians[planned.technician]
    visit = place_visit(
        built,
        planned.customer,
        start,
        end,
        technician=technician,
        window=planned.window,
        kind=planned.kind,
        problem=planned.problem,
        confirmed_at=None if planned.standing == BOOKED else start - dt.timedelta(days=1),
        first_confirmed_at=None if planned.standing == BOOKED else start - dt.timedelta(days=1),
        state=Visit.State.BOOKED if planned.standing == BOOKED else Visit.State.CONFIRMED,
    )
    make_promises(visit, by=built.people[Role.DISPATCHER], now=visit.booked_at)
    _tell(built, visit)
    _take_steps(built, visit, planned.standing, start, end)
    return visit


def _take_steps(built, visit, standing, start, end):
    """What happened so far, each with its time; a miss and a lateness are the sweeper's to say."""
    by = built.people[Role.DISPATCHER]
    _keep(visit, Promise.Kind.CONFIRMATION, start - dt.timedelta(hours=30), "Told by message", by)
    if standing in (DONE, ON_SITE, ON_THE_WAY, CALLED):
        _step(visit, VisitStep.Step.CALL_AHEAD, start - 35 * MINUTE, by, result=VisitStep.Result.SPOKE)
        visit.called_ahead_at = start - 35 * MINUTE
        _keep(visit, Promise.Kind.CALL_AHEAD, start - 35 * MINUTE, f"{by.name}: spoke", by)
    if standing in (DONE, ON_SITE, ON_THE_WAY):
        _step(visit, VisitStep.Step.ON_THE_WAY, start - 12 * MINUTE, by)
        visit.on_the_way_at = visit.brief_read_at = start - 12 * MINUTE
        visit.state, visit.expected_at = Visit.State.ON_THE_WAY, start + 5 * MINUTE
    if standing in (DONE, ON_SITE):
        _step(visit, VisitStep.Step.ARRIVED, start + 4 * MINUTE, by)
        visit.arrived_at, visit.state = start + 4 * MINUTE, Visit.State.ON_SITE
        _keep(visit, Promise.Kind.WINDOW, start + 4 * MINUTE, "Arrived in the window", by)
    if standing == DONE:
        visit.state, visit.completed_at = Visit.State.DONE, end - 4 * MINUTE
        visit.completed_on = local_time(visit.completed_at, zone_of(built.desk)).date()
        report(visit, f"{visit.problem}: done and tested.", visit.completed_at)
        _step(visit, VisitStep.Step.FINISHED, visit.completed_at, by)
    visit.save()
    if standing in (MISSED, LATE):
        _keep(visit, Promise.Kind.CALL_AHEAD, visit.planned_start - 40 * MINUTE, f"{by.name}: spoke", by)
    if standing == MISSED:
        visit.late_at = visit.window_end
        visit.tenant = built.desk
        at = visit.window_end + built.desk.missed_after_minutes * MINUTE
        make_missed(visit, now=at, calendar=calendar_of(built.desk))
        Visit.objects.filter(pk=visit.pk).update(late_at=visit.window_end)


def _moment(built, clock, day):
    """The schedule's wall time, moved so that its 13:00 is the last quarter of an hour before now."""
    hour, minute = map(int, clock.split(":"))
    minutes = (hour - 13) * 60 + minute
    seconds = built.now.minute * 60 + built.now.second
    anchor = built.now - dt.timedelta(seconds=seconds % (15 * 60), microseconds=built.now.microsecond)
    return anchor + minutes * MINUTE + dt.timedelta(days=day)


def _step(visit, step, at, by, **fields):
    VisitStep.objects.create(visit=visit, step=step, at=at, device_at=at, by=by, **fields)


def _keep(visit, kind, at, evidence, by):
    keep_promise(visit, kind, now=at, evidence=evidence, by=by)


def _tell(built, visit):
    """The confirmation went out when it was booked: the messages page shows it as sent."""
    Message.objects.create(
        key=visit.public_id, kind="booked", channel=Message.Channel.SMS, customer=visit.customer,
        contact=visit.contact, subject=visit.public_id, subject_start=visit.planned_start,
        state=Message.State.SENT, send_after=visit.booked_at, planned_at=visit.booked_at,
        sent_at=visit.booked_at, address=visit.contact.phone, attempts=1,
        text=f"{built.desk.name}: we will be with you between {visit.told_from:%H:%M} and "
        f"{visit.told_until:%H:%M} on {visit.told_day.day} {visit.told_day:%B}.",
    )  # fmt: skip
