"""What was moved or cancelled is taken back, with scripts and without, while nobody has been told."""

import datetime as dt
import re

import pytest

from messaging.models import Message
from servicedesk.board import VERSION_HEADER
from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR, HTMX
from visits.models import Rearrangement
from visits.outcomes import Whose, cancel_visit


@pytest.fixture
def visit(north, now):
    return make_visit(north, start=now + 24 * HOUR, technician=north.lou)


def move(dispatcher, north, visit, *, version=1, headers=None, **values):
    data = {
        "technician": north.marek.public_id,
        "day": "2026-03-06",
        "start": "10:00",
        "version": version,
        "tell": "on",
    }
    return dispatcher.post(
        north.url(f"visits/{visit.public_id}/move/"), {**data, **values}, headers=headers or {}
    )


def undo(dispatcher, north, made, **headers):
    return dispatcher.post(north.url(f"board/moves/{made.public_id}/undo/"), headers=headers)


def undo_on_the_board(dispatcher, north, answer, *, button="Undo"):
    """The board that the answer leads to has the button; what it says once that is pressed."""
    page = dispatcher.get(answer["Location"]).text
    assert button in page
    undone = dispatcher.post(re.search(r'id="undo-bar">.*?formaction="([^"]+)"', page)[1])
    assert undone["Location"] == north.url("board/?day=2026-03-06")
    return dispatcher.get(undone["Location"]).text


def test_without_script_the_board_has_a_button_that_undoes(north, visit, dispatcher, now):
    answer = move(dispatcher, north, visit)
    made = Rearrangement.objects.get()
    assert answer["Location"] == north.url(f"board/?day=2026-03-06&moved={made.public_id}")
    said = undo_on_the_board(dispatcher, north, answer)
    assert "Undone: The Harbour Letter is back with Lou, Friday 13:07." in said
    assert "Undo the move" not in said
    visit.refresh_from_db()
    assert (visit.planned_start, visit.assignments.get().technician) == (now + 24 * HOUR, north.lou)
    assert not Message.objects.filter(state=Message.State.PLANNED, kind="moved").exists()


def test_with_script_the_toast_has_a_button_for_ten_seconds(north, visit, dispatcher):
    url = north.url("board/?day=2026-03-06")
    version = re.search(r'data-since-url="[^"]+" data-version="([^"]+)"', dispatcher.get(url).text)[1]
    headers = {**HTMX, VERSION_HEADER: version, "HX-Current-URL": f"http://testserver{url}"}
    answer = move(dispatcher, north, visit, headers=headers)
    made = Rearrangement.objects.get()
    undo_url = north.url(f"board/moves/{made.public_id}/undo/")
    assert 'data-toast="10"' in answer.text
    assert f'hx-post="{undo_url}" hx-swap="none" aria-keyshortcuts="z">Undo' in answer.text
    assert answer.text.count('class="lane"') == 2


def test_too_late_is_told_and_changes_nothing(north, visit, dispatcher, moment, now):
    move(dispatcher, north, visit)
    made = Rearrangement.objects.get()
    moment.move_to(now + dt.timedelta(minutes=2))
    answer = undo(dispatcher, north, made, **HTMX)
    assert (answer.status_code, "Two minutes are over" in answer.text) == (409, True)
    assert dispatcher.get(north.url(f"board/?moved={made.public_id}")).context["undo_url"] == ""
    visit.refresh_from_db()
    assert visit.assignments.get().technician == north.marek


def test_changed_since_is_told_with_who_it_was(north, visit, dispatcher):
    move(dispatcher, north, visit)
    first = Rearrangement.objects.get()
    move(dispatcher, north, visit, version=2, start="15:00")
    answer = undo(dispatcher, north, first, **HTMX)
    assert (answer.status_code, "Dana Whitlock changed this visit" in answer.text) == (409, True)
    assert undo(dispatcher, north, first).status_code == 302


def test_it_is_the_dispatchers_and_of_this_desk(client, cast, north, visit, dispatcher):
    move(dispatcher, north, visit)
    made = Rearrangement.objects.get()
    client.force_login(north.people["technician"].user)
    assert undo(client, north, made).status_code == 403
    client.force_login(cast.south.dispatcher.user)
    assert undo(client, cast.south, made).status_code == 404
    assert client.get(north.url("board/?moved=nonsense")).status_code == 404


