"""What the clock has not settled in its time is counted, and 0 as soon as it has come by (R4.7)."""

import datetime as dt

import pytest

from tenancy.scope import tenant
from tests.cast import a_promise, make_visit
from visits.models import Visit
from visits.sweeper import sweep
from visits.unswept import SWEPT_WITHIN, UnbrokenPromises, unbroken_promises, unswept_visits

# Thursday 5 March 2026, 14:00 in London; the window ends at 15:00.
START = dt.datetime(2026, 3, 5, 14, 0, tzinfo=dt.UTC)
OVER = START + dt.timedelta(hours=1)
SECOND = dt.timedelta(seconds=1)
STANDSTILL = dt.timedelta(days=3)


def visits(desk, now):
    with tenant(desk.tenant):
        return unswept_visits(desk.tenant, now=now)


def promises(desk, now):
    with tenant(desk.tenant):
        return unbroken_promises(desk.tenant, now=now)


@pytest.mark.parametrize("state", Visit.WAITING_STATES)
def test_a_visit_counts_once_the_sweep_is_late_for_it(cast, state):
    with tenant(cast.north.tenant):
        make_visit(cast.north, start=START, technician=cast.north.lou, state=state)
    assert visits(cast.north, OVER + SWEPT_WITHIN - SECOND) == 0
    assert visits(cast.north, OVER + SWEPT_WITHIN) == 1
    assert visits(cast.south, OVER + SWEPT_WITHIN) == 0


def test_late_it_counts_again_only_when_it_should_be_missed(cast):
    with tenant(cast.north.tenant):
        make_visit(cast.north, start=START, technician=cast.north.lou)
    sweep(now=OVER)
    missed = OVER + dt.timedelta(minutes=30)
    assert visits(cast.north, missed + SWEPT_WITHIN - SECOND) == 0
    assert visits(cast.north, missed + SWEPT_WITHIN) == 1
    sweep(now=missed + SWEPT_WITHIN)
    assert visits(cast.north, missed + SWEPT_WITHIN) == 0


def test_after_a_standstill_one_sweep_makes_all_figures_0(cast):
    after = OVER + STANDSTILL
    for desk, count in ((cast.north, 3), (cast.south, 1)):
        with tenant(desk.tenant):
            for hour in range(count):
                make_visit(desk, start=START + dt.timedelta(hours=2 * hour), technician=desk.lou)
                a_promise(desk, now=START, due_at=OVER)
    assert (visits(cast.north, after), visits(cast.south, after)) == (3, 1)
    # Each visit has its window and others promised; all of them are past.
    assert promises(cast.north, after).count == 3 * promises(cast.south, after).count > 3
    sweep(now=after)
    for desk in (cast.north, cast.south):
        assert visits(desk, after) == 0
        assert promises(desk, after) == UnbrokenPromises(0, 0)


def test_whoever_came_or_was_missed_does_not_count(cast):
    with tenant(cast.north.tenant):
        for hours, fields in enumerate(
            (
                {"state": Visit.State.ON_SITE, "arrived_at": START},
                {"state": Visit.State.MISSED, "missed_at": OVER},
                {"state": Visit.State.CANCELLED_BY_US},
            )
        ):
            make_visit(cast.north, start=START + dt.timedelta(hours=2 * hours), **fields)
    assert visits(cast.north, OVER + STANDSTILL) == 0


def test_a_promise_counts_once_the_sweep_is_late_for_it(cast):
    with tenant(cast.north.tenant):
        a_promise(cast.north, now=START, due_at=OVER)
    assert promises(cast.north, OVER + SWEPT_WITHIN) == UnbrokenPromises(0, 0)
    assert promises(cast.north, OVER + SWEPT_WITHIN + SECOND) == UnbrokenPromises(1, 0)
    assert promises(cast.south, OVER + SWEPT_WITHIN + SECOND) == UnbrokenPromises(0, 0)


@pytest.mark.parametrize("switched_on", [None, OVER + SECOND])
def test_what_was_due_before_messages_were_on_is_let_be(cast, switched_on):
    cast.north.tenant.messages_from = switched_on
    cast.north.tenant.save()
    with tenant(cast.north.tenant):
        a_promise(cast.north, now=START, due_at=OVER)
    assert promises(cast.north, OVER + STANDSTILL) == UnbrokenPromises(0, 1)
    sweep(now=OVER + STANDSTILL)
    assert promises(cast.north, OVER + STANDSTILL) == UnbrokenPromises(0, 1)


def test_each_is_one_query(cast, django_assert_num_queries):
    with tenant(cast.north.tenant):
        with django_assert_num_queries(1):
            unswept_visits(cast.north.tenant, now=OVER)
        with django_assert_num_queries(1):
            unbroken_promises(cast.north.tenant, now=OVER)
