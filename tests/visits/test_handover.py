import datetime as dt

import pytest

from cases.models import Duty
from recommendations import lifecycle
from tenancy.scope import tenant
from tests.visits.making import make_visit
from visits.gate import Answer, Completion, Report, complete_visit

MINUTE = dt.timedelta(minutes=1)
FIXED = Report(work_done="New fuser.", fixed_first_time=True, signing="typed", signed_by="M. Ellison")
SIGNED = Report(
    work_done="Looked at it.",
    fixed_first_time=True,
    signing="typed",
    signed_by="M. Ellison",
    recommendations_signed_by="M. Ellison",
)


@pytest.fixture
def north(cast):
    with tenant(cast.north.tenant):
        yield cast.north


@pytest.fixture
def visit(north, now):
    return on_site_visit(north, now)


@pytest.fixture
def lou(north):
    return north.technician


def test_what_nobody_signed_for_makes_a_mail_due_the_same_day(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation))
    duty = Duty.objects.get()
    assert (duty.kind, duty.owner_role, duty.detail) == (
        "mail recommendation",
        "dispatcher",
        "Visit V-1, not handed over",
    )
    assert duty.title == "Mail Replace the fuser unit: Margaret Ellison"
    assert duty.due_at == now.replace(hour=17, minute=30)
    north.recommendation.refresh_from_db()
    assert north.recommendation.signed_by == ""


def test_after_hours_the_mail_is_due_by_the_end_of_the_day(north, lou, now):
    late = now.replace(hour=20)
    visit = on_site_visit(north, late)
    finish(visit, late, lou, answer(north.recommendation))
    assert Duty.objects.get().due_at == now.replace(hour=23, minute=59, second=59)


def test_what_was_signed_for_is_handed_over(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation), report=SIGNED)
    assert not Duty.objects.exists()
    north.recommendation.refresh_from_db()
    assert north.recommendation.signed_by == "M. Ellison"


def test_nobody_to_ask_is_mailed_whoever_signed(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation, told=False), report=SIGNED)
    assert Duty.objects.get().kind == "mail recommendation"
    north.recommendation.refresh_from_db()
    assert north.recommendation.signed_by == ""


def test_accepted_for_another_visit_makes_a_duty_to_book_it(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation, "accepted"), report=SIGNED)
    duty = Duty.objects.get()
    assert (duty.kind, duty.title) == (
        "call customer",
        "Book a visit for Replace the fuser unit: Margaret Ellison",
    )


def test_nothing_to_hand_over_makes_no_duty(north, visit, lou, now):
    lifecycle.mark_done(north.recommendation, by=lou, now=now)
    finish(visit, now, lou)
    assert not Duty.objects.exists()


def on_site_visit(desk, now):
    return make_visit(
        desk, now=now, start=now.replace(hour=12), state="on site", arrived_at=now - 37 * MINUTE
    )


def answer(recommendation, outcome="still valid", told=True):
    return Answer(recommendation=recommendation, outcome=outcome, customer_told=told)


def finish(visit, now, by, *answers, report=FIXED):
    return complete_visit(visit, completion=Completion(report, tuple(answers)), by=by, now=now)
