"""The word for a visit at each moment of its life, to the minute."""

import datetime as dt

import pytest

from tenancy.models import Tenant
from visits.models import Visit
from visits.standing import Word, arrivals, standing_of

State = Visit.State
DESK = Tenant(call_ahead_minutes=30, missed_after_minutes=30)
START = dt.datetime(2026, 3, 5, 14, 0, tzinfo=dt.UTC)


def at(minutes: float) -> dt.datetime:
    """So many minutes after 14:00, the planned arrival."""
    return START + dt.timedelta(minutes=minutes)


def a_visit(**values) -> Visit:
    """Unsaved: window 14:00 to 15:00, block 14:00 to 15:15."""
    return Visit(
        **{
            "tenant_id": 1,
            "state": State.BOOKED,
            "window_start": at(0),
            "window_end": at(60),
            "planned_start": at(0),
            "planned_end": at(75),
            "booked_at": at(-60 * 24 * 2),
            **values,
        }
    )


def word(minutes, *, desk=DESK, assigned=True, expected_at=None, **values):
    standing = standing_of(
        a_visit(**values), now=at(minutes), desk=desk, assigned=assigned, expected_at=expected_at
    )
    return standing.word


@pytest.mark.parametrize(
    ("minutes", "values", "expected"),
    [
        (-300, {}, Word.NOT_CONFIRMED),
        (-300, {"state": State.CONFIRMED}, Word.CONFIRMED),
        # A third appointment: nobody rings a customer who was told nothing.
        (-60, {"approval_asked_at": at(-900)}, Word.NOT_APPROVED),
        (-300, {"approval_asked_at": at(-900), "approved_at": at(-800)}, Word.NOT_CONFIRMED),
        (60, {"approval_asked_at": at(-900)}, Word.LATE),
        # The call ahead is due half an hour before; it is shown from half an hour before that.
        (-60.1, {"state": State.CONFIRMED}, Word.CONFIRMED),
        (-60, {"state": State.CONFIRMED}, Word.CALL_DUE),
        (-60, {}, Word.CALL_DUE),
        (10, {}, Word.CALL_DUE),
        (-40, {"called_ahead_at": at(-45)}, Word.CALLED_AHEAD),
        (-20, {"state": State.ON_THE_WAY}, Word.ON_THE_WAY),
        # Told at the wheel that it will be 15:05: the window ends at 15:00.
        (-20, {"state": State.ON_THE_WAY, "expected_at": at(65)}, Word.AT_RISK),
        (-20, {"state": State.ON_THE_WAY, "expected_at": at(60)}, Word.ON_THE_WAY),
        (59.9, {"state": State.ON_THE_WAY}, Word.ON_THE_WAY),
        (60, {"state": State.ON_THE_WAY}, Word.LATE),
        (60, {}, Word.LATE),
        (89.9, {}, Word.LATE),
        (90, {}, Word.MISSED),
        (20, {"state": State.ON_SITE}, Word.ON_SITE),
        (75, {"state": State.ON_SITE}, Word.ON_SITE),
        (75.1, {"state": State.ON_SITE}, Word.RUNNING_OVER),
        (300, {"state": State.DONE}, Word.DONE),
        (61, {"state": State.MISSED, "missed_at": at(61)}, Word.MISSED),
        (300, {"state": State.DONE, "missed_at": at(90)}, Word.DONE_LATE),
        (300, {"state": State.NO_ACCESS}, Word.NO_ACCESS),
        (0, {"state": State.CANCELLED_BY_US}, Word.CANCELLED_BY_US),
        (0, {"state": State.CANCELLED_BY_CUSTOMER}, Word.CANCELLED_BY_CUSTOMER),
    ],
)
def test_word_at_a_moment(minutes, values, expected):
    assert word(minutes, **values) == expected


def test_without_a_technician_it_is_not_assigned_until_it_is_late():
    assert word(-300, assigned=False) == Word.NOT_ASSIGNED
    assert word(-300, assigned=False, state=State.CONFIRMED) == Word.NOT_ASSIGNED
    assert word(60, assigned=False) == Word.LATE


def test_the_minutes_are_the_desks_own():
    strict = Tenant(call_ahead_minutes=15, missed_after_minutes=0)
    assert word(-45.1, desk=strict) == Word.NOT_CONFIRMED
    assert word(-45, desk=strict) == Word.CALL_DUE
    assert word(60, desk=strict) == Word.MISSED
    assert word(-10, desk=Tenant(call_ahead_minutes=0, missed_after_minutes=30)) == Word.NOT_CONFIRMED


def test_a_call_that_is_due_matters_more_than_a_risk():
    assert word(-30, expected_at=at(65)) == Word.CALL_DUE
    assert word(-30, expected_at=at(65), called_ahead_at=at(-40)) == Word.AT_RISK


def test_a_miss_stays_red_whoever_came_afterwards():
    blocks = {
        state: standing_of(a_visit(state=state, missed_at=at(90)), now=at(200), desk=DESK).block
        for state in (State.MISSED, State.ON_SITE, State.DONE)
    }
    assert set(blocks.values()) == {"missed"}


def test_running_over_pushes_every_visit_that_follows():
    on_site = a_visit(pk=1, state=State.ON_SITE)
    following = a_visit(pk=2, planned_start=at(80), planned_end=at(140))
    last = a_visit(pk=3, planned_start=at(150), planned_end=at(200))
    travel = dt.timedelta(minutes=15)
    # On time until 15:15: the plan stands, though it leaves 5 minutes for the way.
    assert arrivals([last, on_site, following], now=at(75), travel=travel) == {2: at(80), 3: at(150)}
    # 25 minutes over: the next at 15:40 + 15, and it lasts an hour as planned.
    assert arrivals([last, on_site, following], now=at(100), travel=travel) == {2: at(115), 3: at(190)}


def test_a_visit_nobody_set_out_for_cannot_begin_in_the_past():
    waiting = a_visit(pk=1)
    assert arrivals([waiting], now=at(20), travel=dt.timedelta(minutes=15)) == {1: at(20)}


def test_no_call_is_due_where_none_was_promised():
    """Booked twenty minutes ahead: half an hour before was over already."""
    booked = a_visit(booked_at=at(-20))
    assert standing_of(booked, now=at(-20), desk=DESK, assigned=True).word == Word.NOT_CONFIRMED
    earlier = a_visit(booked_at=at(-60 * 24))
    assert standing_of(earlier, now=at(-20), desk=DESK, assigned=True).word == Word.CALL_DUE
