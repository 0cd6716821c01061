"""Pages of technicians: list, enter, change, hours, absences with the visits they hit."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenancy.scope import tenant
from tests.cast import make_visit
from tests.reading import text
from visits.models import Absence, Technician, WorkingHours

pytestmark = pytest.mark.usefixtures("moment")

ABOUT = {
    "name": "Ida Berg",
    "phone": "07700 900111",
    "skills": "copier, sorter, Copier",
    "home_address": "1 Mill Road",
    "home_latitude": "55.95",
    "home_longitude": "-3.19",
    "subdivision": "SCT",
    "is_active": "on",
}


@pytest.fixture
def north(cast):
    """Northgate's desk."""
    return cast.north


def url(desk, who, rest=""):
    return desk.url(f"settings/technicians/{who.public_id}/{rest}")


def test_one_is_entered_and_then_listed(manager, north):
    answer = manager.post(north.url("settings/technicians/new/"), ABOUT)
    with tenant(north.tenant):
        ida = Technician.objects.get(name="Ida Berg")
    assert (answer.status_code, answer.url) == (302, url(north, ida))
    assert (ida.skills, ida.subdivision, str(ida.home_latitude)) == (["copier", "sorter"], "SCT", "55.950000")
    read = text(manager.get(north.url("settings/technicians/")))
    assert "Ida Berg copier, sorter the desk’s no Lou Baptiste" in read


def test_what_is_wrong_is_said_and_what_was_typed_stays(manager, north):
    wrong = {**ABOUT, "name": "Lou Baptiste", "home_longitude": ""}
    answer = manager.post(north.url("settings/technicians/new/"), wrong)
    assert answer.status_code == 422
    assert "Write both the latitude and the longitude, or neither." in text(answer)
    assert 'value="copier, sorter, Copier"' in answer.content.decode()
    answer = manager.post(north.url("settings/technicians/new/"), {**ABOUT, "home_latitude": "north"})
    assert "Write the latitude in degrees, like 51.507351." in text(answer)
    with tenant(north.tenant):
        assert Technician.objects.count() == 2


def test_one_is_changed_and_keeps_the_name_where_another_has_it(manager, north):
    answer = manager.post(url(north, north.lou), {**ABOUT, "name": "Marek Novak"})
    assert answer.status_code == 422
    assert "There is a Marek Novak already. Tell them apart." in text(answer)
    assert "<h1>Lou Baptiste</h1>" in answer.content.decode()
    assert manager.post(url(north, north.lou), {**ABOUT, "name": "Lou B"}).status_code == 302
    assert "<h1>Lou B</h1>" in manager.get(url(north, north.lou)).content.decode()


def test_who_works_here_no_more_and_is_booked_is_told(manager, north, now):
    with tenant(north.tenant):
        visit = make_visit(north, start=now + dt.timedelta(days=3), technician=north.lou)
    leaves = {**ABOUT, "name": "Lou Baptiste", "is_active": ""}
    asked = manager.post(url(north, north.lou), leaves)
    assert asked.status_code == 422
    assert "1 visit stands with who would work here no more" in text(asked)
    assert north.url(f"visits/{visit.public_id}/") in asked.content.decode()
    assert "works here no more" not in text(manager.get(url(north, north.lou)))
    assert manager.post(url(north, north.lou), {**leaves, "known": visit.public_id}).status_code == 302
    page = manager.get(url(north, north.lou))
    assert "1 visit is booked with somebody who works here no more." in text(page)
    assert north.url(f"visits/{visit.public_id}/") in page.content.decode()


def test_hours_with_a_break_are_saved_and_emptied_are_the_desks(manager, north):
    hours = {"day0_from": "09:00", "day0_until": "12:00", "day0_from_2": "13:00", "day0_until_2": "15:00"}
    assert "works as the desk does: Monday to Friday 8:00 to 17:30" in text(
        manager.get(url(north, north.lou))
    )
    assert manager.post(url(north, north.lou, "hours/"), hours).status_code == 302
    read = text(manager.get(url(north, north.lou)))
    assert "Lou works Monday 9:00 to 12:00 and 13:00 to 15:00." in read
    answer = manager.post(url(north, north.lou, "hours/"), {**hours, "day0_from_2": "11:00"})
    assert answer.status_code == 422
    assert "Monday: the second part begins before the first ends." in text(answer)
    manager.post(url(north, north.lou, "hours/"), {})
    with tenant(north.tenant):
        assert not WorkingHours.objects.exists()


