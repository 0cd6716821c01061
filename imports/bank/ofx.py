"""OFX, version 1 (SGML) and 2 (XML). `ofxtools` builds the tree; lines are judged one by one.

Its converter is not used: it refuses the whole file for one field that a bank wrote oddly. Its header
is not asked for the encoding either, which banks often tell wrongly: that is found from the bytes.
"""

import datetime as dt
import re
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import ParseError as TreeError
from xml.sax.saxutils import unescape

from ofxtools.Parser import ParseError, TreeBuilder

from contracts.bank_lines import BankFile, BankLine
from contracts.models import Statement
from imports.bank.refusing import (
    LineRefused,
    NotReadable,
    checked_amount,
    checked_currency,
    checked_day,
    plain,
)
from imports.bank.returns import speaks_of_return

_BODY = re.compile(r"<OFX>.*</OFX>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(/?)([A-Za-z0-9._]+)\s*>")
_DAY = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:\d{2,6}(?:\.\d+)?)?\s*(?:\[.*\])?$")
_ENTITIES = {"&quot;": '"', "&apos;": "'", "&nbsp;": " "}
_STATEMENTS = ("STMTRS", "CCSTMTRS")
_RETURNS = frozenset({"RETURN", "CHARGEBACK"})
_CHARSET_1252 = re.compile(rb"CHARSET\s*:\s*1252", re.IGNORECASE)


def read_ofx(text: str, data: bytes, *, currency: str) -> BankFile:
    """Read the lines of every account in a file. Raises NotReadable for one that is cut off or broken."""
    if _CHARSET_1252.search(data[:1000]) and not _fits_utf8(data):
        text = data.decode("cp1252", "replace")
    body = _BODY.search(text)
    if body is None:
        raise NotReadable("The OFX file is cut off: it has no end. Fetch it from the bank anew.")
    builder = TreeBuilder()
    try:
        builder.feed(_TAG.sub(lambda tag: f"<{tag[1]}{tag[2].upper()}>", body[0]))
        root = builder.close()
    except (ParseError, TreeError, IndexError, AssertionError, ValueError):
        raise NotReadable("The OFX file is broken: its elements do not fit. Fetch it anew.") from None
    statements = [each for name in _STATEMENTS for each in root.iter(name)]
    if not statements:
        raise NotReadable("This OFX file holds no statement of an account.")
    read, number = BankFile(Statement.Format.OFX), 0
    for statement in statements:
        read.account = read.account or _field(statement, "BANKACCTFROM/ACCTID")[:40]
        told = _field(statement, "CURDEF")
        for line in statement.iter("STMTTRN"):
            number += 1
            try:
                read.lines.append(_line(line, f"transaction {number}", told or currency))
            except LineRefused as refused:
                read.refused.append(refused.refused)
    return read


def _line(line: Element, where: str, currency: str) -> BankLine:
    amount = checked_amount(_point(_field(line, "TRNAMT")), where)
    if not amount:
        raise LineRefused(where, _field(line, "TRNAMT"), "an amount other than nothing")
    memo, kind = _field(line, "MEMO"), _field(line, "TRNTYPE").upper()
    reference = " ".join(filter(None, (memo, _field(line, "REFNUM"), _field(line, "CHECKNUM"))))
    returned = kind in _RETURNS or (amount < 0 and speaks_of_return(f"{memo} {_field(line, 'NAME')}"))
    return BankLine(
        number=_field(line, "FITID")[:60],
        booked_on=_day(_field(line, "DTPOSTED"), where),
        amount=amount,
        currency=checked_currency(_field(line, "CURRENCY/CURSYM") or currency, where),
        payer=_field(line, "NAME") or _field(line, "PAYEE/NAME"),
        reference=reference,
        text=kind.capitalize(),
        is_return=returned,
        place=where,
    )


def _point(written: str) -> str:
    """Some banks write a comma before the cents, against the standard."""
    return written.replace(",", ".") if "," in written and "." not in written else written


def _day(written: str, where: str) -> dt.date:
    """The day as the bank writes it: its own day of booking, whatever zone stands behind."""
    found = _DAY.match(written)
    try:
        day = dt.date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        day = None
    if day is None:
        raise LineRefused(where, written or "no day", "a day as 20260302")
    return checked_day(day, written, where)


def _field(element: Element, path: str) -> str:
    found = element.find(path)
    return plain(unescape(found.text or "", _ENTITIES)) if found is not None else ""


def _fits_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
