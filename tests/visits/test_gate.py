import datetime as dt
import threading
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, connections, transaction

from cases.models import Promise
from contracts.cover import cover_of
from contracts.models import AllowanceEntry, ContractTerm, Entitlement
from customers.models import TimelineEntry
from recommendations.lifecycle import NotPossible, raise_recommendation
from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.visits.making import make_visit
from visits.commitments import make_promises
from visits.fieldwork import StepRefused
from visits.gate import (
    AlreadyOver,
    Answer,
    Completion,
    Finding,
    NotReviewed,
    Report,
    complete_visit,
    raise_at_visit,
    unreviewed,
)
from visits.models import Part, PartUse, Review, ServiceReport, VanStock, Visit, VisitEquipment

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
FIXED = Report(
    work_done="New fuser, bands gone.", fixed_first_time=True, signing="typed", signed_by="M. Ellison"
)
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


def on_site_visit(desk, now, **values):
    """Lou is at the copier since 12:30; the window was 12:00 to 13:00."""
    return make_visit(
        desk,
        now=now,
        start=now.replace(hour=12, minute=0),
        state="on site",
        on_the_way_at=now - 60 * MINUTE,
        arrived_at=now - 37 * MINUTE,
        **values,
    )


def answer(recommendation, outcome="still valid", told=True, **more):
    return Answer(recommendation=recommendation, outcome=outcome, customer_told=told, **more)


def finish(visit, now, by, *answers, report=FIXED, **more):
    return complete_visit(visit, completion=Completion(report, tuple(answers), **more), by=by, now=now)


# The gate


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
    other = make_visit(north, now=now, start=now - 9 * DAY, state="done", is_history=True,
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
    booked = make_visit(north, now=now, start=now.replace(hour=14, minute=0))
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
        make_visit(north, now=now, state="done", completed_at=now, completed_on=now.date())
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_no_visit_becomes_history_to_slip_through(visit):
    with pytest.raises(IntegrityError, match="becomes history"), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(is_history=True)


def test_a_completed_visit_stays_completed(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation))
    with pytest.raises(IntegrityError, match="stays completed"), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(state="on site")


# What the answers do


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({"outcome": "done"}, "done"),
        ({"outcome": "accepted"}, "accepted"),
        ({"outcome": "declined by customer", "reason": "Too dear"}, "declined"),
        ({"outcome": "deferred", "reason": "Budget", "deferred_until": dt.date(2026, 6, 1)}, "deferred"),
        ({"outcome": "worse", "severity": 4}, "open"),
        ({"outcome": "still valid", "told": False}, "open"),
    ],
)
def test_each_answer_is_kept_and_moves_the_recommendation(north, visit, lou, now, given, state):
    finish(visit, now, lou, answer(north.recommendation, **given))
    review = Review.objects.get()
    assert (review.outcome, review.customer_told) == (given["outcome"], given.get("told", True))
    assert (review.reason, review.deferred_until) == (given.get("reason", ""), given.get("deferred_until"))
    north.recommendation.refresh_from_db()
    assert north.recommendation.state == state
    assert north.recommendation.severity == given.get("severity", 3)


