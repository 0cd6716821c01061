"""Queries whose SQL is written once, and planned once for each connection to the database.

Of some queries building and compiling takes longer than the answer, and of most behind row level security
planning does: each table brings two policies with a sub-plan of its own. What changes from one asking to
the next is a placeholder while the SQL is written, and its value is put there when it runs; the SQL is that
of the same queryset asked afresh. The desk is a placeholder as well, read from the scope at each asking.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from weakref import WeakKeyDictionary

from django.db import connections, models
from django.db.models import Count, Expression, Func, QuerySet
from psycopg import ClientCursor, sql
from psycopg.adapt import Dumper

from tenancy.answers import Answers
from tenancy.scope import current_tenant_id, nobodys_desk
from tenancy.walls import has_tenant

# No desk has such days: what was worked out from one shows itself among the parameters.
DAY = dt.date(1, 7, 2)
OLDEST = dt.date(1900, 1, 1)
DESK = "the desk"

_numbers = count(1)
# Which statements a connection has planned already; it forgets them when it ends, and so does this.
_planned: WeakKeyDictionary = WeakKeyDictionary()


class Key(Expression):
    """The placeholder of a primary key."""

    output_field = models.BigIntegerField()
    type_name = "bigint"

    def __init__(self):
        super().__init__(output_field=self.output_field)
        # A queryset works on copies of its expressions; they share this.
        self.mark = object()

    def as_sql(self, compiler, connection):
        """As a parameter that nothing else is."""
        return "%s", [self.mark]


class Keys(Key):
    """The placeholder of several primary keys."""

    type_name = "bigint[]"


class Among(Func):
    """Whether a column is one of `Keys`: `filter(Among("site", keys))`."""

    template, arg_joiner, arity = "%(expressions)s)", " = ANY(", 2
    output_field = models.BooleanField()


class Words(Key):
    """The placeholder of a text."""

    output_field = models.TextField()
    type_name = "text"


class Instant(Key):
    """The placeholder of an instant."""

    output_field = models.DateTimeField()
    type_name = "timestamptz"


class Day(Key):
    """The placeholder of a day beside `DAY`, where an expression may stand."""

    output_field = models.DateField()
    type_name = "date"


class PublicId(Key):
    """The placeholder of a public id."""

    output_field = models.UUIDField()
    type_name = "uuid"


class Figure(Key):
    """The placeholder of a whole number that is no key."""

    output_field = models.IntegerField()
    type_name = "integer"


class PublicIds(PublicId):
    """The placeholder of several public ids."""

    type_name = "uuid[]"


class NotPrepared(RuntimeError):
    """A query works with a placeholder's value while it is built: it cannot be written once."""


class Statement:
    """One SELECT with `%(name)s` placeholders; `types` has the database's type of each, in its order.

    The database is told of it once for each connection, without their values, and keeps its plan. Those
    of `constants` are never anything else.
    """

    def __init__(self, text: str, types: dict[str, str], constants: dict | None = None):
        self._text, self._types, self._constants = text, types, constants or {}
        self._name = f"desk_statement_{next(_numbers)}"

    def on(self, using: str) -> tuple[str, list[str]]:
        """The SQL that runs it on a connection, and the names of its parameters in their order."""
        connection = connections[using]
        connection.ensure_connection()
        known = _planned.setdefault(connection.connection, set())
        if self._name not in known:
            # Beside Django's own cursors: to whoever counts queries it is none.
            with ClientCursor(connection.connection) as cursor:
                cursor.execute(self._prepare(cursor))
            known.add(self._name)
        return self._execute, list(self._types)

    @cached_property
    def _execute(self) -> str:
        return f"EXECUTE {self._name} ({', '.join(['%s'] * len(self._types))})"

    def _prepare(self, cursor) -> bytes:
        cursor.adapters.register_dumper(_Place, _PlaceDumper)
        places = {name: _Place(number) for number, name in enumerate(self._types, start=1)}
        body = cursor.mogrify(self._text, self._constants | places)
        types = sql.SQL(", ").join(map(sql.SQL, self._types.values()))
        said = sql.SQL("PREPARE {} ({}) AS {}").format(sql.SQL(self._name), types, sql.SQL(body))
        return said.as_bytes(cursor)

    def rows(self, *, using: str = "default", **values) -> list[tuple]:
        """The rows for these values."""
        text, names = self.on(using)
        with connections[using].cursor() as cursor:
            cursor.execute(text, [values[name] for name in names])
            return cursor.fetchall()

    @property
    def desk(self) -> dict[str, int]:
        """The active desk as a value, where it asks for one. Raises NoTenant without one."""
        return {DESK: current_tenant_id()} if DESK in self._types else {}

    def afresh(self, **values) -> tuple[str, dict]:
        """The SQL that is planned when it runs, for these values, and its parameters."""
        return self._text, self._constants | values


