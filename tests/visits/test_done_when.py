"""A machine knows when its visit was done, a report for when it was planned, whoever writes and however."""

import datetime as dt
import uuid

from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_plain_visit
from visits.models import ServiceReport, Visit, VisitEquipment

HOUR = dt.timedelta(hours=1)
DONE = Visit.State.DONE
ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["done", "done raw", "planned anew", "machine", "machine off", "machine to other", "report"]
            + ["report to other", "report gone", "lie", "saved from before", "all done"]
        ),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    max_size=14,
)


def kept():
    machines = VisitEquipment.objects.order_by("pk").values_list("pk", "done_at")
    return list(machines), list(ServiceReport.objects.order_by("pk").values_list("pk", "visit_start"))


def derived():
    machines = VisitEquipment.objects.order_by("pk").select_related("visit")
    reports = ServiceReport.objects.order_by("pk").select_related("visit")
    return (
        [(row.pk, row.visit.completed_at if row.visit.state == DONE else None) for row in machines],
        [(row.pk, row.visit.planned_start if row.visit.state == DONE else None) for row in reports],
    )


def done(now):
    return {"state": DONE, "completed_at": now, "completed_on": now.date()}


def raw(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values)


@given(acts=ACTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_the_visit_says(north, now, acts):
    with transaction.atomic():
        visits = [
            make_plain_visit(north, now=now, start=now - 3 * number * HOUR, number=f"W-{number}")
            for number in range(1, 4)
        ]
        before = [row for visit in visits for row in visit.machines.all()]
        for what, which, other in acts:
            act(what, Visit.objects.get(pk=visits[which].pk), visits[other], before, now)
            assert kept() == derived()
        transaction.set_rollback(True)


def act(what, visit, other, before, now):
    """Let one thing happen; what the rules of visits refuse is left out."""
    is_done = visit.state == DONE
    if what == "done" and not is_done:
        for name, value in done(now).items():
            setattr(visit, name, value)
        visit.save()
    elif what == "done raw" and not is_done:
        raw(
            "UPDATE visits_visit SET state = %s, completed_at = now(), completed_on = now() WHERE id = %s",
            DONE,
            visit.pk,
        )
    elif what == "all done":
        Visit.objects.exclude(state=DONE).filter(number__startswith="W-").update(**done(now))
    elif what == "planned anew":
        raw("UPDATE visits_visit SET planned_start = planned_start - interval '1 minute'")
    elif what == "machine":
        machine = VisitEquipment(visit=visit, equipment=other.machines.get().equipment, done_at=now)
        VisitEquipment.objects.bulk_create([machine], ignore_conflicts=True)
    elif what == "machine off" and not is_done:
        raw("DELETE FROM visits_visitequipment WHERE visit_id = %s", visit.pk)
        VisitEquipment.objects.create(visit=visit, equipment=before[0].equipment)
    elif what == "machine to other" and not is_done:
        own = visit.machines.get()
        if not VisitEquipment.objects.filter(visit=other, equipment=own.equipment).exists():
            raw("UPDATE visits_visitequipment SET visit_id = %s WHERE id = %s", other.pk, own.pk)
            VisitEquipment.objects.create(visit=visit, equipment=own.equipment)
    elif what == "report" and not ServiceReport.objects.filter(visit=visit).exists():
        ServiceReport.objects.create(visit=visit, work_done="Cleaned", fixed_first_time=True, written_at=now)
    elif what == "report to other" and not ServiceReport.objects.filter(visit=other).exists():
        raw("UPDATE visits_servicereport SET visit_id = %s WHERE visit_id = %s", other.pk, visit.pk)
    elif what == "report gone":
        raw("DELETE FROM visits_servicereport WHERE visit_id = %s", visit.pk)
    elif what == "lie":
        raw("UPDATE visits_visitequipment SET done_at = now()")
        raw("UPDATE visits_servicereport SET visit_start = NULL")
    elif what == "saved from before":
        for row in VisitEquipment.objects.filter(pk__in=[row.pk for row in before]):
            row.done_at = None
            row.save(update_fields=["done_at"])


def test_a_machine_comes_while_the_visit_is_completed(committed_cast, now):
    """Whoever of them is first: what is kept is what became of the visit."""
    desk = committed_cast.north
    for number in range(8):
        with tenant(desk.tenant):
            start = now - (number + 1) * 3 * HOUR
            visit = make_plain_visit(desk, now=now, start=start, number=f"W-{number}", machines=[])
        at_once(
            lambda visit=visit: VisitEquipment.objects.create(visit=visit, equipment=desk.sorter),
            lambda visit=visit: ServiceReport.objects.create(
                visit=visit, work_done="Cleaned", fixed_first_time=True, written_at=now
            ),
            lambda visit=visit: Visit.objects.filter(pk=visit.pk).update(**done(now)),
            desk=desk,
        )
        with tenant(desk.tenant):
            assert kept() == derived()
            assert VisitEquipment.objects.get(visit=visit).done_at == now
            assert ServiceReport.objects.get(visit=visit).visit_start == start


def test_what_is_written_before_its_visit_learns_it_from_that(north, now):
    with transaction.atomic():
        visit = make_plain_visit(north, now=now, start=now - HOUR, number="W-1")
        came_first = {"visit_id": visit.pk + 1000}
        VisitEquipment.objects.create(equipment=north.sorter, **came_first)
        ServiceReport.objects.create(work_done="Cleaned", written_at=now, **came_first)
        visit.pk, visit.public_id = came_first["visit_id"], uuid.uuid4()
        visit.number, visit.number_key = "W-2", "W2"
        visit.state, visit.completed_at, visit.completed_on = DONE, now, now.date()
        Visit.objects.bulk_create([visit])
        assert kept() == derived()
        assert VisitEquipment.objects.get(visit=visit).done_at == now
        assert ServiceReport.objects.get(visit=visit).visit_start == visit.planned_start


def test_it_is_no_change_that_the_audit_tells_of(north, now):
    visit = make_plain_visit(north, now=now, start=now - HOUR, machines=[north.sorter])
    machine = visit.machines.get()
    report = ServiceReport.objects.create(visit=visit, work_done="Cleaned", written_at=now)
    before = machine.history.count(), report.history.count()
    Visit.objects.filter(pk=visit.pk).update(**done(now))
    assert VisitEquipment.objects.get(pk=machine.pk).done_at == now
    assert ServiceReport.objects.get(pk=report.pk).visit_start == visit.planned_start
    assert (machine.history.count(), report.history.count()) == before


def test_a_table_of_the_same_name_in_front_hides_no_visit(north, now):
    visit = make_plain_visit(north, now=now, start=now - HOUR, machines=[north.sorter])
    Visit.objects.filter(pk=visit.pk).update(**done(now))
    with transaction.atomic():
        raw("CREATE TEMPORARY TABLE visits_visit (LIKE public.visits_visit) ON COMMIT DROP")
        raw("UPDATE visits_visitequipment SET done_at = NULL WHERE visit_id = %s", visit.pk)
        raw("DROP TABLE pg_temp.visits_visit")
        assert VisitEquipment.objects.get(visit=visit).done_at == now
        transaction.set_rollback(True)
