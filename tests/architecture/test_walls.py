"""The walls, probed: every table of the catalogue × what can be done × whose row it is.

Two full desks stand side by side. Everything is tried as app_web in raw SQL, so that the ORM's
wall does not hide a hole in the database's.
"""

import itertools
import json
import sys
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import DatabaseError, connections, models, transaction

from servicedesk.demo.building import build_desk
from servicedesk.demo.names import NORTHGATE, SOUTHGATE
from tenancy.checks import wall_faults
from tenancy.scope import NoTenant, tenant
from tenancy.walls import composite_keys, has_tenant, is_event, wall_statements
from tests.architecture.filling import fill_every_table

REFUSED_BY_POLICY = "42501"
REFUSED_BY_KEY = "23503"
REFUSED_BY_TRIGGER = "23514"
# An assignment takes its state from its visit: of a visit it may not see, it has none.
NO_SUCH_VISIT = "23502"
TABLES = sorted(
    (
        model
        for model in apps.get_models(include_auto_created=True)
        if has_tenant(model) and model._meta.managed
    ),
    key=lambda model: model._meta.db_table,
)


@pytest.fixture
def desks(committed, now):
    """Northgate and Southgate, whole days of each, with at least one row in every table."""
    pair = build_desk(NORTHGATE, now=now), build_desk(SOUTHGATE, now=now)
    for desk in pair:
        fill_every_table(desk, now=now)
    empty = [model._meta.db_table for model in TABLES if one_row(model, pair[0]) is None]
    assert empty == [], "Without a row nothing is probed: add one in filling.py"
    return pair


@contextmanager
def nobody():
    """No desk is active."""
    with transaction.atomic():
        yield


def scopes(north):
    return [("no desk", nobody), ("another desk", lambda: tenant(north))]


def test_every_table_refuses_what_is_not_its_own(desks, capsys):
    north, south = desks
    probes = leaks = 0
    for model, (scope, enter) in itertools.product(TABLES, scopes(north)):
        mine, theirs = one_row(model, north), one_row(model, south)
        for probe in (select, insert, update, give_away, delete, *links(model)):
            with enter():
                leaked = probe(model, mine, theirs)
            probes += 1
            leaks += bool(leaked)
            assert not leaked, f"{model._meta.db_table}: {probe.__name__} with {scope} leaked {leaked}"
    with capsys.disabled():
        sys.stdout.write(f"\nwalls: {probes} probes on {len(TABLES)} tables, {leaks} leaks\n")
    assert probes > 10 * len(TABLES)


def test_without_the_orms_filter_the_database_still_leaks_nothing(desks):
    north, south = desks
    for model in TABLES:
        unfiltered = models.QuerySet(model)
        with nobody():
            assert list(unfiltered.values_list("tenant_id", flat=True).distinct()) == []
        with tenant(north):
            assert set(unfiltered.values_list("tenant_id", flat=True)) == {north.pk}


def test_the_orm_raises_without_a_desk(desks):
    for model in TABLES:
        with pytest.raises(NoTenant):
            list(model._default_manager.all()[:1])


@pytest.mark.parametrize("policy", ["tenant_rows", "tenant_wall"])
def test_with_either_policy_dropped_nothing_leaks(desks, policy):
    north, south = desks
    for model in TABLES:
        table = model._meta.db_table
        owner = connections["migrator"]
        with owner.cursor() as cursor:
            cursor.execute(f'DROP POLICY "{policy}" ON "{table}"')
        try:
            faults = [fault.msg for fault in wall_faults(connections["default"])]
            assert faults == [f"Table {table} lacks a tenant policy or forced row security."]
            for _, enter in scopes(north):
                with enter():
                    assert not select(model, None, one_row(model, south))
                    assert not delete(model, None, one_row(model, south))
        finally:
            with owner.cursor() as cursor:
                for statement in wall_statements(model):
                    cursor.execute(statement)
    assert list(wall_faults(connections["default"])) == []


