"""A crew of two: together or not at all, one of them named, each change undone like a move."""

import datetime as dt

import pytest

from cases.models import Duty, Promise
from customers.models import TimelineEntry
from messaging.models import Message
from tests.cast import make_visit
from visits.crews import add_member, remove_member
from visits.models import Absence, Assignment, Visit
from visits.moving import move_visit
from visits.places import MoveRefused, NeedsAgreement, PlaceTaken, VisitChanged
from visits.rearranging import undo

START = dt.datetime(2026, 3, 6, 10, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def visit(north):
    return make_visit(north, start=START, technician=north.lou)


@pytest.fixture
def pair(north, visit):
    """Lou, with Marek along."""
    Assignment.objects.create(
        visit=visit, technician=north.marek, starts_at=visit.planned_start, ends_at=visit.planned_end
    )
    Visit.objects.filter(pk=visit.pk).update(crew=2)
    visit.refresh_from_db()
    return visit


def added(visit, north, now, **values):
    return add_member(
        visit, north.marek, **{"by": north.dispatcher, "now": now, "version": visit.version, **values}
    )


def removed(visit, who, north, now, **values):
    values = {"reason": "", "by": north.dispatcher, "now": now, "version": visit.version, **values}
    return remove_member(visit, who, **values)


def moved(visit, north, now, **values):
    values = {
        "technician": north.lou,
        "start": START + HOUR,
        "version": visit.version,
        **values,
    }
    return move_visit(visit, reason="", by=north.dispatcher, now=now, **values)


def crew(visit):
    rows = visit.assignments.order_by("pk").values_list("technician__name", "starts_at")
    return [(name.split()[0], starts) for name, starts in rows]


def test_one_more_comes_along_and_nobody_is_told(north, visit, now):
    made = added(visit, north, now)
    visit.refresh_from_db()
    assert (crew(visit), visit.crew, visit.version) == ([("Lou", START), ("Marek", START)], 2, 2)
    assert not Message.objects.exists()
    line = TimelineEntry.objects.get(step="moved 2")
    assert line.title == "Marek Novak comes along on Fri 6 Mar, 10:00, Lou Baptiste and Marek Novak"
    undo(made, by=north.dispatcher, now=now + MINUTE)
    visit.refresh_from_db()
    assert (crew(visit), visit.crew) == ([("Lou", START)], 1)


def test_who_comes_along_must_be_free_and_new(north, visit, now):
    other = make_visit(north, start=START + HOUR, technician=north.marek)
    with pytest.raises(PlaceTaken, match="Overlaps The Harbour Letter, 11:00 to 12:15"):
        added(visit, north, now)
    Assignment.objects.filter(visit=other).delete()
    with pytest.raises(VisitChanged):
        added(visit, north, now, version=7)
    with pytest.raises(MoveRefused, match="Nobody comes yet"):
        added(other, north, now)
    added(visit, north, now)
    visit.refresh_from_db()
    with pytest.raises(MoveRefused, match="Marek comes already"):
        added(visit, north, now)


def test_a_crew_moves_together(north, pair, now):
    moved(pair, north, now)
    assert crew(pair) == [("Lou", START + HOUR), ("Marek", START + HOUR)]


def test_a_crew_does_not_move_to_where_one_of_it_is_taken_or_away(north, pair, now):
    other = make_visit(north, start=START + 2 * HOUR, technician=north.marek)
    with pytest.raises(PlaceTaken, match="Overlaps The Harbour Letter, 12:00 to 13:15"):
        moved(pair, north, now)
    Assignment.objects.filter(visit=other).delete()
    Absence.objects.create(
        technician=north.marek, starts_at=START + 2 * HOUR, ends_at=START + 8 * HOUR, reason="Dentist"
    )
    with pytest.raises(MoveRefused, match=r"Marek is away until Fri 6 Mar \(Dentist\)\."):
        moved(pair, north, now)
    assert crew(pair) == [("Lou", START), ("Marek", START)]


def test_another_takes_the_place_of_the_first_and_the_second_stays(north, pair, now):
    third = north.lou.__class__.objects.create(name="Ines Falk")
    moved(pair, north, now, technician=third, start=START)
    assert crew(pair) == [("Ines", START), ("Marek", START)]


def test_another_crew_may_come_altogether(north, pair, now):
    third = north.lou.__class__.objects.create(name="Ines Falk")
    moved(pair, north, now, technician=north.marek, others=[third])
    assert crew(pair) == [("Marek", START + HOUR), ("Ines", START + HOUR)]


def test_when_the_second_stays_away_nobody_is_told(north, pair, now):
    removed(pair, north.marek, north, now)
    pair.refresh_from_db()
    assert (crew(pair), pair.crew) == ([("Lou", START)], 1)
    assert not Message.objects.exists()


def test_when_the_one_who_was_named_stays_away_the_next_is_named_and_told(north, pair, now):
    removed(pair, north.lou, north, now)
    assert crew(pair) == [("Marek", START)]
    assert set(Message.objects.values_list("kind", "send_after")) == {("moved", now + 2 * MINUTE)}
    window = Promise.objects.get(of_visit__visit=pair, kind="window")
    assert window.text == "Marek will be there on 6 March, 10:00 to 11:00"


def test_still_needed_somebody_is_to_be_found_until_one_comes(north, pair, now):
    made = removed(pair, north.marek, north, now, still_needed=True)
    pair.refresh_from_db()
    duty = Duty.objects.open().get(kind=Duty.Kind.PLACE_VISIT)
    assert (pair.crew, duty.title, duty.due_at) == (
        2,
        f"Find somebody for visit {pair.number}: Marek Novak does not come",
        now + HOUR,
    )
    added(pair, north, now)
    duty.refresh_from_db()
    assert duty.outcome == "Placed with Lou Baptiste and Marek Novak"
    with pytest.raises(VisitChanged):
        undo(made, by=north.dispatcher, now=now + MINUTE)


def test_the_last_one_is_not_removed(north, visit, now):
    with pytest.raises(MoveRefused, match="Nobody would be left"):
        removed(visit, north.lou, north, now)
    with pytest.raises(MoveRefused, match="Marek does not come anyway"):
        removed(visit, north.marek, north, now)


def test_once_confirmed_it_needs_a_yes_or_a_managers_reason(north, pair, now):
    Visit.objects.filter(pk=pair.pk).update(state="confirmed", confirmed_at=now)
    with pytest.raises(NeedsAgreement):
        removed(pair, north.lou, north, now)
    removed(pair, north.lou, north, now, by=north.manager, reason="Lou is ill")
    assert crew(pair) == [("Marek", START)]
