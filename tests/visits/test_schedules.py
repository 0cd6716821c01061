"""The days of a plan, held against a slow oracle that looks at every day (R3.4)."""

import calendar
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenancy.calendars import Calendar, zone_named
from visits.schedules import Schedule, proposed_day

DAY = dt.timedelta(days=1)
Date = dt.date
LONDON = Calendar(zone_named("Europe/London"), country="GB", subdivision="ENG")


def is_due(schedule: Schedule, day: dt.date) -> bool:
    """Whether a day is one of the schedule's, found without counting forward."""
    if day < schedule.starts_on or (schedule.until and day > schedule.until) or day in schedule.exceptions:
        return False
    if schedule.unit == "weeks":
        monday = day - day.weekday() * DAY
        first_monday = schedule.starts_on - schedule.starts_on.weekday() * DAY
        wanted = schedule.weekdays or {schedule.starts_on.weekday()}
        return (monday - first_monday).days % (7 * schedule.every) == 0 and day.weekday() in wanted
    for back in range(7 if schedule.weekdays else 1):
        counted = day - back * DAY
        between = [counted + n * DAY for n in range(back)]
        is_first = all(d.weekday() not in schedule.weekdays for d in between)
        on_weekday = not schedule.weekdays or day.weekday() in schedule.weekdays
        if _is_monthly(schedule, counted) and is_first and on_weekday:
            return True
    return False


def _is_monthly(schedule, day):
    months = (day.year - schedule.starts_on.year) * 12 + day.month - schedule.starts_on.month
    last = calendar.monthrange(day.year, day.month)[1]
    return months >= 0 and months % schedule.every == 0 and day.day == min(schedule.starts_on.day, last)


near_month_ends = st.sampled_from(
    [Date(2024, 2, 29), Date(2023, 1, 31), Date(2023, 8, 30), Date(2024, 12, 31)]
)
days = st.dates(Date(2023, 1, 1), Date(2025, 12, 31))
schedules = st.builds(
    Schedule,
    every=st.integers(1, 14),
    unit=st.sampled_from(["weeks", "months"]),
    starts_on=st.one_of(days, near_month_ends),
    weekdays=st.frozensets(st.integers(0, 6), max_size=4),
    until=st.none() | st.dates(Date(2026, 1, 1), Date(2029, 1, 1)),
    exceptions=st.frozensets(st.dates(Date(2024, 1, 1), Date(2024, 12, 31)), max_size=40),
)


@settings(max_examples=400, deadline=None)
@given(schedule=schedules, first=st.dates(Date(2022, 6, 1), Date(2028, 6, 1)), length=st.integers(0, 900))
def test_the_days_of_any_schedule_are_those_of_the_oracle(schedule, first, length):
    last = first + length * DAY
    every_day = [first + n * DAY for n in range(length + 1)]
    assert list(schedule.days(first, last)) == [day for day in every_day if is_due(schedule, day)]


@settings(max_examples=200, deadline=None)
@given(schedule=schedules, cut=st.integers(1, 700))
def test_asked_in_two_parts_it_answers_the_same(schedule, cut):
    first, last = Date(2023, 1, 1), Date(2026, 12, 31)
    middle = first + cut * DAY
    parts = [*schedule.days(first, middle), *schedule.days(middle + DAY, last)]
    assert parts == list(schedule.days(first, last))


def test_month_ends_and_the_29th_of_february_come_back():
    month_ends = Schedule(every=1, unit="months", starts_on=Date(2024, 1, 31))
    assert list(month_ends.days(Date(2024, 1, 1), Date(2024, 5, 31))) == [
        Date(2024, 1, 31),
        Date(2024, 2, 29),
        Date(2024, 3, 31),
        Date(2024, 4, 30),
        Date(2024, 5, 31),
    ]
    leap = Schedule(every=12, unit="months", starts_on=Date(2024, 2, 29))
    assert list(leap.days(Date(2024, 1, 1), Date(2028, 12, 31))) == [
        Date(2024, 2, 29),
        Date(2025, 2, 28),
        Date(2026, 2, 28),
        Date(2027, 2, 28),
        Date(2028, 2, 29),
    ]


