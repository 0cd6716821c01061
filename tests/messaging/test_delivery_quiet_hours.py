"""Delivery keeps the quiet hours of the recipient."""

import datetime as dt

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from messaging import delivery, together
from messaging.delivery import DESK_SHARE, LEASE, deliver_due
from messaging.models import Message
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


NIGHT = dt.datetime(2026, 3, 5, 23, 0, tzinfo=dt.UTC)
MORNING = dt.datetime(2026, 3, 6, 8, 0, tzinfo=dt.UTC)


def waiting(desk):
    """What waits, by key: until when, and whose it is meanwhile."""
    with tenant(desk.tenant):
        rows = Message.objects.order_by("pk").values_list("state", "send_after", "leased_until", "attempts")
        return list(rows)


def test_those_of_a_claim_are_put_off_by_one_statement(north):
    def statements(numbers):
        for number in numbers:
            planned(north, NIGHT, number=number)
        with CaptureQueriesContext(connection) as asked:
            assert deliver_due(clock=Clock(NIGHT)) == ({"later": len(numbers)} if numbers else {})
        return len(asked)

    none, one, share = statements([]), statements(range(1)), statements(range(10, 10 + DESK_SHARE))
    assert (share - none, statements(range(100, 130)) - none) == (one - none, 30 / DESK_SHARE * (one - none))
    assert waiting(north) == [(State.PLANNED, MORNING, None, 0)] * (1 + DESK_SHARE + 30)


def test_each_is_put_off_until_its_own_morning(north):
    with tenant(north.tenant):
        north.customer.time_zone = "Asia/Tokyo"
        north.customer.save()
    night = dt.datetime(2026, 3, 5, 21, 30, tzinfo=dt.UTC)
    planned(north, night)
    planned(north, night, number=2, customer=None, contact=None, colleague=north.sales)
    planned(north, night, number=3, state=State.CANCELLED)
    assert deliver_due(clock=Clock(night)) == {"later": 2}
    # Half past six in the morning there; at the desk half past nine in the evening.
    tokyo = dt.datetime(2026, 3, 5, 23, 0, tzinfo=dt.UTC)
    assert [row[:3] for row in waiting(north)] == [
        (State.PLANNED, tokyo, None),
        (State.PLANNED, MORNING, None),
        (State.CANCELLED, night, None),
    ]


def test_beside_those_put_off_the_others_leave_or_end(north, answers, monkeypatch):
    def may_disturb(message, *, quiet_until):
        return message.pk == leaves.pk

    monkeypatch.setattr(answers, "may_disturb", may_disturb)
    planned(north, NIGHT)
    leaves = planned(north, NIGHT, number=2)
    planned(north, NIGHT, number=3, useless_after=NIGHT)
    assert deliver_due(clock=Clock(NIGHT)) == {"later": 1, State.SENT: 1, State.MISSED: 1}
    assert [row[0] for row in waiting(north)] == [State.PLANNED, State.SENT, State.MISSED]


def test_taken_over_since_it_was_judged_it_is_not_put_off(north, monkeypatch):
    taken, _ = planned(north, NIGHT), planned(north, NIGHT, number=2)
    put_off, until = together.put_off, NIGHT + dt.timedelta(hours=1)

    def meanwhile(later, leased_until):
        Message.objects.filter(pk=taken.pk).update(leased_until=until)
        return put_off(later, leased_until)

    monkeypatch.setattr(together, "put_off", meanwhile)
    assert deliver_due(clock=Clock(NIGHT)) == {"later": 1, "taken by another": 1}
    assert [row[1:3] for row in waiting(north)] == [(NIGHT, until), (MORNING, None)]


def test_who_holds_one_keeps_none_of_the_others_waiting(committed_cast, answers, monkeypatch):
    """The one that is held is looked at last, alone, when whoever has it is done: here they call it off."""
    north = committed_cast.north
    held, _ = planned(north, NIGHT), planned(north, NIGHT, number=2)
    deliver, seen = delivery._deliver, []
    holder = connections["migrator"]

    def done(one, ways, clock):
        seen.append((one.message_id, [row[1] for row in waiting(north)]))
        transaction.commit(using="migrator")
        return deliver(one, ways, clock)

    def hold(later, leased_until, put_off=together.put_off):
        transaction.set_autocommit(False, using="migrator")
        with holder.cursor() as cursor:
            cursor.execute(
                "UPDATE messaging_message SET state = 'cancelled', leased_until = NULL WHERE id = %s",
                [held.pk],
            )
        return put_off(later, leased_until)

    monkeypatch.setattr(together, "put_off", hold)
    monkeypatch.setattr(delivery, "_deliver", done)
    try:
        assert deliver_due(clock=Clock(NIGHT)) == {"later": 1, "taken by another": 1}
    finally:
        transaction.rollback(using="migrator")
        transaction.set_autocommit(True, using="migrator")
    assert seen == [(held.pk, [NIGHT, MORNING])]
    assert [row[0] for row in waiting(north)] == [State.CANCELLED, State.PLANNED]


def test_where_judging_breaks_each_is_put_off_alone(north, monkeypatch):
    planned(north, NIGHT)
    planned(north, NIGHT, number=2)

    def broken(later, leased_until):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setattr(together, "put_off", broken)
    assert deliver_due(clock=Clock(NIGHT)) == {"later": 2}
    assert [row[1] for row in waiting(north)] == [MORNING, MORNING]