class _Place:
    def __init__(self, number: int):
        self.number = number


class _PlaceDumper(Dumper):
    """Writes where a value will stand, not a value."""

    def dump(self, obj):
        return b"$%d" % obj.number

    quote = dump


class Prepared:
    """One query with what it is asked by, such as `Prepared(lambda day, pk: …, day=DAY, pk=Key())`.

    `build` gets the placeholders and gives a queryset. Placeholders are told apart by identity: each
    must reach the database as it is, which is checked when the SQL is written.
    """

    def __init__(self, build: Callable[..., QuerySet], **placeholders):
        self._build, self._placeholders = build, placeholders

    def rows(self, **values) -> list:
        """The rows for these values, of the active desk. Raises NoTenant without one."""
        using, answers, statement = self._written
        connection = connections[using]
        with connection.cursor() as cursor:
            cursor.execute(*self._ready(statement, using, values | statement.desk))
            rows = cursor.fetchall()
        return answers.of(rows, connection)

    def asking(self, **values) -> "Asking":
        """The same, to be asked `together` with others."""
        return Asking(self, values)

    def _given(self, name: str, values: dict):
        """What stands for a placeholder. Keys are written out at once: the driver looks at each of them."""
        if isinstance(self._placeholders.get(name), (Keys, PublicIds)):
            return f"{{{','.join(map(str, values[name]))}}}"
        return values[name]

    def _ready(self, statement, using, values):
        text, names = statement.on(using)
        return text, tuple(self._given(name, values) for name in names)

    @cached_property
    def _written(self):
        with nobodys_desk() as nobody:
            queryset = self._build(**self._placeholders)
            compiler = queryset.query.get_compiler(queryset.db)
            text, params = compiler.as_sql()
        asked = {*self._placeholders, *([DESK] if has_tenant(queryset.model) else [])}
        statement = _named(text, params, self._placeholders, nobody, asked)
        return queryset.db, Answers(queryset, compiler), statement


@dataclass(frozen=True)
class Asking:
    """A query and the values that it is asked for."""

    query: Prepared
    values: dict


def together(*askings: Asking) -> list[list]:
    """The rows of each, in their order, in one exchange with the database. Raises NoTenant without a desk.

    Of queries that answer at once going there and back takes longest. Raises ValueError where they are of
    several databases.
    """
    ready = []
    for asking in askings:
        using, answers, statement = asking.query._written
        ready.append((using, answers, asking.query._ready(statement, using, asking.values | statement.desk)))
    if not ready:
        return []
    (using,) = {using for using, *_ in ready}
    connection, found = connections[using], []
    with connection.cursor() as cursor:
        text = "; ".join(text for *_, (text, _) in ready)
        cursor.execute(text, [value for *_, (_, values) in ready for value in values])
        # Counted from the last: who asked is said before them where changes are kept (pghistory).
        for place, (_, answers, _) in enumerate(ready, start=-len(ready)):
            found.append(answers.of(cursor.set_result(place).fetchall(), connection))
    return found


