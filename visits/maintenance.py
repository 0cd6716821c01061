"""Maintenance plans: made, suspended, gone on with and stopped; what becomes of each service (R3.4).

Generating the services and raising the alarm stand in `visits.planned`. Nothing here stops silently:
every end is an act with a person, a reason and a date, and a service is booked, done or left out.
"""

import datetime as dt
import uuid

from django.db import transaction

from cases.duties import close_duties_about
from cases.models import Duty
from contracts.wording import day_in_full
from customers.models import TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import local_day, zone_of
from tenancy.models import Membership
from visits.models import MaintenancePlan, PlanException, PlannedService, Visit
from visits.schedules import schedule_of

State = PlannedService.State


class PlanRefused(ValueError):
    """The act is not possible as the plan or service stands; the words say why and are fit to show."""


@transaction.atomic
def make_plan(plan: MaintenancePlan, *, by: Membership, now: dt.datetime) -> MaintenancePlan:
    """Enter a plan (unsaved, complete but for who and when). Raises PlanRefused for one that cannot be."""
    _check(plan, local_day(now, zone_of(plan.customer.tenant)))
    plan.made_at, plan.made_by = now, by
    plan.save()
    _tell(plan, "Maintenance plan made", at=now, by=by, detail=rhythm_words(plan))
    return plan


@transaction.atomic
def suspend_plan(
    plan: MaintenancePlan,
    *,
    from_day: dt.date,
    resumes_on: dt.date | None,
    because: str,
    by: Membership,
    now: dt.datetime,
) -> None:
    """Nothing is due from a day on, until it goes on from its schedule: nothing is made up for.

    `resumes_on` None: until somebody says so. Booked services stay booked. Raises PlanRefused.
    """
    plan = _held(plan)
    _check_goes_on(plan, local_day(now, zone_of(plan.customer.tenant)))
    because = _reason(because)
    if plan.suspended_on is not None:
        raise PlanRefused("This plan is suspended already.")
    if resumes_on is not None and resumes_on <= from_day:
        raise PlanRefused("The day on which it goes on lies after the first day without it.")
    plan.suspended_on, plan.suspended_by, plan.suspended_because = from_day, by, because
    plan.resumes_on = resumes_on
    plan.save(update_fields=[*SUSPENSION, "resumes_on"])
    waiting = plan.services.filter(state=State.DUE, due_on__gte=from_day)
    if resumes_on is not None:
        waiting = waiting.filter(due_on__lt=resumes_on)
    _leave_out(waiting, suspended_words(plan), by=by, now=now)
    until = f" until {day_in_full(resumes_on)}" if resumes_on else ""
    title = f"Maintenance suspended from {day_in_full(from_day)}{until}"
    _tell(plan, title, at=now, by=by, detail=because)


@transaction.atomic
def resume_plan(plan: MaintenancePlan, *, by: Membership | None, now: dt.datetime) -> None:
    """It goes on from its schedule today; what fell into the pause is left out, each day by name.

    `by` is None where its day has come by itself. Raises PlanRefused.
    """
    plan = _held(plan)
    today = local_day(now, zone_of(plan.customer.tenant))
    _check_goes_on(plan, today)
    if plan.suspended_on is None:
        raise PlanRefused("This plan is not suspended.")
    resumes_on = min(plan.resumes_on or today, today)
    because, begun, who = suspended_words(plan), plan.suspended_on, plan.suspended_by
    again = plan.services.filter(state=State.LEFT_OUT, settled_because=because, due_on__gte=resumes_on)
    again.update(state=State.DUE, settled_at=None, settled_by=None, settled_because="")
    PlannedService.objects.bulk_create(
        [left_out(plan, day, because, by=who, now=now) for day in _in_the_pause(plan, begun, resumes_on)],
        ignore_conflicts=True,
    )
    plan.suspended_on = plan.suspended_by = plan.resumes_on = None
    plan.suspended_because = ""
    plan.save(update_fields=[*SUSPENSION, "resumes_on"])
    _tell(plan, f"Maintenance goes on from {day_in_full(resumes_on)}", at=now, by=by)


def _in_the_pause(plan, begun, resumes_on):
    """The due days that fell into it."""
    schedule = schedule_of(plan, frozenset(plan.exceptions.values_list("day", flat=True)))
    if plan.counts_from == MaintenancePlan.CountsFrom.CALENDAR:
        yield from schedule.days(begun, resumes_on - dt.timedelta(days=1))
        return
    last = plan.services.select_related("visit").order_by("-pk").first()
    if last is not None and last.state in (State.DUE, State.BOOKED):
        return
    day = schedule.after(counted_from(last)) if last else plan.starts_on
    while day is not None and day < resumes_on:
        if day >= begun:
            yield day
        day = schedule.after(day)


