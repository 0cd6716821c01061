"""Settling a miss and cancelling a visit from the board."""

import datetime as dt

import pytest

from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR
from visits.models import Absence, TechnicianPreference, Visit


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

    def test_nobody_free_by_the_next_working_day_is_said(self, north, missed, dispatcher, now):
        url = north.url(f"visits/{missed.public_id}/outcome/")
        assert "Nobody is free until" not in dispatcher.get(url).text
        for technician in (north.lou, north.marek):
            Absence.objects.create(
                technician=technician, starts_at=now, ends_at=now + 48 * HOUR, reason="Ill"
            )
        assert "Nobody is free until Friday is over." in dispatcher.get(url).text

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

    def test_the_customers_word_that_nobody_came_makes_it_a_miss_once_the_window_is_over(
        self, north, dispatcher, now
    ):
        visit = make_visit(north, start=now - HOUR, technician=north.lou)
        url = north.url(f"visits/{visit.public_id}/cancel/")
        assert "The customer says that nobody came" in dispatcher.get(url).text
        assert dispatcher.post(url, {"whose": "nobody came", "version": 1}).status_code == 302
        visit.refresh_from_db()
        assert (visit.state, visit.missed_at) == (Visit.State.MISSED, now)
        assert visit.ended_because == "The customer says that nobody came, heard by Dana Whitlock"

    def test_before_the_windows_end_somebody_may_still_come(self, north, dispatcher, now):
        visit = make_visit(north, start=now - HOUR / 2, technician=north.lou)
        url = north.url(f"visits/{visit.public_id}/cancel/")
        assert "The customer says that nobody came" not in dispatcher.get(url).text
        answer = dispatcher.post(url, {"whose": "nobody came", "version": 1})
        assert (answer.status_code, "Somebody may still come" in answer.text) == (409, True)

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
