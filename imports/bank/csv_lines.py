"""A bank's or a bookkeeping's CSV: any separator, encoding, order of dates, and way to write debits."""

import re
from decimal import Decimal
from pathlib import Path

from contracts.bank_lines import BankFile, BankLine
from contracts.models import Statement
from customers.searchkeys import folded
from imports.bank.refusing import LineRefused, NotReadable, checked_currency, checked_day, plain
from imports.bank.returns import speaks_of_return
from imports.columns import find_by_content, find_columns
from imports.conventions import settle_dates, settle_decimals
from imports.country import date_order_of, decimal_of
from imports.dates import DMY, MDY, YMD, parse_day
from imports.encodings import Decoded
from imports.files import RawFile, read_decoded
from imports.given import EVERY_TABLE, Given
from imports.money import EXAMPLES, parse_amount
from imports.records import SEPARATORS, physical_lines
from imports.refusals import RowRefused, shown
from imports.rows import Row
from imports.sheets import Sheet
from imports.tables import BANK, heading_key

# Banks write the account, its owner and the period above the headings.
_TITLE_RECORDS = 30
_MOST_COLUMNS = 200
LONGEST_CELL = 4000
# Where a quoted cell begins, and a mark by which one may end.
_OPENED = re.compile(r'(?:^|[,;\t|])"', re.MULTILINE)
_CLOSED = re.compile(r'"')
_AMOUNTS = ("amount", "credit", "debit")
_CREDIT = {"c", "cr", "crdt", "credit", "h", "haben", "in", "bij", "gutschrift", "abono", "haber", "ingreso"}
_CREDIT |= {"received", "paidin", "deposit", "eingang", "+"}
_DEBIT = {"d", "dr", "dbit", "debit", "s", "soll", "out", "af", "lastschrift", "belastung", "cargo", "debe"}
_DEBIT |= {"paidout", "withdrawal", "ausgang", "-"}
# "612.00 CR", "612,00 S": the flag stands behind the amount itself.
_FLAGGED = re.compile(r"^(?P<amount>.*\d[)\s]*)(?P<flag>CR|DR|CRDT|DBIT|[CDHS])\.?$", re.IGNORECASE)
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY"}
_CODE = re.compile(r"\b(EUR|GBP|USD|CHF|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|JPY)\b")


def read_csv(decoded: Decoded, *, name: str, currency: str, country: str, date_order: str = "") -> BankFile:
    """Read the lines of a decoded CSV. Raises NotReadable when no column of days and amounts is found."""
    _check_size(decoded.text)
    file = read_decoded(
        Path(name or "statement.csv"), decoded, is_heading=_is_heading, title_records=_TITLE_RECORDS
    )
    sheet = _sheet(file)
    given = Given(date_orders={EVERY_TABLE: date_order} if date_order else {})
    settle_dates([sheet], given, date_order_of(country))
    settle_decimals([sheet], given, decimal_of(country))
    read = BankFile(Statement.Format.CSV, assumed=_assumed(sheet))
    reader = _Reader(sheet, currency)
    for record in sheet.rows:
        try:
            read.lines.append(reader.line(Row(sheet, record)))
        except RowRefused as refused:
            found = refused.refusal
            where = f"line {found.line}" + (f", {found.column}" if found.column else "")
            read.refused.append(LineRefused(where, found.found, found.expected).refused)
        except LineRefused as refused:
            read.refused.append(refused.refused)
    return read


def _check_size(text: str) -> None:
    """Refuse what no bank writes before anything is made out of it: that would take minutes."""
    lines = physical_lines(text)
    if any(line.count(separator) >= _MOST_COLUMNS for line in lines for separator in SEPARATORS.values()):
        raise NotReadable(f"This CSV has more than {_MOST_COLUMNS} columns. Save just the bank’s own ones.")
    for opened in _OPENED.finditer(text):
        closed = _CLOSED.search(text, opened.end(), opened.end() + LONGEST_CELL + 2)
        if closed is None and len(text) - opened.end() > LONGEST_CELL:
            line = text.count("\n", 0, opened.end()) + 1
            raise NotReadable(
                f"A cell that begins on line {line} is longer than {LONGEST_CELL:,} signs: "
                "is a quotation mark left open there?"
            )


def _is_heading(cell: str) -> bool:
    key = heading_key(cell)
    return any(key in BANK.headings(each) for each in BANK.fields)


