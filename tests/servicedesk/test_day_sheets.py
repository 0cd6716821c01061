"""The day on paper: who goes where in which order, how to get in, and what to raise."""

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR


def test_each_technician_has_a_sheet_in_order(north, scene, dispatcher):
    page = dispatcher.get(north.url("board/sheets/?day=2026-03-05")).text
    lou = page[page.index('aria-label="Lou Baptiste"') : page.index('aria-label="Marek Novak"')]
    assert re.findall(r'num">([\d:–]+)</b> <b class="strong">([^<]+)<', lou) == [
        ("08:15–09:15", "Kestrel Law"),
        ("09:45–11:15", "Tideway Estates"),
        ("11:30–12:45", "Port Authority"),
        ("14:00–15:15", "The Harbour Letter"),
        ("15:45–17:00", "Mayfield Vets"),
    ]
    assert "3 Quay Lane" in lou
    assert '<b class="strong">Side door</b>' in lou
    assert "Margaret Ellison 07700 900412" in lou
    assert "Raise: Corvane TC-240 copier: Replace the fuser unit" in lou


def test_as_many_queries_for_one_as_for_three_and_an_empty_day_is_said(north, dispatcher, now):
    def counted():
        with CaptureQueriesContext(connection) as queries:
            assert dispatcher.get(north.url("board/sheets/")).status_code == 200
        return len(queries)

    make_visit(north, start=now, technician=north.lou, number="1")
    one = counted()
    for number in (2, 3):
        make_visit(north, start=now + number * 2 * HOUR, technician=north.lou, number=str(number))
    assert counted() == one
    assert "Nothing booked on Sunday." in dispatcher.get(north.url("board/sheets/?day=2026-03-08")).text


def test_it_is_the_dispatchers(client, north):
    client.force_login(north.people["technician"].user)
    assert client.get(north.url("board/sheets/")).status_code == 403
