"""Adding a machine, changing what we know of it, retiring it, and taking it back (R7.3).

Of two who change the same at once the second is told; each change is one line of the time line.
"""

import datetime as dt

from django.db import transaction

from customers.changing import CHANGED, one_line, seen_of_row, write_changes
from customers.editing import locked_customer, may_change
from customers.models import Equipment, Site, TimelineEntry
from customers.searchkeys import serial_key
from customers.timeline import add_line
from tenancy.calendars import local_day, zone_of
from tenancy.constraints import told_as
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused

# What a page shows, in its order, and how the time line calls it.
MACHINE = {
    "make": "Make",
    "model": "Model",
    "kind": "What it is",
    "serial_number": "Serial number",
    "site": "Where",
    "location": "Place there",
    "installed_on": "Installed",
    "warranty_until": "Warranty until",
}
KNOWN_SERIAL = "We look after a machine with this serial number already."


def seen_of_machine(machine: Equipment) -> str:
    """What a page saw of a machine, in a few letters: the same again as long as nobody changed it."""
    return seen_of_row(machine, MACHINE)


@transaction.atomic
def add_machine(
    site: Site,
    *,
    make: str = "",
    model: str = "",
    kind: str = "",
    serial_number: str = "",
    location: str = "",
    installed_on: dt.date | None = None,
    warranty_until: dt.date | None = None,
    external_number: str = "",
) -> Equipment:
    """A machine that we look after from now on; whoever works here may add one.

    `external_number` is the one by which an older system knows it. Raises SettingRefused for a value that
    cannot be, and for a serial number or a number there that stands elsewhere.
    """
    words = {"make": make, "model": model, "kind": kind, "serial_number": serial_number, "location": location}
    values = {
        **{field: one_line(said) for field, said in words.items()},
        "site": site,
        "installed_on": installed_on,
        "warranty_until": warranty_until,
    }
    _check(Equipment(site=site), values)
    # Whoever adds the same at the same moment is told in the same words.
    known = SettingRefused("serial_number", KNOWN_SERIAL)
    number = one_line(external_number)
    with (
        _number_once(number),
        told_as(lambda: known, constraint="equipment_serial_once"),
    ):
        return Equipment.objects.create(**values, external_number=number)


@transaction.atomic
def take_number(machine: Equipment, number: str, *, by) -> None:
    """The number by which an older system knows a machine that came to us without one.

    Raises PermissionDenied, and SettingRefused where it has another, or another machine has this one.
    """
    may_change(by)
    locked, number = _locked(machine), one_line(number)
    if locked.external_number not in ("", number):
        raise SettingRefused("external_number", f"It has the number {locked.external_number} already.")
    locked.external_number = number
    with _number_once(number):
        locked.save(update_fields=["external_number"])


@transaction.atomic
def change_machine(
    machine: Equipment,
    *,
    seen: str,
    make: str,
    model: str,
    kind: str,
    serial_number: str,
    site: Site,
    location: str,
    installed_on: dt.date | None,
    warranty_until: dt.date | None,
    by,
    now: dt.datetime,
) -> list[str]:
    """Change what a machine is and where it stands; the fields that are different now.

    `seen` is `seen_of_machine` of what the caller looked at. Raises PermissionDenied, ChangedMeanwhile,
    and SettingRefused for a value that cannot be.
    """
    may_change(by)
    locked = _locked(machine)
    if seen_of_machine(locked) != seen:
        raise ChangedMeanwhile(CHANGED)
    words = {"make": make, "model": model, "kind": kind, "serial_number": serial_number, "location": location}
    values = {
        **{field: one_line(said) for field, said in words.items()},
        "site": site,
        "installed_on": installed_on,
        "warranty_until": warranty_until,
    }
    _check(locked, values)
    return write_changes(
        locked, values, f"{locked} changed", labels=MACHINE, customer=locked.site.customer, by=by, now=now
    )


@transaction.atomic
def retire_machine(machine: Equipment, *, because: str, by, now: dt.datetime) -> bool:
    """We look after it no more, from today; whether that changed anything. Its history stays.

    Raises PermissionDenied, and SettingRefused without a reason.
    """
    may_change(by)
    because = one_line(because)[:200]
    if not because:
        raise SettingRefused("because", "Write why: “Scrapped”, “Sold to the neighbours”.")
    locked = _locked(machine)
    if locked.retired_on is not None:
        return False
    locked.retired_on = local_day(now, zone_of(locked.tenant))
    locked.retired_because = because
    locked.save(update_fields=["retired_on", "retired_because"])
    _tell(locked, f"{locked} retired", because, by=by, now=now)
    return True


@transaction.atomic
def bring_back(machine: Equipment, *, by, now: dt.datetime) -> bool:
    """We look after it after all; whether that changed anything. Raises PermissionDenied."""
    may_change(by)
    locked = _locked(machine)
    if locked.retired_on is None:
        return False
    locked.retired_on, locked.retired_because = None, ""
    locked.save(update_fields=["retired_on", "retired_because"])
    _tell(locked, f"{locked} is looked after again", "", by=by, now=now)
    return True


def _locked(machine) -> Equipment:
    """The customer first, as whoever changes their places does; then the machine itself."""
    locked_customer(machine.site.customer)
    rows = Equipment.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("site__customer").get(pk=machine.pk)


def _number_once(number):
    taken = SettingRefused("external_number", f"Another machine has the number {number}.")
    return told_as(lambda: taken, constraint="equipment_external_number_once")


def _check(machine, values) -> None:
    if not any(values[field] for field in ("make", "model", "kind", "serial_number")):
        raise SettingRefused("model", "Write the model, or what it is.")
    key = serial_key(values["serial_number"])
    if key and Equipment.objects.filter(serial_key=key).exclude(pk=machine.pk).exists():
        raise SettingRefused("serial_number", KNOWN_SERIAL)
    if values["site"].customer_id != machine.site.customer_id:
        raise SettingRefused("site", "Choose a place of this customer.")
    installed, warranty = values["installed_on"], values["warranty_until"]
    if installed and warranty and warranty < installed:
        raise SettingRefused("warranty_until", "The warranty ends before the machine was installed.")


def _tell(machine, said, detail, *, by, now) -> None:
    add_line(machine.site.customer, TimelineEntry.Kind.NOTE, said, at=now, detail=detail, actor=by)
