"""`since/`: nothing, or only what changed; and as many queries for one as for three."""

import datetime as dt
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from servicedesk.board import LIST_HEADER, VERSION_HEADER
from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR, HTMX
from visits.models import Absence, Technician, Visit


class TestNews:
    """`since/`: nothing, or only what changed."""

    def version(self, response):
        return re.search(r'data-since-url="[^"]+" data-version="([^"]+)"', response.text)[1]

    def since(self, dispatcher, north, version, **headers):
        return dispatcher.get(north.url("board/since/"), headers={**HTMX, VERSION_HEADER: version, **headers})

    def test_nothing_changed_is_204_after_one_query_of_its_own(self, north, scene, dispatcher, monkeypatch):
        version = self.version(dispatcher.get(north.url("board/")))
        with CaptureQueriesContext(connection) as queries:
            answer = self.since(dispatcher, north, version)
        assert (answer.status_code, answer.content) == (204, b"")
        # What every page of the desk asks, and nothing else.
        monkeypatch.setattr("servicedesk.board.newest_change", lambda: version.split("-")[0])
        with CaptureQueriesContext(connection) as queries_of_any_page:
            assert self.since(dispatcher, north, version).status_code == 204
        assert len(queries) == len(queries_of_any_page) + 1
        assert dispatcher.get(north.url(f"board/since/?v={version}")).status_code == 204

    def test_a_moved_visit_brings_its_two_lanes_and_nothing_else(self, north, scene, dispatcher, now):
        page = dispatcher.get(north.url("board/"))
        visit = scene["Corner Pharmacy"]
        moved = dispatcher.post(
            north.url(f"visits/{visit.public_id}/move/"),
            {
                "technician": Technician.objects.get(name="Sam Okoro").public_id,
                "day": "2026-03-05",
                "start": "14:10",
                "version": 1,
                "tell": "on",
                "agreed": "on",
            },
        )
        assert moved.status_code == 302
        answer = self.since(dispatcher, north, self.version(page))
        assert re.findall(
            r'<div class="lane" id="lane-[^"]+" data-technician="[^"]+" data-name="(\w+)"', answer.text
        ) == [
            "Priya",
            "Sam",
        ]
        assert 'id="tray-list"' not in answer.text
        assert 'id="daylist"' not in answer.text
        assert len(answer.content) < 12_000
        fresh = json.loads(answer["HX-Trigger"])["board-version"]
        assert self.since(dispatcher, north, fresh).status_code == 204

    def test_the_clock_alone_changes_the_tray(self, north, scene, dispatcher, moment, now):
        version = self.version(dispatcher.get(north.url("board/")))
        moment.move_to(now + dt.timedelta(minutes=1))
        answer = self.since(dispatcher, north, version)
        assert "23 min late" in answer.text
        assert 'class="lane"' not in answer.text
        assert 'hx-swap-oob="true" style="--now:13.133">13:08</b>' in answer.text
        assert "<title>(8) Board · Northgate</title>" in answer.text

    def test_the_list_is_sent_where_it_is_on_the_screen(self, north, scene, dispatcher, moment, now):
        version = self.version(dispatcher.get(north.url("board/")))
        Visit.objects.filter(pk=scene["Pell Street"].pk).update(state=Visit.State.CONFIRMED, changed_at=now)
        assert 'id="daylist"' not in self.since(dispatcher, north, version).text
        assert 'id="daylist"' in self.since(dispatcher, north, version, **{LIST_HEADER: "1"}).text

    def test_another_technician_or_no_version_is_another_page(self, north, scene, dispatcher, moment, now):
        version = self.version(dispatcher.get(north.url("board/")))
        assert self.since(dispatcher, north, "nonsense")["HX-Refresh"] == "true"
        Technician.objects.create(name="Ada Reyes")
        moment.move_to(now + dt.timedelta(minutes=1))
        assert self.since(dispatcher, north, version)["HX-Refresh"] == "true"


class TestQueries:
    def counted(self, dispatcher, north, path="board/"):
        with CaptureQueriesContext(connection) as queries:
            assert dispatcher.get(north.url(path)).status_code == 200
        return len(queries)

    @pytest.mark.parametrize("path", ["board/", "board/?view=list", "board/?view=week"])
    def test_the_same_for_one_and_for_three(self, north, dispatcher, now, path):
        def fill(number):
            technician = Technician.objects.create(name=f"Technician {number}")
            Absence.objects.create(technician=technician, starts_at=now, ends_at=now + HOUR)
            # One in each part of the tray, and one on site.
            for hours, values in (
                (-4, {"state": "missed by us", "missed_at": now}),
                (-1.2, {}),
                (0.8, {}),
                (-2.7, {"state": "on site", "arrived_at": now}),
                (20, {}),
            ):
                make_visit(
                    north,
                    start=now + hours * HOUR,
                    number=f"{number}/{hours}",
                    technician=technician,
                    **values,
                )
            make_visit(north, start=now + 2 * HOUR, number=f"{number}/x")

        fill(1)
        one = self.counted(dispatcher, north, path)
        fill(2)
        fill(3)
        assert self.counted(dispatcher, north, path) == one

    def test_fifty_technicians_with_three_hundred_visits(self, north, dispatcher, now):
        for number in range(50):
            technician = Technician.objects.create(name=f"Technician {number:02}")
            for hours in (-5, -3.5, -2, 1, 2.5, 4):
                state = Visit.State.ON_SITE if hours == -2 else Visit.State.CONFIRMED
                if hours >= -2:
                    make_visit(
                        north,
                        start=now + hours * HOUR,
                        number=f"{number}/{hours}",
                        technician=technician,
                        state=state,
                        arrived_at=now if hours == -2 else None,
                    )
        assert self.counted(dispatcher, north) <= 32
