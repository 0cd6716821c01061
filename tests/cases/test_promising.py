"""A promise has one end, and a settled one never changes again (R4.1, R6.2)."""

import datetime as dt
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from cases.models import Promise
from cases.promising import (
    SettledMeanwhile,
    agree_anew,
    break_promise,
    keep_by_hand,
    keep_promise,
    release_by_hand,
    release_promise,
)
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import a_promise

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def promise(north, now):
    """A call back within the hour, promised by Jamie."""
    return a_promise(north, now=now, text="Check the renewal and call back")


def test_it_is_for_a_time_to_come(north, now):
    with pytest.raises(ValueError, match="time to come"):
        a_promise(north, now=now, due_at=now)


def test_kept_in_time(north, promise, now):
    keep_promise(promise, by=north.sales, now=now + HOUR, evidence="Rang")
    assert (promise.state, promise.settled_at, promise.evidence) == ("kept", now + HOUR, "Rang")


def test_kept_after_its_time_is_broken(north, promise, now):
    keep_promise(promise, by=north.sales, now=now + HOUR + dt.timedelta(seconds=1), evidence="Rang")
    assert (promise.state, promise.evidence) == ("broken", "Done too late: Rang")


def test_agreed_anew_before_it_is_due_it_counts_as_kept_late(north, promise, now):
    agree_anew(promise, due_at=now + 3 * HOUR, by=north.sales, now=now)
    keep_promise(promise, by=north.sales, now=now + 2 * HOUR, evidence="Rang")
    assert promise.state == "kept late"


def test_once_due_it_cannot_be_agreed_anew(north, promise, now):
    with pytest.raises(ValueError, match="due or settled"):
        agree_anew(promise, due_at=now + 3 * HOUR, by=north.sales, now=now + HOUR)


@pytest.mark.parametrize("end", [break_promise, release_promise])
def test_the_first_end_stands(north, promise, now, end):
    end(promise, now=now, evidence="First")
    keep_promise(promise, by=north.sales, now=now, evidence="Second")
    break_promise(promise, now=now, evidence="Third")
    assert promise.evidence == "First"


@pytest.mark.parametrize(
    "change", [{"state": "kept"}, {"state": "open", "settled_at": None}, {"evidence": "x"}]
)
def test_the_database_refuses_to_rewrite_a_settled_one(north, promise, now, change):
    break_promise(promise, now=now, evidence="Nobody rang")
    with pytest.raises(IntegrityError), transaction.atomic():
        Promise.objects.filter(pk=promise.pk).update(**change)


def test_the_database_refuses_to_delete_one(north, promise):
    with pytest.raises(IntegrityError), transaction.atomic():
        promise.delete()


def test_made_moved_and_broken_stand_on_the_time_line_once_each(north, promise, now):
    agree_anew(promise, due_at=now + 3 * HOUR, by=north.sales, now=now)
    for _ in range(2):
        break_promise(promise, now=now + 4 * HOUR, evidence="Nobody rang")
    titles = north.customer.timeline.order_by("at", "pk").values_list("title", flat=True)
    text = "Check the renewal and call back"
    assert list(titles) == [f"Promised: {text}", f"Promise moved: {text}", f"Promise broken: {text}"]


def test_settled_by_hand_it_says_who_was_first(north, promise, now):
    other = Promise.objects.get(pk=promise.pk)
    keep_by_hand(promise, by=north.dispatcher, now=now, evidence="Rang them")
    with pytest.raises(SettledMeanwhile, match="settled meanwhile by Dana Whitlock, as kept: Rang them"):
        keep_by_hand(other, by=north.sales, now=now, evidence="Rang")
    with pytest.raises(SettledMeanwhile):
        release_by_hand(other, by=north.sales, now=now, evidence="They said no")
    for act in (keep_by_hand, release_by_hand):
        with pytest.raises(ValueError, match="Say what"):
            act(promise, by=north.sales, now=now, evidence=" ")


def test_released_past_due_it_is_broken_all_the_same(north, promise, now):
    release_by_hand(promise, by=north.sales, now=now + 2 * HOUR, evidence="They need it no more")
    assert (promise.state, promise.settled_by) == ("broken", north.sales)


def test_one_moved_meanwhile_is_not_judged_by_its_old_time(north, promise, now):
    stale = Promise.objects.get(pk=promise.pk)
    agree_anew(promise, due_at=now + 3 * HOUR, by=north.sales, now=now)
    with pytest.raises(SettledMeanwhile, match="changed meanwhile"):
        keep_by_hand(stale, by=north.sales, now=now, evidence="Rang")


def test_the_database_refuses_one_kept_too_late(north, promise, now):
    with pytest.raises(IntegrityError, match="promise_kept_in_time"), transaction.atomic():
        Promise.objects.filter(pk=promise.pk).update(
            state="kept", settled_at=promise.due_at + HOUR, evidence="Rang"
        )


def test_of_two_who_settle_at_once_one_is_told(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        made = a_promise(desk, now=now)

    def settle(who):
        keep_by_hand(Promise.objects.get(pk=made.pk), by=who, now=now, evidence=f"{who.name} rang")
        return "kept"

    acts = (partial(settle, who) for who in (desk.sales, desk.dispatcher))
    ends = sorted(str(end) for end in at_once(*acts, desk=desk, told=SettledMeanwhile))
    assert ends[1] == "kept"
    assert ends[0].startswith("It was settled meanwhile by ")


def test_of_two_who_move_it_the_second_is_told(north, promise, now):
    seen = Promise.objects.get(pk=promise.pk)
    agree_anew(promise, due_at=now + 2 * HOUR, by=north.sales, now=now)
    with pytest.raises(ValueError, match="moved this promise meanwhile"):
        agree_anew(seen, due_at=now + 3 * HOUR, by=north.dispatcher, now=now)
