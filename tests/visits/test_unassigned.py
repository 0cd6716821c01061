"""A visit knows whether nobody is booked for it, whoever writes and however."""

import datetime as dt

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servicedesk.board_visits import to_be_minded
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_plain_visit
from visits.models import Assignment, Visit

HOUR = dt.timedelta(hours=1)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["assign", "take off", "hand on", "save", "raw lie", "raw delete"]),
        st.integers(0, 2),
        st.integers(0, 1),
    ),
    max_size=12,
)


@given(acts=ACTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_its_assignments_say(north, now, acts):
    with transaction.atomic():
        visits = [
            make_plain_visit(north, now=now, start=now + 3 * number * HOUR, number=f"U-{number}")
            for number in range(1, 4)
        ]
        people = [north.lou, north.marek]
        for act, which, who in acts:
            change(act, visits[which], people[who], visits[(which + 1) % 3])
            assert unassigned() == {visit.pk for visit in visits if not visit.assignments.exists()}
        transaction.set_rollback(True)


def change(act, visit, person, other):
    if act == "assign":
        span = {"starts_at": visit.planned_start, "ends_at": visit.planned_end}
        Assignment.objects.bulk_create(
            [Assignment(visit=visit, technician=person, **span)], ignore_conflicts=True
        )
    elif act == "take off":
        visit.assignments.filter(technician=person).delete()
    elif act == "hand on" and not other.assignments.exists():
        visit.assignments.update(visit=other)
    elif act == "save":
        visit.save()
    elif act == "raw lie":
        with connection.cursor() as cursor:
            cursor.execute("UPDATE visits_visit SET is_unassigned = NOT is_unassigned")
    elif act == "raw delete":
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM visits_assignment WHERE visit_id = %s", [visit.pk])


def unassigned():
    return set(Visit.objects.filter(number__startswith="U-", is_unassigned=True).values_list("pk", flat=True))


def test_it_is_no_change_that_the_audit_tells_of(north, now):
    visit = make_plain_visit(north, now=now)
    before = visit.history.count()
    visit.assignments.all().delete()
    assert Visit.objects.get(pk=visit.pk).is_unassigned
    assert visit.history.count() == before


def test_one_comes_while_the_other_goes(committed_cast, now):
    """Whoever of the two is first: the visit tells of who is left."""
    desk = committed_cast.north
    for number in range(8):
        with tenant(desk.tenant):
            visit = make_plain_visit(desk, now=now, start=now + number * 3 * HOUR, number=f"U-{number}")
        span = {"starts_at": visit.planned_start, "ends_at": visit.planned_end}
        at_once(
            lambda visit=visit, span=span: Assignment.objects.create(
                visit=visit, technician=desk.marek, **span
            ),
            lambda visit=visit: Assignment.objects.filter(visit=visit, technician=desk.lou).delete(),
            desk=desk,
        )
        with tenant(desk.tenant):
            visit.refresh_from_db()
            assert [each.technician for each in visit.assignments.all()] == [desk.marek]
            assert not visit.is_unassigned


def test_a_tray_tells_of_far_visits_without_anybody(north, now):
    start = now + 40 * 24 * HOUR
    nobodys = make_plain_visit(north, now=now, start=start, number="U-0")
    nobodys.assignments.all().delete()
    make_plain_visit(north, now=now, start=start + HOUR, number="U-1")
    with CaptureQueriesContext(connection) as queries:
        found = to_be_minded(now, now + 24 * HOUR)
    assert [visit.pk for visit in found if visit.planned_start >= start] == [nobodys.pk]
    assert len(queries) == 3


def test_a_table_of_the_same_name_in_front_hides_nobody(north, now):
    visit = make_plain_visit(north, now=now, number="U-0")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE visits_assignment (LIKE public.visits_assignment) ON COMMIT DROP"
        )
        cursor.execute("UPDATE visits_visit SET is_unassigned = true WHERE id = %s", [visit.pk])
        assert unassigned() == set()
        transaction.set_rollback(True)
