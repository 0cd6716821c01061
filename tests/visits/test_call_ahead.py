"""The promised call has not come: alarm, then the truth for the customer (R4.2)."""

import datetime as dt

import pytest

from cases.models import Duty
from messaging.kinds import kind_of
from messaging.models import Message
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import make_visit
from visits import call_ahead, fieldwork
from visits.models import Visit
from visits.moving import move_visit

# Thursday 5 March 2026, 14:00 in London.
START = dt.datetime(2026, 3, 5, 14, 0, tzinfo=dt.UTC)


def before(minutes):
    return START - dt.timedelta(minutes=minutes)


@pytest.fixture
def visit(cast):
    """A confirmed visit of Lou's at Northgate; at Southgate the same, a day later."""
    with tenant(cast.south.tenant):
        make_visit(cast.south, start=START + dt.timedelta(days=1), technician=cast.south.lou)
    with tenant(cast.north.tenant):
        return make_visit(cast.north, start=START, technician=cast.north.lou, state=Visit.State.CONFIRMED)


def open_duties(cast):
    with tenant(cast.north.tenant):
        return sorted(Duty.objects.open().values_list("kind", "owner_role"))


def told(cast):
    with tenant(cast.north.tenant):
        return set(Message.objects.filter(kind="not called").values_list("channel", "state"))


ALARMS = [("call ahead", "dispatcher"), ("call ahead", "technician")]
MUST_RING = ("tell customer", "dispatcher")


def test_until_25_minutes_before_nobody_is_alarmed(cast, visit):
    assert call_ahead.alarm(now=before(25) - dt.timedelta(seconds=1)) == 0
    assert open_duties(cast) == []


def test_25_minutes_before_technician_and_dispatcher_are_alarmed_once(cast, visit):
    assert call_ahead.alarm(now=before(25)) == 2
    assert open_duties(cast) == ALARMS
    assert told(cast) == set()
    assert call_ahead.alarm(now=before(16)) == 0
    assert open_duties(cast) == ALARMS


def test_15_minutes_before_the_customer_is_told_and_the_dispatcher_must_ring(cast, visit):
    call_ahead.alarm(now=before(25))
    assert call_ahead.alarm(now=before(15)) == 1
    assert open_duties(cast) == [*ALARMS, MUST_RING]
    assert told(cast) == {("sms", "planned"), ("mail", "planned")}
    with tenant(cast.north.tenant):
        duty = Duty.objects.get(kind=Duty.Kind.TELL_CUSTOMER)
        assert (duty.due_at, duty.subject) == (before(10), visit.public_id)
    assert call_ahead.alarm(now=before(14)) == 0
    assert len(told(cast)) == 2


def test_after_a_standstill_what_is_still_of_use_is_done_at_once(cast, visit):
    assert call_ahead.alarm(now=before(3)) == 3
    assert len(told(cast)) == 2


def test_after_the_planned_arrival_it_is_too_late_for_a_call(cast, visit):
    assert call_ahead.alarm(now=START) == 0
    assert told(cast) == set()


def test_the_message_tells_the_truth(cast, visit):
    call_ahead.alarm(now=before(15))
    with tenant(cast.north.tenant):
        message = Message.objects.get(kind="not called", channel="sms")
        letter = kind_of(message).write(message, now=before(15))
    assert letter.text == (
        "Northgate: we promised to ring half an hour before we come and have not. Sorry. Lou is expected "
        "between 2 and 3 pm; Dana will ring you by 1:50 pm. If that no longer suits: {link}"
    )


def test_a_call_in_time_alarms_nobody(cast, visit):
    with tenant(cast.north.tenant):
        fieldwork.call_ahead(visit, result="spoke", by=cast.north.technician, now=before(31))
    assert call_ahead.alarm(now=before(20)) == 0


def test_no_answer_is_no_call(cast, visit):
    with tenant(cast.north.tenant):
        fieldwork.call_ahead(visit, result="no answer", by=cast.north.technician, now=before(31))
    assert call_ahead.alarm(now=before(20)) == 2


def test_a_call_that_reached_them_settles_it_all(cast, visit):
    call_ahead.alarm(now=before(15))
    with tenant(cast.north.tenant):
        fieldwork.call_ahead(visit, result="spoke", by=cast.north.technician, now=before(14))
    assert open_duties(cast) == []
    assert {state for _, state in told(cast)} == {"cancelled"}


def test_a_message_left_does_not_spare_the_dispatchers_call(cast, visit):
    call_ahead.alarm(now=before(15))
    with tenant(cast.north.tenant):
        fieldwork.call_ahead(visit, result="left a message", by=cast.north.technician, now=before(14))
    assert open_duties(cast) == [MUST_RING]


def test_a_call_skipped_with_a_reason_is_not_waited_for(cast, visit):
    with tenant(cast.north.tenant):
        fieldwork.skip_step(
            visit, "call ahead", because="They are next door", by=cast.north.technician, now=before(40)
        )
    assert call_ahead.alarm(now=before(10)) == 0


def test_a_moved_visit_is_alarmed_about_at_its_new_time_only(cast, visit):
    call_ahead.alarm(now=before(25))
    later = START + dt.timedelta(hours=1)
    with tenant(cast.north.tenant):
        move_visit(
            visit,
            start=later,
            technician=cast.north.lou,
            version=Visit.objects.get(pk=visit.pk).version,
            reason="They asked for it",
            agreed_by_customer=True,
            by=cast.north.dispatcher,
            now=before(20),
        )
    assert open_duties(cast) == []
    assert call_ahead.alarm(now=before(10)) == 0
    assert call_ahead.alarm(now=later - dt.timedelta(minutes=25)) == 2


@pytest.mark.parametrize(("minutes", "alarm", "tell"), [(60, 50, 30), (30, 25, 15), (10, 9, 5)])
def test_another_promised_time_is_shared_out_alike(cast, visit, minutes, alarm, tell):
    Tenant.objects.filter(pk=cast.north.tenant.pk).update(call_ahead_minutes=minutes)
    visit.tenant.refresh_from_db()
    assert call_ahead.alarm_at(visit) == START - dt.timedelta(minutes=minutes * 5 / 6)
    assert call_ahead.told_at(visit) == before(tell)
    assert call_ahead.alarm(now=before(alarm - 1)) == 2
    assert call_ahead.alarm(now=before(tell)) == 1


def test_a_desk_that_promises_no_call_alarms_nobody(cast, visit):
    Tenant.objects.filter(pk=cast.north.tenant.pk).update(call_ahead_minutes=0)
    assert call_ahead.alarm(now=before(5)) == 0


@pytest.mark.parametrize("starts", [None, START + dt.timedelta(days=1)])
def test_a_desk_whose_alarms_are_off_has_none(cast, visit, starts):
    Tenant.objects.filter(pk=cast.north.tenant.pk).update(messages_from=starts)
    assert call_ahead.alarm(now=before(10)) == 0
    assert open_duties(cast) == []


def test_one_desks_fault_keeps_no_other_waiting(cast, visit, monkeypatch):
    with tenant(cast.south.tenant):
        Visit.objects.update(
            planned_start=START, planned_end=START + dt.timedelta(hours=1), state=Visit.State.CONFIRMED
        )
    whole = call_ahead._alarm_desk

    def fails(desk, ids, now):
        if desk == cast.south.tenant:
            raise RuntimeError("South is out of order")
        return whole(desk, ids, now)

    monkeypatch.setattr(call_ahead, "_alarm_desk", fails)
    assert call_ahead.alarm(now=before(25)) == 2
    assert open_duties(cast) == ALARMS
