"""The clocks of a case, over calendars with changes of the clock and holidays (R2.5)."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.clocks import (
    Deadline,
    Standing,
    after_pause,
    clocks_from,
    deadline,
    deadline_at,
    response_of,
    settling_of,
    standing_of,
)
from cases.models import Case
from tenancy.calendars import UTC, Calendar

LONDON = Calendar(zone=ZoneInfo("Europe/London"), country="GB")
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)


def at(day, hour, minute=0):
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=UTC)


zones = st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
weeks = st.sampled_from(
    [
        tuple((day, dt.time(8), dt.time(17, 30)) for day in range(5)),
        tuple((day, dt.time(0), dt.time(23, 59)) for day in range(7)),
        ((0, dt.time(9), dt.time(12)), (0, dt.time(13), dt.time(17)), (6, dt.time(1), dt.time(4))),
    ]
)
closed_days = st.frozensets(
    st.dates(min_value=dt.date(2026, 1, 1), max_value=dt.date(2027, 1, 31)), max_size=20
)
calendars = st.builds(
    lambda zone, hours, closed, country: Calendar(ZoneInfo(zone), hours, closed, country),
    zones,
    weeks,
    closed_days,
    st.sampled_from(["", "GB", "US"]),
)
starts = st.integers(min_value=0, max_value=364 * 24 * 3600).map(
    lambda seconds: dt.datetime(2026, 1, 1, tzinfo=UTC) + dt.timedelta(seconds=seconds)
)
hours = st.integers(min_value=1, max_value=60).map(lambda n: n * HOUR)
pauses = st.integers(min_value=0, max_value=30 * 24 * 60).map(lambda n: n * MINUTE)
shares = st.floats(min_value=0, max_value=0.999)


@given(calendars, starts, hours)
def test_three_quarters_of_the_open_time_are_used_when_it_is_at_risk(calendar, start, working):
    until = deadline(start, working, calendar)
    assert calendar.working_time(start, until.risk_at) == working * 3 / 4
    assert calendar.working_time(start, until.due_at) == working
    assert deadline_at(start, until.due_at, calendar) == until


@given(calendars, starts, hours, pauses, shares)
def test_what_was_left_before_the_waiting_is_left_after_it(calendar, start, working, pause, share):
    until = deadline(start, working, calendar)
    since = start + (until.due_at - start) * share
    since = since.replace(microsecond=0)
    new = after_pause(until, since, since + pause, calendar=calendar, counts_working_time=True)
    left = calendar.working_time(since, until.due_at)
    assert calendar.working_time(since + pause, new.due_at) == left
    used = working - left
    assert (new.risk_at <= since) == (used >= working * 3 / 4 or until.risk_at <= since)


@given(calendars, starts, hours, pauses, shares)
def test_where_all_time_counts_all_of_it_is_given_back(calendar, start, working, pause, share):
    until = deadline(start, working, calendar)
    since = start + (until.due_at - start) * share
    new = after_pause(until, since, since + pause, calendar=calendar, counts_working_time=False)
    assert new.due_at >= until.due_at + pause or not pause
    assert new.due_at == calendar.due_after(new.due_at, dt.timedelta()) or new == until


@given(calendars, starts, hours, pauses, pauses, st.booleans())
def test_what_was_missed_stays_missed(calendar, start, working, late, pause, counts):
    until = deadline(start, working, calendar)
    since = until.due_at + late
    back = since + pause
    assert after_pause(until, since, back, calendar=calendar, counts_working_time=counts) == until
    assert standing_of(until, ended_at=None, now=back) == Standing.LATE
    assert standing_of(until, ended_at=back + MINUTE, now=back) == Standing.MISSED


@given(starts, hours, pauses)
def test_the_clock_of_answering_runs_on_while_we_wait(start, working, pause):
    until = deadline(start, working, LONDON)
    case = Case(tenant_id=1, response_risk_at=until.risk_at, response_due_at=until.due_at)
    waiting = Case(tenant_id=1, response_risk_at=until.risk_at, response_due_at=until.due_at)
    waiting.waiting_since = start
    assert response_of(case, now=start + pause) == response_of(waiting, now=start + pause)


def test_a_friday_evening_before_the_clock_changes():
    """Four hours from Friday 16:30 in London: an hour that day, three on Monday, which is summer time."""
    until = deadline(at(27, 16, 30), 4 * HOUR, LONDON)
    assert until == Deadline(risk_at=at(30, 9, 0), due_at=at(30, 10, 0))


@pytest.mark.parametrize(
    ("now", "standing"),
    [
        (at(5, 11, 59), Standing.RUNNING),
        (at(5, 12), Standing.AT_RISK),
        (at(5, 12, 59), Standing.AT_RISK),
        (at(5, 13), Standing.LATE),
    ],
)
def test_at_three_quarters_at_risk_and_at_the_end_late(now, standing):
    until = deadline(at(5, 9), 4 * HOUR, LONDON)
    assert standing_of(until, ended_at=None, now=now) == standing


def test_answered_at_the_last_moment_is_kept_and_a_minute_after_missed():
    until = Deadline(None, at(5, 13))
    assert standing_of(until, ended_at=at(5, 13), now=at(6, 9)) == Standing.KEPT
    assert standing_of(until, ended_at=at(5, 13, 1), now=at(6, 9)) == Standing.MISSED
    assert standing_of(Deadline(), ended_at=None, now=at(5, 9)) == Standing.NONE


def test_while_we_wait_settling_stands_as_it_stood():
    until = deadline(at(5, 9), 4 * HOUR, LONDON)
    case = Case(
        tenant_id=1, resolution_risk_at=until.risk_at, resolution_due_at=until.due_at, waiting_since=at(5, 11)
    )
    assert settling_of(case, now=at(20, 9)) == Standing.RUNNING


def test_a_night_of_waiting_gives_back_no_open_time_unless_all_time_counts():
    until = deadline(at(5, 9), 9 * HOUR, LONDON)
    assert until.due_at == at(6, 8, 30)
    evening, morning = at(5, 17, 30), at(6, 8)
    waited = {"calendar": LONDON, "since": evening, "back": morning}
    assert after_pause(until, **waited, counts_working_time=True).due_at == at(6, 8, 30)
    # 14 and a half hours later it is night: the next opening.
    assert after_pause(until, **waited, counts_working_time=False).due_at == at(9, 8)


def test_a_desk_without_hours_has_no_such_clock():
    closed = Calendar(zone=UTC, hours=())
    fields = clocks_from(at(5, 9), response_due_at=None, calendar=closed)
    assert set(fields.values()) == {None}
