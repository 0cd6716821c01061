"""Services made due by plans, and the alarm: nothing stops silently (R3.4)."""

import datetime as dt

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.duties import close_duty
from cases.models import Duty
from tenancy.calendars import calendar_of
from tenancy.models import Closure
from tests.cast import make_plain_visit
from tests.visits.planned_scene import (
    DAY,
    TODAY,
    Date,
    add_next_term,
    alarm,
    at,
    done,
    generate,
    plan_for,
    services,
)
from visits.maintenance import PlanRefused, add_exception, book_service, follow_visit, leave_out
from visits.models import PlannedService, Visit
from visits.planned import generate_services


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
    add_next_term(north, now)
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
    visit = make_plain_visit(north, now=now)
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
    visit = make_plain_visit(north, now=now, machines=[])
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