def test_shorter_hours_name_the_visits_outside_them_first(manager, north, now):
    with tenant(north.tenant):
        visit = make_visit(north, start=now + dt.timedelta(days=1), technician=north.lou)
    mornings = {"day4_from": "08:00", "day4_until": "12:00"}
    asked = manager.post(url(north, north.lou, "hours/"), mornings)
    assert asked.status_code == 422
    assert "1 visit stands outside these hours" in text(asked)
    assert re.search(r'name="day4_until"[^>]*value="12:00"', asked.content.decode())
    assert north.url(f"visits/{visit.public_id}/") in asked.content.decode()
    with tenant(north.tenant):
        assert not WorkingHours.objects.exists()
    answer = manager.post(
        url(north, north.lou, "hours/"), {**mornings, "known": visit.public_id}, follow=True
    )
    assert "Saved. 1 visit needs another place: the board asks a dispatcher for it." in text(answer)


def test_an_absence_names_the_visits_that_it_hits(manager, north, now):
    with tenant(north.tenant):
        visit = make_visit(north, start=now + dt.timedelta(days=1), technician=north.lou)
    given = {"first": "2026-03-06", "last": "2026-03-08", "reason": "Leave"}
    assert manager.post(url(north, north.lou, "absences/"), given).status_code == 302
    page = manager.get(url(north, north.lou))
    assert "Fri 6 Mar 2026 to Sun 8 Mar 2026, Leave" in text(page)
    assert "1 visit is booked in that time. Nothing was moved: move it with the customer." in text(page)
    assert north.url(f"visits/{visit.public_id}/") in page.content.decode()
    read = text(manager.get(north.url("settings/technicians/")))
    assert "the desk’s Fri 6 Mar 2026 to Sun 8 Mar 2026, Leave" in read
    with tenant(north.tenant):
        absence = Absence.objects.get()
    manager.post(url(north, north.lou, f"absences/{absence.public_id}/end/"))
    assert "Not away, now or later." in text(manager.get(url(north, north.lou)))


def test_hours_of_a_day_count_for_the_desks_clock(manager, north):
    with tenant(north.tenant):
        north.tenant.time_zone = "Europe/Berlin"
        north.tenant.save()
    given = {"first": "2026-03-06", "last": "2026-03-06", "begins": "09:00", "ends": "12:00"}
    manager.post(url(north, north.lou, "absences/"), given)
    read = text(manager.get(url(north, north.lou)))
    assert "Fri 6 Mar 2026 09:00 to Fri 6 Mar 2026 12:00" in read
    with tenant(north.tenant):
        absence = Absence.objects.get()
        assert (absence.starts_at.hour, absence.ends_at.hour) == (8, 11)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"first": "", "last": "2026-03-08"}, "Choose the first day."),
        ({"first": "2026-03-08", "last": "2026-03-06"}, "It ends before it begins."),
        ({"first": "2026-03-01", "last": "2026-03-04"}, "It is over already."),
        ({"first": "2026-03-06", "last": "2026-03-06", "begins": "late"}, "Write the time like 08:30."),
    ],
)
def test_an_absence_that_cannot_be_is_said_and_stays_typed(manager, north, given, words):
    answer = manager.post(url(north, north.lou, "absences/"), {**given, "reason": "Leave"})
    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="Leave"' in answer.content.decode()


def test_the_list_asks_no_more_for_more_people(manager, north, now):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            manager.get(north.url("settings/technicians/"))
        return len(queries)

    with tenant(north.tenant):
        Absence.objects.create(technician=north.lou, starts_at=now, ends_at=now + dt.timedelta(days=1))
    before = asked()
    with tenant(north.tenant):
        for n in range(5):
            more = Technician.objects.create(name=f"Person {n}")
            Absence.objects.create(technician=more, starts_at=now, ends_at=now + dt.timedelta(days=1))
    assert asked() == before


def test_it_is_for_managers(client, north):
    client.force_login(north.dispatcher.user)
    assert client.get(north.url("settings/technicians/")).status_code == 403
    assert client.post(url(north, north.lou, "hours/")).status_code == 403
