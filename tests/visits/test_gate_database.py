"""The gate, attacked in SQL as app_web: whoever gets past the program still meets the database (R5.4)."""

import datetime as dt

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from recommendations import lifecycle
from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.visits.gate_scene import DAY, MINUTE, answer, finish, on_site_visit, visit
from visits.models import Review, Visit

__all__ = ["visit"]

AS_DONE = "UPDATE visits_visit SET state = 'done', completed_at = %s, completed_on = %s WHERE id = %s"
LACK = "1 open recommendation(s) on its equipment lack a review at this visit."
GATED = ("visits_visit", "visits_visitequipment", "visits_review", "recommendations_recommendation")


@pytest.fixture
def scene(committed_cast, now):
    """A desk with a visit on site whose machine has an open recommendation, committed."""
    desk = committed_cast.north
    with tenant(desk.tenant):
        desk.visit = on_site_visit(desk, now)
    return desk


def run(*statements):
    with connection.cursor() as cursor:
        for statement, *values in statements:
            cursor.execute(statement, values or None)


def refusal(of: type[Exception], *statements) -> str:
    """The database's own words for why it refuses these."""
    with pytest.raises(of) as refused, transaction.atomic():
        run(*statements, ("SET CONSTRAINTS ALL IMMEDIATE",))
    cause = refused.value.__cause__
    assert isinstance(cause, psycopg.Error)
    return cause.diag.message_primary


SHADOWS = [
    f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL) ON COMMIT DROP" for table in GATED
]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([], [], id="nothing else"),
        pytest.param(["SET CONSTRAINTS ALL DEFERRED"], ["SET CONSTRAINTS ALL DEFERRED"], id="deferred"),
        pytest.param([], ["SELECT set_config('app.tenant_id', '', true)"], id="the desk left"),
        pytest.param([], ["SELECT set_config('app.tenant_id', '999', true)"], id="another desk entered"),
        pytest.param(
            ["SELECT set_config('pgtrigger.ignore', '{visits_visit:visit_gate,visit_gate}', true)"],
            [],
            id="pgtrigger told to ignore it",
        ),
        pytest.param(SHADOWS, [], id="empty tables of the same names in front"),
        pytest.param([], SHADOWS, id="empty tables of the same names in front later"),
        pytest.param(["SET LOCAL row_security = on"], [], id="row security on"),
    ],
)
def test_at_commit_nothing_said_before_or_after_helps(scene, now, before, after):
    update = AS_DONE.replace("visits_visit", "public.visits_visit")
    with pytest.raises(IntegrityError) as refused, tenant(scene.tenant):
        run(
            *[(one,) for one in before], (update, now, now.date(), scene.visit.pk), *[(one,) for one in after]
        )
    assert refused.value.__cause__.diag.message_primary == LACK
    assert refused.value.__cause__.diag.constraint_name == "visit_gate"
    with tenant(scene.tenant):
        assert Visit.objects.get(pk=scene.visit.pk).state == "on site"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "SET session_replication_role = replica",
            'permission denied to set parameter "session_replication_role"',
        ),
        ("ALTER TABLE visits_visit DISABLE TRIGGER visit_gate", "must be owner of table visits_visit"),
        ("ALTER TABLE visits_visit DISABLE TRIGGER ALL", "must be owner of table visits_visit"),
        ("ALTER TABLE visits_review NO FORCE ROW LEVEL SECURITY", "must be owner of table visits_review"),
        ("DROP TRIGGER visit_gate ON visits_visit", "must be owner of relation visits_visit"),
        ("DROP FUNCTION visit_gate() CASCADE", "must be owner of function visit_gate"),
        ("ALTER FUNCTION visit_gate() SET search_path = pg_temp", "must be owner of function visit_gate"),
        (
            "CREATE OR REPLACE FUNCTION visit_gate() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
            "permission denied for schema public",
        ),
        ("CREATE TABLE visits_more ()", "permission denied for schema public"),
        ("CREATE RULE gone AS ON UPDATE TO visits_visit DO NOTHING", "must be owner of table visits_visit"),
        ("TRUNCATE visits_review", "permission denied for table visits_review"),
        ("TRUNCATE visits_visitequipment", "permission denied for table visits_visitequipment"),
        ("TRUNCATE cases_case", "permission denied for table cases_case"),
        ("SET ROLE migrator", 'permission denied to set role "migrator"'),
        ("SET ROLE app_sweep", 'permission denied to set role "app_sweep"'),
    ],
)  # fmt: skip
def test_the_gate_is_not_app_webs_to_take_down(north, statement, words):
    assert refusal(ProgrammingError, (statement,)) == words


