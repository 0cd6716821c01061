"""What a customer is told of a visit, planned in the transaction of what happened."""

import datetime as dt

import pytest

from cases.models import Duty
from messaging.models import Message
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from visits.announcements import cancel_visit_messages, plan_visit_messages

State = Message.State


@pytest.fixture
def desk(cast):
    with tenant(cast.north.tenant):
        yield cast.north


def planned(**values):
    return sorted(Message.objects.filter(state=State.PLANNED, **values).values_list("kind", "channel"))


def test_a_booking_is_told_over_each_wanted_channel_when_its_undo_time_is_over(desk, now):
    visit = make_plain_visit(desk, now=now, held_until=now + dt.timedelta(minutes=2))
    assert plan_visit_messages(visit, "booked", now=now) == 2
    assert planned() == [("booked", "mail"), ("booked", "sms")]
    assert set(Message.objects.values_list("send_after", flat=True)) == {visit.held_until}


def test_planning_twice_plans_once(desk, now):
    visit = make_plain_visit(desk, now=now)
    plan_visit_messages(visit, "booked", now=now)
    Message.objects.update(state=State.SENT, sent_at=now)
    assert plan_visit_messages(visit, "booked", now=now) == 0


def test_moved_before_the_booking_was_told_it_is_told_as_booked(desk, now):
    visit = make_plain_visit(desk, now=now)
    plan_visit_messages(visit, "booked", now=now)
    visit.planned_start += dt.timedelta(hours=1)
    plan_visit_messages(visit, "moved", now=now)
    assert planned() == [("booked", "mail"), ("booked", "sms")]
    assert set(Message.objects.filter(state=State.PLANNED).values_list("subject_start", flat=True)) == {
        visit.planned_start
    }
    assert Message.objects.filter(state=State.CANCELLED).count() == 2


def test_a_move_there_and_back_is_told_each_time(desk, now):
    visit = make_plain_visit(desk, now=now)
    plan_visit_messages(visit, "booked", now=now)
    Message.objects.update(state=State.SENT, sent_at=now)
    first, other = visit.planned_start, visit.planned_start + dt.timedelta(hours=1)
    for start in (other, first, other):
        visit.planned_start, visit.version = start, visit.version + 1
        assert plan_visit_messages(visit, "moved", now=now) == 2
        Message.objects.filter(state=State.PLANNED).update(state=State.SENT, sent_at=now)
    assert Message.objects.filter(kind="moved", state=State.SENT).count() == 6


def test_a_cancelled_plan_is_made_anew_when_it_is_true_again(desk, now):
    visit = make_plain_visit(desk, now=now)
    plan_visit_messages(visit, "booked", now=now)
    assert cancel_visit_messages(visit, now=now) == 2
    assert planned() == []
    assert plan_visit_messages(visit, "booked", now=now) == 2
    assert Message.objects.count() == 2


def test_a_desk_that_is_switched_off_plans_nothing(desk, now):
    desk.tenant.messages_from = None
    visit = make_plain_visit(desk, now=now)
    visit.tenant = desk.tenant
    assert plan_visit_messages(visit, "booked", now=now) == 0
    assert not Message.objects.exists()


def test_stop_is_respected_for_everything_but_a_visit_under_way(desk, now):
    desk.contact.by_sms = desk.contact.by_mail = False
    desk.contact.save()
    visit = make_plain_visit(desk, now=now)
    assert plan_visit_messages(visit, "moved", now=now) == 0
    assert plan_visit_messages(visit, "late", now=now) == 2


def test_whom_nothing_reaches_somebody_rings(desk, now):
    desk.contact.phone = desk.contact.email = ""
    desk.contact.save()
    visit = make_plain_visit(desk, now=now)
    for _ in range(2):
        assert plan_visit_messages(visit, "missed", now=now) == 0
    duty = Duty.objects.get()
    assert (duty.kind, duty.owner_role) == (Duty.Kind.TELL_CUSTOMER, "dispatcher")
    assert duty.due_at == now + dt.timedelta(minutes=10)
    assert duty.subject == visit.public_id


def test_texts_are_not_planned_without_a_provider(desk, now, settings):
    settings.SMS_URL = ""
    plan_visit_messages(make_plain_visit(desk, now=now), "booked", now=now)
    assert planned() == [("booked", "mail")]


def test_the_other_desk_hears_nothing(cast, desk, now):
    plan_visit_messages(make_plain_visit(desk, now=now), "booked", now=now)
    with tenant(cast.south.tenant):
        assert not Message.objects.exists()


def test_a_kind_that_is_none_is_refused(desk, now):
    with pytest.raises(ValueError):
        plan_visit_messages(make_plain_visit(desk, now=now), "advertised", now=now)
