"""Parts: what to bring for a machine, and what a visit took out of the van."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from contracts.cover import Cover
from tenancy.prepared import Among, Key, Keys, Prepared
from visits.models import Part, PartUse, Technician, VanStock, Visit
from visits.stock import use_in_visit
from visits.usual_parts import usual_parts_each


@dataclass(frozen=True)
class Supply:
    """One part, and where it lies: in the technician's van, and at which depots how many."""

    part: Part
    in_van: int = 0
    depots: tuple[VanStock, ...] = ()
    # Why it is on a list of what to bring, in words.
    why: str = ""

    @property
    def where(self) -> str:
        """In words: "2 on the van", "1, depot shelf 14", "none on the van or at the depot"."""
        if self.in_van:
            return f"{self.in_van} on the van"
        if self.depots:
            return f"{self.depots[0].quantity}, {self.depots[0]}"
        return "None on the van or at the depot"

    @property
    def depot(self) -> VanStock | None:
        """Where one is fetched: the depot's shelf with the most of it."""
        return self.depots[0] if self.depots else None

    @property
    def is_at_depot_only(self) -> bool:
        """Somebody has to fetch it first."""
        return not self.in_van and bool(self.depots)


class UnknownPart(ValueError):
    """No part has this number."""


def parts_to_bring(visit: Visit, technician: Technician | None, *, now: dt.datetime) -> list[Supply]:
    """What visits for this fault to this model usually took, the likeliest first: four queries."""
    return parts_to_bring_each([visit], technician, now=now)[visit.pk]


def parts_to_bring_each(
    visits: Iterable[Visit], technician: Technician | None, *, now: dt.datetime
) -> dict[int, list[Supply]]:
    """The same for many visits by primary key, in as many queries as for one."""
    usual = usual_parts_each(visits, now=now)
    parts = {each.part for found in usual.values() for each in found}
    lying = {supply.part: supply for supply in supplies(parts, technician)}
    return {
        visit: [replace(lying[each.part], why=each.why) for each in found] for visit, found in usual.items()
    }


def parts_in_van(technician: Technician | None) -> list[Supply]:
    """What lies in a technician's van, by part number."""
    if technician is None:
        return []
    stock = _IN_VAN.rows(technician=technician.pk)
    return [Supply(part=row.part, in_van=row.quantity) for row in stock]


_IN_VAN = Prepared(
    lambda technician: (
        VanStock.objects.filter(technician=technician, quantity__gt=0)
        .select_related("part")
        .order_by("part__number")
    ),
    technician=Key(),
)
_LYING = Prepared(
    lambda parts: VanStock.objects.filter(Among("part", parts), quantity__gt=0).order_by(
        "-quantity", "place"
    ),
    parts=Keys(),
)


def supplies(parts: Iterable[Part], technician: Technician | None) -> list[Supply]:
    """Where some parts lie: one query."""
    parts = list(parts)
    van, depots = defaultdict(int), defaultdict(list)
    for row in _LYING.rows(parts=[part.pk for part in parts]) if parts else ():
        if row.technician_id is None:
            depots[row.part_id].append(row)
        elif technician is not None and row.technician_id == technician.pk:
            van[row.part_id] += row.quantity
    return [Supply(part=part, in_van=van[part.pk], depots=tuple(depots[part.pk])) for part in parts]


def part_numbered(number: str) -> Part:
    """The part with this number, however it is capitalised. Raises UnknownPart."""
    # A null byte is no letter, and the database refuses to look for one.
    number = number.replace("\0", "").strip()
    part = Part.objects.filter(number__iexact=number).first()
    if part is None:
        raise UnknownPart(f"No part has the number “{number}”. Look at the label again.")
    return part


def is_covered(part: Part, covers: Iterable[Cover]) -> bool:
    """Whether a contract pays for the part: one covers the machine, and does not leave this part out."""
    name = part.name.lower()
    return any(cover.is_covered and not (_left_out(cover) & _stems(name)) for cover in covers)


def use_parts(
    visit: Visit,
    technician: Technician | None,
    used: dict[Part, int],
    covers: list[Cover],
    *,
    by,
    now: dt.datetime,
) -> list[PartUse]:
    """Record what the visit took, and take it out of the van (`visits.stock`).

    The caller holds the visit and the transaction. Quantities are at least 1.
    """
    uses = PartUse.objects.bulk_create(
        PartUse(visit=visit, part=part, quantity=quantity, is_covered=is_covered(part, covers))
        for part, quantity in used.items()
    )
    if technician is not None:
        use_in_visit(visit, technician, used, by=by, now=now)
    return uses


def _left_out(cover: Cover) -> set[str]:
    return _stems(cover.not_covered.lower())


def _stems(words: str) -> set[str]:
    """Words without their plural's s, so that "drums" leaves out a "drum unit"."""
    return {word.strip(".,;()").rstrip("s") for word in words.split() if len(word) > 2}
