"""A dealer's folder: which file is which table, opened and read in the order in which they depend."""

from dataclasses import dataclass, field
from pathlib import Path

from imports.conventions import settle_dates, settle_decimals
from imports.files import TABLE_SUFFIXES, RawFile, read_file
from imports.given import Given, UsageError
from imports.reading import Known
from imports.reading.calls import read_call
from imports.reading.contracts import read_contract
from imports.reading.customers import read_customer
from imports.reading.equipment import read_equipment
from imports.reading.payments import read_payment
from imports.reading.recommendations import read_recommendation
from imports.reading.visits import read_visit
from imports.refusals import RowRefused, shown
from imports.report import Remark, Report
from imports.rows import Row
from imports.sheets import Sheet, called_as, open_sheet, recognised_as
from imports.tables import TABLES, WORD, Table
from imports.words import Vocabulary

# A column with more different words than this is no column of words; the first tell enough.
_MOST_WORDS = 20


@dataclass
class Export:
    """The sheets of a folder by table, in the order in which they must be read."""

    sheets: dict[str, list[Sheet]] = field(default_factory=dict)
    not_read: list[str] = field(default_factory=list)

    @property
    def all_sheets(self) -> list[Sheet]:
        """Every sheet, those that others point at first."""
        return [sheet for sheets in self.sheets.values() for sheet in sheets]


def open_folder(folder: Path, given: Given, *, date_order: str, decimal: str) -> Export:
    """Find and open the tables of a folder.

    `date_order` and `decimal` are what the desk's country writes: used, and told, where nothing in the
    files shows it. Raises UsageError in a sentence where the folder or a column is missing.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.")
    export = Export()
    tables = _tables_by_file(folder, given, export.not_read)
    if not tables:
        seen = ", ".join(export.not_read) or "nothing"
        raise UsageError(
            f"No file in {folder} is a table we know; there is {seen}. "
            "Say which is which by --file TABLE=FILE."
        )
    known: dict[str, set[str]] = {}
    for name, table in TABLES.items():
        export.sheets[name] = [open_sheet(file, table, given, known) for file in tables.get(name, [])]
        own = next((each for each in table.fields if each.holds == "number"), None)
        if own and own.numbers:
            cells = [cell for sheet in export.sheets[name] for cell in sheet.column(own.name)]
            known[own.numbers] = {cell.strip() for cell in cells}
    settle_dates(export.all_sheets, given, date_order)
    settle_decimals(export.all_sheets, given, decimal)
    _check_given_columns(export, given)
    return export


def read_table(name: str, export: Export, known: Known, given: Given, report: Report) -> list:
    """The good rows of one table; refused rows, warnings and counts go into the report."""
    read = _reader(name, known, given)
    result, good = report.tables[name], []
    for sheet in export.sheets.get(name, []):
        _tell_words(sheet, given)
        report.assumptions += sheet.assumptions
        for record in sheet.rows:
            result.rows += 1
            try:
                row = Row(sheet, record)
                good.append(read(row))
            except RowRefused as refused:
                result.refusals.append(refused.refusal)
            else:
                result.warnings += [Remark(name, sheet.file.name, row.line, text) for text in row.warnings]
    return good


def _tables_by_file(folder: Path, given: Given, not_read: list[str]) -> dict[str, list[RawFile]]:
    told = {}
    for table, name in given.files.items():
        path = folder / name
        if not path.is_file():
            raise UsageError(f"--file {table}={name}: there is no file {name} in {folder}.")
        told[path.name] = TABLES[table]
    found: dict[str, list[RawFile]] = {}
    for path in sorted(folder.iterdir(), key=lambda each: each.name.lower()):
        if path.name.startswith("."):
            continue
        if not path.is_file() or (path.suffix.lower() not in TABLE_SUFFIXES and path.name not in told):
            not_read.append(path.name)
            continue
        file, table = _recognise(path, told.get(path.name), given)
        if (
            table is None
            or table.name in given.without
            or (table.name in given.files and path.name not in told)
        ):
            not_read.append(path.name)
            continue
        found.setdefault(table.name, []).append(file)
    return found


def _recognise(path: Path, told: Table | None, given: Given) -> tuple[RawFile, Table | None]:
    """Read a file and say which table it is; answers given for that table are used on a second reading."""
    encoding, separator = given.encodings.get(""), given.separators.get("")
    file = read_file(path, encoding, separator)
    table = told or recognised_as(file, given) or called_as(file)
    if table is None:
        return file, None
    own_encoding = given.answer(given.encodings, table.name)
    own_separator = given.answer(given.separators, table.name)
    if (own_encoding, own_separator) != (encoding, separator):
        file = read_file(path, own_encoding, own_separator)
    return file, table


def _check_given_columns(export: Export, given: Given) -> None:
    for (table, name), heading in given.columns.items():
        if not any(name in sheet.columns.given for sheet in export.sheets[table]):
            raise UsageError(f"--column {table}.{name}={heading}: no file for {table} has that heading.")


def _tell_words(sheet: Sheet, given: Given) -> None:
    """What the words of status, kind, severity and language columns were taken to mean."""
    table = sheet.table.name
    for each in sheet.table.fields:
        if each.holds != WORD:
            continue
        vocabulary = _vocabulary(table, each.name, given)
        written = sorted({cell.strip() for cell in sheet.column(each.name) if cell.strip()})[:_MOST_WORDS]
        meanings = ", ".join(f"{shown(word)} = {vocabulary.meaning(word) or 'not known'}" for word in written)
        if meanings:
            option = f"--word {table}.{each.name}=WORD=MEANING"
            sheet.assume(f"words in {sheet.heading(each.name)}", meanings, "as we know them", option)


def _vocabulary(table: str, column: str, given: Given) -> Vocabulary:
    return Vocabulary(table, column, given.words.get((table, column), {}))


def _reader(name: str, known: Known, given: Given):
    def vocabulary(column: str) -> Vocabulary:
        return _vocabulary(name, column, given)

    if name == "customers":
        return lambda row: read_customer(row, known, vocabulary("language"))
    if name == "equipment":
        return lambda row: read_equipment(row, known)
    if name == "contracts":
        return lambda row: read_contract(row, known, vocabulary("status"))
    if name == "payments":
        return lambda row: read_payment(row, known)
    if name == "visits":
        return lambda row: read_visit(row, known, vocabulary("status"), vocabulary("kind"))
    if name == "recommendations":
        return lambda row: read_recommendation(row, known, vocabulary("severity"))
    return lambda row: read_call(row, known, vocabulary("kind"))
