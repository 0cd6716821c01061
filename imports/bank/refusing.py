"""Refusing a whole file or one line of it, in words that say what to do; and cells made fit to keep."""

import datetime as dt
from decimal import Decimal, InvalidOperation

from contracts.bank_lines import RefusedLine
from imports.refusals import shown

_LARGEST = Decimal("99999999.99")
_CENT = Decimal("0.01")
_FIRST_DAY, _LAST_DAY = dt.date(1990, 1, 1), dt.date(2100, 1, 1)
_LONGEST_TEXT = 2000


class NotReadable(ValueError):
    """The file is no statement that we read; the text says what it is and what to do."""


class LineRefused(ValueError):
    """One line cannot be read; the others can."""

    def __init__(self, where: str, found: str, expected: str):
        super().__init__(f"{where}: found {found!r}, expected {expected}")
        self.refused = RefusedLine(where, shown(found), expected)


def plain(text: str | None) -> str:
    """A text on one line, without characters nobody can see."""
    visible = "".join(c if c.isprintable() else " " for c in text or "")
    return " ".join(visible.split())[:_LONGEST_TEXT]


def checked_amount(written: str, where: str) -> Decimal:
    """An amount with a point before its cents, as CAMT and OFX write it. Raises LineRefused."""
    try:
        amount = Decimal(written.strip())
    except InvalidOperation:
        raise LineRefused(where, written, "an amount as 612.00") from None
    # Its size by its exponent first: 6121E999999 is a number that nothing can be reckoned with.
    if not amount.is_finite() or amount.adjusted() > _LARGEST.adjusted() or abs(amount) > _LARGEST:
        raise LineRefused(where, written, "an amount under 100 million")
    try:
        rounded = amount.quantize(_CENT)
    except ArithmeticError:
        rounded = None
    if amount != rounded:
        raise LineRefused(where, written, "an amount with two decimals at most")
    return rounded


def checked_currency(written: str, where: str) -> str:
    """Three letters. Raises LineRefused."""
    code = written.strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise LineRefused(where, written, "a currency as GBP")
    return code


def checked_day(day: dt.date, written: str, where: str) -> dt.date:
    """A day that a living account can have. Raises LineRefused."""
    if not _FIRST_DAY <= day < _LAST_DAY:
        raise LineRefused(where, written, "a day after 1990")
    return day
