"""A board's visits: read once for the day and the tray, they are those that each would read."""

import datetime as dt

import pytest

from servicedesk.board_visits import beginning, of_day_and_to_be_minded, to_be_minded, touching
from servicedesk.needs_action import span_of_tray
from tenancy.calendars import calendar_of, day_bounds
from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR
from visits.models import Visit


@pytest.mark.parametrize("days", [-9, -8, -7, -1, 0, 1, 2, 30])
def test_one_reading_gives_what_two_give(north, scene, now, days):
    late = now - dt.timedelta(days=2)
    make_visit(north, start=late, number="late", technician=north.lou)
    make_visit(north, start=late - 5 * HOUR, number="old", state=Visit.State.MISSED, missed_at=late)
    # Over midnight in London, and far ahead with nobody.
    make_visit(north, start=now.replace(hour=23, minute=30), number="night", technician=north.marek)
    make_visit(north, start=now + dt.timedelta(days=30), number="ahead")
    calendar = calendar_of(north.tenant)
    day = day_bounds(now.date() + dt.timedelta(days=days), calendar.zone)
    tray = span_of_tray(now, calendar)
    of_day, minded = of_day_and_to_be_minded(day, tray)
    assert of_day == touching(*day)
    assert minded == to_be_minded(*tray)
    numbers = dict(Visit.objects.values_list("pk", "number"))
    assert {"late", "old", "night", "ahead"} <= {numbers[visit.pk] for visit in minded}


def test_a_visit_is_read_with_its_names_and_whoever_goes(north, now):
    visit = make_visit(north, start=now, technician=north.marek)
    visit.assignments.create(technician=north.lou, starts_at=now, ends_at=now + HOUR)
    (read,) = beginning(now, now + HOUR)
    assert (read.pk, read.public_id, read.state) == (visit.pk, visit.public_id, "booked")
    assert (read.customer, read.who_goes) == ("The Harbour Letter", "Marek and Lou")
    assert [somebody.technician_id for somebody in read.going] == [north.marek.pk, north.lou.pk]
    assert (read.awaits_approval, read.was_undone) == (False, False)
    assert read._replace(approval_asked_at=now).awaits_approval
    assert not read._replace(approval_asked_at=now, approved_at=now).awaits_approval
    Visit.objects.filter(pk=visit.pk).update(state=Visit.State.CANCELLED_BY_US)
    assert beginning(now, now + HOUR) == []
