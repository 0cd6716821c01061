"""Services made due by plans, and the alarm: nothing stops silently (R3.4)."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.duties import close_duty
from cases.models import Duty
from contracts.models import Cancellation, ContractTerm
from tenancy.calendars import calendar_of
from tenancy.models import Closure
from tenancy.scope import tenant
from tests.visits.making import make_visit
from visits.maintenance import (
    PlanRefused,
    add_exception,
    book_service,
    follow_visit,
    leave_out,
    make_plan,
    resume_plan,
    stop_plan,
    suspend_plan,
)
from visits.models import MaintenancePlan, PlannedService, Visit
from visits.planned import generate_services, raise_alarms, raise_ended

Date = dt.date
DAY = dt.timedelta(days=1)
# The cast's moment is Thursday 5 March 2026; its term ends on 16 August 2026.
TODAY = Date(2026, 3, 5)


@pytest.fixture
def north(cast):
    with tenant(cast.north.tenant):
        yield cast.north


def plan_for(north, now, **fields):
    values = {
        "customer": north.customer,
        "site": north.site,
        "equipment": north.copier,
        "title": "Quarterly tune-up",
        "counts_from": "calendar",
        "every": 1,
        "unit": "months",
        "starts_on": TODAY,
    }
    return make_plan(MaintenancePlan(**values | fields), by=north.dispatcher, now=now)


def at(day):
    return dt.datetime.combine(day, dt.time(9), dt.UTC)


def generate(north, day=TODAY):
    desk = north.tenant
    return generate_services(desk, day, now=at(day), calendar=calendar_of(desk))


def alarm(north, day=TODAY):
    return raise_alarms(north.tenant, day, now=at(day), calendar=calendar_of(north.tenant))


def ended(north, day=TODAY):
    return raise_ended(north.tenant, day, now=at(day), calendar=calendar_of(north.tenant))


def services(plan, *fields):
    return list(plan.services.order_by("due_on").values_list(*fields or ["due_on"], flat=len(fields) < 2))


def done(plan_service, north, day):
    visit = make_visit(north, now=at(day), number=f"V-{day:%y%m%d}", machines=[])
    visit.assignments.all().delete()
    book_service(plan_service, visit, by=None, now=at(day))
    Visit.objects.filter(pk=visit.pk).update(state="done", completed_at=at(day), completed_on=day)
    visit.refresh_from_db()
    follow_visit(visit, by=None, now=at(day))
    return visit


# Generating


def test_services_are_made_60_days_ahead_and_once(north, now):
    plan = plan_for(north, now)
    assert generate(north) == 2
    assert services(plan) == [Date(2026, 3, 5), Date(2026, 4, 5)]
    assert generate(north) == 0
    assert generate(north, TODAY + DAY) == 1
    assert generate(north, TODAY + DAY) == 0
    assert services(plan)[-1] == Date(2026, 5, 5)


def test_a_standstill_is_caught_up(north, now):
    plan = plan_for(north, now, every=2, unit="weeks")
    generate(north)
    generate(north, TODAY + 200 * DAY)
    by_days = services(plan)
    assert by_days == [TODAY + n * 14 * DAY for n in range(len(by_days))]
    assert by_days[-1] == TODAY + 252 * DAY


def test_a_due_day_on_a_day_off_is_proposed_one_working_day_earlier(north, now):
    Closure.objects.create(day=Date(2026, 4, 2), name="Stock-taking")
    plan = plan_for(north, now, starts_on=Date(2026, 4, 4))
    generate(north)
    # A Saturday; before it Good Friday and the desk's own closed day.
    assert services(plan, "due_on", "proposed_on") == [
        (Date(2026, 4, 4), Date(2026, 4, 1)),
        (Date(2026, 5, 4), Date(2026, 5, 1)),
    ]


@pytest.mark.parametrize(
    ("starts_on", "proposed"),
    [
        (Date(2026, 8, 14), Date(2026, 8, 14)),
        # The term ends on Sunday 16 August.
        (Date(2026, 8, 25), Date(2026, 8, 14)),
    ],
)
def test_no_proposal_lies_after_the_terms_end(north, now, starts_on, proposed):
    plan = plan_for(north, now, starts_on=starts_on, contract=north.contract)
    generate(north, Date(2026, 7, 1))
    assert services(plan, "proposed_on") == [proposed]


def test_what_is_due_long_after_the_end_waits_for_the_next_term(north, now):
    plan = plan_for(north, now, every=2, unit="weeks", starts_on=Date(2026, 8, 3), contract=north.contract)
    generate(north, Date(2026, 8, 1))
    assert services(plan, "due_on", "proposed_on") == [
        (Date(2026, 8, 3), Date(2026, 8, 3)),
        (Date(2026, 8, 17), Date(2026, 8, 14)),
    ]
    ContractTerm.objects.create(
        contract=north.contract,
        starts_on=Date(2026, 8, 17),
        ends_on=Date(2027, 8, 16),
        price=1,
        created_at=now,
    )
    generate(north, Date(2026, 8, 2))
    assert services(plan, "proposed_on")[2:] == [Date(2026, 8, 31), Date(2026, 9, 14), Date(2026, 9, 28)]


def test_so_many_done_and_no_more(north, now):
    plan = plan_for(north, now, every=1, unit="weeks", most_done=2)
    assert generate(north) == 2
    first, second = plan.services.order_by("due_on")
    leave_out(first, because="They were closed", by=north.dispatcher, now=now)
    done(second, north, TODAY + 7 * DAY)
    # One is done: one more.
    assert generate(north, TODAY + 8 * DAY) == 1
    done(plan.services.get(state="due"), north, TODAY + 14 * DAY)
    assert generate(north, TODAY + 60 * DAY) == 0


def test_an_exception_leaves_its_day_out_with_its_reason(north, now):
    plan = plan_for(north, now)
    generate(north)
    act = {"by": north.dispatcher, "now": now}
    add_exception(plan, day=Date(2026, 4, 5), because="Moving house", **act)
    add_exception(plan, day=Date(2026, 5, 5), because="Moving house", **act)
    generate(north, Date(2026, 4, 10))
    assert services(plan, "due_on", "state", "settled_because") == [
        (Date(2026, 3, 5), "due", ""),
        (Date(2026, 4, 5), "left out", "Moving house"),
        (Date(2026, 6, 5), "due", ""),
    ]


def test_generating_costs_as_many_statements_for_one_plan_as_for_ten(north, now, django_assert_num_queries):
    plan_for(north, now, counts_from="completion")
    calendar = calendar_of(north.tenant)
    with django_assert_num_queries(7):
        generate_services(north.tenant, TODAY, now=now, calendar=calendar)
    for number in range(10):
        plan_for(north, now, title=f"Plan {number}", counts_from="completion" if number % 2 else "calendar")
    with django_assert_num_queries(7):
        generate_services(north.tenant, TODAY, now=now, calendar=calendar)
    assert PlannedService.objects.count() == 1 + 5 * 2 + 5


# Counted from the last completion


def test_from_the_completion_the_next_one_counts_and_only_one_is_out(north, now):
    plan = plan_for(north, now, counts_from="completion", every=2, unit="weeks")
    assert generate(north) == 1 and generate(north, TODAY + 30 * DAY) == 0
    done(plan.services.get(), north, TODAY + 9 * DAY)
    assert generate(north, TODAY + 10 * DAY) == 1
    assert services(plan) == [TODAY, TODAY + 23 * DAY]


def test_one_that_is_left_out_does_not_end_the_plan(north, now):
    plan = plan_for(north, now, counts_from="completion", every=2, unit="weeks")
    generate(north)
    leave_out(plan.services.get(), because="Machine at the fair", by=north.dispatcher, now=now)
    generate(north)
    assert services(plan, "due_on", "state") == [(TODAY, "left out"), (TODAY + 14 * DAY, "due")]


def test_one_done_long_before_its_day_does_not_stop_the_plan(north, now):
    plan = plan_for(north, now, counts_from="completion", every=1, unit="weeks", starts_on=TODAY + 28 * DAY)
    generate(north)
    done(plan.services.get(), north, TODAY + 7 * DAY)
    for week in range(2, 6):
        assert generate(north, TODAY + week * 7 * DAY - DAY) == 1
        due = plan.services.get(state="due").due_on
        done(plan.services.get(state="due"), north, due)
    assert services(plan) == [TODAY + days * DAY for days in (14, 21, 28, 35, 42)]


# Suspended, stopped


def test_a_suspended_plan_goes_on_from_its_schedule_and_is_not_shifted(north, now):
    plan = plan_for(north, now, every=2, unit="weeks")
    generate(north)
    act = {"by": north.dispatcher, "now": now}
    suspend_plan(plan, from_day=TODAY + 10 * DAY, resumes_on=None, because="Rebuilding", **act)
    assert services(plan, "state") == ["due", "left out", "left out", "left out", "left out"]
    assert generate(north, TODAY + 40 * DAY) == 0
    resume_plan(plan, by=north.dispatcher, now=at(TODAY + 50 * DAY))
    generate(north, TODAY + 50 * DAY)
    said = f"Suspended from {(TODAY + 10 * DAY).day} Mar 2026: Rebuilding"
    assert services(plan, "due_on", "state", "settled_because") == [
        (TODAY, "due", ""),
        *[(TODAY + days * DAY, "left out", said) for days in (14, 28, 42)],
        *[(TODAY + days * DAY, "due", "") for days in (56, 70, 84, 98)],
    ]


def test_a_pause_with_an_end_ends_by_itself(north, now):
    plan = plan_for(north, now, every=2, unit="weeks", starts_on=TODAY + 14 * DAY)
    act = {"by": north.dispatcher, "now": now}
    suspend_plan(plan, from_day=TODAY, resumes_on=TODAY + 20 * DAY, because="Holiday", **act)
    generate(north)
    assert services(plan, "state") == ["left out", "due", "due", "due"]
    generate(north, TODAY + 19 * DAY)
    plan.refresh_from_db()
    assert plan.suspended_on == TODAY
    generate(north, TODAY + 25 * DAY)
    plan.refresh_from_db()
    assert (plan.suspended_on, plan.suspended_by, plan.resumes_on) == (None, None, None)
    assert services(plan, "state")[:2] == ["left out", "due"]


def test_a_pause_of_a_plan_by_completion_makes_up_for_nothing(north, now):
    plan = plan_for(north, now, counts_from="completion", every=1, unit="weeks")
    generate(north)
    act = {"by": north.dispatcher, "now": now}
    suspend_plan(plan, from_day=TODAY, resumes_on=None, because="Holiday", **act)
    resume_plan(plan, by=north.dispatcher, now=at(TODAY + 24 * DAY))
    generate(north, TODAY + 24 * DAY)
    assert services(plan, "due_on", "state") == [
        *[(TODAY + weeks * 7 * DAY, "left out") for weeks in range(4)],
        (TODAY + 28 * DAY, "due"),
    ]


def test_stopping_needs_person_reason_and_day_and_leaves_the_rest_out(north, now):
    plan = plan_for(north, now)
    generate(north)
    with pytest.raises(PlanRefused, match="Say why"):
        stop_plan(plan, last_day=TODAY, because=" ", by=north.manager, now=now)
    stop_plan(plan, last_day=TODAY + 2 * DAY, because="Sold", by=north.manager, now=now)
    plan.refresh_from_db()
    assert (plan.stopped_on, plan.stopped_by, plan.stopped_because, plan.stopped_at) == (
        TODAY + 2 * DAY,
        north.manager,
        "Sold",
        now,
    )
    assert services(plan, "due_on", "state", "settled_because") == [
        (Date(2026, 3, 5), "due", ""),
        (Date(2026, 4, 5), "left out", "Stopped: Sold"),
    ]
    assert generate(north, Date(2026, 6, 1)) == 0
    for act in (suspend_plan, stop_plan, resume_plan):
        more = {
            suspend_plan: {"from_day": TODAY, "resumes_on": None, "because": "x"},
            stop_plan: {"last_day": TODAY, "because": "x"},
            resume_plan: {},
        }[act]
        then = at(TODAY + 3 * DAY) if act is not stop_plan else now
        with pytest.raises(PlanRefused, match="stopped"):
            act(plan, by=north.manager, now=then, **more)
    with pytest.raises(IntegrityError, match="plan_stopped_by_an_act"), transaction.atomic():
        MaintenancePlan.objects.update(stopped_by=None)


def test_a_plan_that_is_to_stop_goes_on_until_then(north, now):
    plan = plan_for(north, now)
    stop_plan(plan, last_day=Date(2026, 4, 10), because="Sold", by=north.manager, now=now)
    generate(north)
    assert services(plan) == [Date(2026, 3, 5), Date(2026, 4, 5)]


def test_a_plan_that_is_to_stop_can_be_suspended_and_goes_on_by_itself(north, now):
    plan = plan_for(north, now)
    stop_plan(plan, last_day=Date(2026, 6, 10), because="Sold", by=north.manager, now=now)
    pause = {"from_day": TODAY, "resumes_on": Date(2026, 4, 1), "because": "Works closed"}
    suspend_plan(plan, **pause, by=north.manager, now=now)
    generate(north, Date(2026, 4, 1))
    plan.refresh_from_db()
    assert plan.suspended_on is None
    due = plan.services.filter(state="due").order_by("due_on").values_list("due_on", flat=True)
    assert list(due) == [Date(2026, 4, 5), Date(2026, 5, 5)]


def test_a_plan_whose_contract_ended_is_an_exception_with_an_owner(north, now):
    plan = plan_for(north, now, contract=north.contract)
    assert ended(north, Date(2026, 8, 16)) == 0
    assert ended(north, Date(2026, 8, 17)) == 1 and ended(north, Date(2026, 8, 18)) == 0
    duty = Duty.objects.get()
    assert (duty.kind, duty.owner_role, duty.subject, duty.title) == (
        "book service",
        "dispatcher",
        plan.public_id,
        "Quarterly tune-up of Margaret Ellison: contract N-20418 ended 16 Aug 2026",
    )
    ContractTerm.objects.create(
        contract=north.contract,
        starts_on=Date(2026, 8, 17),
        ends_on=Date(2027, 8, 16),
        price=1,
        created_at=now,
    )
    assert ended(north, Date(2026, 8, 19)) == 0
    duty.refresh_from_db()
    assert duty.outcome == "The contract has a term again: the plan goes on"


def test_a_plan_of_a_cancelled_contract_is_an_exception_too(north, now):
    plan_for(north, now, contract=north.contract)
    Cancellation.objects.create(
        contract=north.contract, effective_on=TODAY + DAY, reason="Sold", recorded_at=now
    )
    assert (ended(north), ended(north, TODAY + DAY)) == (0, 1)


# The alarm


def test_what_nobody_booked_a_week_before_alarms_once_and_stays(north, now):
    plan = plan_for(north, now, starts_on=TODAY + 8 * DAY)
    generate(north)
    assert alarm(north) == 0
    assert alarm(north, TODAY + DAY) == 1 and alarm(north, TODAY + 32 * DAY) == 1
    first = Duty.objects.order_by("pk")[0]
    assert (first.kind, first.owner_role, first.title, first.due_at) == (
        "book service",
        "dispatcher",
        "Book Quarterly tune-up for Margaret Ellison, to be done by 13 Mar 2026",
        dt.datetime(2026, 3, 13, 12, tzinfo=dt.UTC),
    )
    generate(north, TODAY + 200 * DAY)
    assert plan.services.order_by("due_on")[0].state == "due"
    assert Duty.objects.open().filter(pk=first.pk).exists()


def test_a_duty_that_was_closed_in_vain_is_there_again_the_next_day(north, now):
    plan = plan_for(north, now, starts_on=TODAY + DAY)
    generate(north)
    assert alarm(north) == 1
    service = plan.services.get(due_on=TODAY + DAY)
    close_duty(Duty.objects.get(), by=north.dispatcher, now=at(TODAY), outcome="Rang them")
    assert alarm(north) == 0
    assert (alarm(north, TODAY + DAY), alarm(north, TODAY + DAY), alarm(north, TODAY + 2 * DAY)) == (1, 0, 0)
    assert Duty.objects.open().get().subject == service.public_id


def test_booking_ends_the_alarm_and_a_miss_raises_it_again(north, now):
    plan = plan_for(north, now)
    generate(north)
    alarm(north)
    service = plan.services.order_by("due_on")[0]
    visit = make_visit(north, now=now)
    book_service(service, visit, by=north.dispatcher, now=now)
    duty = Duty.objects.get(subject=service.public_id)
    assert duty.outcome == f"Visit {visit.number} is booked"
    with pytest.raises(PlanRefused, match="meanwhile"):
        book_service(service, visit, by=north.dispatcher, now=now)
    Visit.objects.filter(pk=visit.pk).update(state="missed by us", missed_at=now)
    visit.refresh_from_db()
    follow_visit(visit, by=None, now=now)
    service.refresh_from_db()
    assert (service.state, service.visit, service.alarmed_at) == ("due", visit, None)
    assert alarm(north) == 1
    again = Duty.objects.open().get(subject=service.public_id)
    assert again.detail.startswith(f"Nobody has booked it after visit {visit.number}.")
    leave_out(service, because="They want none", by=north.dispatcher, now=now)
    again.refresh_from_db()
    assert again.outcome == "Left out: They want none"


def test_a_missed_visit_that_is_done_late_does_its_service(north, now):
    plan = plan_for(north, now)
    generate(north)
    service = plan.services.order_by("due_on")[0]
    visit = make_visit(north, now=now, machines=[])
    book_service(service, visit, by=north.dispatcher, now=now)
    for state, values in (("missed by us", {"missed_at": now}), ("done", {"completed_on": TODAY})):
        completed = {"completed_at": now} if state == "done" else {}
        Visit.objects.filter(pk=visit.pk).update(state=state, **values, **completed)
        visit.refresh_from_db()
        follow_visit(visit, by=north.dispatcher, now=now)
    service.refresh_from_db()
    assert (service.state, service.settled_at, service.settled_by) == ("done", now, north.dispatcher)


# Any plan, day by day


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    every=st.integers(1, 5),
    unit=st.sampled_from(["weeks", "months"]),
    weekdays=st.lists(st.integers(0, 6), max_size=2, unique=True),
    starts_in=st.integers(0, 40),
    gaps=st.lists(st.integers(1, 45), min_size=3, max_size=8),
)
def test_whenever_the_round_runs_no_due_day_is_lost_or_doubled(
    north, now, every, unit, weekdays, starts_in, gaps
):
    with transaction.atomic():
        plan = plan_for(
            north, now, every=every, unit=unit, weekdays=weekdays, starts_on=TODAY + starts_in * DAY
        )
        day = TODAY
        for gap in gaps:
            generate(north, day)
            day += gap * DAY
        generate(north, day)
        generated = services(plan)
        PlannedService.objects.all().delete()
        # The same in one go.
        generate(north, day)
        assert generated == services(plan)
        assert len(set(generated)) == len(generated)
        assert connection.in_atomic_block
        transaction.set_rollback(True)
