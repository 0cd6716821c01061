"""Writing what is different in a row of a customer's, and the one line of the time line that says it.

The line names each field as the pages call it, with what it was; the row itself is kept by the
database's triggers.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from customers.models import Customer, TimelineEntry
from customers.positions import position_words
from customers.search_words import index_customer
from customers.timeline import add_line
from tenancy.desk_settings import version_of

CHANGED = "Somebody changed this meanwhile. Look at it again before you save."
# Fields of a page that are more than one column.
_COLUMNS = {"position": ["latitude", "longitude"]}


def seen_of_row(row: Model, labels: dict[str, str]) -> str:
    """What a page saw of a row's labelled fields, in a few letters: the same until somebody changes it."""
    return version_of(row, _columns(labels))


def write_changes(
    row: Model,
    values: dict[str, Any],
    said: str,
    *,
    labels: dict[str, str],
    customer: Customer,
    also: dict[str, Any] | None = None,
    by,
    now: dt.datetime,
) -> list[str]:
    """Write what is different of `values`, and one line that begins with `said`; the fields that differ.

    `also` is written beside it and not told. Nothing is written where nothing is different, unless the
    row is new.
    """
    is_new = row.pk is None
    before = {field: _value(row, field) for field in values}
    different = [field for field, value in values.items() if before[field] != value]
    if not different and not is_new:
        return []
    for field in different:
        _set(row, field, values[field])
    for field, value in (also or {}).items():
        setattr(row, field, value)
    row.save(update_fields=None if is_new else [*_columns(different), *(also or {})])
    index_customer(customer)
    lines = [_line(labels[field], before[field], values[field], is_new) for field in different]
    add_line(customer, TimelineEntry.Kind.NOTE, said, at=now, detail=" ".join(lines), actor=by)
    return different


def one_line(text: str) -> str:
    """Words without the blanks around them, and with one between them."""
    return " ".join(text.split())


def _value(row, field: str):
    if field != "position":
        return getattr(row, field)
    return None if row.latitude is None or row.longitude is None else (row.latitude, row.longitude)


def _set(row, field: str, value) -> None:
    if field == "position":
        row.latitude, row.longitude = value or (None, None)
    else:
        setattr(row, field, value)


def _columns(fields: Iterable[str]) -> list[str]:
    return [column for field in fields for column in _COLUMNS.get(field, [field])]


def _line(label: str, before, after, is_new: bool) -> str:
    return f"{label}: {_said(after)}." if is_new else f"{label}: {_said(after)}, was {_said(before)}."


def _said(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return position_words(value)
    if isinstance(value, dt.date):
        return f"{value.day} {value:%b %Y}"
    return "nothing" if value is None or value == "" else str(value)
