"""Visits whose place is gone: each is owed another one, once for each cause, until the cause is gone."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Duty
from tenancy.desk_settings import hours_of_desk, version_of_hours
from tenancy.models import Closure
from tests.cast import make_visit
from tests.visits.conftest import TOMORROW_AT_TWO as START
from visits.absences import add_absence, end_absence
from visits.desk_days import close_day, open_day, set_desk_hours
from visits.lost_places import VisitsHit
from visits.models import Assignment, Technician, Visit, WorkingHours
from visits.moving import move_visit
from visits.technicians import save_technician, set_working_hours

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
MORNINGS = [(day, dt.time(8), dt.time(12)) for day in range(5)]


@pytest.fixture
def elsewhere(north):
    """Visits that nothing of Lou's tomorrow hits: Marek's on Monday, and one that is over."""
    make_visit(north, start=START + 3 * DAY, technician=north.marek, number="V-other")
    make_visit(
        north, start=START - HOUR, technician=north.lou, number="V-over",
        state=Visit.State.CANCELLED_BY_US, ended_because="Not needed",
    )  # fmt: skip


def everything():
    return set(Visit.objects.values_list("public_id", flat=True))


def owed():
    return [
        (duty.title, duty.due_at, duty.owner_role)
        for duty in Duty.objects.open().filter(kind=Duty.Kind.PLACE_VISIT).order_by("title")
    ]


def saved(north, now, **values):
    lou = north.lou
    about = {
        name: getattr(lou, name)
        for name in (
            "name", "phone", "skills", "home_address", "home_latitude", "home_longitude", "subdivision"
        )
    }  # fmt: skip
    return save_technician(lou, by=north.manager, now=now, **{**about, **values})


def away(north, now):
    absence = add_absence(
        north.lou, starts_at=START, ends_at=START + HOUR, reason="Leave", by=north.manager, now=now
    )
    return lambda: end_absence(absence, by=north.manager, now=now + HOUR)


def left(north, now):
    saved(north, now, is_active=False, known=everything())
    return lambda: saved(north, now + HOUR, is_active=True)


def own_hours(north, now):
    set_working_hours(north.lou, MORNINGS, by=north.manager, now=now, known=everything())
    return lambda: set_working_hours(north.lou, [], by=north.manager, now=now + HOUR)


def desk_hours(north, now):
    def write(spans, when):
        set_desk_hours(
            north.tenant, spans, seen=version_of_hours(), by=north.manager, now=when, known=everything()
        )

    usual = hours_of_desk()
    write([*MORNINGS[1:], (0, dt.time(8), dt.time(17, 30))], now)
    return lambda: write(usual, now + HOUR)


def closed(north, now):
    closure = close_day(
        north.tenant, day=START.date(), name="Fair", by=north.manager, now=now, known=everything()
    )
    return lambda: open_day(north.tenant, closure, by=north.manager, now=now + HOUR)


CAUSES = {
    away: "Lou Baptiste is away",
    left: "Lou Baptiste works here no more",
    own_hours: "Lou Baptiste does not work then any more",
    desk_hours: "Lou Baptiste does not work then any more",
    closed: "the desk is closed on Fri 6 Mar",
}


@pytest.mark.parametrize("cause", CAUSES)
def test_whatever_takes_its_place_somebody_owes_it_another_until_that_is_gone(
    north, visit, elsewhere, now, cause
):
    gone = cause(north, now)
    title = f"Find somebody for visit {visit.number}: {CAUSES[cause]}"
    # Within a day, and before it begins.
    assert owed() == [(title, now + DAY, "dispatcher")]
    duty = Duty.objects.get(kind=Duty.Kind.PLACE_VISIT)
    assert (duty.subject, duty.customer, duty.opened_at) == (visit.public_id, north.customer, now)
    visit.refresh_from_db()
    assert visit.assignments.get().technician == north.lou
    gone()
    assert owed() == []
    duty.refresh_from_db()
    assert (duty.closed_at, duty.closed_by) == (now + HOUR, north.manager)


@pytest.mark.parametrize("cause", [left, own_hours, desk_hours])
def test_hit_again_by_the_same_it_is_owed_again(north, visit, now, cause):
    cause(north, now)()
    cause(north, now + 2 * HOUR)
    duty = Duty.objects.get(kind=Duty.Kind.PLACE_VISIT)
    assert (duty.opened_at, duty.closed_at, duty.closed_by, duty.outcome) == (now + 2 * HOUR, None, None, "")


def test_each_cause_is_owed_once(north, visit, now):
    set_working_hours(north.lou, MORNINGS, by=north.manager, now=now, known=everything())
    shorter = [(day, opens, dt.time(11)) for day, opens, _ in MORNINGS]
    set_working_hours(north.lou, shorter, by=north.manager, now=now)
    assert len(owed()) == 1
    closed(north, now)
    assert len(owed()) == 2
    move_visit(
        visit, technician=north.marek, start=START + 3 * DAY, reason="", by=north.dispatcher, now=now,
        version=visit.version,
    )  # fmt: skip
    assert owed() == []


def test_one_that_begins_sooner_is_due_when_it_begins(north, now):
    make_visit(north, start=now + HOUR, technician=north.lou)
    left(north, now)
    assert [due for _, due, _ in owed()] == [now + HOUR]


def test_who_was_shown_one_of_two_is_asked_again(north, visit, now):
    other = make_visit(north, start=START + 7 * DAY, technician=north.lou, number="V-other")
    with pytest.raises(VisitsHit) as hit:
        set_working_hours(north.lou, MORNINGS, by=north.manager, now=now, known=[visit.public_id])
    assert hit.value.visits == [visit, other]


class TestBefore:
    """Nothing is done before somebody knows whom it hits."""

    def test_a_day_off(self, north, visit, now):
        with pytest.raises(VisitsHit) as hit:
            close_day(north.tenant, day=START.date(), name="Fair", by=north.manager, now=now)
        assert hit.value.visits == [visit]
        assert (Closure.objects.count(), owed()) == (0, [])
        close_day(north.tenant, day=START.date() + DAY, name="Fair", by=north.manager, now=now)

    def test_who_leaves(self, north, visit, now):
        with pytest.raises(VisitsHit) as hit:
            saved(north, now, is_active=False, name="Lou B")
        assert hit.value.visits == [visit]
        assert Technician.objects.filter(name="Lou Baptiste", is_active=True).exists()
        assert owed() == []

    def test_own_hours(self, north, visit, now):
        with pytest.raises(VisitsHit) as hit:
            set_working_hours(north.lou, MORNINGS, by=north.manager, now=now)
        assert (hit.value.visits, WorkingHours.objects.count(), owed()) == ([visit], 0, [])

    def test_the_desks_hours_name_a_visit_of_two_once(self, north, visit, now):
        Assignment.objects.create(
            visit=visit, technician=north.marek, starts_at=visit.planned_start, ends_at=visit.planned_end
        )
        with pytest.raises(VisitsHit) as hit:
            set_desk_hours(north.tenant, MORNINGS, seen=version_of_hours(), by=north.manager, now=now)
        assert hit.value.visits == [visit]


def test_who_has_hours_of_their_own_loses_nothing_by_the_desks(north, visit, now):
    usual = [(day, dt.time(8), dt.time(17, 30)) for day in range(5)]
    assert set_working_hours(north.lou, usual, by=north.manager, now=now) == []
    seen = version_of_hours()
    assert set_desk_hours(north.tenant, MORNINGS, seen=seen, by=north.manager, now=now) == []


def test_what_a_person_put_outside_the_hours_loses_nothing_by_others(north, now):
    make_visit(north, start=START + 5 * HOUR, technician=north.lou)
    assert set_working_hours(north.lou, MORNINGS, by=north.manager, now=now) == []
    assert owed() == []


def test_the_queries_do_not_grow_with_visits(north, now):
    asked = set()
    own_hours(north, now)()
    for number in range(3):
        make_visit(north, start=START + number * 7 * DAY, technician=north.lou, number=f"V-{number}")
        with CaptureQueriesContext(connection) as queries:
            own_hours(north, now)
        asked.add(len(queries))
        assert len(owed()) == number + 1
        Duty.objects.all().delete()
        WorkingHours.objects.all().delete()
    assert len(asked) == 1
