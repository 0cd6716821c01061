"""A machine's row: its serial number and whose it is."""

import datetime as dt
from dataclasses import dataclass

from imports.reading import Known, customer_key, machine_key
from imports.refusals import UNKNOWN_CUSTOMER
from imports.rows import Row


@dataclass(frozen=True)
class EquipmentRow:
    """What the export says of one machine."""

    line: int
    serial: str
    customer: str
    make: str
    model: str
    location: str
    installed: dt.date | None
    warranty_end: dt.date | None

    @property
    def key(self) -> str:
        """By which the row is known again."""
        return machine_key(self.serial)


def read_equipment(row: Row, known: Known) -> EquipmentRow:
    """One machine. Raises RowRefused without a serial number of its own, or for an unknown customer."""
    row.number = serial = row.required("serial")
    if not machine_key(serial):
        row.refuse("serial", "a serial number with letters or digits")
    if known.is_told_before("equipment", machine_key(serial)):
        row.refuse("serial", "a serial number that no row before has")
    customer = row.required("customer")
    if customer_key(customer) not in known.customers:
        row.refuse("customer", "the number of a customer that came in", reason=UNKNOWN_CUSTOMER)
    read = EquipmentRow(
        line=row.line,
        serial=serial,
        customer=known.customers[customer_key(customer)],
        make=row.known_text("make"),
        model=row.known_text("model"),
        location=row.known_text("location"),
        installed=row.day("installed"),
        warranty_end=row.day("warranty_end"),
    )
    known.machines[read.key] = read.customer
    return read