@pytest.mark.parametrize(
    "given",
    [
        {"outcome": "declined by customer"},
        {"outcome": "deferred", "reason": "x", "deferred_until": dt.date(2026, 3, 5)},
        {"outcome": "deferred", "reason": "x", "deferred_until": dt.date(2026, 9, 2)},
        {"outcome": "maybe"},
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_nothing_is_kept(north, visit, lou, now, given):
    with pytest.raises(NotPossible):
        finish(visit, now, lou, answer(north.recommendation, **given))
    assert not Review.objects.exists()


def test_worse_without_a_severity_is_one_step_up_but_not_to_safety(north, visit, lou, now):
    Recommendation.objects.update(severity=1)
    north.recommendation.refresh_from_db()
    finish(visit, now, lou, answer(north.recommendation, "worse"))
    north.recommendation.refresh_from_db()
    assert north.recommendation.severity == 2


def test_raised_twice_with_the_same_id_is_one(north, visit, lou, now):
    finding = Finding(north.copier, "Weak spring", 2, public_id=visit.public_id)
    first = raise_at_visit(visit, finding, by=lou, now=now)
    assert raise_at_visit(visit, finding, by=lou, now=now) == first
    assert Review.objects.filter(recommendation=first).count() == 1


# What completing brings with it


def test_report_promises_step_and_time_line(north, visit, lou, now):
    make_promises(visit, by=lou, now=now - 3 * DAY)
    done = finish(visit, now, lou, answer(north.recommendation, "done"))
    assert (done.state, done.completed_at, done.completed_on) == ("done", now, now.date())
    report = ServiceReport.objects.get(visit=visit)
    assert (report.work_done, report.minutes, report.signed_by) == (FIXED.work_done, 37, "M. Ellison")
    # What nobody kept by its time is broken, not forgotten.
    assert not Promise.objects.open().exists()
    assert set(Promise.objects.values_list("state", flat=True)) == {"broken"}
    assert visit.steps.get().step == "finished"
    line = TimelineEntry.objects.get(subject=visit.public_id, kind="visit")
    assert (line.title, line.detail) == (
        "Fault visit by Lou Baptiste",
        "New fuser, bands gone. Fixed first time.",
    )


def test_a_promise_not_due_yet_is_needed_no_more(north, lou, now):
    early = make_visit(north, now=now, start=now.replace(hour=15, minute=0), state="on site", arrived_at=now)
    make_promises(early, by=lou, now=now - 3 * DAY)
    finish(early, now, lou, answer(north.recommendation))
    states = dict(Promise.objects.values_list("kind", "state"))
    assert states == {"window": "released", "call ahead": "released", "confirmation": "broken"}


def test_done_after_a_miss_is_done_late_and_the_miss_stays(north, visit, lou, now):
    Visit.objects.filter(pk=visit.pk).update(missed_at=now - 40 * MINUTE)
    done = finish(visit, now, lou, answer(north.recommendation))
    assert (done.state, done.missed_at) == ("done", now - 40 * MINUTE)
    assert (
        TimelineEntry.objects.get(subject=visit.public_id).title == "Fault visit by Lou Baptiste, done late"
    )


def test_the_parts_leave_the_van(north, visit, lou, now):
    fuser = Part.objects.create(number="FU-240", name="Fuser unit")
    van = VanStock.objects.create(part=fuser, technician=north.lou, quantity=2)
    other = VanStock.objects.create(part=fuser, technician=north.marek, quantity=2)
    finish(visit, now, lou, answer(north.recommendation, "done"), parts={fuser: 1})
    van.refresh_from_db()
    other.refresh_from_db()
    use = PartUse.objects.get()
    assert (use.part, use.quantity, use.is_covered, van.quantity, other.quantity) == (fuser, 1, True, 1, 2)


def test_a_granted_visit_is_used_up_once(north, visit, lou, now):
    entitlement = Entitlement.objects.get()
    Visit.objects.filter(pk=visit.pk).update(entitlement=entitlement)
    before = cover_of(north.contract, now.date()).visits_left
    finish(visit, now, lou, answer(north.recommendation))
    entry = AllowanceEntry.objects.get()
    assert (entry.entitlement, entry.kind, entry.quantity, entry.subject) == (
        entitlement,
        "done",
        Decimal(1),
        visit.public_id,
    )
    assert cover_of(north.contract, now.date()).visits_left == before - 1


def test_a_visit_that_slid_into_the_next_term_uses_that_one(north, visit, lou, now):
    Visit.objects.filter(pk=visit.pk).update(entitlement=Entitlement.objects.get())
    ContractTerm.objects.update(starts_on=now.date() - 300 * DAY, ends_on=now.date() - DAY)
    running = ContractTerm.objects.create(
        contract=north.contract, starts_on=now.date(), ends_on=now.date() + 300 * DAY, price=1, created_at=now
    )
    granted = Entitlement.objects.create(term=running, kind="visits", quantity=2)
    finish(visit, now, lou, answer(north.recommendation))
    assert AllowanceEntry.objects.get().entitlement == granted


def test_a_visit_without_entitlement_uses_nothing(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation))
    assert not AllowanceEntry.objects.exists()


# Two at once


def test_of_two_devices_one_finishes_and_the_other_hears_who(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        visit = on_site_visit(desk, now)
    start, results = threading.Barrier(2), []

    def device(person):
        try:
            start.wait(timeout=10)
            with tenant(desk.tenant):
                finish(visit, now, person, answer(desk.recommendation, "done"))
            results.append("done")
        except AlreadyOver as refused:
            results.append(str(refused))
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=device, args=(p,)) for p in (desk.technician, desk.dispatcher)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    results.sort(key=len)
    assert results[0] == "done"
    assert results[1].startswith("This visit is over: done, set by ")
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
