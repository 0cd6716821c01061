"""Many rows through the real schema: copied into a table of this session, then inserted in one statement.

The walls refuse a COPY into a tenant's table, and rightly: it would pass them. Inserted, each row meets
the policies, keys, constraints and triggers that an application's row meets.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.db import connections
from django.db.models import NOT_PROVIDED, Field, GeneratedField, Model
from psycopg import sql
from psycopg.types.json import Jsonb

AT_ONCE = 150_000
# The first portions are small: what checks the keys was planned for empty tables, and reads them whole
# until there are statistics.
FIRST_PORTIONS = 2_000, 20_000


class Bulk:
    """Rows that wait to be inserted, in the order in which their tables were first named.

    What a row does not say has its field's default. Ids are given here, so that rows may name each other
    before they are in the database.
    """

    def __init__(self) -> None:
        self._waiting: dict[type[Model], list[Mapping[str, Any]]] = {}
        self._last: dict[type[Model], int] = defaultdict(int)
        self._count = 0
        self._portions = list(FIRST_PORTIONS)
        self.inserted = 0

    def add(self, table: type[Model], /, **values: Any) -> int:
        """One more row of a table, by its columns; its id."""
        self._last[table] = values["id"] = self._last[table] + 1
        self._waiting.setdefault(table, []).append(values)
        self._count += 1
        return values["id"]

    @property
    def is_full(self) -> bool:
        return self._count >= (self._portions[0] if self._portions else AT_ONCE)

    def flush(self) -> None:
        """Insert what waits and commit it."""
        with connections["migrator"].cursor() as cursor:
            cursor.execute("BEGIN")
            # As `tenancy.scope` says it: unset, each audit trigger would catch an error, row by row.
            cursor.execute("SET LOCAL pgtrigger.ignore = '{}'")
            for model, rows in self._waiting.items():
                if rows:
                    _insert(cursor, model, rows)
                    rows.clear()
            cursor.execute("COMMIT")
            if self._portions:
                self._portions.pop(0)
                cursor.execute("ANALYZE")
        self.inserted += self._count
        self._count = 0

    def finish(self) -> None:
        """Insert the rest, and let the tables count on from here."""
        self.flush()
        with connections["migrator"].cursor() as cursor:
            for model, last in self._last.items():
                table = model._meta.db_table
                cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, last])


def _insert(cursor, model, rows):
    fields = {field.column: field for field in model._meta.concrete_fields}
    said = list(set().union(*rows))
    names = sql.SQL(", ").join(map(sql.Identifier, said))
    table = sql.Identifier(model._meta.db_table)
    cursor.execute(
        sql.SQL("CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            names, table
        )
    )
    defaults = {column: _default(fields[column]) for column in said if any(column not in row for row in rows)}
    of_json = [column for column in said if fields[column].get_internal_type() == "JSONField"]
    with cursor.copy(sql.SQL("COPY staged ({}) FROM STDIN").format(names)) as copy:
        for row in rows:
            for column in of_json:
                if column in row:
                    row[column] = Jsonb(row[column])
            copy.write_row([row[column] if column in row else defaults[column] for column in said])
    unsaid = {column: field for column, field in fields.items() if column not in said and _has_default(field)}
    cursor.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM staged").format(
            table,
            sql.SQL(", ").join([names, *map(sql.Identifier, unsaid)]),
            sql.SQL(", ").join([names, *map(_typed, unsaid.values())]),
        ),
        [_default(field) for field in unsaid.values()],
    )
    cursor.execute("DROP TABLE staged")


def _has_default(field: Field) -> bool:
    return not isinstance(field, GeneratedField) and field.db_default is NOT_PROVIDED


def _default(field: Field) -> Any:
    value = field.get_default()
    return Jsonb(value) if field.get_internal_type() == "JSONField" and value is not None else value


def _typed(field: Field) -> sql.Composable:
    """A placeholder of the column's own type: in a SELECT's list it would be text."""
    return sql.SQL("%s::{}").format(sql.SQL(field.rel_db_type(connections["migrator"])))
