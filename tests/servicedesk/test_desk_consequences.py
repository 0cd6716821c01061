"""What settings lead to, in sentences: exact ones, for other hours, zones and numbers."""

import datetime as dt

import pytest

from servicedesk.desk_consequences import (
    length_in_words,
    of_follow_up,
    of_hours,
    of_promises,
    of_reminders,
    of_visits,
    of_waiting,
    of_zone,
)
from tenancy.calendars import Calendar, zone_named
from tenancy.models import Tenant

LONDON = Calendar(zone_named("Europe/London"), country="GB")
T = dt.time


def hours(*spans):
    return Calendar(zone_named("Europe/London"), hours=spans)


def test_a_promise_of_the_afternoon_runs_into_the_next_working_day(now):
    assert of_hours(LONDON, now) == ("A 4-hour promise made at 15:30 ends at 10:00 on the next working day.")


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        (hours(*((day, T(8), T(20)) for day in range(7))), "19:30 the same day."),
        (hours((3, T(9), T(16)), (4, T(9), T(12)), (0, T(9), T(17))), "09:30 on the Monday after."),
        (hours((0, T(8), T(12)), (0, T(13), T(17))), "10:30 on the next working day."),
    ],
    ids=["long days", "short Fridays", "Mondays only"],
)
def test_other_hours_lead_elsewhere(now, calendar, words):
    assert of_hours(calendar, now).endswith(f"ends at {words}")


def test_a_desk_without_hours_is_told(now):
    closed = Calendar(zone_named("UTC"), hours=())
    assert of_hours(closed, now).startswith("The desk works on no day")


def test_the_clock_is_the_desks(now):
    assert of_zone(Calendar(zone_named("Pacific/Auckland")), now) == (
        "At the desk it is 02:07 now, on Friday."
    )


def test_a_visit_is_told_with_its_window_and_its_ways():
    desk = Tenant(visit_minutes=75, window_minutes=60, travel_minutes=15, travel_kmh=40)
    assert of_visits(desk) == (
        "A visit planned for 09:00 is promised for 09:00 to 10:00 and keeps the technician until 10:15. "
        "10 km on the road count as 15 minutes; where no place is known, every way takes 15."
    )


def test_promises_are_told_with_their_times(now):
    desk = Tenant(
        confirmation_minutes=1440, call_ahead_minutes=30, missed_after_minutes=30, window_minutes=60
    )
    assert of_promises(desk, LONDON, now) == (
        "A visit planned for Sun 15 Mar 14:00: confirmed by Sat 14 Mar 14:00, called ahead by "
        "Sun 15 Mar 13:30, late from Sun 15 Mar 15:00, missed by us at Sun 15 Mar 15:30."
    )


def test_reminders_are_told_also_those_in_the_quiet_hours(now):
    desk = Tenant(reminder_minutes=[120, 1440])
    assert of_reminders(desk, LONDON, now) == (
        "Of a visit planned for Sun 15 Mar 09:00 the customer is reminded Sat 14 Mar 09:00, "
        "Sun 15 Mar 07:00 (in the quiet hours)."
    )
    assert of_reminders(Tenant(reminder_minutes=[]), LONDON, now).startswith("No reminder")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (2, "The customer of a visit that is done today is asked on Saturday 7 March, from 10:00 on by the"),
        (0, "The customer of a visit that is done today is asked today, from 10:00 on by the"),
        (None, "Nobody is asked how a visit was."),
    ],
)
def test_asking_after_a_visit_is_told_with_its_day(now, days, words):
    assert of_follow_up(Tenant(follow_up_days=days), LONDON, now).startswith(words)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(10080, "7 days"), (1440, "24 hours"), (60, "1 hour"), (90, "90 minutes"), (2880, "2 days")],
)
def test_lengths_are_told_as_people_say_them(minutes, words):
    assert length_in_words(minutes) == words


@pytest.mark.parametrize(
    ("counts", "due"),
    # An hour and a half of Friday, two hours of Monday; or all 66 hours, and no time is due by night.
    [(True, "Tue 10 Mar 15:30"), (False, "Fri 13 Mar 08:00")],
)
def test_waiting_is_told_with_a_weekend(now, counts, due):
    assert of_waiting(Tenant(waiting_counts_working_time=counts), LONDON, now) == (
        "A matter to be settled by Tue 10 Mar 12:00, that waits for the customer from tomorrow 16:00 to "
        f"Mon 9 Mar 10:00, is due {due}."
    )
