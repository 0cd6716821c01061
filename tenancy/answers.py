"""What a query's rows become: what Django makes of them, found out once as the query's SQL is.

Django looks through a query's columns at each asking, for what is to be done with their values and where
each joined row begins: of a few rows that takes longer than making them.
"""

import copy
from collections.abc import Iterable
from functools import cached_property

from django.db.models import QuerySet
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    NamedValuesListIterable,
    ValuesListIterable,
    create_namedtuple_class,
    get_related_populators,
)
from django.db.models.sql.compiler import SQLCompiler


class Answers:
    """Makes rows of the database into what a queryset gives: it and its compiler, which wrote the SQL."""

    def __init__(self, queryset: QuerySet, compiler: SQLCompiler):
        self._queryset, self._compiler = queryset, compiler
        self._makers = {
            ModelIterable: self._models,
            ValuesListIterable: lambda rows: list(map(tuple, rows)),
            NamedValuesListIterable: lambda rows: list(map(self._named, rows)),
            FlatValuesListIterable: lambda rows: [row[0] for row in rows],
        }

    def of(self, rows: list[tuple], connection) -> list:
        """Models with what belongs to them, or values; `connection` is the one that gave the rows."""
        maker = self._makers.get(self._queryset._iterable_class)
        if maker is None or self._queryset._prefetch_related_lookups:
            return self._by_django(rows, connection)
        return maker(self._converted(rows, connection))

    def _by_django(self, rows, connection):
        """For the shapes that are rare."""
        ready = copy.copy(self._compiler)
        ready.connection = connection
        ready.execute_sql = lambda *args, **kwargs: [self._cut(rows)]
        asked = self._queryset.all()
        asked.query.get_compiler = lambda *args, **kwargs: ready
        return list(asked)

    def _cut(self, rows):
        """Without the columns that are only ordered by."""
        count = self._compiler.col_count
        return [row[:count] for row in rows] if self._compiler.has_extra_select else rows

    @cached_property
    def _converters(self):
        columns = [column for column, *_ in self._compiler.select[: self._compiler.col_count]]
        return [(place, *found) for place, found in self._compiler.get_converters(columns).items()]

    def _converted(self, rows, connection) -> Iterable:
        rows = self._cut(rows)
        return (self._convert(row, connection) for row in rows) if self._converters else rows

    def _convert(self, row, connection):
        values = list(row)
        for place, converters, column in self._converters:
            for convert in converters:
                values[place] = convert(values[place], column, connection)
        return values

    @cached_property
    def _named(self):
        asked = self._queryset
        query = asked.query
        names = asked._fields or (*query.extra_select, *query.values_select, *query.annotation_select)
        return create_namedtuple_class(*names)._make

    @cached_property
    def _places(self):
        """The model, where its columns begin and end and their names, what is joined, what is annotated."""
        select, told = self._compiler.select, self._compiler.klass_info
        begin, end = told["select_fields"][0], told["select_fields"][-1] + 1
        names = [column.target.attname for column, *_ in select[begin:end]]
        joined = get_related_populators(told, select, self._queryset.db)
        return told["model"], begin, end, names, joined, list(self._compiler.annotation_col_map.items())

    def _models(self, rows):
        model, begin, end, names, joined, annotated = self._places
        using, made = self._queryset.db, []
        for row in rows:
            one = model.from_db(using, names, row[begin:end])
            for populator in joined:
                populator.populate(row, one)
            for name, place in annotated:
                setattr(one, name, row[place])
            made.append(one)
        return made
