"""The check that refuses to start on a database whose walls have a hole."""

import pytest
from django.db import connections

from tenancy.checks import check_walls, wall_faults
from tenancy.walls import CONDITION, wall_statements
from visits.models import Visit

TABLE = "visits_visit"


@pytest.fixture
def owner(committed):
    """The schema's owner; the table's walls are built again afterwards."""
    with connections["migrator"].cursor() as cursor:
        yield cursor
        cursor.execute('DROP POLICY IF EXISTS "hole" ON visits_visit')
        cursor.execute("ALTER TABLE visits_visit DROP CONSTRAINT IF EXISTS hole")
        cursor.execute("DROP VIEW IF EXISTS hole")
        for statement in wall_statements(Visit):
            cursor.execute(statement)


def faults():
    return [fault.msg for fault in wall_faults(connections["default"])]


def test_the_walls_stand(committed):
    assert faults() == []
    assert check_walls(None, databases=None) == []


OPEN = f"Table {TABLE} lacks a tenant policy or forced row security."


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY", OPEN),
        (f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY", OPEN),
        (f"ALTER POLICY tenant_wall ON {TABLE} USING (true)", OPEN),
        (f"ALTER POLICY tenant_wall ON {TABLE} WITH CHECK (true)", OPEN),
        (f"ALTER POLICY tenant_rows ON {TABLE} WITH CHECK (true)", OPEN),
        (
            f"CREATE POLICY hole ON {TABLE} TO app_web USING (true)",
            f"Table {TABLE} has one more permissive policy for app_web.",
        ),
        (
            f"ALTER TABLE {TABLE} ADD CONSTRAINT hole FOREIGN KEY (site_id) REFERENCES customers_site (id)",
            "Foreign key hole joins two desks' tables by id alone.",
        ),
        (
            f"ALTER TABLE {TABLE} ADD CONSTRAINT hole UNIQUE (booked_at)",
            "Unique index hole does not name the tenant.",
        ),
        (f"CREATE VIEW hole AS SELECT id FROM {TABLE}", "View hole is not security_invoker."),
    ],
)
def test_a_hole_is_named(owner, statement, fault):
    owner.execute(statement)
    assert faults() == [fault]


def test_a_policy_for_reading_alone_is_a_hole(owner):
    owner.execute(f"DROP POLICY tenant_wall ON {TABLE}")
    owner.execute(
        f"CREATE POLICY tenant_wall ON {TABLE} AS RESTRICTIVE FOR SELECT TO app_web USING ({CONDITION})"
    )
    assert faults() == [OPEN]


def test_the_owner_is_no_role_to_run_with(committed):
    with connections["migrator"].cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)
