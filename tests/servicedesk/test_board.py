"""The board says what is true now, sends only what changed, and moves visits by plain forms too."""

import datetime as dt
import json
import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Interaction
from servicedesk.board import LIST_HEADER, VERSION_HEADER
from servicedesk.dayplan import day_plan
from servicedesk.needs_action import tray
from servicedesk.weekplan import week_plan
from tenancy.calendars import calendar_of
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.servicedesk.board_scene import make_scene
from visits.models import Absence, Technician, TechnicianPreference, Visit
from visits.outcomes import close_miss

HOUR = dt.timedelta(hours=1)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def moment(now):
    """The server's clock stands at the tests' moment."""
    with time_machine.travel(now, tick=False) as clock:
        yield clock


@pytest.fixture
def north(cast, moment):
    """Northgate's scope is open; Southgate has a missed visit of its own that could leak."""
    with tenant(cast.south.tenant):
        make_visit(
            cast.south,
            start=dt.datetime(2026, 3, 5, 10, tzinfo=dt.UTC),
            technician=cast.south.lou,
            state=Visit.State.MISSED,
            missed_at=dt.datetime(2026, 3, 5, 11, 30, tzinfo=dt.UTC),
        )
    with tenant(cast.north.tenant):
        yield cast.north


@pytest.fixture
def scene(north):
    return make_scene(north)


@pytest.fixture
def dispatcher(client, north):
    client.force_login(north.dispatcher.user)
    return client


def the_tray(desk, now):
    return tray(desk.tenant, now=now, calendar=calendar_of(desk.tenant))


def the_day(desk, day, now, **values):
    return day_plan(desk.tenant, day, now=now, calendar=calendar_of(desk.tenant), **values)


class TestTray:
    def test_order_is_always_the_same_and_the_oldest_come_first(self, north, scene, now):
        assert [(item.kind, item.customer, item.clock) for item in the_tray(north, now).items] == [
            ("missed", "Fennel & Rye", "10:30"),
            ("late", "St Brannock Surgery", "22 min late"),
            ("call", "The Harbour Letter", "23 min left"),
            ("risk", "Aster Law", "likely 15:10"),
            ("unassigned", "Quayside Dental", "15:00"),
            ("unconfirmed", "Elm Yard", "Fri 09:00"),
            ("unconfirmed", "Ogden Tax", "Fri 11:00"),
            ("unconfirmed", "Weir House", "Fri 14:00"),
        ]

    def test_each_says_its_cause(self, north, scene, now):
        assert [item.cause for item in the_tray(north, now).items][:5] == [
            "Tom was expected 10:30 to 11:30. Nobody has rung them yet.",
            "Promised by 12:45, Marek has not arrived. The customer has not been told.",
            "Lou must call ahead by 13:30.",
            "Promised by 15:00; the visit before it runs over.",
            "Autoclave printer dead. Nobody is booked to go.",
        ]

    def test_two_of_a_kind_stand_oldest_first(self, north, now):
        for hours, name in ((2, "second"), (5, "first"), (30, "before")):
            make_visit(
                north,
                start=now - hours * HOUR,
                number=name,
                technician=north.lou,
                state=Visit.State.MISSED,
                missed_at=now - HOUR,
            )
        items = the_tray(north, now).items
        assert [item.clock for item in items] == ["4 Mar, 07:07", "08:07", "11:07"]
        assert items[0].cause.startswith("Lou was expected 07:07 to 08:07. Third miss in 90 days.")

    def test_a_miss_stays_on_every_days_board_until_it_has_an_outcome(self, north, dispatcher, now):
        missed = make_visit(
            north,
            start=now - 30 * HOUR,
            technician=north.lou,
            state=Visit.State.MISSED,
            missed_at=now - 28 * HOUR,
        )
        for day in ("2026-03-04", "2026-03-05", "2026-04-17"):
            assert f"todo-{missed.public_id}" in dispatcher.get(north.url(f"board/?day={day}")).text
        close_miss(
            missed,
            what_happened="The van broke down",
            spoke_to="Margaret",
            spoke_at=now - HOUR,
            by=north.dispatcher,
            now=now,
        )
        page = dispatcher.get(north.url("board/?day=2026-03-04")).text
        assert f"todo-{missed.public_id}" not in page
        # In its lane it stays red for ever.
        assert re.search(rf'data-state="missed"[^>]*id="visit-{missed.public_id}"', page)

    def test_who_was_rung_since_the_miss_is_said(self, north, now):
        make_visit(
            north,
            start=now - 4 * HOUR,
            technician=north.lou,
            state=Visit.State.MISSED,
            missed_at=now - 2 * HOUR,
        )
        Interaction.objects.create(
            customer=north.customer, channel="call", direction="out", at=now - HOUR, summary="Sorry"
        )
        assert the_tray(north, now).items[0].cause.endswith("They were rung since.")

    def test_a_visit_done_after_its_miss_still_wants_an_outcome(self, north, now):
        visit = make_visit(
            north,
            start=now - 4 * HOUR,
            technician=north.lou,
            state=Visit.State.MISSED,
            missed_at=now - 2 * HOUR,
            arrived_at=now - HOUR,
        )
        Visit.objects.filter(pk=visit.pk).update(state=Visit.State.ON_SITE)
        assert [item.kind for item in the_tray(north, now).items] == ["missed"]

    def test_imported_history_alarms_nobody(self, north, now):
        make_visit(
            north,
            start=now - 4 * HOUR,
            state=Visit.State.MISSED,
            missed_at=now - 2 * HOUR,
            is_history=True,
        )
        assert the_tray(north, now).items == ()

    def test_three_quarters_of_the_time_for_an_answer_is_a_risk(self, north, now):
        case = north.customer.cases.create(
            kind="fault", title="Dead", opened_at=now - 3 * HOUR, response_due_at=now + HOUR
        )
        make_visit(north, start=now + 0.5 * HOUR, technician=north.lou, called_ahead_at=now, case=case)
        assert [(item.kind, item.clock) for item in the_tray(north, now).items] == [("risk", "by 14:07")]
        assert the_tray(north, now - dt.timedelta(minutes=1)).items == ()

    def test_empty_it_names_the_next_call_ahead(self, north, dispatcher, now):
        make_visit(north, start=now + 3 * HOUR, technician=north.lou, state=Visit.State.CONFIRMED)
        page = dispatcher.get(north.url("board/")).text
        assert "Nothing needs you. The next call ahead is for The Harbour Letter, from 15:07." in page
        assert "<title>Board · Northgate</title>" in page


