"""The services that plans make due, 60 days ahead, and the alarm for those that nobody books (R3.4).

Safe to run twice, and after any standstill: what is due and not yet there is asked of the plans. A plan
whose contract has no term any more is an exception with an owner, never silence.
"""

import datetime as dt

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, Subquery

from cases.duties import open_duties
from cases.models import Duty
from contracts.models import Cancellation, ContractTerm
from contracts.wording import day_in_full
from messaging.keys import key_of
from tenancy.calendars import Calendar, instant_at
from tenancy.models import Role, Tenant
from visits.maintenance import counted_from, left_out, resume_plan, suspended_words
from visits.models import MaintenancePlan, PlanException, PlannedService
from visits.schedules import DAY, Schedule, proposed_day, schedule_of

State = PlannedService.State
CountsFrom = MaintenancePlan.CountsFrom

# Services are there so long before they are due, and alarm so long before the proposed day.
AHEAD = dt.timedelta(days=60)
ALARM_AHEAD = dt.timedelta(days=7)
# By when a duty of the round is to be done, on its day in the desk's wall time.
DUE_BY = dt.time(12, 0)


@transaction.atomic
def generate_services(desk: Tenant, day: dt.date, *, now: dt.datetime, calendar: Calendar) -> int:
    """Enter the services of the desk's plans that are due by 60 days after `day`; how many are new.

    Plans whose pause ends go on first. Statements do not grow with the plans.
    """
    for plan in MaintenancePlan.objects.filter(_goes_on(day), resumes_on__lte=day).order_by("pk"):
        resume_plan(plan, by=None, now=now)
    plans = list(_plans_going_on(day))
    exceptions, last = _exceptions(plans), _last_services(plans)
    services = [
        service
        for plan in plans
        for service in _services_of(
            plan, exceptions.get(plan.pk, frozenset()), last.get(plan.pk), desk, day + AHEAD, calendar, now
        )
    ]
    PlannedService.objects.bulk_create(services, ignore_conflicts=True, batch_size=1000)
    return len(services)


def raise_alarms(desk: Tenant, day: dt.date, *, now: dt.datetime, calendar: Calendar) -> int:
    """A duty for each service that nobody booked a week before its proposed day; how many are new.

    It stays until the service is booked or left out with a reason; the service itself stays too. Where
    a person closed the duty and nothing else was done, there is another one the next day.
    """
    today = instant_at(day, dt.time(0), calendar.zone)
    asked = Duty.objects.filter(kind=Duty.Kind.BOOK_SERVICE, subject=OuterRef("public_id")).filter(
        Q(closed_at__isnull=True) | Q(closed_at__gte=today)
    )
    quiet = PlannedService.objects.filter(
        Q(alarmed_at__isnull=True) | ~Exists(asked),
        state=State.DUE,
        proposed_on__lte=day + ALARM_AHEAD,
    )
    services = list(quiet.select_related("plan__customer", "visit"))
    opened = open_duties(_alarm(service, day, calendar, now) for service in services)
    PlannedService.objects.filter(pk__in=[service.pk for service in services]).update(alarmed_at=now)
    return opened


def raise_ended(desk: Tenant, day: dt.date, *, now: dt.datetime, calendar: Calendar) -> int:
    """A duty for each plan whose contract has no term on `day` or later; how many are new.

    The duty ends by itself once a term stands again.
    """
    plans = list(_plans_going_on(day).filter(contract__isnull=False, suspended_on__isnull=True))
    ended = [plan for plan in plans if _last_day(plan) is None or _last_day(plan) < day]
    runs_again = Duty.objects.open().filter(
        kind=Duty.Kind.BOOK_SERVICE,
        subject__in=[plan.public_id for plan in plans if plan not in ended],
    )
    runs_again.update(closed_at=now, outcome="The contract has a term again: the plan goes on")
    return open_duties(_ended(plan, day, calendar, now) for plan in ended)


def _goes_on(day) -> Q:
    return Q(stopped_on__isnull=True) | Q(stopped_on__gte=day)


def _plans_going_on(day):
    """With what the schedule needs to know of each: what was due, is out and done, and the term's end."""
    services = PlannedService.objects.filter(plan=OuterRef("pk")).order_by()
    last_end = ContractTerm.objects.filter(contract=OuterRef("contract"), taken_back_at__isnull=True)
    cancelled = Cancellation.objects.filter(
        contract=OuterRef("contract"), undone_at__isnull=True, effective_on__isnull=False
    )
    return (
        MaintenancePlan.objects.filter(_goes_on(day))
        .select_related("customer", "contract")
        .annotate(
            due_days=ArraySubquery(services.order_by("due_on").values("due_on")),
            done=_count(services.filter(state=State.DONE)),
            out=_count(services.filter(state__in=[State.DUE, State.BOOKED])),
            last_end=Subquery(
                last_end.order_by().values("contract").annotate(edge=Max("ends_on")).values("edge")
            ),
            cancelled_on=Subquery(
                cancelled.order_by().values("contract").annotate(edge=Min("effective_on")).values("edge")
            ),
        )
        .order_by("pk")
    )