class Written(Prepared):
    """One query that is written once like a `Prepared`, and planned at each asking.

    For what looks through much of a desk: a plan for any desk knows nothing of how much this one has.
    """

    def asking(self, **values):
        """Raises NotPrepared: what others are asked with is planned."""
        raise NotPrepared("Planned at each asking: ask for its rows alone")

    def _ready(self, statement, using, values):
        return statement.afresh(**values)


class Composed:
    """One SELECT around the SQL of querysets, such as `Composed(_places, day=DAY, size=Figure())`.

    `build` gets the placeholders and gives the text, with %s, and its parameters: those of the querysets,
    and placeholders themselves. It is asked by what a `Prepared` is asked by.
    """

    def __init__(self, build: Callable[..., tuple[str, Iterable]], **placeholders):
        self._build, self._placeholders = build, placeholders

    def rows(self, **values) -> list[tuple]:
        """The rows for these values, of the active desk. Raises NoTenant without one."""
        return self._statement.rows(**values, **self._statement.desk)

    def rows_planned_afresh(self, *, using: str = "default", **values) -> list[tuple]:
        """The same, planned at this asking as those of a `Written` are."""
        with connections[using].cursor() as cursor:
            cursor.execute(*self._statement.afresh(**values, **self._statement.desk))
            return cursor.fetchall()

    @cached_property
    def _statement(self) -> Statement:
        with nobodys_desk() as nobody:
            text, params = self._build(**self._placeholders)
        given = [getattr(one, "mark", one) for one in params]
        return _named(text, given, self._placeholders, nobody, {*self._placeholders, DESK})


def _named(text, params, placeholders, nobody, asked) -> Statement:
    """The statement for SQL with these parameters; what is `asked` must be among them."""
    marks = {name: getattr(given, "mark", given) for name, given in placeholders.items()}
    names = {id(mark): name for name, mark in marks.items()} | {id(nobody): DESK}
    named = [names.get(id(given)) for given in params]
    if missing := asked - set(named):
        raise NotPrepared(f"Not among the parameters: {', '.join(sorted(missing))}")
    if any(name is None and _is_worked_out(given) for name, given in zip(named, params, strict=True)):
        raise NotPrepared("A day was worked out while the query was built: leave that to the database")
    types = {
        name: "bigint" if name == DESK else getattr(placeholders[name], "type_name", "date")
        for name in dict.fromkeys(named)
        if name is not None
    }
    return _statement(text, zip(named, params, strict=True), types)


def counted(rows: QuerySet) -> QuerySet:
    """How many rows there are, as a query to be written once: one number, or none where there is no row."""
    return rows.order_by().values("tenant").annotate(rows=Count("pk")).values_list("rows", flat=True)


def attach(owners: Iterable, name: str, rows: Iterable) -> None:
    """Let each of `owners` have its own of these rows as its `name`: what `prefetch_related` does, for
    rows that were read already.
    """
    found = {}
    for owner in owners:
        field = owner._meta.get_field(name).field
        found[owner.pk] = owner, []
    for row in rows:
        owner, its_own = found[getattr(row, field.attname)]
        setattr(row, field.name, owner)
        its_own.append(row)
    for owner, its_own in found.values():
        known = getattr(owner, name).all()
        known._result_cache = its_own
        vars(owner).setdefault("_prefetched_objects_cache", {})[name] = known


def _statement(text, params, types) -> Statement:
    """With names instead of places: what is a placeholder has its own, all else is a constant."""
    names, constants = [], {}
    for number, (name, given) in enumerate(params):
        if name is None:
            name = f"constant {number}"
            constants[name] = given
        names.append(name)
    following = iter(names)
    named = re.sub("%[%s]", lambda found: "%%" if found[0] == "%%" else f"%({next(following)})s", text)
    return Statement(named, types, constants)


def _is_worked_out(given) -> bool:
    day = given.date() if isinstance(given, dt.datetime) else given
    return isinstance(day, dt.date) and day < OLDEST
