"""A technician's step is taken back within 60 s, and what it did with it (R5.3)."""

import pytest

from cases.models import Case, Promise
from messaging.models import Message
from tests.visits.fieldwork_scene import MINUTE, SECOND, north, on_site, on_the_way, visit, waiting_texts
from visits import fieldwork
from visits.fieldwork import StepRefused
from visits.models import Visit

__all__ = ["north", "visit"]


def test_a_wrong_call_is_undone_within_60_s_and_promised_again(visit, lou, now):
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now)
    undone = fieldwork.undo_step(visit, by=lou, now=now + 60 * SECOND)
    assert undone.called_ahead_at is None
    assert Promise.objects.get(of_visit__visit=visit, kind="call ahead", state="open").due_at == now.replace(
        hour=13, minute=30
    )


def test_a_wrong_on_my_way_is_undone_and_nobody_is_told(visit, lou, now):
    on_the_way(visit, lou, now)
    undone = fieldwork.undo_step(visit, by=lou, now=now + 59 * SECOND)
    assert (undone.state, undone.on_the_way_at, undone.expected_at) == ("confirmed", None, None)
    assert set(Message.objects.filter(subject=visit.public_id).values_list("state", flat=True)) == {
        "cancelled"
    }
    out = fieldwork.set_out(visit, by=lou, now=now + 2 * MINUTE)
    assert waiting_texts(visit) == [("on the way", out.expected_at.isoformat())]


def test_a_wrong_arrival_is_undone_and_the_window_promised_again(visit, lou, now):
    on_site(visit, lou, now)
    undone = fieldwork.undo_step(visit, by=lou, now=now + 30 * SECOND)
    assert (undone.state, undone.arrived_at) == ("on the way", None)
    assert Promise.objects.filter(of_visit__visit=visit, kind="window", state="open").count() == 1


def test_a_wrong_arrival_has_not_answered_the_case(north, visit, lou, now):
    case = Case.objects.create(customer=north.customer, kind="fault", title="Bands", opened_at=now)
    Visit.objects.filter(pk=visit.pk).update(case=case)
    on_site(visit, lou, now)
    fieldwork.undo_step(visit, by=lou, now=now + 30 * SECOND)
    case.refresh_from_db()
    assert case.responded_at is None
    Case.objects.filter(pk=case.pk).update(responded_at=now)
    fieldwork.arrive(visit, by=lou, now=now + MINUTE)
    fieldwork.undo_step(visit, by=lou, now=now + MINUTE + SECOND)
    case.refresh_from_db()
    assert case.responded_at == now


def test_after_a_wrong_arrival_the_customer_is_told_that_we_are_on_the_way(visit, lou, now):
    expected = on_site(visit, lou, now).expected_at
    fieldwork.undo_step(visit, by=lou, now=now + 30 * SECOND)
    assert waiting_texts(visit) == [("on the way", expected.isoformat())]
    waiting = Message.objects.filter(subject=visit.public_id, state="planned")
    assert {message.send_after for message in waiting} == {now + 60 * SECOND}


def test_after_a_wrong_arrival_nobody_is_told_twice_nor_of_a_time_gone_by(visit, lou, now):
    out = on_the_way(visit, lou, now)
    Message.objects.filter(subject=visit.public_id).update(state="sent", sent_at=now)
    fieldwork.arrive(visit, by=lou, now=now + MINUTE)
    fieldwork.undo_step(visit, by=lou, now=now + MINUTE + SECOND)
    assert waiting_texts(visit) == []
    Message.objects.filter(subject=visit.public_id).update(state="cancelled")
    fieldwork.arrive(visit, by=lou, now=out.expected_at - SECOND)
    fieldwork.undo_step(visit, by=lou, now=out.expected_at + SECOND)
    assert waiting_texts(visit) == []


def test_an_undone_arrival_after_the_windows_end_leaves_it_broken(visit, lou, now):
    end = visit.window_end
    on_the_way(visit, lou, now)
    fieldwork.arrive(visit, by=lou, now=end - 10 * SECOND)
    fieldwork.undo_step(visit, by=lou, now=end + 10 * SECOND)
    states = Promise.objects.filter(of_visit__visit=visit, kind="window").order_by("pk")
    assert list(states.values_list("state", flat=True)) == ["kept", "broken"]


def test_after_60_s_nothing_is_undone(visit, lou, now):
    on_site(visit, lou, now)
    with pytest.raises(StepRefused, match="60 seconds"):
        fieldwork.undo_step(visit, by=lou, now=now + 61 * SECOND)
    visit.refresh_from_db()
    assert visit.state == "on site"
