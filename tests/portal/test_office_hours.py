"""When a person answers, in words: exactly the desk's hours, or nothing where it would be a timetable."""

import datetime as dt
import re
from calendar import day_name
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.office_hours import hours_said
from tenancy.calendars import Calendar

NINE, NOON, ONE, FIVE = dt.time(9), dt.time(12), dt.time(13), dt.time(17)
SPAN = re.compile(r"(\d\d:\d\d) to (\d\d:\d\d)")


def said(*hours, country="GB", zone="Europe/London", **more):
    return hours_said(Calendar(zone=ZoneInfo(zone), hours=hours, **more), country=country)


def days(*weekdays, spans=((NINE, FIVE),)):
    return tuple((day, *span) for day in weekdays for span in spans)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (days(0, 1, 2, 3, 4), "Monday to Friday, 9 am to 5 pm"),
        (days(4, 2, 0, 1, 3), "Monday to Friday, 9 am to 5 pm"),
        (days(2), "Wednesday, 9 am to 5 pm"),
        (days(0, 1), "Monday and Tuesday, 9 am to 5 pm"),
        (days(0, 2, 4), "Monday, Wednesday and Friday, 9 am to 5 pm"),
        (days(0, spans=((ONE, FIVE), (NINE, NOON))), "Monday, 9 am to noon and 1 to 5 pm"),
        (
            days(0, 1, 2) + days(5, spans=((NINE, NOON),)),
            "Monday to Wednesday, 9 am to 5 pm; Saturday, 9 am to noon",
        ),
        ((), ""),
        (days(0) + days(1, spans=((NINE, NOON),)) + days(2, spans=((ONE, FIVE),)), ""),
        (days(0, spans=((NINE, dt.time(10)), (dt.time(11), NOON), (ONE, FIVE))), ""),
    ],
)
def test_days_with_the_same_hours_stand_together(hours, words):
    assert said(*hours) == words


def days_in(words):
    """The weekdays that a list or a row of days names."""
    if " to " in words:
        first, last = words.split(" to ")
        return set(range(list(day_name).index(first), list(day_name).index(last) + 1))
    return {list(day_name).index(name) for name in re.split(", | and ", words)}


def hours_in(words):
    """What a customer of a country with 24 hours understands: (weekday, opens, closes) of each span."""
    understood = set()
    for group in words.split("; "):
        start = SPAN.search(group).start()
        spans = [tuple(map(dt.time.fromisoformat, span)) for span in SPAN.findall(group)]
        understood |= {(day, *span) for day in days_in(group[:start].removesuffix(", ")) for span in spans}
    return understood


clock = st.integers(0, 95).map(lambda quarter: dt.time(quarter // 4, quarter % 4 * 15))
shift = st.lists(clock, min_size=2, max_size=6, unique=True).map(sorted)
spans = shift.map(lambda times: tuple(zip(times[::2], times[1::2], strict=False)))


@given(
    patterns=st.lists(spans, min_size=1, max_size=3),
    chosen=st.lists(st.integers(-1, 2), min_size=7, max_size=7),
    order=st.randoms(use_true_random=False),
    zone=st.sampled_from(["Europe/London", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]),
    closed=st.frozensets(st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)), max_size=5),
    country=st.sampled_from(["", "DE", "FR"]),
)
def test_whoever_reads_them_understands_the_desks_hours_wherever_it_is_and_whatever_is_closed(
    patterns, chosen, order, zone, closed, country
):
    hours = [
        (day, *span)
        for day, which in enumerate(chosen)
        if 0 <= which < len(patterns)
        for span in patterns[which]
    ]
    order.shuffle(hours)
    words = said(*hours, country="DE", zone=zone, closed=closed)
    by_day = {day: tuple(sorted(span[1:] for span in hours if span[0] == day)) for day, *_ in hours}
    is_timetable = len(set(by_day.values())) > 2 or any(len(each) > 2 for each in by_day.values())
    if not hours or is_timetable:
        assert words == ""
    else:
        assert hours_in(words) == set(hours)
    in_calendar = Calendar(zone=ZoneInfo(zone), hours=tuple(hours), country=country)
    assert hours_said(in_calendar, country="DE") == words
