"""Undoing a move: everything stands as before, and nobody hears anything."""

import datetime as dt

import pytest

from cases.models import Duty, Promise
from customers.models import TimelineEntry
from messaging.models import Message
from tests.cast import make_visit
from tests.visits.conftest import TOMORROW_AT_TWO as START
from tests.visits.move_scene import moved_by_dispatcher
from visits.announcements import plan_visit_messages
from visits.confirming import confirm_visit
from visits.models import Assignment, RearrangedVisit, Rearrangement, Visit
from visits.places import PlaceTaken, TooLateToUndo, VisitChanged
from visits.rearranging import latest_rearrangement, undo
from visits.reminders import plan_reminders

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
KEPT = [
    *("planned_start", "planned_end", "window_start", "window_end", "told_day", "told_from", "told_until"),
    *("state", "confirmed_at", "called_ahead_at", "expected_at", "on_the_way_at", "brief_read_at"),
    *("late_at", "needs_placing", "crew"),
]


def moved(visit, north, now, **values):
    asked = {"technician": north.marek, "start": START + HOUR, "reason": "Lou is held up"}
    return moved_by_dispatcher(visit, north, now, **asked | values)


def stands(visit):
    """All of the visit that undoing puts back."""
    row = Visit.objects.get(pk=visit.pk)
    places = visit.assignments.order_by("pk").values_list("technician", "starts_at", "ends_at")
    return {name: getattr(row, name) for name in KEPT} | {"places": list(places)}


def open_promises(visit):
    promises = Promise.objects.open().filter(of_visit__visit=visit)
    return set(promises.values_list("kind", "due_at", "text", "owner", "renegotiated_at"))


def waiting(visit):
    messages = Message.objects.filter(subject=visit.public_id, state="planned")
    return set(messages.values_list("kind", "channel", "subject_start", "send_after"))


def test_a_move_by_the_desk_is_remembered_and_told_two_minutes_later(north, visit, now):
    after = moved(visit, north, now)
    made = latest_rearrangement(after, now=now)
    assert (made.kind, made.made_at, made.made_by, made.held_until) == (
        "move", now, north.dispatcher, now + 2 * MINUTE,
    )  # fmt: skip
    assert [(row.visit, row.version) for row in made.visits.all()] == [(after, 2)]
    assert waiting(after) == {
        ("moved", channel, START + HOUR, now + 2 * MINUTE) for channel in ("sms", "mail")
    }
    assert latest_rearrangement(after, now=now + 2 * MINUTE) is None


def test_a_move_by_the_customer_is_told_at_once_and_not_undone(north, visit, now):
    after = moved(visit, north, now, technician=north.lou, by=None, agreed_by_customer=True)
    assert latest_rearrangement(after, now=now) is None
    assert {send_after for *_, send_after in waiting(after)} == {now}


def test_undone_everything_stands_as_before_and_nobody_is_told(north, visit, now):
    plan_visit_messages(visit, "reminder", now=now, send_after=START - 24 * HOUR)
    before = stands(visit), open_promises(visit), waiting(visit)
    after = moved(visit, north, now)
    assert stands(visit) != before[0]
    made = undo(latest_rearrangement(after, now=now), by=north.manager, now=now + MINUTE)
    assert (made.undone_at, made.undone_by) == (now + MINUTE, north.manager)
    assert (stands(visit), open_promises(visit), waiting(visit)) == before
    visit.refresh_from_db()
    assert (visit.version, visit.changed_at) == (3, now + MINUTE)
    told = Message.objects.filter(subject=visit.public_id, kind="moved")
    assert set(told.values_list("state", flat=True)) == {"cancelled"}
    line = TimelineEntry.objects.get(subject=visit.public_id, step="undone 3")
    assert (line.title, line.actor) == ("Move undone: back to Fri 6 Mar, 14:00, Lou Baptiste", north.manager)


def test_a_confirmed_visit_is_confirmed_again_and_its_settled_promises_are_not_rewritten(north, now):
    visit = make_visit(north, start=START + 24 * HOUR, technician=north.lou)
    confirm_visit(visit, by=north.dispatcher, now=now - MINUTE, said="By phone")
    visit.refresh_from_db()
    before = stands(visit), {promise[:4] for promise in open_promises(visit)}
    after = moved(visit, north, now, start=START + 48 * HOUR, agreed_by_customer=True)
    undo(latest_rearrangement(after, now=now), by=north.dispatcher, now=now + MINUTE)
    assert (stands(visit), {promise[:4] for promise in open_promises(visit)}) == before
    states = Promise.objects.filter(of_visit__visit=visit, kind="window").order_by("pk")
    # The old one was released by their yes; what that promised is released; the old time is promised.
    assert [promise.state for promise in states] == ["released", "released", "open"]


def test_a_late_visit_is_late_again(north, now):
    visit = make_visit(north, start=now - 75 * MINUTE, technician=north.lou, late_at=now)
    Promise.objects.filter(of_visit__visit=visit, kind="window").update(
        state="broken", settled_at=now, evidence="Nobody had arrived"
    )
    before = stands(visit)
    after = moved(visit, north, now, start=now + HOUR, agreed_by_customer=True)
    assert after.late_at is None
    undo(latest_rearrangement(after, now=now), by=north.dispatcher, now=now + MINUTE)
    assert stands(visit) == before
    windows = Promise.objects.filter(of_visit__visit=visit, kind="window").order_by("pk")
    assert [promise.state for promise in windows] == ["broken", "released"]


