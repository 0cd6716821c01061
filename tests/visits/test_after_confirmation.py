"""Once the customer said yes, another technician needs their yes again, whatever was moved since (R2.6)."""

import datetime as dt

import pytest

from tests.visits.conftest import TOMORROW_AT_TWO as START
from tests.visits.move_scene import moved_by_dispatcher
from visits.confirming import confirm_visit
from visits.models import Visit
from visits.places import NeedsAgreement
from visits.rearranging import latest_rearrangement, undo

HOUR = dt.timedelta(hours=1)


def moved(visit, north, now, **values):
    return moved_by_dispatcher(visit, north, now, **{"reason": "A fuller day", **values})


def test_a_new_time_does_not_open_the_way_to_another_technician(north, visit, now):
    confirmed = confirm_visit(visit, by=north.dispatcher, now=now, said="By phone")
    later = moved(confirmed, north, now, start=START + HOUR)
    assert (later.state, later.confirmed_at, later.was_confirmed) == (Visit.State.BOOKED, None, True)
    with pytest.raises(NeedsAgreement, match="another technician needs the customer’s yes"):
        moved(later, north, now, technician=north.marek)
    assert moved(later, north, now, technician=north.marek, agreed_by_customer=True).was_confirmed


def test_a_managers_reason_lets_another_technician_go_after_a_new_time(north, visit, now):
    confirmed = confirm_visit(visit, by=north.dispatcher, now=now, said="By phone")
    later = moved(confirmed, north, now, start=START + HOUR)
    after = moved(later, north, now, technician=north.marek, by=north.manager, reason="Lou is ill")
    assert [a.technician for a in after.assignments.all()] == [north.marek]


def test_a_yes_that_was_ticked_by_mistake_is_taken_back_with_its_move(north, visit, now):
    agreed = moved(visit, north, now, start=START + HOUR, agreed_by_customer=True)
    assert agreed.was_confirmed
    undo(latest_rearrangement(agreed, now=now), by=north.dispatcher, now=now)
    visit.refresh_from_db()
    assert not visit.was_confirmed
    assert moved(visit, north, now, technician=north.marek).version == visit.version + 1