def _count(services):
    return Subquery(services.values("plan").annotate(number=Count("pk")).values("number"))


def _exceptions(plans) -> dict[int, frozenset[dt.date]]:
    found: dict[int, set[dt.date]] = {}
    rows = PlanException.objects.filter(plan__in=plans).values_list("plan", "day")
    for plan, day in rows:
        found.setdefault(plan, set()).add(day)
    return {plan: frozenset(days) for plan, days in found.items()}


def _last_services(plans) -> dict[int, PlannedService]:
    """The service entered last, of the plans that count from completions."""
    counting = [plan.pk for plan in plans if plan.counts_from == CountsFrom.COMPLETION]
    rows = PlannedService.objects.filter(plan__in=counting).select_related("visit", "tenant")
    return {row.plan_id: row for row in rows.order_by("plan", "-pk").distinct("plan")}


def _services_of(plan, exceptions, last, desk, horizon, calendar, now):
    """What is due by the horizon and not there yet (unsaved): to be booked, or left out by a pause."""
    schedule = schedule_of(plan, exceptions)
    may_be_open = plan.most_done - (plan.done or 0) - (plan.out or 0) if plan.most_done else None
    end = _last_day(plan) if plan.contract_id else None
    is_beyond = end is not None and any(day > end for day in plan.due_days)
    for day in _due_days(plan, schedule, last, horizon):
        if may_be_open is not None and may_be_open <= 0:
            return
        if plan.contract_id and (end is None or day > end):
            # One may be drawn into the term; what is due later waits for the next term.
            if end is None or is_beyond or day - end > _reach(schedule, desk):
                return
            is_beyond = True
        if plan.suspended_on is not None and day >= plan.suspended_on:
            if plan.resumes_on is None:
                return
            if day < plan.resumes_on:
                yield left_out(plan, day, suspended_words(plan), by=plan.suspended_by, now=now)
                continue
        proposed = proposed_day(day, calendar=calendar, last_day=end)
        yield PlannedService(plan=plan, due_on=day, proposed_on=proposed, generated_at=now)
        if may_be_open is not None:
            may_be_open -= 1
        if plan.counts_from == CountsFrom.COMPLETION:
            return


def _due_days(plan, schedule: Schedule, last, horizon):
    """By the calendar all that follow the last one entered; from a completion one after the other."""
    if plan.counts_from == CountsFrom.CALENDAR:
        first = plan.due_days[-1] + DAY if plan.due_days else plan.starts_on
        yield from schedule.days(first, horizon)
        return
    if last is not None and last.state in (State.DUE, State.BOOKED):
        return
    known = set(plan.due_days)
    horizon = min(horizon, schedule.until or horizon)
    day = schedule.after(counted_from(last)) if last else schedule.starts_on
    while day is not None and day <= horizon:
        # A day that had its service already, done long before it was due, is no day twice.
        if day not in known and day not in schedule.exceptions:
            yield day
        day = schedule.after(day)


def _last_day(plan) -> dt.date | None:
    """The last day on which the plan's contract covers anything as it stands; None: no term at all."""
    if plan.last_end is None or plan.cancelled_on is None:
        return plan.last_end
    return min(plan.last_end, plan.cancelled_on - DAY)


def _reach(schedule, desk) -> dt.timedelta:
    """How far after the term's end a due day is drawn into the term: never past half the way to the next."""
    return min(dt.timedelta(days=desk.grace_days), schedule.interval / 2)


def _alarm(service, day, calendar, now) -> Duty:
    plan = service.plan
    proposed = day_in_full(service.proposed_on)
    after = f" after visit {service.visit.number}" if service.visit else ""
    # Booked, missed and to be booked again is another cause; so is a duty that was closed in vain.
    cause = ["book service", service.public_id, service.visit.public_id if service.visit else ""]
    if service.alarmed_at is not None:
        cause.append(day.isoformat())
    by_day = service.proposed_on if service.proposed_on > day else calendar.next_working_day(day)
    return Duty(
        key=key_of(*cause),
        kind=Duty.Kind.BOOK_SERVICE,
        title=f"Book {plan.title} for {plan.customer}, to be done by {proposed}"[:200],
        detail=f"Nobody has booked it{after}. It stays due until it is booked or left out with a reason.",
        customer=plan.customer,
        subject=service.public_id,
        owner_role=Role.DISPATCHER,
        opened_at=now,
        due_at=instant_at(by_day, DUE_BY, calendar.zone),
    )


def _ended(plan, day, calendar, now) -> Duty:
    last = _last_day(plan)
    said = f"ended {day_in_full(last)}" if last else "has no term"
    return Duty(
        key=key_of("plan without term", plan.public_id, last.isoformat() if last else ""),
        kind=Duty.Kind.BOOK_SERVICE,
        title=f"{plan.title} of {plan.customer}: contract {plan.contract.number} {said}"[:200],
        detail="Its maintenance waits for the next term. Renew the contract, or stop the plan with a reason.",
        customer=plan.customer,
        subject=plan.public_id,
        owner_role=Role.DISPATCHER,
        opened_at=now,
        due_at=instant_at(calendar.next_working_day(day), DUE_BY, calendar.zone),
    )
