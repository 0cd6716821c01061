"""Technicians and spare parts that an export knows by name only."""

from imports.loading.desk import insert
from imports.reading.visits import VisitRow
from visits.models import Part, Technician


def technicians_named(rows: list[VisitRow]) -> dict[str, int]:
    """Where each technician's name leads; one we do not know yet is made, without a sign-in."""
    names = {row.technician.casefold(): row.technician for row in rows if row.technician}
    here = {name.casefold(): pk for name, pk in Technician.objects.values_list("name", "pk")}
    new = [Technician(name=name) for key, name in names.items() if key not in here]
    insert(new)
    return here | {technician.name.casefold(): technician.pk for technician in new}


def parts_named(rows: list[VisitRow]) -> dict[str, int]:
    """Where each part's name leads; the export tells no number, so the name is the number."""
    names = {name.casefold(): name for row in rows for name in part_names(row)}
    here = {number.casefold(): pk for number, pk in Part.objects.values_list("number", "pk")}
    new = [Part(number=name, name=name) for key, name in names.items() if key not in here]
    insert(new)
    return here | {part.number.casefold(): part.pk for part in new}


def part_names(row: VisitRow) -> list[str]:
    """The parts that a visit's row names, each once however it is capitalised."""
    pieces = (piece.strip()[:60] for piece in row.parts.replace("|", ";").replace("\n", ";").split(";"))
    return list({piece.casefold(): piece for piece in pieces if piece}.values())
