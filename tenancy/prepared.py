"""Queries whose SQL is written once: of some, building and compiling takes longer than the answer.

What changes from one asking to the next is a placeholder while the SQL is written, and its value is
put there when it runs; the SQL is that of the same queryset asked afresh. The desk is a placeholder
as well, read from the scope at each asking.
"""

import copy
import datetime as dt
from collections.abc import Callable
from functools import cached_property

from django.db import connections, models
from django.db.models import Expression, QuerySet

from tenancy.scope import current_tenant_id, nobodys_desk

# No desk has such days: what was worked out from one shows itself among the parameters.
DAY = dt.date(1, 7, 2)
OLDEST = dt.date(1900, 1, 1)


class Key(Expression):
    """The placeholder of a primary key."""

    def __init__(self):
        super().__init__(output_field=models.BigIntegerField())
        # A queryset works on copies of its expressions; they share this.
        self.mark = object()

    def as_sql(self, compiler, connection):
        """As a parameter that nothing else is."""
        return "%s", [self.mark]


class NotPrepared(RuntimeError):
    """A query works with a placeholder's value while it is built: it cannot be written once."""


class Prepared:
    """One query with what it is asked by, such as `Prepared(lambda day, pk: …, day=DAY, pk=Key())`.

    `build` gets the placeholders and gives a queryset. Placeholders are told apart by identity: each
    must reach the database as it is, which is checked when the SQL is written.
    """

    def __init__(self, build: Callable[..., QuerySet], **placeholders):
        self._build, self._placeholders = build, placeholders

    def rows(self, **values) -> list:
        """The rows for these values, of the active desk. Raises NoTenant without one."""
        queryset, compiler, sql, params = self._written
        desk = current_tenant_id()
        filled = tuple(
            given if name is None else desk if name == "" else values[name] for name, given in params
        )
        ready = copy.copy(compiler)
        ready.connection = connections[queryset.db]
        ready.as_sql = lambda *args, **kwargs: (sql, filled)
        asked = queryset.all()
        asked.query.get_compiler = lambda *args, **kwargs: ready
        return list(asked)

    @cached_property
    def _written(self):
        with nobodys_desk() as nobody:
            queryset = self._build(**self._placeholders)
            compiler = queryset.query.get_compiler(queryset.db)
            sql, params = compiler.as_sql()
        marks = {name: getattr(given, "mark", given) for name, given in self._placeholders.items()}
        names = {id(mark): name for name, mark in marks.items()} | {id(nobody): ""}
        named = [(names.get(id(given)), given) for given in params]
        if missing := {"", *self._placeholders} - {name for name, _ in named}:
            said = ", ".join(name or "the desk" for name in sorted(missing))
            raise NotPrepared(f"Not among the parameters: {said}")
        if any(name is None and _is_worked_out(given) for name, given in named):
            raise NotPrepared("A day was worked out while the query was built: leave that to the database")
        return queryset, compiler, sql, named


def _is_worked_out(given) -> bool:
    day = given.date() if isinstance(given, dt.datetime) else given
    return isinstance(day, dt.date) and day < OLDEST
