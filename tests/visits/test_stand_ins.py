"""Who else could come at the very time that was promised."""

import datetime as dt

from customers.models import Site
from tenancy.calendars import calendar_of
from tests.cast import make_visit
from tests.visits.conftest import TOMORROW_AT_TWO as START
from visits.models import Absence, Technician, TechnicianPreference, WorkingHours
from visits.stand_ins import free_for

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)


def names(visit, now, **values):
    free = free_for(visit, calendar=calendar_of(visit.tenant), now=now, **values)
    return [who.first_name for who in free]


def test_whoever_is_not_on_it_works_then_and_may_come(north, visit, now):
    Technician.objects.create(name="Di Departed", is_active=False)
    for name in ("Ada Away", "Ben Barred", "Cy Closed", "Eve Else"):
        who = Technician.objects.create(name=name)
        if name == "Ada Away":
            Absence.objects.create(technician=who, starts_at=START, ends_at=START + HOUR)
        elif name == "Ben Barred":
            TechnicianPreference.objects.create(customer=north.customer, technician=who, level="excluded")
        elif name == "Cy Closed":
            WorkingHours.objects.create(technician=who, weekday=4, starts=dt.time(8), ends=dt.time(15))
    assert names(visit, now) == ["Eve", "Marek"]
    TechnicianPreference.objects.create(customer=north.customer, technician=north.marek, level="preferred")
    assert names(visit, now) == ["Marek", "Eve"]


def test_only_with_the_skills_that_are_asked_for(north, visit, now):
    Technician.objects.create(name="Zoe Drum", skills=["DRUMS"])
    assert names(visit, now, skills=["drums"]) == ["Zoe"]


def test_the_way_from_and_to_the_next_place_is_kept(north, visit, now):
    """A quarter of an hour where no place is known: 13:45 is in time for two, 13:46 is not."""
    before = make_visit(
        north, start=START - HOUR * 1.5, technician=north.marek, number="before", length_minutes=75
    )
    assert names(visit, now) == ["Marek"]
    before.assignments.update(ends_at=START - 14 * MINUTE)
    assert names(visit, now) == []
    before.assignments.update(ends_at=START - 15 * MINUTE)
    after = make_visit(north, start=visit.planned_end + 14 * MINUTE, technician=north.marek, number="after")
    assert names(visit, now) == []
    Site.objects.update(latitude=51.5, longitude=0.1)
    visit.site.refresh_from_db()
    assert names(visit, now) == ["Marek"], "the same place: no way at all"
    assert after.site == visit.site


def test_who_could_not_be_there_by_now_is_left_out_until_the_start_has_passed(north, visit, now):
    assert names(visit, START - 15 * MINUTE) == ["Marek"]
    assert names(visit, START - 14 * MINUTE) == []
    # Late as it is, whoever comes next is better than nobody.
    assert names(visit, START + MINUTE) == ["Marek"]


def test_the_queries_do_not_grow_with_technicians(north, visit, now, django_assert_num_queries):
    calendar = calendar_of(visit.tenant)
    for extra in range(3):
        with django_assert_num_queries(5):
            assert len(free_for(visit, calendar=calendar, now=now)) == 1 + extra
        Technician.objects.create(name=f"Another {extra}")