def counted_from(service: PlannedService) -> dt.date:
    """The day from which the next one counts: when it was done, else when it was due."""
    if service.state != State.DONE:
        return service.due_on
    if service.visit is not None and service.visit.completed_on is not None:
        return service.visit.completed_on
    return local_day(service.settled_at, zone_of(service.tenant))


SUSPENSION = ("suspended_on", "suspended_by", "suspended_because")


@transaction.atomic
def stop_plan(
    plan: MaintenancePlan, *, last_day: dt.date, because: str, by: Membership, now: dt.datetime
) -> None:
    """No service is due after `last_day`; those that wait and are due later are left out.

    What is due by then stays due, what is booked stays booked. Raises PlanRefused.
    """
    plan = _held(plan)
    because = _reason(because)
    if plan.stopped_on is not None:
        raise PlanRefused("This plan is stopped already.")
    plan.stopped_on, plan.stopped_at, plan.stopped_by, plan.stopped_because = last_day, now, by, because
    plan.save(update_fields=["stopped_on", "stopped_at", "stopped_by", "stopped_because"])
    later = plan.services.filter(state=State.DUE, due_on__gt=last_day)
    said = f"Stopped: {because}"
    _leave_out(later, said, by=by, now=now)
    close_duties_about(plan.public_id, Duty.Kind.BOOK_SERVICE, by=by, now=now, outcome=said)
    _tell(plan, f"Maintenance stopped after {day_in_full(last_day)}", at=now, by=by, detail=because)


@transaction.atomic
def add_exception(
    plan: MaintenancePlan, *, day: dt.date, because: str, by: Membership, now: dt.datetime
) -> None:
    """Leave one day of the schedule out; a service that waits for that day is left out with it.

    Raises PlanRefused for a day whose service is booked or done.
    """
    plan = _held(plan)
    because = _reason(because)[:200]
    service = plan.services.filter(due_on=day).first()
    if service is not None and service.state in (State.BOOKED, State.DONE):
        raise PlanRefused(
            f"The service of {day_in_full(day)} is {service.get_state_display().lower()} already."
        )
    PlanException.objects.bulk_create(
        [PlanException(plan=plan, day=day, reason=because, made_at=now, made_by=by)], ignore_conflicts=True
    )
    _leave_out(plan.services.filter(state=State.DUE, due_on=day), because, by=by, now=now)


@transaction.atomic
def leave_out(service: PlannedService, *, because: str, by: Membership, now: dt.datetime) -> None:
    """This one service will not be: the plan goes on. Raises PlanRefused unless it waits to be booked."""
    because = _reason(because)
    if not _leave_out(PlannedService.objects.filter(pk=service.pk, state=State.DUE), because, by=by, now=now):
        raise PlanRefused("This service does not wait any more: somebody booked it or left it out.")
    plan = service.plan
    title = f"Maintenance of {day_in_full(service.due_on)} left out"
    _tell(plan, title, at=now, by=by, detail=because, step=f"left out {service.due_on}")


def left_out(plan: MaintenancePlan, day: dt.date, because: str, *, by, now: dt.datetime) -> PlannedService:
    """A day of the schedule (unsaved) on which nothing is to be done, with the reason."""
    return PlannedService(
        plan=plan,
        due_on=day,
        proposed_on=day,
        state=State.LEFT_OUT,
        generated_at=now,
        settled_at=now,
        settled_by=by,
        settled_because=because,
    )


# Services and their visits


def book_service(service: PlannedService, visit: Visit, *, by, now: dt.datetime) -> None:
    """The visit is the one that this service waited for. Raises PlanRefused when another one is."""
    waiting = PlannedService.objects.filter(pk=service.pk, state=State.DUE)
    if not waiting.update(state=State.BOOKED, visit=visit):
        raise PlanRefused("The planned maintenance was booked or left out meanwhile.")
    said = f"Visit {visit.number} is booked"
    close_duties_about(service.public_id, Duty.Kind.BOOK_SERVICE, by=by, now=now, outcome=said)


def waiting_service(visit: Visit) -> PlannedService | None:
    """The service that this visit was to do and did not: it waits to be booked anew."""
    return PlannedService.objects.filter(visit=visit, state=State.DUE).first()


