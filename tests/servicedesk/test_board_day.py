"""The board's day and week: who is where, in words and hours."""

import datetime as dt
import re

import pytest

from servicedesk.weekplan import week_plan
from tenancy.calendars import calendar_of
from tenancy.models import Tenant
from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR, the_day
from visits.models import Technician


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
        assert page.count('class="visit"') == 1
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


@pytest.mark.parametrize("view", ["day", "week", "list"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-99-99", "soon"])
def test_a_day_that_no_board_has_is_today(north, dispatcher, day, view):
    answer = dispatcher.get(north.url("board/"), {"day": day, "view": view})
    assert answer.status_code == 200
    assert answer.context["shown"].day == dt.date(2026, 3, 5)
