"""Parts used, as they are typed on the finish page."""

import datetime as dt
import uuid
from dataclasses import dataclass, field

from django.http import QueryDict

from contracts.cover import covers_of_machines
from customers.models import Equipment
from visits.models import Part, Technician, Visit
from visits.parts import UnknownPart, is_covered, part_numbered, parts_in_van, parts_to_bring, supplies

MOST_PARTS = 8
MOST_OF_ONE = 99
PART = "part-"


@dataclass
class PartLine:
    """One part on the page, with how many were used; `shown` is what stands in its field."""

    part: Part
    where: str
    is_covered: bool
    quantity: int
    shown: str

    @property
    def place(self) -> str:
        """The name of its field, and its id."""
        return _place(self.part)


@dataclass
class TypedParts:
    """What was typed; `errors` says what is no count or no part, each with the id of its place."""

    counts: dict[Part, int] = field(default_factory=dict)
    shown: dict[Part, str] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)


def read_parts(data: QueryDict | None) -> TypedParts:
    """How many of each part, and of the one that is added by its number."""
    typed = TypedParts()
    if data is None:
        return typed
    said = {_uuid(name.removeprefix(PART)): data[name] for name in data if name.startswith(PART)}
    for part in Part.objects.filter(public_id__in=[public_id for public_id in said if public_id]):
        words = said[part.public_id].strip()
        count = _count(words or "0")
        if count is None:
            typed.errors.append((_place(part), f"{part}: write how many, from 0 to {MOST_OF_ONE}."))
        typed.counts[part], typed.shown[part] = count or 0, words
    number = data.get("extra_number", "").strip()
    if number:
        _add_part(typed, number, data.get("extra_quantity", "").strip() or "1")
    return typed


def part_lines(
    visit: Visit,
    technician: Technician | None,
    machines: list[Equipment],
    typed: TypedParts,
    *,
    day: dt.date,
    now: dt.datetime,
) -> list[PartLine]:
    """What is usual for the model first, then what lies in the van, then what else was typed."""
    usual = [supply.part for supply in parts_to_bring(visit, technician, now=now)]
    van = [supply.part for supply in parts_in_van(technician)]
    parts = list(dict.fromkeys([*usual, *van]))[:MOST_PARTS]
    parts += [part for part in typed.counts if part not in parts]
    covers = covers_of_machines(machines, day)
    return [
        PartLine(
            supply.part,
            supply.where,
            is_covered(supply.part, covers),
            typed.counts.get(supply.part, 0),
            typed.shown.get(supply.part, "0"),
        )
        for supply in supplies(parts, technician)
    ]


def _add_part(typed: TypedParts, number: str, words: str) -> None:
    """The count first: while it is none, the number stays in its field and is looked up later."""
    count = _count(words)
    if not count:
        typed.errors.append(("extra_quantity", f"Write how many, from 1 to {MOST_OF_ONE}."))
        return
    try:
        part = part_numbered(number)
    except UnknownPart as unknown:
        typed.errors.append(("extra_number", str(unknown)))
        return
    total = typed.counts.get(part, 0) + count
    if total > MOST_OF_ONE:
        typed.errors.append(("extra_quantity", f"{MOST_OF_ONE} of a part at most."))
        return
    typed.counts[part], typed.shown[part] = total, str(total)


def _count(words: str) -> int | None:
    """A number of parts; None for what is none, or more than anybody uses."""
    is_count = words.isdecimal() and len(words) <= len(str(MOST_OF_ONE))
    return int(words) if is_count else None


def _place(part: Part) -> str:
    return f"{PART}{part.public_id}"


def _uuid(words: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(words)
    except ValueError:
        return None
