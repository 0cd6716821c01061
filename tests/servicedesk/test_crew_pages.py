"""A second technician comes along, or stays away, from a dialog; both lanes show the visit."""

import datetime as dt
import re

import pytest

from cases.models import Duty
from tests.cast import make_visit
from tests.servicedesk.board_scene import HTMX, the_day

TOMORROW = dt.date(2026, 3, 6)


@pytest.fixture
def visit(north, now):
    return make_visit(north, start=now + dt.timedelta(days=1), technician=north.lou, machines=())


def post(dispatcher, north, visit, act, technician, **values):
    data = {"member": f"{act}:{technician.public_id}", "version": visit.version, **values}
    return dispatcher.post(north.url(f"visits/{visit.public_id}/crew/"), data)


def test_who_is_free_then_is_offered_and_comes_along(north, visit, dispatcher, now):
    url = north.url(f"visits/{visit.public_id}/crew/")
    dialog = dispatcher.get(url, headers=HTMX).text
    assert re.findall(r'slot__when">([^<]+)<', dialog) == ["Marek Novak"]
    assert "Stays away" not in dialog
    assert post(dispatcher, north, visit, "add", north.marek).status_code == 302
    placed = {visit.technician: visit.name for visit in the_day(north, TOMORROW, now).by_time}
    assert placed == {
        "Lou Baptiste": "13:07 to 14:22, The Harbour Letter, Lou Baptiste with Marek, not confirmed",
        "Marek Novak": "13:07 to 14:22, The Harbour Letter, Marek Novak with Lou, not confirmed",
    }


def test_one_stays_away_and_somebody_is_to_be_found(north, visit, dispatcher):
    post(dispatcher, north, visit, "add", north.marek)
    visit.refresh_from_db()
    answer = post(dispatcher, north, visit, "remove", north.marek, still_needed="on", reason="Ill")
    assert answer.status_code == 302
    assert [assignment.technician for assignment in visit.assignments.all()] == [north.lou]
    assert Duty.objects.open().filter(kind=Duty.Kind.PLACE_VISIT, subject=visit.public_id).count() == 1


def test_who_has_no_time_and_nobody_left_are_refused_in_words(north, visit, dispatcher, now):
    make_visit(north, start=visit.planned_start, technician=north.marek, number="other")
    taken = post(dispatcher, north, visit, "add", north.marek)
    assert (taken.status_code, "Overlaps The Harbour Letter" in taken.text) == (409, True)
    alone = post(dispatcher, north, visit, "remove", north.lou)
    assert (alone.status_code, "Nobody would be left" in alone.text) == (422, True)
    assert post(dispatcher, north, visit, "eat", north.lou).status_code == 422
    assert post(dispatcher, north, visit, "add", north.marek, version=7).status_code == 409