# Before: what would make the gate look elsewhere


def test_a_visit_inserted_as_done_is_refused(north, now):
    values = {"state": "done", "completed_at": now, "completed_on": now.date()}
    with pytest.raises(IntegrityError, match="lack a review"), transaction.atomic():
        make_plain_visit(north, now=now, **values)
        run(("SET CONSTRAINTS ALL IMMEDIATE",))


def test_inserted_as_history_that_is_not_over_is_refused(north, now):
    with pytest.raises(IntegrityError, match="visit_history_is_over"), transaction.atomic():
        make_plain_visit(north, now=now, state="on site", is_history=True)


def test_a_miss_that_came_in_as_history_is_not_completed_later(north, now):
    """Never closed in the old program; a completion now would be past the gate, which spares history."""
    missed = make_plain_visit(
        north, now=now, start=now - 9 * DAY, state="missed by us", missed_at=now - 9 * DAY, is_history=True
    )
    words = refusal(IntegrityError, (AS_DONE, now, now.date(), missed.pk))
    assert words == "What came in as over stays as it was."


@pytest.mark.parametrize(
    ("is_history", "words"),
    [(False, "No visit becomes history later."), (True, "What came in as over stays as it was.")],
)
def test_the_mark_of_history_stands(north, now, is_history, words):
    state = {"state": "cancelled by us"} if is_history else {}
    row = make_plain_visit(north, now=now, is_history=is_history, **state)
    change = ("UPDATE visits_visit SET is_history = %s WHERE id = %s", not is_history, row.pk)
    assert refusal(IntegrityError, change) == words


@pytest.mark.parametrize("forged", ["the day", "the moment", "both"])
def test_a_completion_dated_back_still_meets_what_came_back_since(north, visit, now, forged):
    """Deferred until today, it is open again: a completion that says it was in January does not skip it."""
    Recommendation.objects.update(state="deferred", deferred_until=now.date())
    moment, day = now - 60 * DAY, now.date() - 60 * DAY
    at = moment if forged != "the day" else now
    on = day if forged != "the moment" else now.date()
    assert refusal(IntegrityError, (AS_DONE, at, on, visit.pk)) == LACK


def test_a_moment_of_completion_is_only_a_completed_visits(north, visit, now):
    with pytest.raises(IntegrityError, match="visit_only_done_has_time"), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(completed_at=now, completed_on=now.date())


def test_a_review_written_before_anybody_was_there_is_refused(north, now):
    booked = make_plain_visit(north, now=now)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Review.objects.create(
            visit=booked,
            recommendation=north.recommendation,
            outcome="still valid",
            customer_told=True,
            at=now,
        )
    assert refused.value.__cause__.diag.message_primary == "A review is made at the visit, not before it."


@pytest.mark.parametrize("change", ["DELETE FROM {0}", "UPDATE {0} SET equipment_id = %s"])
@pytest.mark.parametrize("shadow", [False, True], ids=["plain", "behind an empty table"])
def test_the_machines_stand_once_somebody_is_there(north, visit, change, shadow):
    """Also for who puts an empty table of the visits' name before the real one."""
    table = "public.visits_visitequipment"
    values = [north.sorter.pk] if "%s" in change else []
    shadows = [(SHADOWS[0],)] if shadow else []
    words = refusal(IntegrityError, *shadows, (change.format(table), *values))
    assert words == "The machines of a visit stand once the technician is there."


# After: what was completed stays so