class TestDay:
    def test_lane_says_where_the_technician_is(self, north, scene, now):
        lanes = the_day(north, now.date(), now).lanes
        assert {lane.name: (lane.says, lane.off) for lane in lanes} == {
            "Gwen Ellery": ("On site, Ferry Office", ""),
            "Ines Duarte": ("Free until 13:30", ""),
            "Karl Jensen": ("Training until Friday", "Training, no visits"),
            "Lou Baptiste": ("Free until 14:00", ""),
            "Marek Novak": ("Running over since 12:00", ""),
            "Priya Raman": ("On site, Linden Court Care", ""),
            "Sam Okoro": ("Free until 15:45", ""),
            "Tom Ashby": ("Driving, 13:20 at Castle Mills", ""),
        }

    def test_tallies(self, north, scene, now):
        tallies = the_day(north, now.date(), now).tallies
        assert dict(tallies) == {
            "visits": 31,
            "done": 13,
            "on-site": 3,
            "late": 1,
            "at-risk": 1,
            "missed": 1,
            "not-confirmed": 2,
        }

    def test_a_tally_filters_lanes_and_list(self, north, scene, dispatcher, now):
        plan = the_day(north, now.date(), now, only="late")
        assert [visit.customer for visit in plan.by_time] == ["St Brannock Surgery"]
        page = dispatcher.get(north.url("board/?only=late")).text
        assert page.count('class="visit ') == 1
        assert re.search(r'href="\?view=day" aria-current="true"><b>1</b> late', page)

    def test_each_visit_is_one_link_with_a_full_name_in_time_order(self, north, scene, dispatcher):
        page = dispatcher.get(north.url("board/")).text
        lane = page[page.index('data-name="Lou"') : page.index('data-name="Marek"')]
        assert re.findall(r'aria-label="(\d[^"]*)"', lane) == [
            "08:15 to 09:15, Kestrel Law, Lou Baptiste, done",
            "09:45 to 11:15, Tideway Estates, Lou Baptiste, done",
            "11:30 to 12:45, Port Authority, Lou Baptiste, done",
            "14:00 to 15:15, The Harbour Letter, Lou Baptiste, call-ahead due, something must be raised",
            "15:45 to 17:00, Mayfield Vets, Lou Baptiste, confirmed",
        ]

    def test_only_what_waits_may_move(self, north, scene, now):
        movable = [visit.customer for visit in the_day(north, now.date(), now).by_time if visit.version]
        assert movable[:3] == ["St Brannock Surgery", "Castle Mills", "Bell Forge"]
        assert "Fennel & Rye" not in movable
        assert "Hollins Print Room" not in movable

    def test_desk_hours_decide_what_is_shown_and_visits_widen_it(self, north, now):
        day = now.date() + dt.timedelta(days=1)
        assert (the_day(north, day, now).first_hour, the_day(north, day, now).last_hour) == (8, 18)
        early = dt.datetime(2026, 3, 6, 6, 30, tzinfo=dt.UTC)
        make_visit(north, start=early, technician=north.lou)
        make_visit(north, start=early + 13 * HOUR, technician=north.lou)
        assert (the_day(north, day, now).first_hour, the_day(north, day, now).last_hour) == (6, 21)

    @pytest.mark.parametrize(
        ("day", "instant"),
        [
            # In London the clock goes forward on 29 March 2026 and back on 25 October.
            (dt.date(2026, 3, 29), dt.datetime(2026, 3, 29, 13, 0, tzinfo=dt.UTC)),
            (dt.date(2026, 10, 25), dt.datetime(2026, 10, 25, 14, 0, tzinfo=dt.UTC)),
        ],
    )
    def test_a_visit_at_two_is_drawn_at_two_on_days_of_23_and_25_hours(self, north, now, day, instant):
        make_visit(north, start=instant, technician=north.lou)
        (visit,) = the_day(north, day, now).by_time
        assert (visit.starts, visit.a, visit.b) == ("14:00", 14.0, 15.25)

    def test_the_desks_zone_decides_which_day_it_is(self, north, now):
        Tenant.objects.filter(pk=north.tenant.pk).update(time_zone="Pacific/Auckland")
        north.tenant.refresh_from_db()
        # 13:07 in London is 02:07 on the 6th in Auckland.
        make_visit(north, start=now, technician=north.lou)
        assert the_day(north, dt.date(2026, 3, 5), now).by_time == []
        assert [v.starts for v in the_day(north, dt.date(2026, 3, 6), now).by_time] == ["02:07"]

    def test_a_stand_in_beside_a_miss_shares_the_lane(self, north, now):
        start = now - 3 * HOUR
        make_visit(north, start=start, number="a", technician=north.lou, state="missed by us", missed_at=now)
        make_visit(north, start=start, number="b", technician=north.lou, state="on site", arrived_at=now)
        lane = next(lane for lane in the_day(north, now.date(), now).lanes if lane.name == "Lou Baptiste")
        assert sorted((visit.row, visit.rows) for visit in lane.placed) == [(0, 2), (1, 2)]

    def test_nothing_booked_and_no_technicians_are_said(self, north, dispatcher):
        page = dispatcher.get(north.url("board/?day=2026-03-12")).text
        assert "Nothing booked on Thursday. Press" in page
        Technician.objects.update(is_active=False)
        assert "No technicians yet" in dispatcher.get(north.url("board/?day=2026-03-12")).text

    def test_an_address_that_cannot_be_read_is_today(self, north, dispatcher):
        page = dispatcher.get(north.url("board/?day=2026-02-31&view=month&only=all")).text
        assert "<h1>Thursday 5 March</h1>" in page


