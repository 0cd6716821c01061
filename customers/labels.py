"""Labels on machines: a code that opens the machine's page for staff, and booking for the customer (R2.7).

A label's token has no end. We keep its hash only, so that a label that is printed again has a new
token; those that were printed before go on until somebody ends them.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import segno
from django.db import transaction
from django.db.models import Exists, OuterRef

from customers.changing import one_line
from customers.links import link_address, make_links, revoke_links
from customers.models import CustomerLink, Equipment, TimelineEntry
from customers.timeline import add_line, add_lines
from tenancy.desk_settings import SettingRefused

# Four sheets of 24.
MOST_AT_ONCE = 96


@dataclass(frozen=True)
class Code:
    """A QR code to draw: how many modules wide, with its quiet border, and the path of its dark ones."""

    size: int
    path: str


@dataclass(frozen=True)
class Label:
    """What is printed for one machine."""

    machine: Equipment
    address: str
    code: Code


def in_use():
    """Every machine that may have a label, with the customer whose it is."""
    return Equipment.objects.filter(retired_on__isnull=True).select_related("site__customer")


def with_label(machines):
    """The machines, each knowing as `has_label` whether a label of it is open."""
    return machines.annotate(has_label=Exists(_open_links().filter(subject=OuterRef("public_id"))))


def labels_of(machine: Equipment):
    """The open labels of a machine, the newest first."""
    return _open_links().filter(subject=machine.public_id).order_by("-made_at", "-pk")


@transaction.atomic
def print_labels(machines: Iterable[Equipment], *, by, now: dt.datetime) -> list[Label]:
    """New labels, each with a token of its own; labels from before stay open: four statements."""
    machines = list(machines)
    if len(machines) > MOST_AT_ONCE:
        raise SettingRefused("machine", f"Print at most {MOST_AT_ONCE} labels at once.")
    whose = [(machine.site.customer, machine.public_id) for machine in machines]
    tokens = make_links(whose, CustomerLink.Purpose.LABEL, now=now, expires_at=None)
    add_lines(
        TimelineEntry(
            customer=machine.site.customer,
            kind=TimelineEntry.Kind.NOTE,
            title=f"Label printed: {machine}"[:200],
            at=now,
            actor=by,
        )
        for machine in machines
    )
    addresses = [link_address(token) for token in tokens]
    return [
        Label(machine, address, code_of(address))
        for machine, address in zip(machines, addresses, strict=True)
    ]


@transaction.atomic
def end_labels(machine: Equipment, *, because: str, by, now: dt.datetime) -> int:
    """End every label of a machine at once; how many were open. Raises SettingRefused without a reason."""
    because = one_line(because)[:200]
    if not because:
        raise SettingRefused("because", "Write why: “The label was torn off”.")
    ended = revoke_links(machine.public_id, now=now, purpose=CustomerLink.Purpose.LABEL)
    if ended:
        said = f"Label ended: {machine}"
        add_line(machine.site.customer, TimelineEntry.Kind.NOTE, said, at=now, detail=because, actor=by)
    return ended


def code_of(address: str) -> Code:
    """The QR code of an address; a quarter of it may be dirty and it still reads."""
    code = segno.make(address, error="q", micro=False)
    border = code.default_border_size
    rows = list(code.matrix_iter(border=border))
    path = "".join(
        f"M{start} {place}h{length}v1h-{length}z"
        for place, row in enumerate(rows)
        for start, length in _runs(row)
    )
    return Code(size=len(rows), path=path)


def _runs(row: Iterable[int]):
    """Where dark modules begin in a row, and how many follow each other."""
    start = None
    for place, is_dark in enumerate([*row, 0]):
        if is_dark and start is None:
            start = place
        elif not is_dark and start is not None:
            yield start, place - start
            start = None


def _open_links():
    return CustomerLink.objects.filter(purpose=CustomerLink.Purpose.LABEL, revoked_at__isnull=True)
