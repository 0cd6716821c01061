"""What a bank's file says, whatever its format: the lines that were read, and those that could not be."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class BankLine:
    """One booked line. `amount` is above nothing for money in and below it for money out.

    `number` is the bank's own, empty where it gives none. `booked_on` is the bank's day. `contract`
    is what stands in a column of contract numbers; most files have none. `place` says where in the
    file the line stands.
    """

    number: str
    booked_on: dt.date
    amount: Decimal
    currency: str
    payer: str = ""
    reference: str = ""
    text: str = ""
    is_return: bool = False
    contract: str = ""
    place: str = ""


@dataclass(frozen=True)
class RefusedLine:
    """A line that could not be read: where it stands, what is written there, what was expected."""

    where: str
    found: str
    expected: str


@dataclass
class BankFile:
    """One file as it was read. `format` is one of Statement.Format; `pending` lines are not booked yet."""

    format: str
    account: str = ""
    lines: list[BankLine] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    pending: int = 0
    # How it was read where that had to be found out, in sentences.
    assumed: list[str] = field(default_factory=list)
