"""Entering and changing technicians and their hours."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from tenancy.calendars import calendar_of
from tenancy.desk_settings import SettingRefused
from tenancy.scope import tenant
from tenancy.weekly_hours import HoursRefused
from visits.availability import working_spans
from visits.models import Technician
from visits.technicians import known_skills, own_hours, save_technician, set_working_hours

ABOUT = {
    "name": "Ida Berg",
    "phone": "07700 900111",
    "skills": ["copier", "Copier ", "sorter"],
    "home_address": "1 Mill Road",
    "home_latitude": None,
    "home_longitude": None,
    "subdivision": "SCT",
    "is_active": True,
}


def enter(desk, now, technician=None, **changes):
    return save_technician(technician, by=desk.manager, now=now, **{**ABOUT, **changes})


def test_a_technician_is_entered_and_changed(north, now):
    ida = enter(north, now, home_latitude=Decimal("55.9"), home_longitude=Decimal("-3.2"))
    assert (ida.skills, ida.subdivision, ida.is_active) == (["copier", "sorter"], "SCT", True)
    assert known_skills() == ["copier", "sorter"]
    enter(north, now, ida, name="Ida  Lund", is_active=False)
    ida.refresh_from_db()
    assert (ida.name, ida.is_active, ida.home_latitude) == ("Ida Lund", False, None)
    assert Technician.objects.count() == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "Lou Baptiste"}, "name"),
        ({"home_latitude": Decimal(1)}, "home_latitude"),
        ({"home_latitude": Decimal(91), "home_longitude": Decimal(0)}, "home_latitude"),
        ({"home_latitude": Decimal(0), "home_longitude": Decimal(181)}, "home_latitude"),
        ({"subdivision": "BY"}, "subdivision"),
        ({"skills": [f"skill {n}" for n in range(21)]}, "skills"),
    ],
)
def test_what_cannot_be_names_its_field(north, now, changes, field):
    with pytest.raises(SettingRefused) as refused:
        enter(north, now, **changes)
    assert refused.value.field == field
    assert Technician.objects.count() == 2


def test_the_same_name_at_another_desk_is_another_person(cast, north, now):
    enter(north, now)
    with tenant(cast.south.tenant):
        enter(cast.south, now)


def test_own_hours_with_a_break_count_and_none_are_the_desks(north, now):
    week = [(0, dt.time(9), dt.time(12)), (0, dt.time(13), dt.time(15))]
    set_working_hours(north.lou, week, by=north.manager, now=now)
    monday, calendar = dt.date(2026, 3, 9), calendar_of(north.tenant)
    assert len(working_spans(monday, calendar, tuple(own_hours(north.lou)))) == 2
    set_working_hours(north.lou, [], by=north.manager, now=now)
    assert own_hours(north.lou) == []
    with pytest.raises(HoursRefused):
        set_working_hours(north.lou, [(0, dt.time(9), dt.time(9))], by=north.manager, now=now)


def test_it_is_for_a_manager(north, now):
    for act in (
        lambda: save_technician(None, by=north.dispatcher, now=now, **ABOUT),
        lambda: set_working_hours(north.lou, [], by=north.technician, now=now),
    ):
        with pytest.raises(PermissionDenied):
            act()
