"""Reading one row's cells as what they are said to hold, or refusing the row."""

import datetime as dt
import re
from decimal import Decimal

from imports.dates import EXAMPLES, Moment, is_nothing, parse_day, parse_moment
from imports.money import EXAMPLES as AMOUNTS
from imports.money import parse_amount
from imports.records import Record
from imports.refusals import BAD_DATE, BAD_ROW, RowRefused
from imports.sheets import Sheet
from imports.words import Vocabulary

_COUNT = re.compile(r"^(\d{1,5})(?:[.,]0+)?\s*[a-zA-Z.]*$")
_LARGEST_COUNT = 32_000
_NO_TEXT = {"-", "--", "n/a", "na", "null", "none", "nil", "."}


class Row:
    """One record of a sheet. Its readers raise RowRefused with the cell, what it says and what it should."""

    def __init__(self, sheet: Sheet, record: Record):
        self.sheet = sheet
        self.record = record
        self.number = ""
        self.warnings: list[str] = []
        self._check_record()

    @property
    def line(self) -> int:
        """The physical line on which the row begins."""
        return self.record.line

    def written(self, name: str) -> str:
        """A cell as it stands there, without spaces around; empty where the file has no such column."""
        place = self.sheet.columns.places.get(name)
        return self.record.cells[place].strip() if place is not None else ""

    def text(self, name: str) -> str:
        """Text, kept as written (a cell that looks like a formula is only text here)."""
        text = self.written(name)
        longest = self.sheet.table.field(name).longest
        if len(text) > longest:
            self.refuse(name, f"at most {longest} characters")
        return text

    def known_text(self, name: str) -> str:
        """Text, where a dash or "none" means that nothing is known."""
        text = self.text(name)
        return "" if text.lower() in _NO_TEXT else text

    def required(self, name: str) -> str:
        """Text that must be there."""
        text = self.text(name)
        if not text:
            self.refuse(name, "something written")
        return text

    def day(self, name: str) -> dt.date | None:
        """A day, None where the cell says none."""
        text = self.written(name)
        if is_nothing(text):
            return None
        order = self.sheet.date_orders[name]
        day = parse_day(text, order)
        if day is None:
            self.refuse(name, f"a day as {EXAMPLES[order]}", reason=BAD_DATE)
        return day

    def required_day(self, name: str) -> dt.date:
        """A day that must be there."""
        day = self.day(name)
        if day is None:
            self.refuse(name, f"a day as {EXAMPLES[self.sheet.date_orders[name]]}", reason=BAD_DATE)
        return day

    def moment(self, name: str) -> Moment | None:
        """A day and time, either of which may be missing; None where the cell says nothing."""
        text = self.written(name)
        if is_nothing(text):
            return None
        order = self.sheet.date_orders[name]
        moment = parse_moment(text, order)
        if moment is None:
            self.refuse(name, f"a day and time as {EXAMPLES[order]} 14:30", reason=BAD_DATE)
        return moment

    def amount(self, name: str) -> Decimal | None:
        """An amount that is not negative, None where the cell says none."""
        text = self.known_text(name)
        if not text:
            return None
        decimal = self.sheet.decimals[name]
        amount = parse_amount(text, decimal)
        if amount is None:
            self.refuse(name, f"an amount as {AMOUNTS[decimal]}")
        if amount < 0:
            self.refuse(name, "an amount that is not negative")
        return amount

    def count(self, name: str) -> int | None:
        """A whole number, None where the cell says none; a unit behind it ("24 h") is seen through."""
        text = self.known_text(name)
        if not text:
            return None
        found = _COUNT.match(text)
        if not found or int(found[1]) > _LARGEST_COUNT:
            self.refuse(name, f"a whole number up to {_LARGEST_COUNT}")
        return int(found[1])

    def meaning(self, name: str, vocabulary: Vocabulary) -> str | None:
        """What a word means: empty for an empty cell, None for a word nobody knows."""
        text = self.text(name)
        return vocabulary.meaning(text) if text else ""

    def refuse(self, name: str, expected: str, *, reason: str = BAD_ROW, found: str | None = None):
        """Raise RowRefused for one cell."""
        found = self.written(name) if found is None else found
        column = self.sheet.heading(name)
        raise RowRefused(
            self.sheet.refusal(self.record, column, found, expected, reason=reason, number=self.number)
        )

    def _check_record(self) -> None:
        cells, width = self.record.cells, len(self.sheet.file.headings)
        refuse = self.sheet.refusal
        if self.record.is_torn:
            expected = "quotes that are closed on the same row"
            raise RowRefused(refuse(self.record, "", " ".join(cells), expected))
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            # A separator at the end of every row, as some programs write it.
            cells = cells[:width]
        if len(cells) != width:
            raise RowRefused(
                refuse(self.record, "", f"{len(cells)} cells", f"{width} cells, as the headings")
            )
        for heading, cell in zip(self.sheet.file.headings, cells, strict=True):
            if "\x00" in cell:
                raise RowRefused(refuse(self.record, heading, cell, "text without NUL characters"))