def test_list_view_is_remembered(north, scene, dispatcher):
    assert 'data-view="day"' in dispatcher.get(north.url("board/")).text
    assert 'data-view="list"' in dispatcher.get(north.url("board/?view=list")).text
    assert 'data-view="list"' in dispatcher.get(north.url("board/")).text
    assert 'data-view="day"' in dispatcher.get(north.url("board/?view=day")).text


def test_week_counts_names_misses_and_says_what_is_free(north, scene, now):
    week = week_plan(north.tenant, now.date(), now=now, calendar=calendar_of(north.tenant))
    assert [f"{day:%a %d}" for day in week.days] == ["Mon 02", "Tue 03", "Wed 04", "Thu 05", "Fri 06"]
    cells = {name: [(c.count, c.free, [x.customer for x in c.chips]) for c in row] for name, row in week.rows}
    # From 13:07 to 17:30, without 14:00 to 15:15 and 15:45 to 17:00.
    assert cells["Lou Baptiste"][3] == (5, "1 h 53 free", [])
    assert cells["Tom Ashby"][3][2] == ["Fennel & Rye"]
    assert cells["Karl Jensen"][3:] == [(0, "Away", []), (0, "Away", [])]
    assert cells["Sam Okoro"][4] == (3, "6 h 30 free", [])
    assert [[chip.customer for chip in cell.chips] for cell in week.unassigned][3] == ["Quayside Dental"]


