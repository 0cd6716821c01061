"""A promise has one end, and a settled one never changes again (R4.1, R6.2)."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases.models import Promise
from cases.promising import agree_anew, break_promise, keep_promise, make_promise, release_promise

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def promise(north, now):
    """A call back within the hour, promised by Jamie."""
    return make_promise(
        customer=north.customer,
        kind=Promise.Kind.CALL_BACK,
        text="Check the renewal and call back",
        due_at=now + HOUR,
        owner=north.sales,
        by=north.sales,
        now=now,
    )


def test_it_is_for_a_time_to_come(north, now):
    with pytest.raises(ValueError, match="time to come"):
        make_promise(
            customer=north.customer, kind="call back", text="Ring", due_at=now, owner=None, by=None, now=now
        )


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