def _sheet(file: RawFile) -> Sheet:
    columns = find_columns(BANK, file.headings, {})
    find_by_content(BANK, columns, [record.cells for record in file.records[:500]], {})
    missing = []
    if "date" not in columns.places and "value_date" in columns.places:
        columns.places["date"] = columns.places.pop("value_date")
    if "date" not in columns.places:
        missing.append("days")
    if not any(name in columns.places for name in _AMOUNTS):
        missing.append("amounts")
    if missing:
        headings = ", ".join(f"“{shown(heading)}”" for heading in file.headings[:12]) or "nothing"
        raise NotReadable(
            f"This is no CSV of a bank that we read: no column of {' and '.join(missing)} among {headings}. "
            "The first line must name the columns, one of them “Date” and one “Amount”."
        )
    return Sheet(BANK, file, columns)


def _assumed(sheet: Sheet) -> list[str]:
    """What had to be found out and could have been otherwise."""
    telling = ("date order", "cents in") if _has_unclear_days(sheet) else ("cents in",)
    return [
        f"{each.subject[0].upper()}{each.subject[1:]}: {each.taken} ({each.because})."
        for each in sheet.assumptions
        if each.subject.startswith(telling)
    ]


def _has_unclear_days(sheet: Sheet) -> bool:
    """Whether any booked day would be another one, or none, in another order; 2026-03-02 never is."""
    return any(
        len({parse_day(cell, order) for order in (DMY, MDY, YMD)}) > 1 for cell in set(sheet.column("date"))
    )


class _Reader:
    """Reads rows of one sheet; the currency is the row's, else the heading's, else the desk's."""

    def __init__(self, sheet: Sheet, currency: str):
        self.sheet = sheet
        named = (_CODE.search(sheet.heading(name).upper()) for name in _AMOUNTS)
        self.currency = next((found[1] for found in named if found), currency)

    def line(self, row: Row) -> BankLine:
        """One line. Raises RowRefused or LineRefused."""
        where = f"line {row.line}"
        day = checked_day(row.required_day("date"), row.written("date"), where)
        amount = self._amount(row)
        reference = " ".join(filter(None, (plain(row.written(name)) for name in ("reference", "end_to_end"))))
        text = " ".join(filter(None, (plain(row.written(name)) for name in ("text", "method"))))
        return BankLine(
            number=plain(row.text("number")),
            booked_on=day,
            amount=amount,
            currency=self._currency(row, where),
            payer=plain(row.written("payer")),
            reference=reference,
            text=text,
            is_return=amount < 0 and speaks_of_return(f"{reference} {text}"),
            contract=plain(row.written("contract")),
            place=where,
        )

    def _amount(self, row: Row) -> Decimal:
        """Signed: by two columns, by a flag, or by its own sign."""
        told = {name: self._signed(row, name) for name in _AMOUNTS}
        if told["credit"] or told["debit"]:
            if told["credit"] and told["debit"]:
                row.refuse("debit", "either money in or money out")
            return abs(told["credit"]) if told["credit"] else -abs(told["debit"])
        amount = told["amount"]
        if not amount:
            name = next(name for name in _AMOUNTS if name in self.sheet.columns.places)
            row.refuse(name, "an amount other than nothing")
        flag = row.written("flag")
        if flag:
            return self._flagged(row, amount, flag)
        return amount

    def _signed(self, row: Row, name: str) -> Decimal:
        text = row.known_text(name)
        if not text:
            return Decimal(0)
        flagged = _FLAGGED.match(text)
        bare, flag = (flagged["amount"], flagged["flag"]) if flagged else (text, "")
        decimal = self.sheet.decimals[name]
        amount = parse_amount(bare, decimal)
        if amount is None:
            row.refuse(name, f"an amount as {EXAMPLES[decimal]}")
        return self._flagged(row, amount, flag) if flag else amount

    def _flagged(self, row: Row, amount: Decimal, flag: str) -> Decimal:
        word = "".join(folded(flag).split()).strip(".")
        if word not in _CREDIT | _DEBIT:
            row.refuse("flag", "credit or debit")
        return abs(amount) if word in _CREDIT else -abs(amount)

    def _currency(self, row: Row, where: str) -> str:
        told = row.known_text("currency")
        if told:
            return checked_currency(_SIGNS.get(told, told), where)
        for name in _AMOUNTS:
            amount = row.written(name)
            code = _CODE.search(amount.upper())
            if code:
                return code[1]
            for sign, code in _SIGNS.items():
                if sign in amount and sign != "$":
                    return code
        return self.currency
