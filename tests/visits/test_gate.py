import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, connections, transaction

from recommendations.lifecycle import raise_recommendation
from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_plain_visit
from tests.visits.gate_scene import DAY, answer, finish, on_site_visit, visit
from visits.fieldwork import StepRefused
from visits.gate import AlreadyOver, Finding, NotReviewed, raise_at_visit, unreviewed
from visits.models import Review, ServiceReport, Visit, VisitEquipment

__all__ = ["visit"]


def test_without_a_review_nothing_is_completed(north, visit, lou, now):
    with pytest.raises(NotReviewed, match="1 recommendation without an answer: “Replace the fuser unit”"):
        finish(visit, now, lou)
    visit.refresh_from_db()
    assert visit.state == "on site"
    assert not ServiceReport.objects.exists()
    assert not Review.objects.exists()


def test_half_of_the_answers_is_not_enough_and_nothing_of_it_is_kept(north, visit, lou, now):
    lead = raise_recommendation(
        equipment=north.copier, finding="Move the lead", severity=1, by=lou, now=now - 90 * DAY
    )
    with pytest.raises(NotReviewed) as refused:
        finish(visit, now, lou, answer(north.recommendation, "done"))
    assert refused.value.recommendations == [lead]
    north.recommendation.refresh_from_db()
    assert north.recommendation.state == "open"
    assert not Review.objects.exists()


def test_only_the_visits_own_machines_must_be_answered_and_others_may(north, visit, lou, now):
    other = raise_recommendation(
        equipment=north.sorter, finding="Weak spring", severity=2, by=lou, now=now - 90 * DAY
    )
    assert list(unreviewed(visit, now.date())) == [north.recommendation]
    finish(visit, now, lou, answer(north.recommendation), answer(other, "done"))
    assert set(Review.objects.values_list("recommendation__finding", "outcome")) == {
        ("Replace the fuser unit", "still valid"),
        ("Weak spring", "done"),
    }


@pytest.mark.parametrize(
    ("state", "must"),
    [
        ("open", True),
        ("quoted", True),
        ("accepted", True),
        ("scheduled", True),
        ("deferred today", True),
        ("deferred tomorrow", False),
        ("done", False),
        ("declined", False),
        ("superseded", False),
        ("invalid", False),
    ],
)
def test_what_is_open_must_be_answered_and_what_is_settled_not(north, visit, lou, now, state, must):
    state, _, day = state.partition(" ")
    until = {"today": now.date(), "tomorrow": now.date() + DAY}.get(day)
    Recommendation.objects.update(state=state, deferred_until=until)
    if must:
        with pytest.raises(NotReviewed):
            finish(visit, now, lou)
    else:
        assert finish(visit, now, lou).state == "done"


def test_an_answer_at_another_visit_does_not_count_here(north, visit, lou, now):
    other = make_plain_visit(north, now=now, start=now - 9 * DAY, state="done", is_history=True,
                       completed_at=now - 9 * DAY, completed_on=now.date() - 9 * DAY)  # fmt: skip
    Review.objects.create(
        visit=other, recommendation=north.recommendation, outcome="still valid", customer_told=True, at=now
    )
    with pytest.raises(NotReviewed):
        finish(visit, now, lou)


def test_one_raised_at_this_visit_needs_no_answer(north, visit, lou, now):
    raised = raise_at_visit(visit, Finding(north.copier, "Weak spring", 2), by=lou, now=now)
    finish(visit, now, lou, answer(north.recommendation))
    assert Review.objects.get(recommendation=raised).outcome == "raised"


def test_one_raised_by_somebody_else_meanwhile_is_named(north, visit, lou, now):
    raise_recommendation(
        equipment=north.copier, finding="Came in late", severity=2, by=north.dispatcher, now=now
    )
    with pytest.raises(NotReviewed, match="“Came in late”. Answer it to finish"):
        finish(visit, now, lou, answer(north.recommendation))


