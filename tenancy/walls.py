"""Migration operations that build the two walls in the database.

`TenantWalls` gives every tenant table of an app its row level security and its composite
foreign keys; `DefinerFunction` makes one of the few functions that may look across desks.
Both can run again without harm.
"""

from django.db import models
from django.db.migrations.operations.base import Operation

from tenancy.fields import TenantForeignKey, TenantOneToOneField

# The one condition of both policies. The sub-select is evaluated once for a statement, not
# once for a row; NULLIF turns the empty setting of an ended scope into "no rows".
CONDITION = "tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::bigint)"


class TenantWalls(Operation):
    """Row level security, grants, unique keys and composite foreign keys for an app's tables."""

    reversible = True
    reduces_to_sql = False

    def __init__(self, names: list[str] | None = None):
        self.names = names

    def deconstruct(self):
        return (self.__class__.__name__, [], {"names": self.names} if self.names else {})

    def state_forwards(self, app_label, state):
        """The walls are the database's alone."""

    def describe(self):
        return "Build the tenant walls"

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for model in self._models(app_label, to_state):
            for statement in wall_statements(model):
                schema_editor.execute(statement, params=None)
        for model in self._models(app_label, to_state):
            for statement in foreign_key_statements(model):
                schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        doomed = list(self._models(app_label, from_state))
        for model in doomed:
            for name, _ in composite_keys(model):
                schema_editor.execute(
                    f'ALTER TABLE "{model._meta.db_table}" DROP CONSTRAINT IF EXISTS "{name}"'
                )
        for model in doomed:
            table = model._meta.db_table
            for key in ("id", "public_id"):
                schema_editor.execute(
                    f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{table}_tenant_{key}"'
                )
            for policy in ("tenant_rows", "tenant_wall", "owner_rows", "sweep_rows"):
                schema_editor.execute(f'DROP POLICY IF EXISTS "{policy}" ON "{table}"')
            schema_editor.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
            schema_editor.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')

    def _models(self, app_label, state):
        for model in state.apps.get_models(include_auto_created=True):
            if model._meta.app_label != app_label or not has_tenant(model) or not model._meta.managed:
                continue
            if self.names is None or model._meta.object_name in self.names:
                yield model


class DefinerFunction(Operation):
    """A function that runs as app_sweep, across desks, and may return only ids and counts.

    `create` is the CREATE OR REPLACE FUNCTION statement (with SECURITY DEFINER and a fixed
    search_path), `signature` its name with argument types, `reads`/`writes` the tables that
    app_sweep needs for it, `to` who may call it (nobody for trigger functions).
    """

    reversible = True
    reduces_to_sql = False

    def __init__(self, signature: str, create: str, reads=(), writes=(), to: str | None = "app_web"):
        self.signature, self.create = signature, create
        self.reads, self.writes, self.to = tuple(reads), tuple(writes), to

    def deconstruct(self):
        kwargs = {"signature": self.signature, "create": self.create}
        kwargs |= {"reads": self.reads, "writes": self.writes, "to": self.to}
        return (self.__class__.__name__, [], kwargs)

    def state_forwards(self, app_label, state):
        """Functions are the database's alone."""

    def describe(self):
        return f"Define {self.signature}"

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        # Without parameters: a percent sign in a function's body is a percent sign.
        schema_editor.execute(self.create, params=None)
        schema_editor.execute(f"REVOKE ALL ON FUNCTION {self.signature} FROM PUBLIC")
        if self.to:
            schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {self.signature} TO {self.to}")
        for table in self.reads:
            schema_editor.execute(f'GRANT SELECT ON "{table}" TO app_sweep')
        for table in self.writes:
            schema_editor.execute(f'GRANT SELECT, INSERT, UPDATE ON "{table}" TO app_sweep')
        # The new owner needs CREATE on the schema at the moment of the hand-over only.
        schema_editor.execute("GRANT USAGE, CREATE ON SCHEMA public TO app_sweep")
        schema_editor.execute(f"ALTER FUNCTION {self.signature} OWNER TO app_sweep")
        schema_editor.execute("REVOKE CREATE ON SCHEMA public FROM app_sweep")

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {self.signature} CASCADE")


def has_tenant(model) -> bool:
    """Whether a model's rows belong to a desk."""
    return any(field.attname == "tenant_id" for field in model._meta.concrete_fields)


def is_event(model) -> bool:
    """Whether a model is an audit table, which app_web may only add to."""
    return any(field.name == "pgh_id" for field in model._meta.concrete_fields)


def composite_keys(model):
    """(constraint name, field) of every reference within a desk that the database checks."""
    if is_event(model):
        return
    for field in model._meta.concrete_fields:
        if isinstance(field, (TenantForeignKey, TenantOneToOneField)):
            yield f"{model._meta.db_table}_{field.column}_same_tenant"[:63], field


def wall_statements(model):
    """The SQL that walls one table in."""
    table = model._meta.db_table
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
    for policy in ("tenant_rows", "tenant_wall", "owner_rows", "sweep_rows"):
        yield f'DROP POLICY IF EXISTS "{policy}" ON "{table}"'
    yield f'CREATE POLICY "tenant_rows" ON "{table}" TO app_web USING ({CONDITION}) WITH CHECK ({CONDITION})'
    yield (
        f'CREATE POLICY "tenant_wall" ON "{table}" AS RESTRICTIVE TO app_web '
        f"USING ({CONDITION}) WITH CHECK ({CONDITION})"
    )
    # FORCE hides the rows from the owner too; migrations and dumps need them.
    yield f'CREATE POLICY "owner_rows" ON "{table}" TO migrator USING (true) WITH CHECK (true)'
    yield f'CREATE POLICY "sweep_rows" ON "{table}" TO app_sweep USING (true) WITH CHECK (true)'
    yield f'REVOKE ALL ON "{table}" FROM app_web'
    rights = "SELECT, INSERT" if is_event(model) else "SELECT, INSERT, UPDATE, DELETE"
    yield f'GRANT {rights} ON "{table}" TO app_web'
    if is_event(model):
        return
    columns = {field.column for field in model._meta.concrete_fields}
    one_to_one = [f.column for f in model._meta.concrete_fields if isinstance(f, TenantOneToOneField)]
    for key in ("id", "public_id", *one_to_one):
        if key in columns:
            name = f"{table}_tenant_{key}"
            # Dropping it first would take along every key that points here.
            yield (
                f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = '{name}') THEN "
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" UNIQUE (tenant_id, "{key}"); END IF; END $$'
            )


def foreign_key_statements(model):
    """The SQL that makes a table's references composite."""
    table = model._meta.db_table
    for name, field in composite_keys(model):
        target: models.Model = field.related_model
        yield f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{name}"'
        yield (
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (tenant_id, "{field.column}") '
            f'REFERENCES "{target._meta.db_table}" (tenant_id, id) DEFERRABLE INITIALLY DEFERRED'
        )
