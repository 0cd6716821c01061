"""What a phone says of the time at which somebody stood at the door, beside when we heard of it."""

import datetime as dt

import pytest

from customers.models import TimelineEntry
from tests.visits.fieldwork_scene import MINUTE, SECOND, north, on_the_way, promise, visit
from visits import fieldwork
from visits.access import access_from, no_access, steps_of
from visits.fieldwork import StepRefused
from visits.models import Visit
from visits.phone_times import speaks_for

__all__ = ["north", "visit"]
HOUR = dt.timedelta(hours=1)


def words(visit, zone=dt.UTC):
    return speaks_for(visit, visit.steps.select_related("by__user"), zone)


def test_who_came_in_the_window_and_could_say_so_later_only_is_missed_and_spoken_for(visit, lou, now):
    on_the_way(visit, lou, now)
    sent, tapped = now.replace(hour=15, minute=40), now.replace(hour=13, minute=55)
    there = fieldwork.arrive(visit, by=lou, now=sent, device_at=tapped)
    # Our clock rules: the miss stands, and so does the broken promise.
    assert (there.state, there.arrived_at, there.missed_at) == ("on site", sent, sent)
    broken = promise(visit, "window")
    assert (broken.state, broken.evidence) == ("broken", "The window ended and nobody had arrived")
    said = "Arrived 13:55 by Lou’s phone, sent 15:40"
    assert words(there) == said
    assert TimelineEntry.objects.filter(subject=visit.public_id, title=said).count() == 1


def test_sent_late_and_within_the_window_the_promise_is_kept_and_says_so(visit, lou, now):
    on_the_way(visit, lou, now)
    there = fieldwork.arrive(
        visit, by=lou, now=now.replace(hour=14, minute=50), device_at=now.replace(hour=14, minute=5)
    )
    assert promise(visit, "window").state == "kept"
    assert promise(visit, "window").evidence == "Arrived 14:05 by Lou’s phone, sent 14:50"
    assert words(there) == ""


@pytest.mark.parametrize("tapped", [None, (15, 1), (15, 40)])
def test_who_came_after_the_window_is_not_spoken_for(visit, lou, now, tapped):
    on_the_way(visit, lou, now)
    device_at = tapped and now.replace(hour=tapped[0], minute=tapped[1])
    there = fieldwork.arrive(visit, by=lou, now=now.replace(hour=15, minute=40), device_at=device_at)
    assert words(there) == ""
    assert not TimelineEntry.objects.filter(subject=visit.public_id, title__startswith="Arrived").exists()


def test_sent_the_next_day_the_day_is_said(visit, lou, now):
    on_the_way(visit, lou, now)
    there = fieldwork.arrive(
        visit, by=lou, now=now.replace(day=6, hour=8, minute=10), device_at=now.replace(hour=13, minute=55)
    )
    assert words(there) == "Arrived 13:55 by Lou’s phone, sent 6 March, 08:10"


def test_an_arrival_taken_back_speaks_for_nobody(visit, lou, now):
    on_the_way(visit, lou, now)
    sent = now.replace(hour=15, minute=40)
    fieldwork.arrive(visit, by=lou, now=sent, device_at=now.replace(hour=13, minute=55))
    undone = fieldwork.undo_step(visit, by=lou, now=sent + SECOND)
    assert words(undone) == ""


def test_a_tap_is_undone_within_60_s_by_the_phone_whenever_it_is_sent(visit, lou, now):
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now, device_at=now)
    with pytest.raises(StepRefused, match="60 seconds"):
        fieldwork.undo_step(visit, by=lou, now=now + HOUR, device_at=now + 61 * SECOND)
    undone = fieldwork.undo_step(visit, by=lou, now=now + HOUR, device_at=now + 60 * SECOND)
    assert undone.called_ahead_at is None


def test_two_taps_sent_at_one_go_do_not_make_an_old_one_new(visit, lou, now):
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now, device_at=now - HOUR)
    with pytest.raises(StepRefused, match="60 seconds"):
        fieldwork.undo_step(visit, by=lou, now=now, device_at=now - MINUTE)


