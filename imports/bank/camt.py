"""CAMT.053, the bank's statement in ISO 20022's XML: versions 001.02 to 001.14, read by element names.

The namespace differs with each version and a few elements moved one deeper; both are seen through.
"""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from contracts.bank_lines import BankFile, BankLine
from contracts.models import Statement
from customers.searchkeys import folded
from imports.bank.refusing import (
    LineRefused,
    NotReadable,
    checked_amount,
    checked_currency,
    checked_day,
    plain,
)
from imports.bank.returns import speaks_of_return

_OTHER_MESSAGES = {
    "BkToCstmrAcctRpt": "This is CAMT.052, a report within the day. Take the statement of the day, CAMT.053.",
    "BkToCstmrDbtCdtNtfctn": "This is CAMT.054, single notices. Take the statement of the day, CAMT.053.",
    "CstmrCdtTrfInitn": "This is a payment order (pain.001), not a statement. Take CAMT.053.",
    "CstmrDrctDbtInitn": "This is a direct debit order (pain.008), not a statement. Take CAMT.053.",
}
_NO_STATEMENT = "This XML is no CAMT.053 statement. Ask the bank’s website for one."
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NOTAVAILABLE", "NONREF", "NONE", "UNKNOWN", "0"})
_CREDIT, _DEBIT = "CRDT", "DBIT"
_DAY = re.compile(r"^(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2}|T.*)?$")


def read_camt(data: bytes) -> BankFile:
    """Read a statement's booked lines. Raises NotReadable for other XML, also for XML that names entities."""
    try:
        root = ElementTree.fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise NotReadable("The file declares entities of its own, as no bank does. It is not read.") from None
    except (ParseError, ValueError, LookupError) as fault:
        raise NotReadable(f"The XML is broken: {fault}. Fetch the file from the bank anew.") from None
    message = next(iter(root), None) if _name(root) == "Document" else root
    kind = _name(message) if message is not None else ""
    if kind != "BkToCstmrStmt":
        raise NotReadable(
            _OTHER_MESSAGES.get(kind, "This XML is no CAMT.053 statement. Ask the bank for one.")
        )
    read, number = BankFile(Statement.Format.CAMT), 0
    for statement in _all(message, "Stmt"):
        read.account = read.account or _account(statement)
        owner = _text(statement, "Acct/Ownr/Nm")
        for entry in _all(statement, "Ntry"):
            number += 1
            _read_entry(read, entry, number, owner)
    return read


def _read_entry(read: BankFile, entry: Element, number: int, owner: str) -> None:
    where = f"entry {number}"
    status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
    if status and status != "BOOK":
        read.pending += 1
        return
    try:
        read.lines.extend(_lines(entry, where, owner))
    except LineRefused as refused:
        read.refused.append(refused.refused)


def _lines(entry: Element, where: str, owner: str) -> list[BankLine]:
    amount, currency = _amount(entry, where)
    signed = amount * _sign(entry, where)
    day = _booked_on(entry, where)
    details = [each for group in _all(entry, "NtryDtls") for each in _all(group, "TxDtls")]
    shares = _shares(details, signed, currency, where)
    if len(details) > 1 and shares is None:
        # Cut at a guess it could be matched wrongly; as one sum that names nobody a person looks at it.
        text = f"Batch of {len(details)} transactions without sums of their own"
        return [BankLine(_reference(entry), day, signed, currency, text=text, place=where)]
    return [
        _line(entry, each, share, currency, day, owner, where, part)
        for each, share, part in _numbered(details, shares, signed)
    ]


def _numbered(details, shares, signed) -> Iterator[tuple[Element | None, Decimal, int]]:
    if not details:
        yield None, signed, 0
    elif len(details) == 1:
        yield details[0], signed, 0
    else:
        for part, (each, share) in enumerate(zip(details, shares, strict=True), start=1):
            yield each, share, part


