"""Why somebody is not free: in rows that a person knows."""

import datetime as dt

from tests.cast import make_visit
from tests.visits.conftest import TOMORROW_AT_TWO as START
from visits.hindrances import Hindrances
from visits.models import Absence, Visit

HOUR = dt.timedelta(hours=1)


def of_both(north, **values):
    return Hindrances([north.lou, north.marek], start=START, end=START + HOUR * 8, **values)


def test_the_first_visit_of_that_time_and_only_who_still_comes(north, visit):
    later = make_visit(north, start=START + HOUR * 3, technician=north.lou, number="later")
    over = make_visit(north, start=START + HOUR * 6, technician=north.lou, number="over")
    over.state = Visit.State.CANCELLED_BY_US
    over.ended_because = "Not needed"
    over.save()
    found = of_both(north)
    assert found.visit(north.lou, START, START + HOUR * 8) == visit
    assert found.visit(north.lou, visit.planned_end, START + HOUR * 8) == later
    assert found.visit(north.lou, START + HOUR * 5, START + HOUR * 8) is None
    assert found.visit(north.marek, START, START + HOUR * 8) is None
    assert of_both(north, besides=[visit.pk]).visit(north.lou, START, START + HOUR * 8) == later


def test_of_two_absences_the_one_that_lasts_longer(north):
    for hours in (4, 2, 3):
        Absence.objects.create(technician=north.marek, starts_at=START, ends_at=START + HOUR * hours)
    found = of_both(north)
    assert found.absence(north.marek, START, START + HOUR).ends_at == START + HOUR * 4
    assert found.absence(north.marek, START + HOUR * 4, START + HOUR * 5) is None
    assert found.absence(north.lou, START, START + HOUR) is None


def test_two_queries_for_everybody(north, visit, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert of_both(north).visit(north.lou, START, START + HOUR).customer == north.customer
