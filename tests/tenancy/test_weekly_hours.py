"""Hours of a week: what cannot be, and how they are said."""

import datetime as dt

import pytest

from tenancy.weekly_hours import HoursRefused, checked_hours, in_words

T = dt.time


def test_hours_come_back_in_order():
    assert checked_hours([(1, T(9), T(10)), (0, T(13), T(17)), (0, T(8), T(12))]) == [
        (0, T(8), T(12)),
        (0, T(13), T(17)),
        (1, T(9), T(10)),
    ]


@pytest.mark.parametrize(
    ("spans", "weekday", "words"),
    [
        ([(2, T(9), T(9))], 2, "Wednesday: 09:00 is not after 09:00."),
        (
            [(4, T(8), T(12)), (4, T(11, 59), T(17))],
            4,
            "Friday: the second part begins before the first ends.",
        ),
    ],
)
def test_what_cannot_be_names_its_day(spans, weekday, words):
    with pytest.raises(HoursRefused) as refused:
        checked_hours(spans)
    assert (refused.value.weekday, str(refused.value)) == (weekday, words)


def test_parts_that_touch_are_no_overlap():
    assert len(checked_hours([(0, T(8), T(12)), (0, T(12), T(17))])) == 2


def test_days_alike_are_said_together():
    week = [(day, T(8), T(17, 30)) for day in (0, 1, 2, 4)] + [(5, T(9), T(10)), (5, T(11), T(12))]
    assert in_words(week) == (
        "Monday to Wednesday 8:00 to 17:30, Friday 8:00 to 17:30, Saturday 9:00 to 10:00 and 11:00 to 12:00"
    )
    assert in_words([]) == ""