def test_finishing_needs_the_arrival_and_the_right_person(north, lou, now):
    booked = make_plain_visit(north, now=now, start=now.replace(hour=14, minute=0))
    with pytest.raises(StepRefused, match="Tap Arrived first"):
        finish(booked, now, lou, answer(north.recommendation))
    with pytest.raises(PermissionDenied):
        finish(booked, now, north.sales, answer(north.recommendation))


# The database knows no way round


AS_DONE = "UPDATE visits_visit SET state = 'done', completed_at = %s, completed_on = %s WHERE id = %s"


def test_a_direct_update_fails_at_commit(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        visit = on_site_visit(desk, now)
    updated = False
    refused = pytest.raises(IntegrityError, match="lack a review")
    with refused, tenant(desk.tenant), connection.cursor() as cursor:
        cursor.execute(AS_DONE, [now, now.date(), visit.pk])
        updated = cursor.rowcount == 1
    assert updated
    with tenant(desk.tenant):
        assert Visit.objects.get(pk=visit.pk).state == "on site"


def test_leaving_the_desk_before_the_commit_does_not_help(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        visit = on_site_visit(desk, now)
    refused = pytest.raises(IntegrityError, match="lack a review")
    with refused, tenant(desk.tenant), connection.cursor() as cursor:
        cursor.execute(AS_DONE, [now, now.date(), visit.pk])
        cursor.execute("SELECT set_config('app.tenant_id', '', true)")
    with tenant(desk.tenant):
        assert Visit.objects.get(pk=visit.pk).state == "on site"


@pytest.mark.parametrize("change", ["delete", "point elsewhere"])
def test_a_machine_is_not_taken_off_a_visit_once_the_technician_is_there(north, visit, change):
    machines = visit.machines.all()
    with pytest.raises(IntegrityError, match="stand once the technician is there"), transaction.atomic():
        if change == "delete":
            machines.delete()
        else:
            machines.update(equipment=north.sorter)


def test_a_visit_cannot_be_inserted_as_done(north, now):
    with pytest.raises(IntegrityError, match="lack a review"), transaction.atomic():
        make_plain_visit(north, now=now, state="done", completed_at=now, completed_on=now.date())
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_no_visit_becomes_history_to_slip_through(visit):
    with pytest.raises(IntegrityError, match="becomes history"), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(is_history=True)


def test_a_completed_visit_stays_completed(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation))
    with pytest.raises(IntegrityError, match="stays completed"), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(state="on site")


# Two at once


def test_of_two_devices_one_finishes_and_the_other_hears_who(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        visit = on_site_visit(desk, now)

    def device(person):
        return lambda: finish(visit, now, person, answer(desk.recommendation, "done"))

    results = at_once(device(desk.technician), device(desk.dispatcher), desk=desk, told=AlreadyOver)
    (refused,) = (one for one in results if isinstance(one, AlreadyOver))
    assert str(refused).startswith("This visit is over: done, set by ")
    with tenant(desk.tenant):
        assert ServiceReport.objects.count() == Review.objects.count() == 1


def test_nothing_is_raised_behind_a_gate_that_is_deciding(committed_cast, now):
    """Who raises while a visit is being finished waits, and then stands on a finished visit's machine."""
    desk = committed_cast.north
    with tenant(desk.tenant):
        visit = on_site_visit(desk, now)
    raised = threading.Event()

    def raise_one():
        with tenant(desk.tenant):
            raise_recommendation(equipment=desk.copier, finding="Late", severity=2, by=None, now=now)
        raised.set()
        connections["default"].close()

    thread = threading.Thread(target=raise_one)
    with tenant(desk.tenant):
        finish(visit, now, desk.technician, answer(desk.recommendation))
        thread.start()
        assert not raised.wait(timeout=0.3)
    thread.join(timeout=30)
    assert raised.is_set()


def test_a_machine_of_the_visit_may_be_any_of_the_site(north, visit, lou, now):
    VisitEquipment.objects.create(visit=visit, equipment=north.sorter)
    other = raise_recommendation(equipment=north.sorter, finding="Spring", severity=1, by=lou, now=now - DAY)
    assert list(unreviewed(visit, now.date())) == [north.recommendation, other]
