"""Machines, each at its customer's site."""

from customers.models import Equipment
from customers.searchkeys import serial_key
from imports.loading.again import Change, compare, count, remember, take_over
from imports.loading.desk import Desk, in_batches, insert
from imports.reading import Known, customer_key
from imports.reading.equipment import EquipmentRow

TABLE = "equipment"
_ATTRIBUTES = {
    "make": "make",
    "model": "model",
    "location": "location",
    "installed": "installed_on",
    "warranty_end": "warranty_until",
}


def known_machines(known: Known) -> None:
    """Serial numbers that this desk has already, with the number of the customer where they stand."""
    machines = Equipment.objects.exclude(serial_key="").values_list("serial_key", "site__customer__number")
    for key, customer in machines:
        known.machines.setdefault(key, customer)


def load_equipment(desk: Desk, rows: list[EquipmentRow]) -> None:
    """Add new machines; take over what the export changed."""
    compared = compare(TABLE, rows, said)
    here = set(Equipment.objects.exclude(serial_key="").values_list("serial_key", flat=True))
    fresh = [row for row in compared.new if row.key not in here]
    for row in compared.new:
        if row.key in here:
            desk.warn(TABLE, row.line, f"a machine with this serial number is here already: {row.serial}")
    done = 0
    for batch in in_batches(fresh):
        insert([_machine(desk, row) for row in batch])
        done += len(batch)
        desk.say(TABLE, done, len(fresh))
    desk.machines = machines()
    updated = sum(_change(desk, change) for change in compared.changed)
    remember(desk, TABLE, compared.new, compared.changed, said)
    left = len(compared.new) - len(fresh) + len(compared.changed) - updated
    count(desk, TABLE, added=len(fresh), updated=updated, unchanged=compared.same + left)


def said(row: EquipmentRow) -> dict:
    """What the export says of a machine, by field."""
    return {
        "customer": row.customer,
        "make": row.make,
        "model": row.model,
        "location": row.location,
        "installed": row.installed,
        "warranty_end": row.warranty_end,
    }


def machines() -> dict[str, int]:
    """Where each serial number leads."""
    return dict(Equipment.objects.exclude(serial_key="").values_list("serial_key", "pk"))


def _machine(desk: Desk, row: EquipmentRow) -> Equipment:
    return Equipment(
        site_id=desk.places[customer_key(row.customer)].site,
        serial_number=row.serial,
        serial_key=serial_key(row.serial),
        make=row.make,
        model=row.model,
        location=row.location,
        installed_on=row.installed,
        warranty_until=row.warranty_end,
    )


def _change(desk: Desk, change: Change) -> int:
    machine = Equipment.objects.select_related("site__customer").get(pk=desk.machines[change.row.key])
    taken, kept = take_over(machine, change.values, _ATTRIBUTES)
    if "customer" in change.values:
        before, after = change.values["customer"]
        if customer_key(machine.site.customer.number) == customer_key(before or ""):
            machine.site_id = desk.places[customer_key(after)].site
            taken.append("site")
        else:
            kept.append("customer")
    if taken:
        machine.save(update_fields=taken)
    for name in kept:
        after = change.values[name][1]
        desk.warn(TABLE, change.row.line, f"{name} was changed here and stays: the export says {after!r}")
    count(desk, TABLE, kept=len(kept))
    return 1 if taken else 0
