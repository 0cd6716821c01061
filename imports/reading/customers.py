"""A customer's row: who pays, whom we speak to, where they are."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from customers.positions import Position, read_position
from imports.reading import Known, customer_key
from imports.rows import Row
from imports.words import Vocabulary

_MAIL = re.compile(r"^[^@\s]+@[^@\s]+$")


@dataclass(frozen=True)
class CustomerRow:
    """What the export says of one customer."""

    line: int
    number: str
    name: str
    contact: str
    phone: str
    phone2: str
    email: str
    street: str
    city: str
    postcode: str
    # In degrees; both or neither.
    latitude: Decimal | None
    longitude: Decimal | None
    # One that we write; empty: the desk's.
    language: str
    since: dt.date | None
    notes: str

    @property
    def key(self) -> str:
        """By which the row is known again."""
        return customer_key(self.number)


def read_customer(row: Row, known: Known, languages: Vocabulary) -> CustomerRow:
    """One customer. Raises RowRefused without number or name, or where the number came before."""
    row.number = number = row.required("number")
    if known.is_told_before("customers", customer_key(number)):
        row.refuse("number", "a number that no row before has")
    email = row.known_text("email")
    if email and not _MAIL.match(email):
        row.warnings.append(f"mail address left out: {email}")
        email = ""
    position = _position(row)
    read = CustomerRow(
        line=row.line,
        number=number,
        name=" ".join(row.required("name").split()),
        contact=" ".join(row.known_text("contact").split()),
        phone=row.known_text("phone"),
        phone2=row.known_text("phone2"),
        email=email,
        street=row.known_text("street"),
        city=row.known_text("city"),
        postcode=row.known_text("postcode"),
        latitude=position[0] if position else None,
        longitude=position[1] if position else None,
        language=_language(row, languages),
        since=row.day("since"),
        notes=row.text("notes"),
    )
    known.customers[read.key] = number
    return read


def _position(row: Row) -> Position | None:
    """Where it is; a place that cannot be is left out, as it only shortens ways."""
    written = [row.known_text(name).replace(",", ".") for name in ("latitude", "longitude")]
    # Where nothing was found some programs write nought and nought: a place in the Gulf of Guinea.
    if not any(part.strip("0.") for part in written):
        return None
    try:
        return read_position(", ".join(written))
    except ValueError:
        row.warnings.append(f"place on the map left out: {' and '.join(filter(None, written))}")
        return None


def _language(row: Row, languages: Vocabulary) -> str:
    """The language that we write; another one is told and left out."""
    meant = row.meaning("language", languages)
    if meant is None:
        row.warnings.append(f"language left out, messages will be in the desk’s: {row.text('language')}")
    return meant or ""