def test_a_step_that_a_colleague_took_since_is_not_undone(north, visit, lou, now):
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now)
    fieldwork.read_brief(visit, by=lou, now=now)
    fieldwork.skip_step(visit, "on the way", because="Next door", by=north.dispatcher, now=now + SECOND)
    with pytest.raises(StepRefused, match="the last step is another one now, “on the way”"):
        fieldwork.undo_step(visit, of="call ahead", by=lou, now=now + 2 * SECOND)
    assert Visit.objects.get(pk=visit.pk).called_ahead_at == now


def test_an_undo_does_not_take_back_what_was_done_after_it(visit, lou, now):
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now)
    with pytest.raises(StepRefused, match="60 seconds"):
        fieldwork.undo_step(visit, of="call ahead", by=lou, now=now + MINUTE, device_at=now - 6 * SECOND)
    # What the way through the air takes may differ from one to the next.
    undone = fieldwork.undo_step(visit, of="call ahead", by=lou, now=now + MINUTE, device_at=now - 5 * SECOND)
    assert undone.called_ahead_at is None


@pytest.mark.parametrize(("tapped", "sent"), [(-30 * MINUTE, 0 * SECOND), (2 * SECOND, 40 * SECOND)])
def test_an_undo_that_waited_leaves_a_colleagues_later_step(north, visit, lou, now, tapped, sent):
    later = now + 10 * SECOND
    fieldwork.call_ahead(visit, result="no answer", by=lou, now=now - 31 * MINUTE)
    # Its own time on the phone lies before the undo's: but nobody knew of it yet.
    fieldwork.call_ahead(visit, result="spoke", by=north.dispatcher, now=later, device_at=now + tapped)
    with pytest.raises(StepRefused, match="60 seconds"):
        fieldwork.undo_step(visit, of="call ahead", by=lou, now=later + sent, device_at=now + tapped + SECOND)
    assert Visit.objects.get(pk=visit.pk).called_ahead_at == later


def test_a_colleagues_step_that_the_phone_showed_is_undone(north, visit, lou, now):
    fieldwork.call_ahead(visit, result="spoke", by=north.dispatcher, now=now)
    undone = fieldwork.undo_step(visit, of="call ahead", by=lou, now=now + HOUR, device_at=now + 30 * SECOND)
    assert undone.called_ahead_at is None


def test_no_access_is_judged_by_the_phones_times_and_not_by_when_they_came_in(visit, lou, now):
    on_the_way(visit, lou, now)
    sent = now.replace(hour=14, minute=50)
    came = now.replace(hour=14, minute=10)
    there = fieldwork.arrive(visit, by=lou, now=sent, device_at=came)
    assert access_from(there, steps_of(there)) == came + 10 * MINUTE
    no_call = {"because": "Gate locked", "by": lou, "now": sent}
    with pytest.raises(StepRefused, match="log the call"):
        no_access(visit, device_at=came + 11 * MINUTE, **no_call)
    fieldwork.call_ahead(visit, result="no answer", by=lou, now=sent, device_at=came + 5 * MINUTE)
    with pytest.raises(StepRefused, match="until 14:20"):
        no_access(visit, device_at=came + 9 * MINUTE, **no_call)
    ended = no_access(visit, device_at=came + 10 * MINUTE, **no_call)
    assert ended.state == "no access"


def test_a_call_before_the_door_is_none_at_the_door(visit, lou, now):
    on_the_way(visit, lou, now)
    came = now.replace(hour=14, minute=10)
    fieldwork.arrive(visit, by=lou, now=came, device_at=came)
    # Rung on the way, and sent after the arrival.
    fieldwork.call_ahead(
        visit, result="no answer", by=lou, now=came + 5 * MINUTE, device_at=came - 5 * MINUTE
    )
    with pytest.raises(StepRefused, match="log the call"):
        no_access(visit, because="Gate locked", by=lou, now=came + 15 * MINUTE)
