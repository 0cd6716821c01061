"""Plans that are suspended, stopped, or whose contract ended (R3.4)."""

import pytest
from django.db import IntegrityError, transaction

from cases.models import Duty
from contracts.models import Cancellation
from tests.visits.planned_scene import (
    DAY,
    TODAY,
    Date,
    add_next_term,
    at,
    ended,
    generate,
    plan_for,
    services,
)
from visits.maintenance import PlanRefused, resume_plan, stop_plan, suspend_plan
from visits.models import MaintenancePlan


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
    add_next_term(north, now)
    assert ended(north, Date(2026, 8, 19)) == 0
    duty.refresh_from_db()
    assert duty.outcome == "The contract has a term again: the plan goes on"


def test_a_plan_of_a_cancelled_contract_is_an_exception_too(north, now):
    plan_for(north, now, contract=north.contract)
    Cancellation.objects.create(
        contract=north.contract, effective_on=TODAY + DAY, reason="Sold", recorded_at=now
    )
    assert (ended(north), ended(north, TODAY + DAY)) == (0, 1)