class TestNews:
    """`since/`: nothing, or only what changed."""

    def version(self, response):
        return re.search(r'data-since-url="[^"]+" data-version="([^"]+)"', response.text)[1]

    def since(self, dispatcher, north, version, **headers):
        return dispatcher.get(north.url("board/since/"), headers={**HTMX, VERSION_HEADER: version, **headers})

    def test_nothing_changed_is_204_after_one_query_of_its_own(self, north, scene, dispatcher):
        version = self.version(dispatcher.get(north.url("board/")))
        with CaptureQueriesContext(connection) as queries:
            answer = self.since(dispatcher, north, version)
        assert (answer.status_code, answer.content) == (204, b"")
        own = [query for query in queries if "visits_" in query["sql"]]
        assert len(own) == 1
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


class TestMovePage:
    def post(self, dispatcher, north, visit, *, headers=None, **values):
        data = {
            "technician": north.lou.public_id,
            "day": "2026-03-06",
            "start": "10:00",
            "version": 1,
            "tell": "on",
        }
        return dispatcher.post(
            north.url(f"visits/{visit.public_id}/move/"), {**data, **values}, headers=headers or {}
        )

    @pytest.fixture
    def visit(self, north, now):
        return make_visit(north, start=now + 24 * HOUR, technician=north.lou)

    def test_page_and_dialog_offer_the_best_places_first(self, north, visit, dispatcher):
        url = north.url(f"visits/{visit.public_id}/move/")
        page, dialog = dispatcher.get(url), dispatcher.get(url, headers=HTMX)
        assert "<title>Move The Harbour Letter · Northgate</title>" in page.text
        assert dialog.text.strip().startswith("<dialog")
        offers = re.findall(r'slot__when">([^<]+)<', dialog.text)
        # Lou is preferred and was named; the block of the visit itself is not in the way.
        assert offers[:2] == ["Lou, today 13:30 to 14:30", "Lou, today 14:30 to 15:30"]
        assert offers[2] == "Marek, today 13:30 to 14:30"

    def test_an_offered_place_is_taken_by_its_key(self, north, visit, dispatcher, now):
        place = f"{north.marek.public_id}@20260306T090000Z"
        answer = self.post(dispatcher, north, visit, place=place)
        assert (answer.status_code, answer["Location"]) == (302, north.url("board/?day=2026-03-06"))
        visit.refresh_from_db()
        assert visit.planned_start == dt.datetime(2026, 3, 6, 9, tzinfo=dt.UTC)
        assert visit.assignments.get().technician == north.marek

    def test_without_script_it_goes_back_to_the_board_and_says_so(self, north, visit, dispatcher):
        self.post(dispatcher, north, visit)
        page = dispatcher.get(north.url("board/?day=2026-03-06")).text
        assert "The Harbour Letter is now with Lou, Friday 10:00." in page

    def test_somebody_quicker_is_409_with_who_it_was_and_other_places(self, north, visit, dispatcher):
        self.post(dispatcher, north, visit)
        answer = self.post(dispatcher, north, visit, start="11:00", headers=HTMX)
        assert answer.status_code == 409
        assert (
            "Dana Whitlock changed this visit at 13:07. It stands with Lou Baptiste on Fri 6 Mar, 10:00."
            in answer.text
        )
        assert answer.text.count('name="place"') > 3
        # What was typed stays; the version is the one that is seen now.
        assert 'value="11:00"' in answer.text
        assert '<input type="hidden" name="version" value="2">' in answer.text

    def test_taken_is_409_an_incomplete_form_and_a_missing_yes_are_422(self, north, visit, dispatcher, now):
        make_visit(north, start=dt.datetime(2026, 3, 6, 9, 30, tzinfo=dt.UTC), technician=north.marek)
        taken = self.post(dispatcher, north, visit, technician=north.marek.public_id)
        assert (taken.status_code, "Overlaps The Harbour Letter, 09:30 to 10:45." in taken.text) == (
            409,
            True,
        )
        empty = self.post(dispatcher, north, visit, day="", start="")
        assert (empty.status_code, "Give the day." in empty.text) == (422, True)
        Visit.objects.filter(pk=visit.pk).update(state=Visit.State.CONFIRMED, confirmed_at=now)
        silent = self.post(dispatcher, north, visit, technician=north.marek.public_id, start="15:00")
        assert (silent.status_code, "needs the customer’s yes" in silent.text) == (422, True)

    def test_a_stranger_of_another_desk_cannot_be_sent(self, north, cast, visit, dispatcher):
        answer = self.post(dispatcher, north, visit, technician=cast.south.lou.public_id)
        assert (answer.status_code, "Choose a technician." in answer.text) == (422, True)

    def test_fit_says_what_a_drop_would_mean(self, north, visit, dispatcher):
        url = north.url(f"visits/{visit.public_id}/fit/")
        asked = f"?technician={north.marek.public_id}&day=2026-03-06&start="
        assert dispatcher.get(url + asked + "10:00").json() == {"fits": True, "says": "Free.", "meets": None}
        assert dispatcher.get(url + asked + "17:00").json()["says"] == "Free. Outside Marek’s hours."
        assert dispatcher.get(url + asked + "25:00").status_code == 422
        assert dispatcher.get(url).status_code == 422

    def test_give_to_another_offers_who_is_free_at_the_same_time(self, north, visit, dispatcher):
        url = north.url(f"visits/{visit.public_id}/assign/")
        offers = re.findall(r'slot__when">([^<]+)<', dispatcher.get(url, headers=HTMX).text)
        assert offers == ["Marek, tomorrow 13:07 to 14:07"]


