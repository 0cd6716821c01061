"""Asks the product how many contracts read on many days, in one statement.

The statement is the product's own: what `with_cover` or `with_reasons` compile to for one contract
on one day, laid beside a list of contracts, days and moments instead of run once for each.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from functools import cache

from django.db import connection

from contracts.models import Contract
from tenancy.scope import current_tenant_id

# Stand in for the contract, the day and the moment, and are found again in what was compiled.
NUMBER, DAY = 987_654_321, dt.date(1911, 11, 11)
MOMENT = dt.datetime(1911, 11, 11, 11, 11, 11, tzinfo=dt.UTC)
COLUMNS = {NUMBER: "asked.contract", DAY: "asked.day", MOMENT: "asked.moment"}
ASKED = (
    "SELECT asked.place, answer.* FROM unnest(%s::int[], %s::bigint[], %s::date[], %s::timestamptz[]) "
    "AS asked(place, contract, day, moment), LATERAL ({answer}) AS answer ORDER BY asked.place"
)


def read_states(asked: Iterable[tuple[int, dt.date]]) -> list[tuple[str, dt.date | None]]:
    """State and the last day covered without a gap, for each (contract's id, day)."""
    rows = [(number, day, None) for number, day in asked]
    return [(row["cover_state"], row["chain_end"]) for row in _rows("with_cover", rows, known=False)]


def read_contracts(asked: Iterable[tuple], tenant, *, known: bool) -> list[Contract]:
    """Contracts as `with_reasons` gives them, for each (contract's id, day, moment as known or None)."""
    return [_contract(row, tenant) for row in _rows("with_reasons", list(asked), known=known)]


def _rows(method, asked, *, known) -> Iterator[dict]:
    statement, parameters = _compiled(method, known, current_tenant_id())
    lists = [list(range(len(asked))), *map(list, zip(*asked, strict=True))] if asked else [[]] * 4
    with connection.cursor() as cursor:
        cursor.execute(statement, [*lists, *parameters])
        names = [column.name for column in cursor.description]
        for values in cursor.fetchall():
            yield dict(zip(names, values, strict=True))


@cache
def _compiled(method, known, tenant_id) -> tuple[str, list]:
    """The product's statement, with columns in the places of what stood in for them."""
    queryset = getattr(Contract.objects, method)(DAY, MOMENT if known else None)
    statement, parameters = queryset.filter(pk=NUMBER).select_related(None).query.sql_with_params()
    pieces, left = statement.split("%s"), []
    answer = pieces[0]
    for piece, value in zip(pieces[1:], parameters, strict=True):
        column = COLUMNS.get(value) if isinstance(value, int | dt.date) else None
        if column is None:
            left.append(value)
        answer += (column or "%s") + piece
    return ASKED.replace("{answer}", answer), left


def _contract(row, tenant) -> Contract:
    fields = {field.attname: row.pop(field.column) for field in Contract._meta.concrete_fields}
    contract = Contract(**fields)
    for name, value in row.items():
        # Facts are read as text here; no other value begins so.
        is_fact = isinstance(value, str) and value.startswith("{")
        setattr(contract, name, json.loads(value) if is_fact else value)
    contract.tenant = tenant
    return contract
