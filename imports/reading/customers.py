"""A customer's row: who pays, whom we speak to, where they are."""

import datetime as dt
import re
from dataclasses import dataclass

from imports.reading import Known, customer_key
from imports.rows import Row

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
    since: dt.date | None
    notes: str

    @property
    def key(self) -> str:
        """By which the row is known again."""
        return customer_key(self.number)


def read_customer(row: Row, known: Known) -> CustomerRow:
    """One customer. Raises RowRefused without number or name, or where the number came before."""
    row.number = number = row.required("number")
    if known.is_told_before("customers", customer_key(number)):
        row.refuse("number", "a number that no row before has")
    email = row.known_text("email")
    if email and not _MAIL.match(email):
        row.warnings.append(f"mail address left out: {email}")
        email = ""
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
        since=row.day("since"),
        notes=row.text("notes"),
    )
    known.customers[read.key] = number
    return read
