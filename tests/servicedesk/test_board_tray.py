"""The tray: what needs somebody now, in its order, with its cause."""

import datetime as dt
import re

from cases.models import Interaction
from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR, the_tray
from visits.models import Visit
from visits.outcomes import close_miss


def missed_visit(north, now, *, hours, **fields):
    """Lou was to begin so many hours ago, and never came; two hours later it was a miss."""
    return make_visit(
        north,
        start=now - hours * HOUR,
        technician=north.lou,
        state=Visit.State.MISSED,
        missed_at=now - (hours - 2) * HOUR,
        **fields,
    )


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

    def test_a_lane_says_what_the_tray_says_of_a_visit_that_yesterdays_delays(self, north, dispatcher, now):
        """Lou never left yesterday's customer, and is twenty minutes from the next."""
        make_visit(
            north, start=now - 24 * HOUR, number="stuck", technician=north.lou,
            state=Visit.State.ON_SITE, arrived_at=now - 24 * HOUR,
        )  # fmt: skip
        begun = now - HOUR + dt.timedelta(minutes=10)
        due = make_visit(north, start=begun, technician=north.lou, called_ahead_at=begun - HOUR)
        assert [item.kind for item in the_tray(north, now).items if str(due.public_id) in item.id] == ["risk"]
        page = dispatcher.get(north.url("board/")).text
        assert re.findall(r'aria-label="12:17 [^"]*, Lou Baptiste, ([^",]*)', page) == ["at risk"]

    def test_a_miss_stays_on_every_days_board_until_it_has_an_outcome(self, north, dispatcher, now):
        missed = missed_visit(north, now, hours=30)
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
        assert re.search(rf'class="visit" href="[^"]*{missed.public_id}/" data-state="missed"', page)

    def test_who_was_rung_since_the_miss_is_said(self, north, now):
        missed_visit(north, now, hours=4)
        Interaction.objects.create(
            customer=north.customer, channel="call", direction="out", at=now - HOUR, summary="Sorry"
        )
        assert the_tray(north, now).items[0].cause.endswith("They were rung since.")

    def test_a_visit_done_after_its_miss_still_wants_an_outcome(self, north, now):
        visit = missed_visit(north, now, hours=4, arrived_at=now - HOUR)
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