def test_the_catalogue_has_no_table_that_the_models_do_not_know(db):
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE a.attname = 'tenant_id' AND c.relkind = 'r' ORDER BY 1"
        )
        assert [name for (name,) in cursor.fetchall()] == [model._meta.db_table for model in TABLES]


def one_row(model, desk) -> dict | None:
    """One whole row of a desk, read as the schema's owner."""
    with connections["migrator"].cursor() as cursor:
        cursor.execute(
            f'SELECT to_jsonb(t) FROM "{model._meta.db_table}" t WHERE tenant_id = %s LIMIT 1', [desk.pk]
        )
        found = cursor.fetchone()
    return json.loads(found[0]) if found and isinstance(found[0], str) else found and found[0]


def select(model, mine, theirs):
    """How many of their rows can be read."""
    return run(f'SELECT count(*) FROM "{model._meta.db_table}" WHERE tenant_id = %s', [theirs["tenant_id"]])


def insert(model, mine, theirs):
    """Whether a row can be written into their desk."""
    columns = [
        field.column
        for field in model._meta.concrete_fields
        if not field.primary_key and not isinstance(field, models.GeneratedField)
    ]
    names = ", ".join(f'"{column}"' for column in columns)
    return refused(
        f'INSERT INTO "{model._meta.db_table}" ({names}) '
        f'SELECT {names} FROM jsonb_populate_record(NULL::"{model._meta.db_table}", %s::jsonb)',
        [json.dumps(theirs)],
        REFUSED_BY_POLICY,
    )


def update(model, mine, theirs):
    """How many of their rows can be changed."""
    if is_event(model):
        return refused(f'UPDATE "{model._meta.db_table}" SET pgh_label = pgh_label', [], REFUSED_BY_POLICY)
    return changed(f'UPDATE "{model._meta.db_table}" SET tenant_id = tenant_id WHERE id = %s', [theirs["id"]])


def give_away(model, mine, theirs):
    """Whether one of our rows can be moved into their desk (without a desk there is none to move)."""
    table, key = model._meta.db_table, model._meta.pk.column
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        has_own = cursor.fetchone()[0]
    statement = f'UPDATE "{table}" SET tenant_id = %s WHERE "{key}" = %s'
    if has_own or is_event(model):
        return refused(statement, [theirs["tenant_id"], mine[key]], REFUSED_BY_POLICY)
    return changed(statement, [theirs["tenant_id"], mine[key]])


def delete(model, mine, theirs):
    """How many of their rows can be deleted."""
    if is_event(model):
        return refused(f'DELETE FROM "{model._meta.db_table}"', [], REFUSED_BY_POLICY)
    return changed(f'DELETE FROM "{model._meta.db_table}" WHERE id = %s', [theirs["id"]])


def links(model):
    """For each reference within a desk: whether a row of ours can point at one of theirs."""
    for _, field in composite_keys(model):

        def link(model, mine, theirs, field=field):
            other = one_row(field.related_model, _Desk(theirs["tenant_id"]))
            statement = f'UPDATE "{model._meta.db_table}" SET "{field.column}" = %s WHERE id = %s'
            return points_across(statement, [other["id"], mine["id"]])

        link.__name__ = f"link {field.column}"
        yield link


class _Desk:
    def __init__(self, pk):
        self.pk = pk


def run(statement, parameters):
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]


def changed(statement, parameters):
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


def refused(statement, parameters, code):
    """False when the database refuses with that code; what happened instead, otherwise."""
    try:
        with transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute(statement, parameters)
            return f"{cursor.rowcount} rows"
    except DatabaseError as error:
        # A ledger's own trigger may refuse before the policy is asked.
        return False if error.__cause__.sqlstate in (code, REFUSED_BY_TRIGGER) else str(error)


def points_across(statement, parameters):
    """False when no row was reached or a key, trigger or check refused the reference."""
    try:
        with transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute(statement, parameters)
            reached = cursor.rowcount
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            return reached
    except DatabaseError as error:
        return (
            False
            if error.__cause__.sqlstate in (REFUSED_BY_KEY, REFUSED_BY_TRIGGER, NO_SUCH_VISIT)
            else str(error)
        )