class TestSettling:
    @pytest.fixture
    def missed(self, north, now):
        return make_visit(
            north,
            start=now - 4 * HOUR,
            technician=north.lou,
            state=Visit.State.MISSED,
            missed_at=now - 2 * HOUR,
        )

    def post(self, dispatcher, north, visit, **values):
        data = {
            "happened": "Van broke down",
            "spoke_to": "Margaret Ellison",
            "spoke_day": "2026-03-05",
            "spoke_clock": "12:50",
            "place": f"{north.lou.public_id}@20260305T143000Z",
        }
        return dispatcher.post(north.url(f"visits/{visit.public_id}/outcome/"), {**data, **values})

    def test_outcome_books_the_new_visit_in_the_same_act(self, north, missed, dispatcher, now):
        assert self.post(dispatcher, north, missed).status_code == 302
        missed.refresh_from_db()
        new = Visit.objects.exclude(pk=missed.pk).get()
        assert (new.planned_start, new.state) == (dt.datetime(2026, 3, 5, 14, 30, tzinfo=dt.UTC), "booked")
        assert missed.miss_outcome == (
            "Van broke down. Dana Whitlock spoke to Margaret Ellison on Thu 5 Mar, 12:50. "
            "Rebooked for Thu 5 Mar, 14:30."
        )

    def test_a_taken_slot_writes_neither(self, north, missed, dispatcher, now):
        make_visit(north, start=now + HOUR, technician=north.lou)
        answer = self.post(dispatcher, north, missed)
        assert (answer.status_code, "That time was taken meanwhile" in answer.text) == (409, True)
        missed.refresh_from_db()
        assert (missed.miss_closed_at, Visit.objects.count()) == (None, 2)

    @pytest.mark.parametrize("why", ["absence", "hours", "exclusion"])
    def test_where_no_slot_can_be_nothing_is_booked(self, north, missed, dispatcher, now, why):
        place = f"{north.lou.public_id}@20260305T143000Z"
        if why == "absence":
            Absence.objects.create(technician=north.lou, starts_at=now, ends_at=now + 9 * HOUR, reason="Ill")
        elif why == "exclusion":
            TechnicianPreference.objects.filter(technician=north.lou).update(
                level=TechnicianPreference.Level.EXCLUDED
            )
        else:
            place = f"{north.lou.public_id}@20260305T230000Z"
        answer = self.post(dispatcher, north, missed, place=place)
        assert (answer.status_code, "That time was taken meanwhile" in answer.text) == (409, True)
        missed.refresh_from_db()
        assert (missed.miss_closed_at, Visit.objects.count()) == (None, 1)

    @pytest.mark.parametrize("start", ["99991231T230000Z", "00010101T000000Z"])
    def test_a_place_thousands_of_years_away_is_refused(self, north, missed, dispatcher, start):
        answer = self.post(dispatcher, north, missed, place=f"{north.lou.public_id}@{start}")
        assert answer.status_code == 422

    def test_they_may_want_no_other(self, north, missed, dispatcher):
        assert self.post(dispatcher, north, missed, place="refused").status_code == 302
        missed.refresh_from_db()
        assert missed.miss_outcome.endswith("They want no other visit.")

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({"happened": ""}, "Say what happened."),
            ({"place": ""}, "Choose a new date, or say that they want none."),
            ({"spoke_to": ""}, "Say whom you spoke to."),
            ({"spoke_clock": "13:30"}, "The talk with the customer lies between"),
        ],
    )
    def test_it_closes_with_nothing_less(self, north, missed, dispatcher, values, says):
        answer = self.post(dispatcher, north, missed, **values)
        assert (answer.status_code, says in answer.text) == (422, True)
        missed.refresh_from_db()
        assert missed.miss_closed_at is None

    def test_cancelling_within_the_window_is_a_miss(self, north, dispatcher, now):
        visit = make_visit(north, start=now - HOUR / 2, technician=north.lou)
        url = north.url(f"visits/{visit.public_id}/cancel/")
        assert "We cannot come" in dispatcher.get(url).text
        dispatcher.post(url, {"whose": "us", "because": "Lou is ill", "version": 1})
        visit.refresh_from_db()
        assert (visit.state, visit.ended_because) == (Visit.State.MISSED, "Lou is ill")

    def test_cancelling_by_the_customer(self, north, dispatcher, now):
        visit = make_visit(north, start=now + 48 * HOUR, technician=north.lou)
        url = north.url(f"visits/{visit.public_id}/cancel/")
        assert dispatcher.post(url, {"whose": "customer", "because": "", "version": 1}).status_code == 422
        assert (
            dispatcher.post(url, {"whose": "customer", "because": "Sold it", "version": 9}).status_code == 409
        )
        dispatcher.post(url, {"whose": "customer", "because": "Sold it", "version": 1})
        visit.refresh_from_db()
        assert visit.state == Visit.State.CANCELLED_BY_CUSTOMER


