"""What promises leave on the time line when they end: once, with who did it and what came of it."""

import datetime as dt

import pytest

from cases.models import Promise
from cases.promising import (
    agree_anew,
    break_promise,
    keep_by_hand,
    keep_promise,
    make_promise,
    release_by_hand,
)
from tests.cast import make_visit
from tests.told import told

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def promise(north, now):
    return make_promise(
        customer=north.customer,
        kind=Promise.Kind.ANSWER,
        text="Say what the drum costs",
        due_at=now + HOUR,
        owner=north.sales,
        by=north.dispatcher,
        now=now,
    )


@pytest.mark.parametrize(
    ("end", "at", "title", "detail"),
    [
        (keep_by_hand, 0, "Promise kept: Say what the drum costs", "They know"),
        (keep_by_hand, 2, "Promise broken: Say what the drum costs", "Done too late: They know"),
        (release_by_hand, 0, "Promise needed no longer: Say what the drum costs", "They know"),
        (release_by_hand, 2, "Promise broken: Say what the drum costs", "Not kept by its time: They know"),
    ],
)
def test_a_promise_that_ends_says_how_and_what_came_of_it(north, promise, now, end, at, title, detail):
    end(promise, by=north.sales, now=now + at * HOUR, evidence="They know")
    keep_promise(promise, by=north.dispatcher, now=now + 3 * HOUR, evidence="Again")
    assert told(north.customer) == [
        ("promise", "Promised: Say what the drum costs", "", "Dana Whitlock"),
        ("promise", title, detail, "Jamie Mercer"),
    ]


def test_one_that_was_moved_is_kept_late(north, promise, now):
    agree_anew(promise, due_at=now + 3 * HOUR, by=north.sales, now=now)
    keep_promise(promise, by=north.sales, now=now + 2 * HOUR, evidence="Rang them")
    assert told(north.customer)[2:] == [
        ("promise", "Promise kept late: Say what the drum costs", "Rang them", "Jamie Mercer")
    ]


def test_what_a_visit_promised_is_told_where_it_was_broken(north, now):
    visit = make_visit(north, start=now + 30 * HOUR, technician=north.lou)
    window, confirmation, _ = Promise.objects.filter(subject=visit.public_id).order_by("pk")
    keep_promise(confirmation, by=None, now=now, evidence="By text")
    break_promise(window, now=now + 40 * HOUR, evidence="Nobody came")
    assert [line[:3] for line in told(north.customer)] == [
        ("promise", f"Promise broken: {window.text}", "Nobody came")
    ]
