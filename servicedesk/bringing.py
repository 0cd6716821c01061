"""The bring list of a brief: what to bring, why, and what can be taken along or put back with one tap."""

import uuid
from dataclasses import dataclass

from tenancy.prepared import Key, Prepared
from visits.models import StockMove, Technician, VanStock, Visit
from visits.parts import Supply
from visits.stock import takeable_back


@dataclass(frozen=True)
class Bring:
    """One line of the list."""

    supply: Supply
    # What was taken along for this visit, the last; it can be put back.
    taken: StockMove | None
    # Where one is taken from, or put back; None where neither can be done.
    shelf: VanStock | None
    # Of what was taken; else of the move to come, so that two taps take one.
    move_id: uuid.UUID


def bring_list(
    visit: Visit, technician: Technician | None, supplies: list[Supply], *, may_take: bool
) -> list[Bring]:
    """The lines in the order of the supplies: one query."""
    may_take = may_take and technician is not None
    taken: dict[int, StockMove] = {}
    for move in _TAKEN.rows(visit=visit.pk, technician=technician.pk) if may_take else ():
        taken.setdefault(move.part_id, move)
    return [
        _line(supply, taken.get(supply.part.pk) if supply.in_van else None, may_take) for supply in supplies
    ]


_TAKEN = Prepared(
    lambda visit, technician: takeable_back(visit).filter(target__technician=technician),
    visit=Key(),
    technician=Key(),
)


def _line(supply, taken, may_take) -> Bring:
    if taken is not None:
        return Bring(supply, taken, taken.source, taken.public_id)
    shelf = supply.depot if may_take and supply.is_at_depot_only else None
    return Bring(supply, None, shelf, uuid.uuid4())
