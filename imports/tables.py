"""The tables a dealer's export consists of, and what each column holds.

How columns are called stands in `headings.toml`, in five languages.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from customers.searchkeys import folded

# What a column holds: a number names its own row, a reference names another table's.
NUMBER, REFERENCE, TEXT, PHONE, MAIL = "number", "reference", "text", "phone", "mail"
DAY, MOMENT, MONEY, COUNT, WORD = "day", "moment", "money", "count", "word"

_MARKS = re.compile(r"[^a-z0-9]+")
_JOINTS = ("", "de", "du", "del", "des", "van")
_NUMBER_WORDS = (
    "no",
    "nr",
    "num",
    "number",
    "id",
    "code",
    "cod",
    "key",
    "nummer",
    "numero",
    "numer",
    "ident",
    "ref",
)


def heading_key(heading: str) -> str:
    """How a heading is compared: "Kunden-Nr." is "kundennr", "Geräte" and "Geraete" are one."""
    plain = folded(heading.replace("#", " no ").replace("°", "o").replace("№", "no"))
    return _MARKS.sub("", plain).replace("ae", "a").replace("oe", "o").replace("ue", "u")


@dataclass(frozen=True)
class Field:
    """One column: its name, what it holds, and the longest text it may hold."""

    name: str
    holds: str
    longest: int = 40
    required: bool = False
    # Of which things' numbers its heading may speak: "customer" for "Cust #", "Kundennr", "n° client".
    numbers: str = ""


@dataclass(frozen=True)
class Table:
    """One table and its fields, in the order in which a heading may choose among them."""

    name: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    @property
    def required(self) -> list[str]:
        """Names of the fields without which a row says nothing."""
        return [field.name for field in self.fields if field.required]

    def headings(self, field: Field) -> frozenset[str]:
        """The keys of every heading by which a field is known."""
        return _HEADINGS[self.name, field.name]

    @property
    def words(self) -> frozenset[str]:
        """The keys of the words by which files and headings call the table."""
        return _keys(_SPELLINGS["words"][self.name])


CUSTOMERS = Table(
    "customers",
    (
        Field("number", NUMBER, 40, required=True, numbers="customer"),
        Field("name", TEXT, 200, required=True),
        Field("contact", TEXT, 200),
        Field("phone", PHONE, 60),
        Field("phone2", PHONE, 60),
        Field("email", MAIL, 254),
        Field("street", TEXT, 200),
        Field("city", TEXT, 120),
        Field("postcode", TEXT, 20),
        Field("latitude", TEXT, 40),
        Field("longitude", TEXT, 40),
        Field("language", WORD),
        Field("since", DAY),
        Field("notes", TEXT, 20_000),
    ),
)
EQUIPMENT = Table(
    "equipment",
    (
        Field("serial", NUMBER, 80, required=True, numbers="serial"),
        Field("customer", REFERENCE, 40, required=True, numbers="customer"),
        Field("make", TEXT, 80),
        Field("model", TEXT, 120),
        Field("location", TEXT, 120),
        Field("installed", DAY),
        Field("warranty_end", DAY),
    ),
)
CONTRACTS = Table(
    "contracts",
    (
        Field("number", NUMBER, 60, required=True, numbers="contract"),
        Field("customer", REFERENCE, 40, required=True, numbers="customer"),
        Field("kind", TEXT, 120),
        Field("start", DAY, required=True),
        Field("end", DAY, required=True),
        Field("status", WORD),
        Field("cancelled_on", DAY),
        Field("visits", COUNT),
        Field("response_hours", COUNT),
        Field("price", MONEY),
        Field("serials", TEXT, 20_000, numbers="serial"),
    ),
)
PAYMENTS = Table(
    "payments",
    (
        Field("number", NUMBER, 60, numbers="payment"),
        Field("date", DAY, required=True),
        Field("amount", MONEY, required=True),
        Field("method", TEXT, 40),
        Field("reference", TEXT, 200),
        Field("contract", REFERENCE, 120, numbers="contract"),
        Field("customer", REFERENCE, 40, numbers="customer"),
        Field("payer", TEXT, 200),
    ),
)
VISITS = Table(
    "visits",
    (
        Field("number", NUMBER, 60, required=True, numbers="visit"),
        Field("customer", REFERENCE, 40, numbers="customer"),
        Field("serial", REFERENCE, 80, numbers="serial"),
        Field("technician", TEXT, 120),
        Field("reported", MOMENT),
        Field("day", DAY),
        Field("from", MOMENT, required=True),
        Field("to", MOMENT),
        Field("arrived", MOMENT),
        Field("completed", MOMENT),
        Field("status", WORD),
        Field("kind", WORD),
        Field("work", TEXT, 20_000),
        Field("parts", TEXT, 2_000),
    ),
)
RECOMMENDATIONS = Table(
    "recommendations",
    (
        Field("visit", REFERENCE, 60, numbers="visit"),
        Field("serial", REFERENCE, 80, required=True, numbers="serial"),
        Field("date", DAY, required=True),
        Field("severity", WORD),
        Field("text", TEXT, 300, required=True),
        Field("estimate", MONEY),
        Field("signed_by", TEXT, 120),
        Field("done", DAY),
    ),
)
CALLS = Table(
    "calls",
    (
        Field("at", MOMENT, required=True),
        Field("customer", REFERENCE, 40, required=True, numbers="customer"),
        Field("contract", REFERENCE, 120, numbers="contract"),
        Field("taken_by", TEXT, 120),
        Field("kind", WORD, required=True),
        Field("text", TEXT, 20_000),
        Field("promise_by", MOMENT),
    ),
)
# A bank's statement or a bookkeeping's list of receipts: no table of an export, read by `imports.bank`.
BANK = Table(
    "bank",
    (
        Field("number", NUMBER, 60, numbers="payment"),
        Field("date", DAY, required=True),
        Field("value_date", DAY),
        Field("amount", MONEY),
        Field("credit", MONEY),
        Field("debit", MONEY),
        Field("flag", WORD),
        Field("currency", TEXT, 20),
        Field("contract", REFERENCE, 2_000, numbers="contract"),
        Field("payer", TEXT, 2_000),
        Field("reference", TEXT, 2_000),
        Field("text", TEXT, 2_000),
        Field("end_to_end", TEXT, 2_000),
        Field("method", TEXT, 2_000),
    ),
)

# In the order in which they are read: what others point at comes first.
TABLES = {
    table.name: table for table in (CUSTOMERS, EQUIPMENT, CONTRACTS, PAYMENTS, VISITS, RECOMMENDATIONS, CALLS)
}


def _keys(words: str) -> frozenset[str]:
    return frozenset(heading_key(word) for word in words.split())


def _spelled(table: Table, field: Field) -> frozenset[str]:
    """The words that stand for a field, and for numbers each way to say "number of a thing"."""
    found = set(_keys(_SPELLINGS[table.name].get(field.name, "")))
    if field.numbers:
        found |= _keys(_SPELLINGS["numbers"][f"{field.numbers}_alone"])
        for thing in _keys(_SPELLINGS["numbers"][field.numbers]):
            for word in _NUMBER_WORDS:
                number = heading_key(word)
                found |= {thing + number, *(f"{number}{joint}{thing}" for joint in _JOINTS)}
    return frozenset(found)


_SPELLINGS = tomllib.loads(Path(__file__).with_name("headings.toml").read_text(encoding="utf-8"))
_HEADINGS = {
    (table.name, field.name): _spelled(table, field)
    for table in (*TABLES.values(), BANK)
    for field in table.fields
}
