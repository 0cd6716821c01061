"""Importing again: what changed in the export since last time, and what people changed here.

The export's last word on each row is remembered. A value that the export did not change is left
alone; one that it changed is taken over, unless somebody changed it here in the meantime.
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from imports.loading.desk import BATCH, Desk, insert
from imports.models import ImportedRow

_LONGEST_KEY = 64


@dataclass
class Change:
    """One row that the export tells differently than last time: field → (before, after)."""

    row: object
    values: dict[str, tuple]
    remembered: ImportedRow
    said: dict


@dataclass
class Comparison:
    """The rows of one table, compared with what the export said last time."""

    new: list = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    same: int = 0


def compare(table: str, rows: list, said: Callable[[object], dict]) -> Comparison:
    """Sort rows into new, changed and same. `said(row)` is what a row says, by field."""
    before = {each.key: each for each in ImportedRow.objects.filter(table=table)}
    comparison = Comparison()
    for row in rows:
        known = before.get(row_key(row.key))
        if known is None:
            comparison.new.append(row)
            continue
        now = plain(said(row))
        differing = {
            name: (known.values.get(name), now[name]) for name in now if known.values.get(name) != now[name]
        }
        if differing:
            comparison.changed.append(Change(row, differing, known, now))
        else:
            comparison.same += 1
    return comparison


def remember(
    desk: Desk, table: str, new: list, changed: list[Change], said: Callable[[object], dict]
) -> None:
    """Keep what the export said, for the next time."""
    insert(
        [
            ImportedRow(table=table, key=row_key(row.key), values=plain(said(row)), imported_at=desk.now)
            for row in new
        ]
    )
    for change in changed:
        change.remembered.values = change.said
        change.remembered.imported_at = desk.now
    ImportedRow.objects.bulk_update([each.remembered for each in changed], ["values", "imported_at"], BATCH)


def take_over(thing, changes: dict[str, tuple], attributes: dict[str, str]) -> tuple[list[str], list[str]]:
    """Set attributes to what the export says now, where they still hold what it said before.

    `attributes` maps fields of the row to attributes of the thing. Returns the attributes set and
    the fields left because somebody changed them here.
    """
    taken, kept = [], []
    for name, (before, after) in changes.items():
        attribute = attributes.get(name)
        if attribute is None:
            continue
        here = _plain_value(getattr(thing, attribute))
        if here == after:
            continue
        if here == before:
            setattr(thing, attribute, _typed(after, type(thing), attribute))
            taken.append(attribute)
        else:
            kept.append(name)
    return taken, kept


def count(
    desk: Desk, table: str, *, added: int = 0, updated: int = 0, unchanged: int = 0, kept: int = 0
) -> None:
    """Add to the table's counts."""
    report = desk.table(table)
    report.added += added
    report.updated += updated
    report.unchanged += unchanged
    report.kept_as_changed_here += kept


def row_key(key: str) -> str:
    """A row's key as it is stored: long ones by their digest."""
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def plain(values: dict) -> dict:
    """Values as JSON keeps them, so that what was stored compares equal."""
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value):
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_plain_value(each) for each in value]
    return value


def _typed(value, model, attribute: str):
    """A stored value as the attribute's own type."""
    return model._meta.get_field(attribute).to_python(value)
