import datetime as dt

import pytest

from tests.cast import make_plain_visit
from visits.models import VisitStep
from visits.progress import Next, progress_of

LABELS = ["Call ahead", "On my way", "Arrived", "Finished"]


@pytest.mark.parametrize(
    ("fields", "unread", "coming", "states"),
    [
        ({}, 1, Next.CALL, ["now", "", "", ""]),
        ({"called_ahead_at": 1}, 1, Next.READ, ["done", "now", "", ""]),
        ({"called_ahead_at": 1}, 0, Next.SET_OUT, ["done", "now", "", ""]),
        ({"called_ahead_at": 1, "on_the_way_at": 1}, 0, Next.ARRIVE, ["done", "done", "now", ""]),
        (
            {"on_the_way_at": 1, "arrived_at": 1, "state": "on site"},
            0,
            Next.FINISH,
            ["", "done", "done", "now"],
        ),
        ({"state": "missed by us", "missed_at": 1}, 0, Next.CALL, ["now", "", "", ""]),
        ({"state": "cancelled by us"}, 0, Next.NOTHING, ["", "", "", ""]),
    ],
)
def test_the_step_that_comes_next(north, now, fields, unread, coming, states):
    fields = {name: now if value == 1 else value for name, value in fields.items()}
    visit = make_plain_visit(north, now=now, **fields)
    progress = progress_of(visit, steps=[], desk=north.tenant, unread=unread)
    assert progress.next == coming
    assert [(mark.label, mark.state) for mark in progress.steps] == list(zip(LABELS, states, strict=True))


def test_a_skipped_step_is_marked_and_passed_over(north, now):
    visit = make_plain_visit(north, now=now)
    skipped = a_step(visit, "call ahead", now, skipped_because="She rang us")
    progress = progress_of(visit, steps=[skipped], desk=north.tenant, unread=0)
    assert (progress.next, progress.steps[0].state, progress.can_be_skipped) == (
        "set out",
        "skipped",
        "on the way",
    )


def test_an_undone_skip_does_not_count(north, now):
    visit = make_plain_visit(north, now=now)
    skipped = a_step(visit, "call ahead", now, skipped_because="She rang us", undone_at=now)
    assert progress_of(visit, steps=[skipped], desk=north.tenant, unread=0).next == Next.CALL


def test_no_answer_is_remembered_until_somebody_is_reached(north, now):
    visit = make_plain_visit(north, now=now)
    first = a_step(visit, "call ahead", now - dt.timedelta(minutes=9), result="no answer")
    last = a_step(visit, "call ahead", now, result="no answer")
    assert progress_of(visit, steps=[first, last], desk=north.tenant, unread=0).no_answer == last
    visit.called_ahead_at = now
    assert progress_of(visit, steps=[first, last], desk=north.tenant, unread=0).no_answer is None


def test_a_desk_that_promises_no_call_begins_with_the_way(north, now):
    north.tenant.call_ahead_minutes = 0
    progress = progress_of(make_plain_visit(north, now=now), steps=[], desk=north.tenant, unread=0)
    assert (progress.next, progress.steps[0].state) == (Next.SET_OUT, "skipped")


def a_step(visit, step, at, **values):
    return VisitStep.objects.create(visit=visit, step=step, at=at, **values)
