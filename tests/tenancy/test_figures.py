"""Days of a desk in a row, and a part of a whole."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Q
from hypothesis import given
from hypothesis import strategies as st

from cases.models import Promise
from tenancy.figures import Days, Share, hull, last_days, shares
from tests.servicedesk.test_overview import promise

LONDON = ZoneInfo("Europe/London")
DAY = dt.timedelta(days=1)
ZONES = st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
INSTANTS = st.integers(0, 10 * 365 * 24 * 60).map(
    lambda minutes: dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
)


@given(now=INSTANTS, name=ZONES, count=st.integers(1, 90))
def test_the_last_days_end_with_today_and_meet_those_before_without_a_gap(now, name, count):
    zone = ZoneInfo(name)
    days = last_days(count, now=now, zone=zone)
    assert (len(days), days.last) == (count, now.astimezone(zone).date())
    assert days.starts_at <= now < days.ends_at
    assert days.before().ends_at == days.starts_at
    assert len(days.before()) == count
    weeks = days.weeks(7)
    assert [len(week) for week in weeks] == [7] * 7
    assert weeks[-1].last == days.last
    assert all(first.ends_at == second.starts_at for first, second in zip(weeks, weeks[1:], strict=False))


@given(whole=st.integers(1, 10_000), data=st.data())
def test_a_percentage_is_near_and_never_all_or_none_unless_it_is(whole, data):
    part = data.draw(st.integers(0, whole))
    percent = Share(part, whole).percent
    assert abs(percent - 100 * part / whole) <= 1
    assert (percent == 100) == (part == whole)
    assert (percent == 0) == (part == 0)


def test_a_share_of_nothing_has_no_percentage():
    with pytest.raises(ZeroDivisionError):
        assert Share(0, 0).percent


def test_shares_of_spans_are_counted_by_the_desks_midnight(north, now, django_assert_num_queries):
    # On 29 March 2026 the clocks go forward in London.
    spring = Days(dt.date(2026, 3, 29), dt.date(2026, 3, 29), LONDON)
    assert spring.ends_at - spring.starts_at == 23 * dt.timedelta(hours=1)
    for instant in (spring.starts_at - DAY / 2, spring.starts_at, spring.ends_at - DAY / 24, spring.ends_at):
        promise(north, due_at=instant)
    promise(north, due_at=spring.starts_at, kept=False)
    with django_assert_num_queries(1):
        found = shares(Promise.objects.all(), "due_at", Q(state="kept"), [spring])
    assert found == [Share(2, 3)]
    assert hull([spring, spring.before()]).first == dt.date(2026, 3, 28)
