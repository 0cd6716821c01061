"""Two visits are swapped from a dialog: who comes, or who and when."""

import datetime as dt
import re

import pytest

from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR, HTMX
from visits.models import TechnicianPreference, Visit

DAY = dt.timedelta(days=1)


@pytest.fixture
def pair(north, now):
    """Lou's at 13:07 and Marek's at 15:07 tomorrow."""
    # Nobody is preferred: both may come to both.
    TechnicianPreference.objects.all().delete()
    return (
        make_visit(north, start=now + DAY, technician=north.lou, number="a"),
        make_visit(north, start=now + DAY + 2 * HOUR, technician=north.marek, number="b"),
    )


def post(dispatcher, north, pair, **values):
    first, second = pair
    data = {
        "other": f"{second.public_id}@{second.version}",
        "what": "technicians",
        "version": 1,
        "tell": "on",
    }
    return dispatcher.post(
        north.url(f"visits/{first.public_id}/swap/"),
        {**data, **values},
        headers=HTMX if "htmx" in values else {},
    )


def stands(pair):
    for visit in pair:
        visit.refresh_from_db()
    return [(visit.assignments.get().technician.first_name, f"{visit.planned_start:%H:%M}") for visit in pair]


def test_others_of_the_day_are_offered_and_the_one_asked_for_is_chosen(north, pair, dispatcher, now):
    third = make_visit(north, start=now + DAY + 5 * HOUR, technician=north.marek, number="c")
    url = north.url(f"visits/{pair[0].public_id}/swap/")
    offers = re.findall(r'slot__when">([^<]+)<', dispatcher.get(url, headers=HTMX).text)
    assert offers == ["The Harbour Letter, 15:07", "The Harbour Letter, 18:07"]
    page = dispatcher.get(f"{url}?with={third.public_id}").text
    assert re.search(rf'value="{third.public_id}@1"[^>]* checked', page)


def test_who_comes_is_swapped(north, pair, dispatcher):
    assert post(dispatcher, north, pair).status_code == 302
    assert stands(pair) == [("Marek", "13:07"), ("Lou", "15:07")]
    page = dispatcher.get(north.url("board/?day=2026-03-06")).text
    assert "The Harbour Letter and The Harbour Letter are swapped." in page


def test_who_and_when_are_swapped(north, pair, dispatcher):
    post(dispatcher, north, pair, what="places")
    assert stands(pair) == [("Marek", "15:07"), ("Lou", "13:07")]


def test_a_confirmed_one_needs_their_yes(north, pair, dispatcher, now):
    Visit.objects.filter(pk=pair[1].pk).update(state=Visit.State.CONFIRMED, confirmed_at=now)
    answer = post(dispatcher, north, pair)
    assert (answer.status_code, "needs the customer’s yes" in answer.text) == (422, True)
    assert stands(pair) == [("Lou", "13:07"), ("Marek", "15:07")]
    assert post(dispatcher, north, pair, agreed="on").status_code == 302


def test_somebody_quicker_is_409_and_nonsense_422(north, pair, dispatcher):
    answer = post(dispatcher, north, pair, version=9)
    assert (answer.status_code, "changed this visit" in answer.text) == (409, True)
    assert post(dispatcher, north, pair, other="nonsense@1").status_code == 422
    assert post(dispatcher, north, pair, other=f"{pair[0].public_id}@1").status_code == 422
    assert stands(pair) == [("Lou", "13:07"), ("Marek", "15:07")]