def cancel(dispatcher, north, visit):
    data = {"whose": "customer", "because": "Sold it", "version": visit.version}
    return dispatcher.post(north.url(f"visits/{visit.public_id}/cancel/"), data)


def restore(dispatcher, north, visit, *, headers=None, **data):
    return dispatcher.post(north.url(f"visits/{visit.public_id}/restore/"), data, headers=headers or {})


def test_after_cancelling_the_board_has_a_button_that_puts_the_visit_back(north, visit, dispatcher):
    answer = cancel(dispatcher, north, visit)
    assert answer["Location"] == north.url(f"board/?day=2026-03-06&cancelled={visit.public_id}")
    said = undo_on_the_board(dispatcher, north, answer, button="Undo the cancelling")
    assert "The Harbour Letter stands again: nobody is told that it was cancelled." in said
    assert "Undo the cancelling" not in said
    visit.refresh_from_db()
    assert visit.state == "booked"
    assert not Message.objects.filter(state=Message.State.PLANNED, kind="cancelled").exists()


def test_on_its_page_a_cancelled_visit_is_put_back_while_nobody_is_told(
    north, visit, dispatcher, moment, now
):
    cancel(dispatcher, north, visit)
    page = north.url(f"visits/{visit.public_id}/")
    assert "Put it back" in dispatcher.get(page).text
    assert restore(dispatcher, north, visit, on_visit="1")["Location"] == page
    assert "stands again" in dispatcher.get(page).text
    visit.refresh_from_db()
    assert visit.state == "booked"
    cancel(dispatcher, north, visit)
    moment.move_to(now + dt.timedelta(minutes=2))
    assert "Put it back" not in dispatcher.get(page).text
    answer = restore(dispatcher, north, visit, on_visit="1")
    assert (answer.status_code, "Two minutes are over" in answer.text) == (409, True)
    assert f'href="{page}"' in answer.text
    assert "Undo the cancelling" not in dispatcher.get(north.url(f"board/?cancelled={visit.public_id}")).text


def test_what_cannot_be_put_back_is_told_why(north, visit, dispatcher, now):
    cancel(dispatcher, north, visit)
    make_visit(north, start=now + 24 * HOUR, technician=north.lou, number="V-2")
    answer = restore(dispatcher, north, visit, headers=HTMX)
    assert (answer.status_code, "Lou has another visit then. Book a new time." in answer.text) == (409, True)
    visit.refresh_from_db()
    assert visit.state == "cancelled by the customer"


def test_what_the_customer_cancelled_on_their_page_has_no_button(north, visit, dispatcher, now):
    cancel_visit(visit, whose=Whose.CUSTOMER, because="Sold it", by=None, now=now, version=1)
    page = dispatcher.get(north.url(f"visits/{visit.public_id}/")).text
    assert "Put it back" not in page
    answer = restore(dispatcher, north, visit)
    assert (answer.status_code, "The customer cancelled it." in answer.text) == (409, True)


def test_the_visits_page_has_the_button_that_undoes_a_move(north, visit, dispatcher, moment, now):
    move(dispatcher, north, visit)
    made = Rearrangement.objects.get()
    page = north.url(f"visits/{visit.public_id}/")
    button = f'action="{north.url(f"board/moves/{made.public_id}/undo/")}"'
    assert button in dispatcher.get(page).text
    moment.move_to(now + dt.timedelta(minutes=2))
    assert button not in dispatcher.get(page).text


def test_putting_back_is_the_dispatchers_and_of_this_desk(client, cast, north, visit, dispatcher):
    cancel(dispatcher, north, visit)
    assert dispatcher.get(north.url(f"visits/{visit.public_id}/restore/")).status_code == 405
    client.force_login(north.people["technician"].user)
    assert "Put it back" not in client.get(north.url(f"visits/{visit.public_id}/")).text
    assert restore(client, north, visit).status_code == 403
    client.force_login(cast.south.dispatcher.user)
    assert restore(client, cast.south, visit).status_code == 404