def test_confirming_and_calling_ahead_from_the_tray(north, dispatcher, now):
    visit = make_visit(north, start=now + HOUR / 2, technician=north.lou)
    for action in ("confirm", "called", "confirm"):
        assert dispatcher.post(north.url(f"visits/{visit.public_id}/{action}/")).status_code == 302
    visit.refresh_from_db()
    assert (visit.state, visit.confirmed_at, visit.called_ahead_at) == (Visit.State.CONFIRMED, now, now)


def test_the_board_is_the_dispatchers_and_managers(client, north, now):
    visit = make_visit(north, start=now + HOUR, technician=north.lou)
    paths = ["board/", "board/since/"]
    paths += [f"visits/{visit.public_id}/{name}/" for name in ("move", "assign", "fit", "outcome", "cancel")]
    for role, expected in (("technician", {403}), ("sales", {403}), ("accounts", {403})):
        client.force_login(north.people[role].user)
        assert {client.get(north.url(path)).status_code for path in paths} == expected
    client.force_login(north.manager.user)
    assert [client.get(north.url(path)).status_code for path in paths] == [200, 200, 200, 200, 422, 200, 200]


def test_another_desks_visit_is_not_there(north, cast, dispatcher):
    with tenant(cast.south.tenant):
        strange = Visit.objects.get().public_id
    for name in ("move", "assign", "fit", "outcome", "cancel"):
        assert dispatcher.get(north.url(f"visits/{strange}/{name}/")).status_code == 404
    for name in ("confirm", "called"):
        assert dispatcher.post(north.url(f"visits/{strange}/{name}/")).status_code == 404


@pytest.mark.parametrize("view", ["day", "week", "list"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-99-99", "soon"])
def test_a_day_that_no_board_has_is_today(north, dispatcher, day, view):
    answer = dispatcher.get(north.url("board/"), {"day": day, "view": view})
    assert answer.status_code == 200
    assert answer.context["shown"].day == dt.date(2026, 3, 5)
