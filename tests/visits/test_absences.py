"""When a technician does not come, and whose visits that hits."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from cases.models import Duty
from tenancy.desk_settings import SettingRefused
from tests.cast import make_visit
from visits.absences import add_absence, end_absence
from visits.lost_places import visits_hit, visits_on
from visits.models import Absence
from visits.moving import move_visit

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def away(desk, now, start, end, by=None):
    return add_absence(
        desk.lou, starts_at=start, ends_at=end, reason=" Leave ", by=by or desk.manager, now=now
    )


def test_it_says_which_visits_stand_in_that_time(north, now):
    hit = make_visit(north, start=now + DAY, technician=north.lou)
    make_visit(north, start=now + 3 * DAY, technician=north.lou)
    make_visit(north, start=now + DAY, technician=north.marek, number="V-2")
    absence = away(north, now, now, now + 2 * DAY)
    assert absence.reason == "Leave"
    assert visits_hit(north.lou, start=absence.starts_at, end=absence.ends_at, now=now) == [hit]
    assert len(visits_on(now + DAY, now + 2 * DAY, now=now)) == 2


def test_what_only_touches_is_not_hit(north, now):
    visit = make_visit(north, start=now + DAY, technician=north.lou)
    assert visits_hit(north.lou, start=now, end=now + DAY, now=now) == []
    ends = visit.assignments.get().ends_at
    assert visits_hit(north.lou, start=ends, end=ends + HOUR, now=now) == []


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (HOUR, HOUR, "before it begins"),
        (-2 * HOUR, -HOUR, "over already"),
        (HOUR, 367 * DAY, "at most a year"),
    ],
)
def test_what_cannot_be_is_refused(north, now, start, end, words):
    with pytest.raises(SettingRefused, match=words):
        away(north, now, now + start, now + end)
    assert not Absence.objects.exists()


def test_ended_early_they_come_again_from_then_on(north, now):
    running = away(north, now, now - HOUR, now + DAY)
    coming = away(north, now, now + DAY, now + 2 * DAY)
    end_absence(running, by=north.manager, now=now)
    end_absence(coming, by=north.manager, now=now)
    end_absence(coming, by=north.manager, now=now)
    assert list(Absence.objects.values_list("ends_at", flat=True)) == [now]


def test_it_is_for_a_manager(north, now):
    absence = away(north, now, now, now + DAY)
    with pytest.raises(PermissionDenied):
        away(north, now, now, now + DAY, by=north.dispatcher)
    with pytest.raises(PermissionDenied):
        end_absence(absence, by=north.technician, now=now)


def owed():
    return list(Duty.objects.open().order_by("due_at").values_list("kind", "title", "due_at", "subject"))


def test_for_each_visit_in_that_time_somebody_else_is_to_be_found(north, now):
    soon = make_visit(north, start=now + HOUR, technician=north.lou, number="V-1")
    later = make_visit(north, start=now + 2 * DAY, technician=north.lou, number="V-2")
    make_visit(north, start=now + 5 * DAY, technician=north.lou, number="V-3")
    absence = away(north, now, now, now + 3 * DAY)
    find = "Find somebody for visit {}: Lou Baptiste is away"
    assert owed() == [
        (Duty.Kind.PLACE_VISIT, find.format("V-1"), now + HOUR, soon.public_id),
        (Duty.Kind.PLACE_VISIT, find.format("V-2"), now + DAY, later.public_id),
    ]
    soon.refresh_from_db()
    move_visit(
        soon, technician=north.marek, start=soon.planned_start, reason="Lou is ill",
        by=north.dispatcher, now=now, version=soon.version,
    )  # fmt: skip
    assert [subject for *_, subject in owed()] == [later.public_id]
    end_absence(absence, by=north.manager, now=now)
    assert owed() == []
    assert set(Duty.objects.values_list("outcome", flat=True)) == {
        "Placed with Marek Novak",
        "Lou Baptiste comes after all",
    }