def follow_visit(visit: Visit, *, by, now: dt.datetime) -> None:
    """What became of a visit becomes of its service: done, or to be booked again. Told twice it is once.

    A visit that was missed and is done late does its service, unless another visit was booked for it.
    One whose cancelling was undone is to do its service again, unless it was left out meanwhile.
    """
    services = PlannedService.objects.filter(visit=visit)
    if visit.state == Visit.State.DONE:
        for service in services.filter(state__in=[State.BOOKED, State.DUE]):
            said = f"Visit {visit.number} is done"
            service.state, service.settled_at, service.settled_by = State.DONE, now, by
            service.save(update_fields=["state", "settled_at", "settled_by"])
            close_duties_about(service.public_id, Duty.Kind.BOOK_SERVICE, by=by, now=now, outcome=said)
    elif visit.state in Visit.OVER_STATES:
        services.filter(state=State.BOOKED).update(state=State.DUE, alarmed_at=None)
    elif visit.state in Visit.WAITING_STATES:
        services.filter(state=State.DUE).update(state=State.BOOKED)


# Words


def rhythm_words(plan: MaintenancePlan) -> str:
    """ "Every 3 months on Mon or Thu, from the last completion, from 5 Mar 2026, until 4 are done"."""
    unit = plan.get_unit_display().lower()
    every = f"Every {plan.every} {unit}" if plan.every > 1 else f"Every {unit[:-1]}"
    named = [NAMES[weekday] for weekday in sorted(plan.weekdays)]
    on = f" on {' or '.join(named)}" if named else ""
    counted = ", counted from the last completion"
    counted = counted if plan.counts_from == MaintenancePlan.CountsFrom.COMPLETION else ""
    until = f", until {day_in_full(plan.until)}" if plan.until else ""
    most = f", until {plan.most_done} {'is' if plan.most_done == 1 else 'are'} done" if plan.most_done else ""
    return f"{every}{on}{counted}, from {day_in_full(plan.starts_on)}{until}{most}"


NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def suspended_words(plan: MaintenancePlan) -> str:
    """Why a day that falls into the pause is left out; the same words for each day of one pause."""
    return f"Suspended from {day_in_full(plan.suspended_on)}: {plan.suspended_because}"[:300]


def _check(plan, today):
    if plan.starts_on < today:
        raise PlanRefused("The first due day lies in the past. Choose today or a later one.")
    if plan.site.customer_id != plan.customer_id:
        raise PlanRefused("That site is not this customer’s.")
    if plan.equipment is not None and plan.equipment.site_id != plan.site_id:
        raise PlanRefused("That machine does not stand at this site.")
    if plan.contract is not None and plan.contract.customer_id != plan.customer_id:
        raise PlanRefused("That contract is not this customer’s.")
    if plan.until is not None and plan.until < plan.starts_on:
        raise PlanRefused("The last day lies before the first one.")


def _held(plan) -> MaintenancePlan:
    rows = MaintenancePlan.objects.select_for_update(of=("self",))
    return rows.select_related("customer__tenant", "suspended_by").get(pk=plan.pk)


def _check_goes_on(plan, today):
    if plan.stopped_on is not None and plan.stopped_on < today:
        raise PlanRefused(f"This plan was stopped on {day_in_full(plan.stopped_on)}.")


def _reason(because) -> str:
    if not because.strip():
        raise PlanRefused("Say why.")
    return because.strip()[:280]


def _leave_out(services, because, *, by, now) -> int:
    """Of the waiting ones; what they alarmed about is settled with them."""
    ids = list(services.values_list("pk", "public_id"))
    rows = PlannedService.objects.filter(state=State.DUE, pk__in=[pk for pk, _ in ids])
    changed = rows.update(state=State.LEFT_OUT, settled_at=now, settled_by=by, settled_because=because[:300])
    about = [public_id for _, public_id in ids]
    Duty.objects.open().filter(kind=Duty.Kind.BOOK_SERVICE, subject__in=about).update(
        closed_at=now, closed_by=by, outcome=f"Left out: {because}"[:300]
    )
    return changed


def _tell(plan, title, *, at, by, detail="", step=""):
    add_line(
        plan.customer,
        TimelineEntry.Kind.VISIT,
        f"{title}: {plan.title}",
        at=at,
        detail=detail,
        actor=by,
        subject=plan.public_id,
        step=step or str(uuid.uuid4())[:8],
    )