def test_duties_that_the_move_closed_are_open_again_and_those_it_opened_are_closed(north, visit, now):
    north.contact.phone = north.contact.email = ""
    north.contact.save()
    plan_visit_messages(visit, "late", now=now - HOUR)
    old = Duty.objects.get(subject=visit.public_id)
    after = moved(visit, north, now)
    assert list(Duty.objects.open().filter(subject=visit.public_id).exclude(pk=old.pk)) != []
    undo(latest_rearrangement(after, now=now), by=north.dispatcher, now=now + MINUTE)
    assert list(Duty.objects.open().filter(subject=visit.public_id)) == [old]


def test_who_stands_by_is_looked_for_again(north, visit, now):
    Visit.objects.filter(pk=visit.pk).update(backup=north.marek)
    visit.refresh_from_db()
    after = moved(visit, north, now)
    assert after.backup == north.lou
    undo(latest_rearrangement(after, now=now), by=north.dispatcher, now=now + MINUTE)
    assert Visit.objects.get(pk=visit.pk).backup == north.marek


def test_undone_twice_is_undone_once(north, visit, now):
    made = latest_rearrangement(moved(visit, north, now), now=now)
    for _ in range(2):
        made = undo(made, by=north.dispatcher, now=now + MINUTE)
    visit.refresh_from_db()
    assert visit.version == 3


def test_no_reminder_overtakes_a_move_that_can_be_undone(north, visit, now):
    # The reminder of two hours before would be due at 13:08; of the move they hear at 13:09.
    moved(visit, north, now, start=now + 2 * HOUR + MINUTE)
    plan_reminders(now=now + MINUTE / 2)
    assert {kind for kind, *_ in waiting(visit)} == {"moved"}


def test_after_two_minutes_it_is_too_late(north, visit, now):
    made = latest_rearrangement(moved(visit, north, now), now=now)
    with pytest.raises(TooLateToUndo, match="Two minutes are over"):
        undo(made, by=north.dispatcher, now=now + 2 * MINUTE)
    assert stands(visit)["planned_start"] == START + HOUR


def test_what_has_left_cannot_be_taken_back(north, visit, now):
    made = latest_rearrangement(moved(visit, north, now), now=now)
    Message.objects.filter(kind="moved", channel="sms").update(state="sent", sent_at=now)
    with pytest.raises(TooLateToUndo, match="has been told already"):
        undo(made, by=north.dispatcher, now=now + MINUTE)
    assert (stands(visit)["planned_start"], len(waiting(visit))) == (START + HOUR, 1)


def test_it_is_refused_when_somebody_changed_the_visit_since(north, visit, now):
    made = latest_rearrangement(moved(visit, north, now), now=now)
    confirm_visit(visit, by=north.dispatcher, now=now + MINUTE, said="By phone")
    assert latest_rearrangement(visit, now=now + MINUTE) is None
    with pytest.raises(VisitChanged, match="It stands with Marek Novak on Fri 6 Mar, 15:00"):
        undo(made, by=north.dispatcher, now=now + MINUTE)


def test_it_is_refused_when_another_visit_stands_in_the_old_place(north, visit, now):
    made = latest_rearrangement(moved(visit, north, now), now=now)
    other = make_visit(north, start=START + HOUR, technician=north.lou)
    with pytest.raises(PlaceTaken, match="Lou has another visit then, from 15:00"):
        undo(made, by=north.dispatcher, now=now + MINUTE)
    assert Assignment.objects.get(visit=visit).technician == north.marek
    assert Assignment.objects.get(visit=other).technician == north.lou
    assert Rearrangement.objects.get().undone_at is None


def test_two_moves_are_undone_one_after_the_other(north, visit, now):
    before = stands(visit)
    first = moved(visit, north, now)
    between = stands(visit)
    second = moved(first, north, now + MINUTE / 2, start=START + 2 * HOUR)
    undo(latest_rearrangement(second, now=now + MINUTE), by=north.dispatcher, now=now + MINUTE)
    assert stands(visit) == between
    visit.refresh_from_db()
    undo(latest_rearrangement(visit, now=now + MINUTE), by=north.dispatcher, now=now + MINUTE)
    assert stands(visit) == before
    assert RearrangedVisit.objects.filter(rearrangement__undone_at=None).count() == 0


def test_a_promise_outlives_two_undone_moves_of_which_the_second_was_agreed(north, visit, now):
    before = open_promises(visit)
    first = moved(visit, north, now)
    second = moved(first, north, now + MINUTE / 2, start=START + 2 * HOUR, agreed_by_customer=True)
    undo(latest_rearrangement(second, now=now + MINUTE), by=north.dispatcher, now=now + MINUTE)
    visit.refresh_from_db()
    undo(latest_rearrangement(visit, now=now + MINUTE), by=north.dispatcher, now=now + MINUTE)
    assert open_promises(visit) == before


def test_a_booking_that_waits_to_be_told_waits_again(north, visit, now):
    plan_visit_messages(visit, "booked", now=now, send_after=now + MINUTE)
    before = waiting(visit)
    after = moved(visit, north, now)
    assert {kind for kind, *_ in waiting(visit)} == {"booked"}
    undo(latest_rearrangement(after, now=now), by=north.dispatcher, now=now + MINUTE)
    assert waiting(visit) == before
