"""Money that an earlier file may have told in other words: a person looks, and nothing matches it twice.

A bank tells one payment differently in each format: with a number of its own or without, with the
payer's whole text or its beginning. What is surely the same is left out before (`statements`); here
is what only may be.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from contracts.bank_lines import BankLine
from contracts.models import Payment, Statement
from contracts.payers import name_key
from customers.searchkeys import serial_key

# Of a text without a payer beside it, less than this says nothing.
_SHORTEST_TEXT = 5


def mark_of(day, amount, currency, payer, reference) -> tuple:
    """By which a line without a number is known again."""
    return (day, amount, currency, serial_key(payer), serial_key(reference))


def reference_of(line: BankLine) -> str:
    """What a person reads of the line; where the payer wrote nothing, the bank's own words."""
    return (line.reference or line.text)[:200]


def mark_of_line(line: BankLine) -> tuple:
    """The same of a line of a file, as its row would keep it."""
    return mark_of(line.booked_on, abs(line.amount), line.currency, line.payer[:200], reference_of(line))


def perhaps_told(
    lines: Iterable[BankLine],
    written: Iterable[str],
    *,
    known: list[BankLine],
    statement: Statement,
) -> list[Payment | None]:
    """For each new line the payment that it may tell again, if any; none twice. One query.

    `written` is what each line says for a contract's number, `known` are the lines of the same file that
    were told before for sure.
    """
    lines = list(lines)
    left = _told_before(lines, known, statement)
    found = []
    for line, number in zip(lines, written, strict=True):
        alike = left[_money_of(line)]
        key = serial_key(number)
        again = next((row for row in alike if _is_likely_same(line, key, row, statement)), None)
        if again is not None:
            alike.remove(again)
        found.append(again)
    return found


def _told_before(lines, known, statement) -> dict[tuple, list[Payment]]:
    """Payments of other files by day and amount, without those that a known line of this file tells."""
    if not lines:
        return defaultdict(list)
    rows = Payment.objects.filter(
        statement__isnull=False,
        part_of__isnull=True,
        paid_on__in={line.booked_on for line in lines},
        amount__in={line.amount for line in lines},
    )
    numbers = {line.number for line in known if line.number}
    marks = Counter(mark_of_line(line) for line in known)
    left = defaultdict(list)
    for row in rows.exclude(statement=statement).select_related("statement").order_by("pk"):
        mark = mark_of(row.paid_on, row.amount, row.currency, row.payer, row.reference)
        if marks[mark] > 0:
            marks[mark] -= 1
        elif not (row.number and row.number in numbers):
            left[row.paid_on, row.amount, row.currency].append(row)
    return left


def _money_of(line: BankLine) -> tuple:
    return line.booked_on, line.amount, line.currency


def _is_likely_same(line: BankLine, number_key: str, row: Payment, statement: Statement) -> bool:
    if not _may_differ(line, row, statement):
        return False
    if number_key and row.written_key and number_key != row.written_key:
        return False
    said, told = serial_key(reference_of(line)), serial_key(row.reference)
    if line.payer.strip() and row.payer.strip():
        return name_key(line.payer) == name_key(row.payer)
    short, long = sorted((said, told), key=len)
    return len(short) >= _SHORTEST_TEXT and short in long


def _may_differ(line: BankLine, row: Payment, statement: Statement) -> bool:
    """Whether two files may tell one payment differently: not with two numbers, nor of two accounts.

    Two files of one format without numbers tell it alike.
    """
    if line.number and row.number:
        return False
    accounts = {statement.account, row.statement.account} - {""}
    if len(accounts) > 1:
        return False
    return bool(line.number or row.number) or statement.format != row.statement.format
