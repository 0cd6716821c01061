"""Why a slot is offered and why somebody is left out, in words."""

import datetime as dt

import pytest

from customers.models import Site
from tenancy.models import Closure
from tenancy.scope import tenant
from tests.visits.test_slots import Level, book, on, wanted
from visits.models import Absence, Technician, TechnicianPreference, WorkingHours, WorkType
from visits.slot_reasons import looked_for, why_not, why_this
from visits.slots import best_slots


@pytest.fixture
def desk(cast):
    with tenant(cast.north.tenant):
        yield cast.north


def left_out(asked):
    return {reason.technician.first_name: reason.words for reason in why_not(asked)}


def test_whoever_is_offered_is_not_left_out(desk, now):
    assert left_out(wanted(desk, now)) == {}


def test_each_who_is_left_out_has_a_reason(desk, now):
    WorkType.objects.create(visit_kind="fault", minutes=60, skills=["Ricoh"])
    Technician.objects.filter(pk__in=[desk.lou.pk, desk.marek.pk]).update(skills=["ricoh"])
    Technician.objects.create(name="Sam Vane")
    priya = Technician.objects.create(name="Priya Shah", skills=["Ricoh"])
    TechnicianPreference.objects.create(technician=priya, level=Level.EXCLUDED, customer=desk.customer)
    idle = Technician.objects.create(name="Ida Lund", skills=["RICOH"])
    # Only on a day on which the desk is closed.
    WorkingHours.objects.create(technician=idle, weekday=6, starts=dt.time(9), ends=dt.time(12))
    for week in range(9):
        Closure.objects.create(day=dt.date(2026, 3, 8) + dt.timedelta(days=7 * week), name="Sunday")
    Absence.objects.create(technician=desk.lou, starts_at=on(5, 9), ends_at=on(9, 8))
    Absence.objects.create(
        technician=desk.lou, starts_at=on(9, 8), ends_at=dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    )
    assert left_out(wanted(desk, now, kind="fault")) == {
        "Lou": "away until Mon 1 Jun",
        "Sam": "no Ricoh skill",
        "Priya": "not to be sent here",
        "Ida": "does not work within 60 days",
    }


def test_whoever_is_full_is_left_out_until_the_day_of_a_first_time(desk, now):
    TechnicianPreference.objects.all().delete()
    for n in range(5):
        Technician.objects.create(name=f"Anna {n}")
    book(desk, desk.marek, on(5, 13), on(5, 17, 30))
    book(desk, desk.marek, on(6, 8), on(6, 17, 30))
    book(desk, desk.lou, on(5, 13, 30), on(5, 15))
    assert left_out(wanted(desk, now)) == {"Lou": "first free at 15:30", "Marek": "full until Mon 9 Mar"}


def test_one_who_is_required_leaves_out_all_others(desk, now):
    TechnicianPreference.objects.create(technician=desk.marek, level=Level.REQUIRED, equipment=desk.copier)
    assert left_out(wanted(desk, now)) == {"Lou": "only Marek may come here"}


def test_a_crew_that_nobody_completes_is_said(desk, now):
    WorkType.objects.create(visit_kind="install", minutes=60, crew=2)
    Absence.objects.create(
        technician=desk.marek, starts_at=on(5, 9), ends_at=dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    )
    asked = wanted(desk, now, kind="install")
    assert left_out(asked) == {"Lou": "nobody to come along within 60 days", "Marek": "away until Mon 1 Jun"}
    assert looked_for(asked) == "60 min, 2 technicians"


def test_a_slot_says_what_speaks_for_it(desk, now):
    WorkType.objects.create(visit_kind="fault", minutes=75, skills=["copier"])
    there, near = (50.8225, -0.1372), (50.8225, -0.1572)
    Site.objects.filter(pk=desk.site.pk).update(latitude=there[0], longitude=there[1])
    desk.site.refresh_from_db()
    Technician.objects.filter(pk=desk.lou.pk).update(home_latitude=near[0], home_longitude=near[1])
    asked = wanted(desk, now, kind="fault")
    lou, later, marek = best_slots(asked)
    assert why_this(lou, asked, is_soonest=True) == ("soonest", "copier skill", "3 min from home")
    # Where no home is known, no way is said.
    assert why_this(marek, asked) == ("copier skill",)
    book(desk, desk.lou, on(5, 13, 30), on(5, 14))
    lou = best_slots(wanted(desk, now, kind="fault"))[0]
    assert (lou.start, why_this(lou, asked)[-1]) == (on(5, 14), "0 min from The Harbour Letter")