def test_weeks_with_two_weekdays_keep_their_week():
    schedule = Schedule(every=2, unit="weeks", starts_on=Date(2026, 3, 5), weekdays=frozenset({0, 3}))
    assert list(schedule.days(Date(2026, 3, 1), Date(2026, 4, 3))) == [
        Date(2026, 3, 5),
        Date(2026, 3, 16),
        Date(2026, 3, 19),
        Date(2026, 3, 30),
        Date(2026, 4, 2),
    ]


@pytest.mark.parametrize(
    ("unit", "every", "weekdays", "done", "following"),
    [
        ("weeks", 2, (), Date(2026, 3, 5), Date(2026, 3, 19)),
        ("months", 1, (), Date(2026, 1, 31), Date(2026, 2, 28)),
        ("months", 12, (), Date(2028, 2, 29), Date(2029, 2, 28)),
        # 28 February 2026 is a Saturday; the first Tuesday after it.
        ("months", 1, (1,), Date(2026, 1, 31), Date(2026, 3, 3)),
    ],
)
def test_from_the_completion_it_is_counted_anew(unit, every, weekdays, done, following):
    schedule = Schedule(every=every, unit=unit, starts_on=Date(2020, 1, 1), weekdays=frozenset(weekdays))
    assert schedule.after(done) == following


def test_an_exception_and_the_end_hold_after_a_completion_too():
    left_out = frozenset({Date(2026, 3, 19)})
    schedule = Schedule(every=2, unit="weeks", starts_on=Date(2026, 1, 1), exceptions=left_out)
    assert schedule.after(Date(2026, 3, 5)) == Date(2026, 4, 2)
    ending = Schedule(every=2, unit="weeks", starts_on=Date(2026, 1, 1), until=Date(2026, 3, 18))
    assert ending.after(Date(2026, 3, 5)) is None
    assert ending.after(Date(2026, 3, 4)) == Date(2026, 3, 18)


# The day to propose


@pytest.mark.parametrize(
    ("due_on", "proposed"),
    [
        (Date(2026, 3, 5), Date(2026, 3, 5)),
        # Easter Monday, before it the weekend and Good Friday.
        (Date(2026, 4, 6), Date(2026, 4, 2)),
        (Date(2026, 12, 26), Date(2026, 12, 24)),
        (Date(2027, 1, 1), Date(2026, 12, 31)),
    ],
)
def test_a_due_day_on_a_day_off_is_proposed_one_working_day_earlier(due_on, proposed):
    assert proposed_day(due_on, calendar=LONDON) == proposed


def test_nothing_is_proposed_after_the_terms_end():
    # 14 March 2026 is a Saturday.
    assert proposed_day(Date(2026, 3, 20), calendar=LONDON, last_day=Date(2026, 3, 14)) == Date(2026, 3, 13)
    assert proposed_day(Date(2026, 3, 5), calendar=LONDON, last_day=Date(2026, 3, 14)) == Date(2026, 3, 5)


@settings(max_examples=200, deadline=None)
@given(
    due_on=st.dates(Date(2024, 1, 1), Date(2028, 12, 31)),
    end=st.none() | st.dates(Date(2024, 1, 1), Date(2028, 12, 31)),
    closed=st.frozensets(st.dates(Date(2024, 1, 1), Date(2028, 12, 31)), max_size=60),
)
def test_the_proposed_day_is_the_last_working_day_up_to_the_due_day_and_the_end(due_on, end, closed):
    desk = Calendar(zone_named("Europe/London"), closed=closed, country="GB", subdivision="ENG")
    latest = due_on if end is None else min(due_on, end)
    working = [d for d in (latest - n * DAY for n in range(200)) if not desk.is_closed(d)]
    assert proposed_day(due_on, calendar=desk, last_day=end) == working[0]


def test_a_desk_that_never_works_is_told_so():
    never = Calendar(zone_named("UTC"), hours=())
    with pytest.raises(ValueError, match="no working day"):
        proposed_day(Date(2026, 3, 5), calendar=never)
