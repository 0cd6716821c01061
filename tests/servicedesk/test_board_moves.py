"""Moves from the board: by the dialog, by a plain form, and what a drag asks."""

import datetime as dt
import re

import pytest

from customers.models import TimelineEntry
from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR, HTMX
from visits.models import Rearrangement, Technician, Visit, WorkingHours, WorkType


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
        assert (answer.status_code, answer["Location"]) == (
            302,
            north.url(f"board/?day=2026-03-06&moved={Rearrangement.objects.get().public_id}"),
        )
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
        assert dispatcher.get(url + asked + "10:00").json() == {
            "fits": True,
            "says": "Free.",
            "meets": None,
            "due": None,
        }
        # The dialog asks the same, and shows the words.
        assert dispatcher.get(url + asked + "10:00", headers=HTMX).text == "Free."
        assert dispatcher.get(url + asked + "17:00").json()["says"] == "Free. Outside Marek’s hours."
        assert dispatcher.get(url + asked + "25:00").status_code == 422
        assert dispatcher.get(url).status_code == 422

    def test_an_answer_promised_that_day_is_a_line_on_the_board_and_a_sentence(
        self, north, visit, dispatcher, now
    ):
        due = dt.datetime(2026, 3, 6, 10, 40, tzinfo=dt.UTC)
        visit.case = north.customer.cases.create(
            kind="fault", title="Dead", opened_at=now, response_due_at=due
        )
        visit.save()
        url = north.url(f"visits/{visit.public_id}/")
        asked = f"?technician={north.marek.public_id}&day=2026-03-06&start=11:00"
        verdict = dispatcher.get(f"{url}fit/{asked}").json()
        assert (verdict["says"], verdict["due"]) == (
            "Breaks the 10:40 promise.",
            {"clock": "10:40", "hour": 10.667},
        )
        dialog = dispatcher.get(f"{url}move/", headers=HTMX).text
        assert "An answer is promised by <b>Fri 10:40</b>." in dialog
        assert "Meets the Fri 10:40 promise." in dialog

    def test_a_managers_reason_is_enough_for_another_technician_of_a_confirmed_visit(
        self, north, visit, client, now
    ):
        Visit.objects.filter(pk=visit.pk).update(state=Visit.State.CONFIRMED, confirmed_at=now)
        client.force_login(north.manager.user)
        values = {"technician": north.marek.public_id, "start": "13:07"}
        assert self.post(client, north, visit, **values).status_code == 422
        assert self.post(client, north, visit, **values, in_words="Lou is needed at sea").status_code == 302
        line = TimelineEntry.objects.order_by("-pk").first()
        assert line.detail == "Lou is needed at sea"

    def test_who_lacks_a_skill_is_said_to_and_gets_it_by_a_reason_only(self, north, visit, dispatcher):
        WorkType.objects.create(visit_kind=visit.kind, minutes=75, skills=["drums"])
        Technician.objects.filter(pk=north.lou.pk).update(skills=["drums"])
        url = north.url(f"visits/{visit.public_id}/")
        asked = f"?technician={north.marek.public_id}&day=2026-03-06&start=13:07"
        verdict = dispatcher.get(f"{url}fit/{asked}").json()
        assert (verdict["fits"], verdict["says"]) == (True, "Free. Marek lacks: drums.")
        assert "Marek, " not in dispatcher.get(f"{url}move/", headers=HTMX).text
        values = {"technician": north.marek.public_id, "start": "13:07"}
        refused = self.post(dispatcher, north, visit, **values)
        assert (refused.status_code, "Marek lacks: drums. Say why it has to be." in refused.text) == (
            422,
            True,
        )
        assert visit.assignments.get().technician == north.lou
        answer = self.post(dispatcher, north, visit, **values, in_words="Marek was there when it was put in")
        assert answer.status_code == 302
        assert visit.assignments.get().technician == north.marek

    def test_give_to_another_offers_who_is_free_at_the_same_time(self, north, visit, dispatcher):
        url = north.url(f"visits/{visit.public_id}/assign/")
        offers = re.findall(r'slot__when">([^<]+)<', dispatcher.get(url, headers=HTMX).text)
        assert offers == ["Marek, tomorrow 13:07 to 14:07"]

    def test_nobody_is_offered_it_who_does_not_work_then_or_knows_not_how(self, north, visit, dispatcher):
        url = north.url(f"visits/{visit.public_id}/assign/")
        line = WorkType.objects.create(visit_kind=visit.kind, minutes=75, skills=["stapler"])
        assert "Marek, tomorrow" not in dispatcher.get(url, headers=HTMX).text
        line.delete()
        # Friday's visit begins at 13:07: Marek works in the morning only.
        WorkingHours.objects.create(technician=north.marek, weekday=4, starts=dt.time(8), ends=dt.time(12))
        assert "Marek, tomorrow" not in dispatcher.get(url, headers=HTMX).text
        WorkingHours.objects.update(ends=dt.time(18))
        assert "Marek, tomorrow" in dispatcher.get(url, headers=HTMX).text


def test_confirming_and_calling_ahead_from_the_tray(north, dispatcher, now):
    visit = make_visit(north, start=now + HOUR / 2, technician=north.lou)
    for action, said in (("confirm", {}), ("called", {"result": "spoke"}), ("confirm", {})):
        assert dispatcher.post(north.url(f"visits/{visit.public_id}/{action}/"), said).status_code == 302
    visit.refresh_from_db()
    assert (visit.state, visit.confirmed_at, visit.called_ahead_at) == (Visit.State.CONFIRMED, now, now)
