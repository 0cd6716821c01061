"""A row that cannot come in: where it stands, what was found there and what was expected."""

from dataclasses import dataclass

BAD_ROW = "bad row"
BAD_DATE = "bad_date"
UNKNOWN_CUSTOMER = "unknown_customer"
END_BEFORE_START = "end_before_start"

_SHOWN = 80


@dataclass(frozen=True)
class Refusal:
    """One refused row. `line` is the physical line on which it begins, the first line being 1."""

    table: str
    file: str
    line: int
    column: str
    found: str
    expected: str
    reason: str = BAD_ROW
    number: str = ""

    def __str__(self):
        where = f"{self.file}, line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{where}: found {self.found!r}, expected {self.expected}"


class RowRefused(Exception):
    """Raised while a row is read, with its refusal."""

    def __init__(self, refusal: Refusal):
        super().__init__(str(refusal))
        self.refusal = refusal


def shown(text: str) -> str:
    """A cell as a report shows it: short, on one line, without characters nobody can see."""
    flat = " ".join(
        "".join(c if c.isprintable() or c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text).split()
    )
    return flat if len(flat) <= _SHOWN else f"{flat[:_SHOWN]}… ({len(text)} characters)"
