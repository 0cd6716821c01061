import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommendations.lifecycle import raise_recommendation
from recommendations.models import Recommendation
from tests.cast import make_plain_visit
from visits.models import Review
from visits.trails import trails_of

DAY = dt.timedelta(days=1)


def test_raised_and_the_coming_visit(north, now):
    assert the_trail(north, now).marks == ("raised", "next")
    assert the_trail(north, now).sentence == "Raised 3 September 2025 by Lou."
    assert the_trail(north, now).loud == ""


def test_who_raised_it_reads_you(north, now):
    trail = trails_of([north.recommendation], now=now, viewer=north.technician, coming=False)
    assert trail[north.recommendation.pk].sentence == "You raised it on 3 September 2025."
    assert trail[north.recommendation.pk].marks == ("raised",)


def test_visits_that_passed_in_silence_are_said_loudly(north, now):
    done(north, now - 100 * DAY)
    done(north, now - 50 * DAY)
    trail = the_trail(north, now)
    assert trail.marks == ("raised", "silent", "silent", "next")
    assert trail.loud == "Nobody mentioned it on the 2 visits since."


def test_one_visit_in_silence(north, now):
    done(north, now - 50 * DAY)
    assert the_trail(north, now).loud == "Nobody mentioned it on the visit since."


def test_a_visit_where_it_was_mentioned_fills_its_dot(north, now):
    done(north, now - 100 * DAY)
    review(north, done(north, now - 50 * DAY), "still valid")
    trail = the_trail(north, now)
    assert trail.marks == ("raised", "silent", "raised", "next")
    assert trail.sentence == "Raised 3 September 2025 by Lou. Mentioned on 1 of the 2 visits since."
    assert trail.loud == ""


def test_a_review_that_told_nobody_is_silence(north, now):
    review(north, done(north, now - 50 * DAY), "still valid", told=False)
    assert the_trail(north, now).marks == ("raised", "silent", "next")


def test_what_the_customer_said_last_is_told(north, now):
    review(north, done(north, now - 50 * DAY), "deferred", reason="Next budget", until=now.date() - DAY)
    assert the_trail(north, now).sentence == (
        "Raised 3 September 2025 by Lou. Put off until 4 March: Next budget. Mentioned on the visit since."
    )


def test_the_visit_that_raised_it_is_not_one_since(north, now):
    visit = done(north, now - 20 * DAY)
    rec = raise_recommendation(
        equipment=north.copier, finding="Spring", severity=1, by=north.technician, now=now - 20 * DAY
    )
    Review.objects.create(visit=visit, recommendation=rec, outcome="raised", customer_told=True, at=now)
    assert trails_of([rec], now=now)[rec.pk].marks == ("raised", "next")


@pytest.mark.parametrize("state", ["missed by us", "no access", "cancelled by us", "booked"])
def test_only_visits_that_were_done_count(north, now, state):
    missed = {"missed_at": now} if state == "missed by us" else {}
    make_plain_visit(north, now=now, start=now - 50 * DAY, state=state, arrived_at=now, **missed)
    assert the_trail(north, now).marks == ("raised", "next")


def test_visits_to_other_machines_and_before_do_not_count(north, now):
    done(north, now - 50 * DAY, machines=[north.sorter])
    done(north, now - 200 * DAY)
    assert the_trail(north, now).marks == ("raised", "next")


def test_many_visits_are_counted_and_six_dots_drawn(north, now):
    for n in range(9):
        done(north, now - (100 - n) * DAY)
    trail = the_trail(north, now)
    assert trail.marks == ("raised", "silent", "silent", "silent", "silent", "next")
    assert trail.loud == "Nobody mentioned it on the 9 visits since."


def test_many_trails_cost_as_many_queries_as_one(north, now):
    for n in range(3):
        raise_recommendation(
            equipment=north.sorter, finding=f"Finding {n}", severity=1, by=north.technician, now=now - n * DAY
        )
    done(north, now - 50 * DAY, machines=[north.sorter, north.copier])
    rows = Recommendation.objects.select_related("raised_by__user", "tenant").order_by("pk")
    counts = []
    for found in (list(rows[:1]), list(rows)):
        with CaptureQueriesContext(connection) as queries:
            assert len(trails_of(found, now=now)) == len(found)
        counts.append(len(queries))
    assert counts == [2, 2]


def the_trail(desk, now):
    return trails_of([desk.recommendation], now=now)[desk.recommendation.pk]


def done(desk, at, **values):
    return make_plain_visit(
        desk,
        now=at,
        start=at,
        state="done",
        is_history=True,
        completed_at=at,
        completed_on=at.date(),
        **values,
    )


def review(desk, visit, outcome, *, told=True, reason="", until=None):
    Review.objects.create(
        visit=visit,
        recommendation=desk.recommendation,
        outcome=outcome,
        customer_told=told,
        reason=reason,
        deferred_until=until,
        at=visit.completed_at,
    )
