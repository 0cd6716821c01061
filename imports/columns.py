"""Which column of a file holds which field of a table: by its heading, else by what it contains."""

import re
from dataclasses import dataclass, field

from imports.dates import MDY, ORDERS, YMD, is_nothing, parse_moment
from imports.tables import DAY, MAIL, MOMENT, NUMBER, PHONE, REFERENCE, TABLES, Table, heading_key

_MAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_PHONE = re.compile(r"^[+(]?[\d\s()./-]{6,24}(\s*(ext\.?|x|#)\s*\d+)?$", re.IGNORECASE)
# How many of a column's cells must look like what it is said to hold, where its heading says nothing.
_MOST = 0.8


@dataclass
class Columns:
    """Where each field stands in a row, and what had to be guessed for that."""

    places: dict[str, int] = field(default_factory=dict)
    by_content: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    # Headings that could also have meant a field that another column took, or nothing we know.
    unread: list[str] = field(default_factory=list)

    def missing(self, table: Table) -> list[str]:
        """Required fields that no column holds."""
        return [name for name in table.required if name not in self.places]


def known_heading(cell: str) -> bool:
    """Whether any table calls a column so."""
    key = heading_key(cell)
    return any(key in table.headings(each) for table in TABLES.values() for each in table.fields)


def find_columns(table: Table, headings: list[str], given: dict[str, str]) -> Columns:
    """Match headings to fields: what was given first, then what is plain, then what several fields could be.

    Raises KeyError with the heading for a given one that the file has not.
    """
    columns = Columns()
    keys = [heading_key(heading) for heading in headings]
    for name, heading in given.items():
        columns.places[name] = _given_place(heading, headings, keys)
        columns.given.append(name)
    open_places = [place for place in range(len(keys)) if place not in columns.places.values()]
    choices = {place: _fields_called(table, keys[place]) for place in open_places}
    for at_most in (1, len(table.fields)):
        for place in open_places:
            if place in columns.places.values() or len(choices[place]) > at_most:
                continue
            _take(columns, choices[place], place)
    for place in open_places:
        if place not in columns.places.values() and keys[place]:
            _take(columns, _called_with_table_word(table, keys[place]), place)
    taken = set(columns.places.values())
    columns.unread = [
        heading for place, heading in enumerate(headings) if place not in taken and heading.strip()
    ]
    return columns


def find_by_content(
    table: Table, columns: Columns, rows: list[list[str]], known: dict[str, set[str]]
) -> None:
    """Give fields without a heading the one column whose cells fit. `known` are other tables' numbers."""
    width = max((len(row) for row in rows), default=0)
    for each in table.fields:
        if each.name in columns.places or not (each.required or each.name in ("email", "phone")):
            continue
        numbers = known.get(each.numbers, set()) if each.holds == REFERENCE else set()
        free = [place for place in range(width) if place not in columns.places.values()]
        fitting = [
            place
            for place in free
            if _fits(each.holds, [row[place] for row in rows if place < len(row)], numbers)
        ]
        if len(fitting) == 1:
            columns.places[each.name] = fitting[0]
            columns.by_content.append(each.name)


def score(table: Table, columns: Columns) -> int:
    """How surely headings are this table's: fields found, nothing where a required one is missing."""
    return 0 if columns.missing(table) else len(columns.places)


def _given_place(heading: str, headings: list[str], keys: list[str]) -> int:
    if heading in headings:
        return headings.index(heading)
    if heading.startswith("#") and heading[1:].isdigit() and 1 <= int(heading[1:]) <= len(headings):
        return int(heading[1:]) - 1
    key = heading_key(heading)
    if key and key in keys:
        return keys.index(key)
    raise KeyError(heading)


def _fields_called(table: Table, key: str) -> list[str]:
    return [each.name for each in table.fields if key and key in table.headings(each)]


def _take(columns: Columns, names: list[str], place: int) -> None:
    free = [name for name in names if name not in columns.places]
    if free:
        columns.places[free[0]] = place


def _called_with_table_word(table: Table, key: str) -> list[str]:
    """Fields that a heading names beside the table's own word: "ContractStart", "Name_Kunde"."""
    rests = {key.removeprefix(word) for word in table.words} | {
        key.removesuffix(word) for word in table.words
    }
    return [each.name for each in table.fields if (rests - {key, ""}) & table.headings(each)]


def _fits(holds: str, cells: list[str], numbers: set[str]) -> bool:
    filled = [cell.strip() for cell in cells if not is_nothing(cell)]
    if not filled:
        return False
    if holds == MAIL:
        fitting = sum(1 for cell in filled if _MAIL.match(cell))
    elif holds == PHONE:
        fitting = sum(1 for cell in filled if _PHONE.match(cell) and sum(c.isdigit() for c in cell) >= 6)
    elif holds in (DAY, MOMENT):
        fitting = sum(1 for cell in filled if any(_is_day(cell, order) for order in ORDERS[:3]))
    elif holds == NUMBER:
        is_own = len(set(filled)) == len(cells) and all(any(c.isdigit() for c in cell) for cell in filled)
        return is_own and not any(
            _MAIL.match(cell) or _is_day(cell, YMD) or _is_day(cell, MDY) for cell in filled
        )
    elif holds == REFERENCE:
        fitting = sum(1 for cell in filled if cell in numbers)
    else:
        return False
    return fitting >= len(filled) * _MOST


def _is_day(cell: str, order: str) -> bool:
    moment = parse_moment(cell, order)
    return bool(moment and moment.day)
