"""Visits that come again: the same wall time, and no day left out in silence."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from cases.models import Case, Duty
from messaging.models import Message
from tenancy.models import Closure
from tests.cast import make_visit
from visits.models import Absence, Visit, VisitSeries
from visits.outcomes import Whose
from visits.recurring import SeriesRefused, book_series, cancel_rest_of_series, look_again, plan_series
from visits.restoring import restore_visit

LONDON = ZoneInfo("Europe/London")
# Friday 6 March 2026, ten o'clock; the clock is put forward on Sunday 29 March, 3 April is Good Friday.
FIRST = dt.datetime(2026, 3, 6, 10, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


def series(north, now, **values):
    return book_series(
        **{
            "customer": north.customer,
            "site": north.site,
            "contact": north.contact,
            "machines": [north.copier],
            "kind": Visit.Kind.TUNE_UP,
            "problem": "",
            "technician": north.lou,
            "first": FIRST,
            "length": 75 * MINUTE,
            "window": HOUR,
            "every_weeks": 2,
            "times": 3,
            "by": north.dispatcher,
            "now": now,
            **values,
        }
    )


def days(booked):
    return [(visit.told_day, visit.told_from) for visit in booked.visits]


def test_the_wall_time_stays_when_the_clock_is_put_forward(north, now):
    booked = series(north, now, every_weeks=1, times=8)
    ten = dt.time(10)
    fridays = [dt.date(2026, 3, 6) + dt.timedelta(weeks=week) for week in range(8)]
    assert days(booked) == [(day, ten) for day in fridays if day != dt.date(2026, 4, 3)]
    assert {visit.planned_start.astimezone(LONDON).time() for visit in booked.visits} == {ten}
    assert {visit.planned_start.time() for visit in booked.visits} == {dt.time(10), dt.time(9)}
    assert {visit.series for visit in Visit.objects.all()} == {booked.series}


def test_a_holiday_an_absence_and_a_taken_time_are_told_with_the_next_free_day(north, now):
    make_visit(north, start=FIRST + dt.timedelta(days=7, minutes=30), technician=north.lou)
    Absence.objects.create(
        technician=north.lou, starts_at=FIRST + dt.timedelta(days=13), ends_at=FIRST + dt.timedelta(days=17)
    )
    Closure.objects.create(day=dt.date(2026, 3, 27))
    booked = series(north, now, every_weeks=1, times=5)
    assert [day for day, _ in days(booked)] == [dt.date(2026, 3, 6)]
    told = [(no.day.isoformat(), no.why, f"{no.instead:%F %R}") for no in booked.not_booked]
    # On the 23rd Lou is back at ten; from the 29th on ten is nine in UTC.
    assert told == [
        ("2026-03-13", "Lou has another visit then.", "2026-03-16 10:00"),
        ("2026-03-20", "Lou is away.", "2026-03-23 10:00"),
        ("2026-03-27", "A holiday, or the desk is closed.", "2026-03-30 09:00"),
        ("2026-04-03", "A holiday, or the desk is closed.", "2026-04-06 09:00"),
    ]


def test_where_no_day_is_free_before_the_next_time_none_is_proposed(north, now):
    Absence.objects.create(
        technician=north.lou, starts_at=FIRST - HOUR, ends_at=FIRST + dt.timedelta(days=14)
    )
    (no,) = series(north, now, times=2).not_booked
    assert (no.day, no.why, no.instead) == (dt.date(2026, 3, 6), "Lou is away.", None)


def test_until_a_day_is_that_day_included(north, now):
    assert [day for day, _ in days(series(north, now, times=None, until=dt.date(2026, 3, 20)))] == [
        dt.date(2026, 3, 6),
        dt.date(2026, 3, 20),
    ]


def test_the_first_is_confirmed_and_the_others_are_reminded_of(north, now):
    booked = series(north, now)
    assert set(Message.objects.values_list("kind", "subject")) == {("booked", booked.visits[0].public_id)}


def test_a_fault_that_takes_several_visits_is_one_case(north, now):
    booked = series(north, now, kind=Visit.Kind.FAULT, problem="Streaks")
    assert {visit.case for visit in booked.visits} == {Case.objects.get()}


def test_a_crew_comes_each_time_or_the_day_is_told(north, now):
    make_visit(north, start=FIRST + dt.timedelta(days=14), technician=north.marek)
    booked = series(north, now, times=2, others=[north.marek])
    assert [(no.day, no.why) for no in booked.not_booked] == [
        (dt.date(2026, 3, 20), "Marek has another visit then.")
    ]
    assert {visit.crew for visit in booked.visits} == {2}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"every_weeks": 0}, "after how many weeks"),
        ({"times": None}, "either until when, or how many times"),
        ({"until": dt.date(2026, 4, 1)}, "either until when, or how many times"),
        ({"times": 61}, "Between one and 60 times"),
        ({"times": None, "until": dt.date(2026, 3, 5)}, "The last day lies before the first one"),
        ({"times": None, "until": dt.date(2028, 3, 5), "every_weeks": 1}, "More than 60 visits"),
        ({"first": FIRST - dt.timedelta(days=2)}, "That time has passed"),
    ],
)
def test_what_is_no_series_is_refused_and_leaves_nothing(north, now, values, says):
    with pytest.raises(SeriesRefused, match=says):
        series(north, now, **values)
    assert not VisitSeries.objects.exists()


def test_the_rest_is_cancelled_from_a_day_on_and_one_message_tells_of_the_next(north, now):
    booked = series(north, now, times=3).visits
    result = cancel_rest_of_series(
        booked[0].series, from_day=dt.date(2026, 3, 20), whose=Whose.US, because="The copier goes.",
        by=north.dispatcher, now=now,
    )  # fmt: skip
    assert (list(result.cancelled), result.standing) == ([booked[1]], ())
    assert [visit.state for visit in Visit.objects.order_by("planned_start")] == ["booked", "cancelled by us"]
    told = Message.objects.filter(kind="cancelled")
    assert set(told.values_list("subject", flat=True)) == {booked[1].public_id}
    assert not Duty.objects.filter(kind=Duty.Kind.TELL_CUSTOMER).exists()


def test_when_we_cancel_several_somebody_rings_about_them(north, now):
    booked = series(north, now, every_weeks=1, times=4)
    assert len(booked.visits) == 4
    asked = {"whose": Whose.US, "because": "No parts.", "by": north.dispatcher, "now": now}
    result = cancel_rest_of_series(booked.series, from_day=dt.date(2026, 3, 7), **asked)
    assert len(result.cancelled) == 3
    duty = Duty.objects.open().get(kind=Duty.Kind.TELL_CUSTOMER)
    assert (duty.title, duty.subject) == (
        f"Ring {north.customer}: 3 visits until 27 Mar 2026 are cancelled",
        booked.series.public_id,
    )
    assert set(Message.objects.filter(kind="cancelled").values_list("subject", flat=True)) == {
        booked.visits[1].public_id
    }
    restored = restore_visit(result.cancelled[2], by=north.dispatcher, now=now + MINUTE)
    assert restored.state == "booked"


def test_one_whose_window_has_begun_stands_and_says_why(north, now):
    booked = series(north, now, times=1)
    begun = FIRST + 10 * MINUTE
    result = cancel_rest_of_series(
        booked.series, from_day=dt.date(2026, 3, 6), whose=Whose.US, because="No parts.",
        by=north.dispatcher, now=begun,
    )  # fmt: skip
    assert result.cancelled == ()
    assert [(visit, why) for visit, why in result.standing] == [
        (booked.visits[0], "Its window has begun: if nobody can come, that is a miss.")
    ]


def test_looking_first_says_of_each_day_what_booking_does(north, now):
    Absence.objects.create(
        technician=north.lou, starts_at=FIRST + dt.timedelta(days=13), ends_at=FIRST + dt.timedelta(days=15)
    )
    plan = {"first": FIRST, "length": 75 * MINUTE, "every_weeks": 2, "times": 3, "now": now}
    looked = plan_series(north.lou, **plan)
    assert [(day.day.isoformat(), day.why) for day in looked] == [
        ("2026-03-06", ""),
        ("2026-03-20", "Lou is away."),
        ("2026-04-03", "A holiday, or the desk is closed."),
    ]
    assert [day.instead and f"{day.instead:%F %R}" for day in looked] == [
        None, "2026-03-23 10:00", "2026-04-06 09:00"
    ]  # fmt: skip
    assert not VisitSeries.objects.exists()
    booked = series(north, now)
    assert [(no.day, no.why, no.instead) for no in booked.not_booked] == [
        (day.day, day.why, day.instead) for day in looked[1:]
    ]
    assert look_again(booked.series, [day.day for day in looked[1:]]) == looked[1:]


def test_the_other_day_is_booked_where_it_is_said_and_still_the_one_proposed(north, now):
    Absence.objects.create(
        technician=north.lou, starts_at=FIRST + dt.timedelta(days=13), ends_at=FIRST + dt.timedelta(days=15)
    )
    day, other = dt.date(2026, 3, 20), FIRST + dt.timedelta(days=17)
    booked = series(north, now, times=2, instead={day: other + HOUR})
    assert [no.day for no in booked.not_booked] == [day]
    booked = series(north, now, times=2, first=FIRST + 2 * HOUR, instead={day: other + 2 * HOUR})
    assert booked.not_booked == ()
    assert booked.visits[1].planned_start == other + 2 * HOUR


def test_where_no_day_can_be_there_is_no_series(north, now):
    with pytest.raises(SeriesRefused, match="None of these days can be. Outside Lou’s hours."):
        series(north, now, first=FIRST - 5 * HOUR + dt.timedelta(days=3))
    assert not VisitSeries.objects.exists()
