"""Tricks and races about the gate, by the program's own acts (R5.4)."""

import itertools
import threading
import time
import uuid
from functools import partial

import pytest
from django.db import connection, connections

from recommendations import lifecycle
from recommendations.answers import accept_by_customer
from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.visits.gate_scene import DAY, MINUTE, answer, finish, on_site_visit, visit
from visits import fieldwork
from visits.fieldwork import StepRefused
from visits.gate import AlreadyOver, Finding, NotReviewed, raise_at_visit
from visits.models import Review, ServiceReport, Visit

__all__ = ["visit"]

ROUNDS = 6


# One that stood before is not "raised at this visit"


def test_an_open_one_raised_again_by_its_own_id_is_not_answered_by_that(north, visit, lou, now):
    again = Finding(north.copier, "Anything", 1, public_id=north.recommendation.public_id)
    with pytest.raises(StepRefused, match="was raised before this visit"):
        raise_at_visit(visit, again, by=lou, now=now)
    with pytest.raises(StepRefused):
        finish(visit, now, lou, findings=(again,))
    assert not Review.objects.exists()
    with pytest.raises(NotReviewed):
        finish(visit, now, lou)


def test_nor_is_one_that_another_machine_or_another_visit_raised(north, visit, lou, now):
    other = make_plain_visit(
        north, now=now, start=now.replace(hour=11), technician=north.marek, state="on site", arrived_at=now
    )
    finding = Finding(north.copier, "Weak spring", 2, public_id=uuid.uuid4())
    raise_at_visit(other, finding, by=north.dispatcher, now=now)
    with pytest.raises(StepRefused, match="was raised before this visit"):
        raise_at_visit(visit, finding, by=lou, now=now)


def test_what_is_raised_twice_at_this_visit_is_still_one(north, visit, lou, now):
    finding = Finding(north.copier, "Weak spring", 2, public_id=uuid.uuid4())
    raise_at_visit(visit, finding, by=lou, now=now)
    finish(visit, now + MINUTE, lou, answer(north.recommendation), findings=(finding,))
    assert Review.objects.filter(outcome="raised").count() == 1


# A miss that an old program left behind


@pytest.mark.parametrize("step", ["set_out", "arrive"])
def test_nobody_comes_late_to_a_visit_that_came_in_as_over(north, lou, now, step):
    missed = make_plain_visit(
        north, now=now, start=now - 2 * DAY, state="missed by us", missed_at=now - 2 * DAY, is_history=True,
        on_the_way_at=now if step == "arrive" else None, brief_read_at=now, called_ahead_at=now,
    )  # fmt: skip
    with pytest.raises(StepRefused, match="This visit is over: missed"):
        getattr(fieldwork, step)(missed, by=lou, now=now)


def test_and_nobody_finishes_it(north, lou, now):
    missed = make_plain_visit(
        north, now=now, start=now - 2 * DAY, state="missed by us", missed_at=now - 2 * DAY, is_history=True
    )
    with pytest.raises(AlreadyOver):
        finish(missed, now, lou, answer(north.recommendation))


# At the same instant


class Meeting:
    """Acts in threads, each in a transaction of its own; what they raised is kept by their name."""

    def __init__(self, desk):
        self.desk, self.raised, self.ended_at, self._threads = desk, {}, {}, []

    def run(self, name, act, barrier=None):
        def work():
            try:
                if barrier:
                    barrier.wait(timeout=20)
                with tenant(self.desk.tenant):
                    act()
                self.ended_at[name] = time.monotonic()
            except Exception as fault:
                self.raised[name] = fault
            finally:
                connections["default"].close()

        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()

    def end(self):
        for thread in self._threads:
            thread.join(timeout=60)
        return self.raised


@pytest.fixture
def meeting(committed_cast):
    return Meeting(committed_cast.north)


