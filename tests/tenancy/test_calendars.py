"""Zones, business hours and holidays."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenancy.calendars import (
    Calendar,
    calendar_of,
    day_bounds,
    end_of_quiet_hours,
    in_quiet_hours,
    instant_at,
    local_time,
)
from tenancy.models import BusinessHours, Closure
from tenancy.scope import tenant

LONDON = ZoneInfo("Europe/London")
ZONES = st.sampled_from(
    ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "UTC"]
).map(ZoneInfo)
# Any second from 2024 to 2030.
INSTANTS = st.integers(1_704_067_200, 1_924_991_999).map(
    lambda second: dt.datetime.fromtimestamp(second, dt.UTC)
)
HOURS = dt.timedelta(hours=1)


def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("day", "clock", "instant"),
    [
        (dt.date(2026, 3, 5), dt.time(14), utc(2026, 3, 5, 14)),
        (dt.date(2026, 7, 1), dt.time(14), utc(2026, 7, 1, 13)),
        # Skipped: the clock goes from 01:00 to 02:00; half past one is half past two.
        (dt.date(2026, 3, 29), dt.time(1, 30), utc(2026, 3, 29, 1, 30)),
        # Doubled: the first half past one is meant.
        (dt.date(2026, 10, 25), dt.time(1, 30), utc(2026, 10, 25, 0, 30)),
    ],
)
def test_a_wall_time_is_one_instant(day, clock, instant):
    assert instant_at(day, clock, LONDON) == instant


def test_days_of_a_clock_change_have_23_and_25_hours():
    for day, hours in ((dt.date(2026, 3, 29), 23), (dt.date(2026, 10, 25), 25), (dt.date(2026, 5, 5), 24)):
        start, end = day_bounds(day, LONDON)
        assert end - start == hours * HOURS


@given(INSTANTS, ZONES)
def test_there_and_back_shows_the_same_wall_time(instant, zone):
    local = local_time(instant, zone)
    again = instant_at(local.date(), local.time(), zone)
    assert again == instant or abs(again - instant) <= HOURS
    assert local_time(again, zone).replace(tzinfo=None) == local.replace(tzinfo=None)


@given(INSTANTS, ZONES, st.times(), st.times())
def test_quiet_hours_end_outside_of_them_and_not_before(instant, zone, quiet_from, quiet_until):
    quiet = {"zone": zone, "quiet_from": quiet_from, "quiet_until": quiet_until}
    end = end_of_quiet_hours(instant, **quiet)
    assert end >= instant
    assert end - instant <= 25 * HOURS
    if not in_quiet_hours(instant, **quiet):
        assert end == instant


@pytest.mark.parametrize(
    ("clock", "is_quiet"),
    [("20:59", False), ("21:00", True), ("23:59", True), ("00:00", True), ("07:59", True), ("08:00", False)],
)
def test_quiet_hours_pass_midnight(clock, is_quiet):
    hour, minute = map(int, clock.split(":"))
    quiet = {"zone": LONDON, "quiet_from": dt.time(21), "quiet_until": dt.time(8)}
    assert in_quiet_hours(utc(2026, 1, 5, hour, minute), **quiet) is is_quiet


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        # Thursday 12:41, four working hours of 08:00 to 17:30.
        (utc(2026, 3, 5, 12, 41), 4, utc(2026, 3, 5, 16, 41)),
        # Thursday 15:30 goes on on Friday.
        (utc(2026, 3, 5, 15, 30), 4, utc(2026, 3, 6, 10)),
        # Friday evening: Monday.
        (utc(2026, 3, 6, 19), 1, utc(2026, 3, 9, 9)),
        # Before opening counts from opening.
        (utc(2026, 3, 5, 5), 1, utc(2026, 3, 5, 9)),
    ],
)
def test_working_hours_are_counted_and_nothing_else(start, hours, due):
    assert Calendar(zone=LONDON).due_after(start, hours * HOURS) == due


def test_holidays_and_closures_do_not_count():
    # Good Friday and Easter Monday 2026 in England.
    calendar = Calendar(zone=LONDON, country="GB", subdivision="ENG")
    assert calendar.due_after(utc(2026, 4, 2, 16), HOURS) == utc(2026, 4, 7, 7, 30)
    closed = Calendar(zone=LONDON, closed=frozenset({dt.date(2026, 3, 6)}))
    assert closed.next_working_day(dt.date(2026, 3, 5)) == dt.date(2026, 3, 9)
    assert closed.is_closed(dt.date(2026, 3, 6))


def test_a_country_that_is_not_known_has_no_holidays():
    assert not Calendar(zone=LONDON, country="ZZ").is_holiday(dt.date(2026, 12, 25))


def test_a_desk_without_hours_has_no_due_time():
    calendar = Calendar(zone=LONDON, hours=())
    with pytest.raises(ValueError, match="no business hours"):
        calendar.due_after(utc(2026, 3, 5), HOURS)
    with pytest.raises(ValueError, match="no working day"):
        calendar.next_working_day(dt.date(2026, 3, 5))


@given(INSTANTS, st.integers(1, 60 * 40), ZONES)
def test_due_is_as_much_working_time_away_as_asked(start, minutes, zone):
    calendar, working = Calendar(zone=zone), dt.timedelta(minutes=minutes)
    assert calendar.working_time(start, calendar.due_after(start, working)) == working


def test_the_desks_own_hours_and_closures_are_read(cast):
    with tenant(cast.north.tenant):
        assert calendar_of(cast.north.tenant).spans(dt.date(2026, 3, 5)) == [
            (utc(2026, 3, 5, 8), utc(2026, 3, 5, 17, 30))
        ]
        for opens, closes in ((9, 12), (13, 15)):
            BusinessHours.objects.create(weekday=3, opens=dt.time(opens), closes=dt.time(closes))
        Closure.objects.create(day=dt.date(2026, 3, 12), name="Stocktaking")
        calendar = calendar_of(cast.north.tenant)
    assert calendar.spans(dt.date(2026, 3, 5)) == [
        (utc(2026, 3, 5, 9), utc(2026, 3, 5, 12)),
        (utc(2026, 3, 5, 13), utc(2026, 3, 5, 15)),
    ]
    assert calendar.spans(dt.date(2026, 3, 12)) == []
    assert calendar.spans(dt.date(2026, 3, 6)) == []
