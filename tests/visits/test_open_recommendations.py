"""Recommendations that nobody raised again, found at once, against the trail that each page tells."""

import datetime as dt
import random

import pytest

from recommendations.models import Recommendation
from tenancy.calendars import zone_of
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from visits.models import Review
from visits.open_recommendations import Age, open_ones, open_recommendations
from visits.trails import trails_of

HOUR = dt.timedelta(hours=1)
# Days whose midnight is skipped, or comes twice.
CHANGES = {
    "Europe/London": dt.datetime(2025, 10, 26, tzinfo=dt.UTC),
    "America/Havana": dt.datetime(2025, 11, 2, 5, tzinfo=dt.UTC),
    "Africa/Cairo": dt.datetime(2025, 4, 24, 22, tzinfo=dt.UTC),
    "America/Santiago": dt.datetime(2025, 9, 7, 4, tzinfo=dt.UTC),
}


def add_visits(dice, desk, around, machines):
    for _ in range(12):
        at = around + dice.randint(-60, 60) * HOUR
        state = dice.choice(["done", "done", "done", "cancelled by us"])
        ended = {"completed_at": at, "completed_on": at.date()} if state == "done" else {}
        yield make_plain_visit(
            desk,
            now=at,
            start=at,
            state=state,
            is_history=True,
            machines=dice.sample(machines, dice.choice([1, 2])),
            **ended,
        )


def add_recommendations(dice, around, machines, visits):
    for number in range(25):
        raised_at = around + dice.randint(-60, 40) * HOUR / 2
        found = Recommendation.objects.create(
            equipment=dice.choice(machines),
            finding=f"Finding {number}",
            severity=dice.randint(1, 4),
            state=dice.choice(["open", "open", "quoted", "done"]),
            raised_at=raised_at,
        )
        for visit in dice.sample(visits, dice.choice([0, 0, 1, 2])):
            Review.objects.create(
                visit=visit,
                recommendation=found,
                outcome=dice.choice(["raised", "still valid"]),
                customer_told=dice.random() < 0.6,
                at=dice.choice([raised_at, visit.completed_at or raised_at]),
            )


@pytest.mark.parametrize("zone", CHANGES)
def test_found_at_once_as_the_trails_tell(cast, zone):
    desk, around, dice = cast.north, CHANGES[zone], random.Random(zone)
    desk.tenant.time_zone = zone
    desk.tenant.save(update_fields=["time_zone"])
    with tenant(desk.tenant):
        machines = [desk.copier, desk.sorter]
        add_recommendations(dice, around, machines, list(add_visits(dice, desk, around, machines)))
        seen = set()
        for now in (around + 30 * HOUR, around + 90 * HOUR):
            everything = open_ones(desk.tenant, now=now)
            trails = trails_of(everything.select_related("tenant", "raised_by__user"), now=now)
            silent = {pk for pk, trail in trails.items() if trail.is_never_mentioned}
            asked = open_ones(desk.tenant, now=now, age=Age.NEVER_AGAIN)
            assert {each.pk for each in asked} == silent
            for level in Recommendation.Severity:
                many = everything.filter(severity=level, pk__in=silent).count()
                assert open_recommendations(desk.tenant, now=now).of(level, Age.NEVER_AGAIN) == many
            seen |= {pk in silent for pk in trails}
        assert seen == {True, False}
    assert zone_of(desk.tenant).key == zone


def test_where_nothing_is_open_nothing_is_silent(cast, now):
    with tenant(cast.north.tenant):
        Recommendation.objects.update(state="done")
        assert not open_ones(cast.north.tenant, now=now, age=Age.NEVER_AGAIN).exists()