def test_raised_at_the_instant_of_finishing_it_is_named_or_came_after(committed_cast, now):
    """Another device and the office raise while Lou finishes: done means that they came after the commit."""
    desk = committed_cast.north
    for number in range(ROUNDS):
        with tenant(desk.tenant):
            Recommendation.objects.exclude(state="invalid").update(state="invalid")
            visit = on_site_visit(desk, now + number * DAY)
        meeting, barrier, committing = Meeting(desk), threading.Barrier(3), []

        def complete(visit=visit, committing=committing, at=now + number * DAY):
            finish(visit, at, desk.technician)
            committing.append(time.monotonic())

        raised = {"equipment": desk.copier, "severity": 2, "by": desk.dispatcher, "now": now + number * DAY}
        meeting.run("finish", complete, barrier)
        for name in ("office", "device"):
            act = partial(lifecycle.raise_recommendation, finding=f"From the {name}", **raised)
            meeting.run(name, act, barrier)
        refused = meeting.end()
        with tenant(desk.tenant):
            state = Visit.objects.get(pk=visit.pk).state
        if state == "done":
            assert refused == {}
            assert min(meeting.ended_at["office"], meeting.ended_at["device"]) > committing[0]
        else:
            assert state == "on site"
            assert list(refused) == ["finish"]
            assert isinstance(refused["finish"], NotReviewed)
            named = {recommendation.finding for recommendation in refused["finish"].recommendations}
            assert named
            assert named <= {"From the office", "From the device"}
            with tenant(desk.tenant):
                Visit.objects.filter(pk=visit.pk).update(state="no access")


def test_none_is_accepted_after_all_behind_a_gate_that_is_deciding(committed_cast, now):
    """Declined, it needs no answer; the customer's late yes waits until the visit is completed."""
    desk = committed_cast.north
    with tenant(desk.tenant):
        lifecycle.decline(desk.recommendation, by=None, now=now - DAY, reason="Too dear", by_customer=True)
        visit = on_site_visit(desk, now)
    meeting = Meeting(desk)
    with tenant(desk.tenant):
        finish(visit, now, desk.technician)
        meeting.run("yes", lambda: accept_by_customer(desk.recommendation, now=now))
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline and "yes" not in meeting.ended_at:
            threading.Event().wait(0.02)
        came_first = "yes" in meeting.ended_at
    assert meeting.end() == {}
    assert not came_first


def test_a_yes_that_came_first_is_named(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        lifecycle.decline(desk.recommendation, by=None, now=now - DAY, reason="Too dear", by_customer=True)
        visit = on_site_visit(desk, now)
    meeting = Meeting(desk)
    with tenant(desk.tenant):
        accept_by_customer(desk.recommendation, now=now)
        meeting.run("finish", lambda: finish(visit, now, desk.technician))
        wait_until_somebody_waits()
    refused = meeting.end()["finish"]
    assert isinstance(refused, NotReviewed)
    assert refused.recommendations == [desk.recommendation]


def test_two_who_answer_about_each_others_machine_do_not_wait_in_a_circle(committed_cast, now):
    desk = committed_cast.north
    for number in range(ROUNDS):
        with tenant(desk.tenant):
            spring = lifecycle.raise_recommendation(
                equipment=desk.sorter, finding=f"Spring {number}", severity=1, by=None, now=now - DAY
            )
            start = {
                "start": now.replace(hour=12) + number * DAY,
                "state": "on site",
                "arrived_at": now - MINUTE,
            }
            one = make_plain_visit(desk, now=now, machines=[desk.copier], **start)
            two = make_plain_visit(desk, now=now, machines=[desk.sorter], technician=desk.marek, **start)
        meeting, barrier = Meeting(desk), threading.Barrier(2)
        by = desk.dispatcher
        first, second = answer(desk.recommendation, "worse"), answer(spring, "worse")
        meeting.run("one", partial(finish, one, now, by, first, second), barrier)
        meeting.run("two", partial(finish, two, now, by, second, first), barrier)
        assert meeting.end() == {}
        with tenant(desk.tenant):
            lifecycle.mark_done(spring, by=by, now=now)


def test_of_a_page_and_a_phone_at_once_one_completes_and_the_other_hears_it(committed_cast, now):
    desk = committed_cast.north
    for number in range(ROUNDS):
        with tenant(desk.tenant):
            visit = on_site_visit(desk, now + number * DAY)
        meeting, barrier = Meeting(desk), threading.Barrier(2)
        at = now + number * DAY
        for name, person in (("page", desk.dispatcher), ("phone", desk.technician)):
            act = partial(finish, visit, at, person, answer(desk.recommendation))
            meeting.run(name, act, barrier)
        refused = meeting.end()
        assert len(refused) == 1
        (words,) = refused.values()
        assert isinstance(words, AlreadyOver)
        assert str(words).startswith("This visit is over: done, set by ")
        with tenant(desk.tenant):
            assert ServiceReport.objects.filter(visit=visit).count() == 1
            assert Review.objects.filter(visit=visit).count() == 1


def wait_until_somebody_waits():
    tried = threading.Event()
    for _ in itertools.repeat(None, 250):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        tried.wait(0.02)