@pytest.fixture
def done(north, visit, lou, now):
    """Completed in good order, with one review."""
    return finish(visit, now, lou, answer(north.recommendation))


def test_a_machine_with_an_open_recommendation_is_not_added_to_a_completed_visit(north, done, lou, now):
    lifecycle.raise_recommendation(
        equipment=north.sorter, finding="Spring", severity=2, by=lou, now=now - DAY
    )
    add = "INSERT INTO visits_visitequipment (tenant_id, visit_id, equipment_id) VALUES (%s, %s, %s)"
    assert refusal(IntegrityError, (add, north.tenant.pk, done.pk, north.sorter.pk)) == LACK


def test_a_machine_with_nothing_open_may_be_added(north, done):
    done.machines.create(equipment=north.sorter)
    with transaction.atomic():
        run(("SET CONSTRAINTS ALL IMMEDIATE",))


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM visits_review",
        "UPDATE visits_review SET visit_id = {visit}",
        "UPDATE visits_review SET recommendation_id = {recommendation}",
        "UPDATE visits_review SET outcome = 'done'",
        "UPDATE visits_review SET at = now()",
    ],
)
def test_a_review_stands(north, done, lou, now, change):
    other = make_plain_visit(north, now=now, machines=[north.sorter])
    recommendation = lifecycle.raise_recommendation(
        equipment=north.copier, finding="Lead", severity=1, by=lou, now=now + MINUTE
    )
    ids = {"visit": other.pk, "recommendation": recommendation.pk}
    assert refusal(IntegrityError, (change.format(**ids),)) == "A review stands as it was made."


def test_a_recommendation_stays_on_its_machine(north, done):
    """Moved away before the gate and back after it, it would have been forgotten."""
    change = ("UPDATE recommendations_recommendation SET equipment_id = %s", north.sorter.pk)
    assert refusal(IntegrityError, change) == "A recommendation stays on its machine."


@pytest.mark.parametrize("state", ["done", "superseded", "invalid"])
def test_a_settled_recommendation_is_not_opened_again(north, state):
    """Called invalid before the gate and opened after it, it would have been forgotten."""
    Recommendation.objects.update(state=state)
    change = ("UPDATE recommendations_recommendation SET state = 'open'",)
    assert refusal(IntegrityError, change) == f"A recommendation that is {state} stays {state}."


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM recommendations_statechange", "UPDATE recommendations_statechange SET reason = 'x'"],
)
def test_what_was_said_of_a_recommendation_stands(north, done, lou, now, change):
    lifecycle.accept(north.recommendation, by=lou, now=now)
    assert refusal(IntegrityError, (change,)) == "What became of a recommendation is never rewritten."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE visits_visit SET state = 'on site'", "A completed visit stays completed."),
        ("UPDATE visits_visit SET state = 'booked'", "A completed visit stays completed."),
        ("UPDATE visits_visit SET completed_at = now()", "A completed visit stays completed."),
        ("UPDATE visits_visit SET completed_on = '2026-01-05'", "A completed visit stays completed."),
        ("UPDATE visits_visit SET is_history = true", "No visit becomes history later."),
        ("DELETE FROM visits_visit", "A visit is never deleted."),
        ("DELETE FROM visits_visitequipment", "The machines of a visit stand once the technician is there."),
        ("DELETE FROM recommendations_recommendation", "A recommendation is never deleted."),
    ],
)
def test_what_is_completed_stays_as_it_was(done, change, words):
    assert refusal(IntegrityError, (change,)) == words


def test_another_change_of_a_completed_visit_is_not_judged_again(north, done, lou, now):
    """What is raised after the completion is the next visit's: writing to the old one still works."""
    lifecycle.raise_recommendation(
        equipment=north.copier, finding="Later", severity=1, by=lou, now=now + dt.timedelta(days=1)
    )
    done.save()
    run(("SET CONSTRAINTS ALL IMMEDIATE",))


def test_a_desk_that_is_not_open_has_nothing_to_update(committed_cast, now):
    """Without its desk a session sees no visit, so it completes none."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE visits_visit SET state = 'done'")
        assert cursor.rowcount == 0
