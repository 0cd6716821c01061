"""What completing a visit brings with it: answers, report, promises, parts, entitlement (R5.4)."""

import datetime as dt
from decimal import Decimal

import pytest

from cases.models import Promise
from contracts.cover import cover_of
from contracts.models import AllowanceEntry, ContractTerm, Entitlement
from customers.models import TimelineEntry
from recommendations.lifecycle import NotPossible
from recommendations.models import Recommendation
from tests.cast import make_plain_visit
from tests.visits.gate_scene import DAY, FIXED, MINUTE, answer, finish, visit
from visits.commitments import make_promises
from visits.gate import Finding, raise_at_visit
from visits.models import Part, PartUse, Review, ServiceReport, VanStock, Visit

__all__ = ["visit"]


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
    early = make_plain_visit(
        north, now=now, start=now.replace(hour=15, minute=0), state="on site", arrived_at=now
    )
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
