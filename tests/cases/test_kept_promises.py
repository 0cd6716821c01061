"""Which promises count as kept on time, and what is said to drag the figure down."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.kept_promises import HalfDay, kept_by_kind, kept_on_time, late_of_kind, promises_due, what_drags
from cases.overdue_promises import overdue
from tenancy.figures import Share, last_days
from tests.servicedesk.test_overview import promise

LONDON = ZoneInfo("Europe/London")
DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
UNSETTLED = {"state": "open", "settled_at": None, "evidence": ""}


@pytest.fixture
def days(now):
    return last_days(30, now=now, zone=LONDON)


@pytest.mark.parametrize(
    ("values", "share"),
    [
        ({}, Share(1, 1)),
        ({"kept": False}, Share(0, 1)),
        ({"state": "kept late"}, Share(0, 1)),
        ({"state": "released"}, Share(0, 0)),
        # Past its time, and nobody has said anything; of an older program's nobody knows.
        (UNSETTLED, Share(0, 1)),
        ({**UNSETTLED, "is_imported": True}, Share(0, 0)),
    ],
)
def test_what_counts_and_what_was_on_time(north, now, days, values, share):
    promise(north, due_at=now - HOUR, **values)
    assert kept_on_time(days, now=now).now == share
    assert promises_due(days, now=now).count() == share.whole
    assert late_of_kind("", days, now=now).count() == share.whole - share.part


def test_a_promise_counts_on_its_day_and_not_before_its_time(north, now, days):
    promise(north, due_at=now + MINUTE, **UNSETTLED)
    promise(north, due_at=days.starts_at)
    promise(north, due_at=days.starts_at - MINUTE, kept=False)
    found = kept_on_time(days, now=now)
    assert (found.now, found.before) == (Share(1, 1), Share(0, 1))
    assert [share.whole for _, share in found.weeks] == [0, 0, 2, 0, 0, 0, 0]
    assert kept_on_time(days, now=now + MINUTE).now == Share(1, 2)


def test_by_kind_in_the_order_of_the_kinds(north, now, days):
    for kind, kept in (("money", True), ("window", True), ("window", False)):
        promise(north, due_at=now - HOUR, kind=kind, kept=kept)
    found = kept_by_kind(days, now=now)
    assert list(found.items()) == [("window", Share(1, 2)), ("money", Share(1, 1))]


def late(desk, instant, count, kind="call back"):
    for number in range(count):
        promise(desk, due_at=instant + number * MINUTE, kept=False, kind=kind)


def drag(days, now):
    return what_drags(kept_by_kind(days, now=now), days, now=now)


def test_few_late_ones_have_no_pattern_and_neither_have_many_of_every_kind(north, now, days):
    assert drag(days, now) is None
    late(north, now - DAY, 4)
    assert drag(days, now) is None
    late(north, now - DAY, 4, kind="answer")
    late(north, now - DAY, 4, kind="money")
    assert drag(days, now) is None


def test_one_kind_that_is_most_of_them_is_named_without_a_day_where_they_are_scattered(north, now, days):
    for day in range(6):
        late(north, now - day * DAY - HOUR, 1)
    late(north, now - DAY, 1, kind="money")
    found = drag(days, now)
    assert (found.kind, found.late, found.half_day) == ("call back", Share(6, 7), None)


@given(minutes=st.lists(st.integers(0, 30 * 24 * 60 - 61), max_size=9))
def test_every_half_of_a_weekday_has_the_promises_of_its_own_clock(minutes):
    """Also over the change of the clock on 29 March; each promise stands in exactly one half."""
    days = last_days(30, now=dt.datetime(2026, 3, 30, 12, tzinfo=dt.UTC), zone=LONDON)
    halves = [HalfDay(weekday, is_morning) for weekday in range(7) for is_morning in (True, False)]
    spans = {half: half.spans(days) for half in halves}
    for instant in (days.starts_at + each * MINUTE for each in minutes):
        local = instant.astimezone(LONDON)
        inside = [half for half in halves if any(start <= instant < end for start, end in spans[half])]
        assert inside == [HalfDay(local.weekday(), local.hour < 12)]


def test_the_oldest_that_is_overdue(north, now, django_assert_num_queries):
    assert overdue(now=now).oldest_due_at is None
    for hours in (3, 50):
        promise(north, due_at=now - hours * HOUR, **UNSETTLED)
    # A visit's stands with the visit, history alarms nobody.
    promise(north, due_at=now - 90 * HOUR, kind="window", **UNSETTLED)
    promise(north, due_at=now - 90 * HOUR, is_imported=True, **UNSETTLED)
    with django_assert_num_queries(1):
        found = overdue(now=now)
    assert (found.count, found.oldest_due_at) == (2, now - 50 * HOUR)