def _shares(details, signed: Decimal, currency: str, where: str) -> list[Decimal] | None:
    """What each transaction of a batch carries, if all say it and together they make the entry."""
    shares = []
    for each in details:
        amount = _first(each, "Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
        if amount is None or amount.get("Ccy", currency) != currency:
            return None
        direction = _text(each, "CdtDbtInd")
        turned = {_CREDIT: 1, _DEBIT: -1}.get(direction, 1 if signed > 0 else -1)
        shares.append(checked_amount(amount.text or "", where) * turned)
    return shares if sum(shares) == signed and all(shares) else None


def _line(entry, details, amount, currency, day, owner, where, part) -> BankLine:
    if not amount:
        raise LineRefused(where, "0.00", "an amount other than nothing")
    extra = _text(entry, "AddtlNtryInf")
    if details is None:
        is_return = _text(entry, "RvslInd") in ("true", "1") or (amount < 0 and speaks_of_return(extra))
        return BankLine(
            _reference(entry), day, amount, currency, reference=extra, is_return=is_return, place=where
        )
    reference = " ".join(
        dict.fromkeys(
            [
                *(_text_of(each) for each in _find(details, "RmtInf/Ustrd")),
                *(_text_of(each) for each in _find(details, "RmtInf/Strd/CdtrRefInf/Ref")),
                *(_text_of(each) for each in _find(details, "RmtInf/Strd/RfrdDocInf/Nb")),
                *(_text_of(each) for each in _find(details, "RmtInf/Strd/AddtlRmtInf")),
                _given(_text(details, "Refs/EndToEndId")),
            ]
        )
    ).strip()
    own = _given(_text(details, "Refs/AcctSvcrRef"))
    # Several transactions of one entry share its number: each is known by it and its place.
    shared = _reference(entry)
    number = own or (f"{shared}/{part}" if shared and part else shared)
    text = " ".join(filter(None, (_text(details, "AddtlTxInf"), extra)))
    reverses = _text(entry, "RvslInd") in ("true", "1") or next(_find(details, "RtrInf"), None) is not None
    is_return = reverses or (amount < 0 and speaks_of_return(text))
    return BankLine(
        number=number[:60],
        booked_on=day,
        amount=amount,
        currency=currency,
        payer=_other_party(details, amount, owner, is_return=is_return),
        reference=plain(reference),
        text=text,
        is_return=is_return,
        place=f"{where}, transaction {part}" if part else where,
    )


def _other_party(details, amount: Decimal, owner: str, *, is_return: bool) -> str:
    """Who paid, or was paid; of a return the bank may leave both as they were in the payment."""
    debtors, creditors = _parties("Dbtr"), _parties("Cdtr")
    paths = debtors if amount > 0 else (*debtors, *creditors) if is_return else creditors
    names = (_text(details, path) for path in paths)
    return next((name for name in names if name and folded(name) != folded(owner)), "")


def _parties(side: str) -> list[str]:
    """Where the name of one side stands, before and since it moved one element deeper."""
    return [f"RltdPties/{prefix}{side}{deeper}/Nm" for prefix in ("", "Ultmt") for deeper in ("/Pty", "")]


def _amount(entry, where) -> tuple[Decimal, str]:
    amount = _first(entry, "Amt")
    if amount is None:
        raise LineRefused(where, "no amount", "an element Amt")
    currency = checked_currency(amount.get("Ccy", ""), where)
    read = checked_amount(amount.text or "", where)
    if not read:
        raise LineRefused(where, amount.text or "", "an amount other than nothing")
    return read, currency


def _sign(entry, where) -> int:
    direction = _text(entry, "CdtDbtInd")
    if direction not in (_CREDIT, _DEBIT):
        raise LineRefused(where, direction or "no CdtDbtInd", "CRDT or DBIT")
    return 1 if direction == _CREDIT else -1


def _booked_on(entry, where) -> dt.date:
    paths = ("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
    written = next(filter(None, (_text(entry, path) for path in paths)), "")
    found = _DAY.match(written)
    try:
        day = dt.date.fromisoformat(found[1]) if found else None
    except ValueError:
        day = None
    if day is None:
        raise LineRefused(where, written or "no day", "a booking day as 2026-03-02")
    return checked_day(day, written, where)


def _reference(entry) -> str:
    return _given(_text(entry, "AcctSvcrRef"))[:56]


def _given(reference: str) -> str:
    return "" if reference.upper() in _NO_REFERENCE else reference


def _account(statement) -> str:
    return (_text(statement, "Acct/Id/IBAN") or _text(statement, "Acct/Id/Othr/Id"))[:40]


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if _name(child) == name)


def _find(element: Element, path: str) -> Iterator[Element]:
    """Every element at a path of names without namespaces."""
    first, _, rest = path.partition("/")
    for child in _all(element, first):
        yield from _find(child, rest) if rest else (child,)


def _first(element: Element, *paths: str) -> Element | None:
    return next((found for path in paths for found in _find(element, path)), None)


def _text(element: Element, path: str) -> str:
    found = _first(element, path)
    return _text_of(found) if found is not None else ""


def _text_of(element: Element) -> str:
    return plain(element.text)
