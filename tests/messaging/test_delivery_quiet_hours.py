"""Delivery keeps the quiet hours of the recipient."""

import datetime as dt

import pytest

from messaging.delivery import LEASE, deliver_due
from tenancy.scope import tenant
from tests.messaging.conftest import Clock
from tests.messaging.delivering import State, again, begun, planned

QUIET = [
    # Instant (UTC), zone of the customer, when it may leave (UTC).
    ("2026-03-05T20:59", "", "2026-03-05T20:59"),
    ("2026-03-05T21:00", "", "2026-03-06T08:00"),
    ("2026-03-06T03:00", "", "2026-03-06T08:00"),
    ("2026-03-06T08:00", "", "2026-03-06T08:00"),
    # New York is five hours behind until 8 March, then four.
    ("2026-03-05T08:00", "America/New_York", "2026-03-05T13:00"),
    ("2026-03-05T21:30", "America/New_York", "2026-03-05T21:30"),
    ("2026-03-08T04:00", "America/New_York", "2026-03-08T12:00"),
    # London's clocks go forward in the night to 29 March.
    ("2026-03-28T23:30", "", "2026-03-29T07:00"),
    ("2026-03-05T11:30", "Asia/Tokyo", "2026-03-05T11:30"),
    ("2026-03-05T12:00", "Asia/Tokyo", "2026-03-05T23:00"),
]


@pytest.mark.parametrize(("at", "zone", "leaves"), QUIET)
def test_quiet_hours_are_the_recipients(north, at, zone, leaves):
    at, leaves = (dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC) for moment in (at, leaves))
    with tenant(north.tenant):
        north.customer.time_zone = zone
        north.customer.save()
    message = planned(north, at)
    clock = Clock(at)
    deliver_due(clock=clock)
    if leaves != at:
        assert (again(north, message).state, again(north, message).send_after) == (State.PLANNED, leaves)
        clock.now = leaves
        deliver_due(clock=clock)
    assert again(north, message).sent_at == leaves


def test_a_visit_that_depends_on_it_breaks_the_quiet_hours(north, answers):
    answers.disturbs = True
    clock = Clock(dt.datetime(2026, 3, 5, 23, 0, tzinfo=dt.UTC))
    planned(north, clock.now)
    assert deliver_due(clock=clock) == {State.SENT: 1}


def test_in_doubt_it_stays_so_through_the_quiet_hours(north, answers):
    clock = Clock(dt.datetime(2026, 3, 5, 20, 59, tzinfo=dt.UTC))
    message = begun(north, clock.now)
    clock.now += LEASE
    assert deliver_due(clock=clock) == {"later": 1}
    assert again(north, message).state == State.SENDING
    clock.now = dt.datetime(2026, 3, 6, 8, 0, tzinfo=dt.UTC)
    assert deliver_due(clock=clock) == {State.SENT: 1}
