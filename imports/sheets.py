"""A file that was recognised as a table: its columns, its rows, and what was assumed to read them."""

import re
from dataclasses import dataclass, field

from customers.searchkeys import folded
from imports.columns import Columns, find_by_content, find_columns
from imports.files import RawFile
from imports.given import Given, UsageError
from imports.records import SEPARATORS, Record
from imports.refusals import Refusal, shown
from imports.tables import TABLES, Table, heading_key

# What a fitting file name counts against headings that fit.
_NAME_POINTS = 4
BY_HEADING = "by its heading"


@dataclass(frozen=True)
class Assumption:
    """One thing the import found out by itself, why, and the option by which to say otherwise."""

    file: str
    subject: str
    taken: str
    because: str
    option: str

    def __str__(self):
        return f"{self.file}: {self.subject}: {self.taken} ({self.because}; say otherwise by {self.option})"


@dataclass
class Sheet:
    """One file, ready to be read row by row."""

    table: Table
    file: RawFile
    columns: Columns
    # Field → order of its days, and what stands before its cents; see conventions.
    date_orders: dict[str, str] = field(default_factory=dict)
    decimals: dict[str, str] = field(default_factory=dict)
    assumptions: list[Assumption] = field(default_factory=list)

    @property
    def rows(self) -> list[Record]:
        """The records below the headings, blank ones left out."""
        return [record for record in self.file.records if not record.is_blank]

    def heading(self, name: str) -> str:
        """The heading of a field's column as the file writes it, or the field's own name."""
        place = self.columns.places.get(name)
        return self.file.headings[place] if place is not None else name

    def cells(self, *kinds: str) -> list[str]:
        """Every cell of the columns that hold one of some kinds."""
        names = [each.name for each in self.table.fields if each.holds in kinds]
        return [cell for name in names for cell in self.column(name)]

    def column(self, name: str) -> list[str]:
        """Every cell of one field's column."""
        place = self.columns.places.get(name)
        if place is None:
            return []
        return [record.cells[place] for record in self.rows if place < len(record.cells)]

    def assume(self, subject: str, taken: str, because: str, option: str) -> None:
        """Note something found out."""
        self.assumptions.append(Assumption(self.file.name, subject, taken, because, option))

    def refusal(self, record: Record, column: str, found: str, expected: str, **more) -> Refusal:
        """The refusal of one of this file's rows."""
        return Refusal(self.table.name, self.file.name, record.line, column, shown(found), expected, **more)


def recognised_as(file: RawFile, given: Given) -> Table | None:
    """The table a file is: by its headings, by its name where those leave a choice; None where it is none."""
    named = called_as(file)
    best, best_points = None, 0
    for table in TABLES.values():
        columns = _columns(file, table, given)
        if columns.missing(table):
            continue
        points = len(columns.places) + (_NAME_POINTS if table is named else 0)
        if points > best_points:
            best, best_points = table, points
    return best


def called_as(file: RawFile) -> Table | None:
    """The table that a file's name speaks of: "Kunden_2026-11.csv" is customers, "Service calls" visits."""
    stem = folded(file.path.stem)
    whole = heading_key(re.sub(r"\d", "", stem))
    parts = {heading_key(part) for part in re.split(r"[^a-z]+", stem) if part}
    named = [table for table in TABLES.values() if whole in table.words or table.name == whole]
    named = named or [table for table in TABLES.values() if parts & table.words]
    exact = [table for table in named if table.name in parts]
    return (exact or named)[0] if len(exact or named) >= 1 else None


def open_sheet(file: RawFile, table: Table, given: Given, known: dict[str, set[str]]) -> Sheet:
    """Recognise a file's columns as a table's. `known` are the numbers of other tables, by their thing.

    Raises UsageError where a required column is not found.
    """
    columns = _columns(file, table, given)
    find_by_content(table, columns, [record.cells for record in file.records[:500]], known)
    missing = columns.missing(table)
    if missing and not file.is_empty:
        headings = ", ".join(repr(shown(heading)) for heading in file.headings)
        raise UsageError(
            f"{file.name} ({table.name}): no column for {', '.join(missing)} among the headings {headings}. "
            f"Give it by --column {table.name}.{missing[0]}=HEADING, or the table out "
            f"by --without {table.name}."
        )
    sheet = Sheet(table, file, columns)
    _tell_how_it_was_read(sheet, given)
    return sheet


def _columns(file: RawFile, table: Table, given: Given) -> Columns:
    told = {name: heading for (of, name), heading in given.columns.items() if of == table.name}
    try:
        return find_columns(table, file.headings, told)
    except KeyError:
        # Another file of the folder may have that heading; a missing column is reported when opening.
        return find_columns(table, file.headings, {})


def _tell_how_it_was_read(sheet: Sheet, given: Given) -> None:
    file, name = sheet.file, sheet.table.name
    sheet.assume("table", name, f"{len(sheet.columns.places)} headings known", f"--file {name}=FILE")
    sheet.assume("encoding", file.encoding, file.encoding_because, f"--encoding {name}=NAME")
    if file.odd_lines:
        lines = ", ".join(map(str, file.odd_lines[:10])) + ("…" if len(file.odd_lines) > 10 else "")
        sheet.assume("lines in another encoding", lines, file.encoding_because, f"--encoding {name}=NAME")
    mark = next((word for word, mark in SEPARATORS.items() if mark == file.separator), file.separator)
    is_told = given.answer(given.separators, name)
    because = "given" if is_told else "cuts every line into as many cells"
    sheet.assume("separator", mark, because, f"--separator {name}=MARK")
    if file.heading_line > 1:
        sheet.assume(
            "headings", f"line {file.heading_line}", "known headings stand there", "a file without title"
        )
    for each in sheet.table.fields:
        option = f"--column {name}.{each.name}=HEADING"
        if each.name in sheet.columns.places:
            sheet.assume(
                each.name, f"column {sheet.heading(each.name)!r}", _because(sheet, each.name), option
            )
        else:
            sheet.assume(each.name, "no column", "no heading says it", option)
    for heading in sheet.columns.unread:
        sheet.assume("not read", repr(shown(heading)), "no field of ours", f"--column {name}.FIELD={heading}")


def _because(sheet: Sheet, name: str) -> str:
    if name in sheet.columns.given:
        return "given"
    return "by what it contains" if name in sheet.columns.by_content else BY_HEADING
