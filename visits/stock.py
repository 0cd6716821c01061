"""Stock: how many of a part lie in which van or depot, and the ledger of all that changed it.

Nothing else writes VanStock or StockMove. Every change is a line of the ledger in the same
transaction, so that what came to a shelf less what left it is what lies there. Shelves are held in
the order of their keys, after the visit, where there is one (`visits.locks`).
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from visits.fieldwork import is_over
from visits.models import Part, StockMove, Technician, VanStock, Visit
from visits.places import hold_visits

Kind = StockMove.Kind
# No shelf holds more of one part; a number beyond it is a slip of the finger.
MOST = 9_999


class StockRefused(ValueError):
    """Nothing was moved; the text says why and what to do instead."""


class NotEnough(StockRefused):
    """Fewer lie on `shelf` than are to leave."""

    def __init__(self, shelf: VanStock):
        super().__init__(
            f"{shelf}: {lying_in_words(shelf)}. Somebody took it meanwhile, or it was never there."
        )
        self.shelf = shelf


class CountedMeanwhile(StockRefused):
    """The number changed since the one who counts saw it."""


@dataclass(frozen=True)
class Place:
    """A technician's van, or a place at a depot by its name."""

    technician: Technician | None = None
    name: str = ""

    def __str__(self):
        return f"{self.technician.first_name}’s van" if self.technician else self.name or "Depot"


def place_of(shelf: VanStock) -> Place:
    """Where a row of stock lies."""
    return Place(shelf.technician, shelf.place)


@transaction.atomic
def move_part(
    part: Part,
    quantity: int,
    *,
    source: Place,
    target: Place,
    by,
    now: dt.datetime,
    visit: Visit | None = None,
    reason: str = "",
    public_id: uuid.UUID | None = None,
    in_hand: bool = False,
) -> StockMove:
    """Carry a part from one place to another. Sent again with the same `public_id` it is one move.

    `in_hand`: it was carried already, for the visit, whatever the books say: what was not known to be
    there is marked for counting. Raises NotEnough otherwise, and StockRefused for a quantity below 1,
    places that are one, a `public_id` of another move, and a visit that is over.
    """
    _check(quantity)
    if source == target:
        raise StockRefused("It lies there already: choose another place.")
    held = hold_visits([visit.pk])[visit.pk] if visit is not None else None
    shelves = _hold([(part, source), (part, target)])
    known = StockMove.objects.filter(public_id=public_id).first() if public_id else None
    if known is not None:
        ends = (shelves[part, source].pk, shelves[part, target].pk)
        said = (part.pk, quantity, *ends, visit.pk if visit is not None else None)
        if said != (known.part_id, known.quantity, known.source_id, known.target_id, known.visit_id):
            raise StockRefused("Something else was moved from this page. Open it again.")
        return known
    if held is not None and is_over(held):
        raise StockRefused(f"This visit is over: {held.get_state_display().lower()}. Nothing was moved.")
    origin = shelves[part, source]
    _make_enough(origin, quantity, in_hand=in_hand, by=by, now=now, visit=visit)
    return _write(
        Kind.MOVED,
        quantity,
        origin=origin,
        goal=shelves[part, target],
        by=by,
        now=now,
        visit=visit,
        reason=reason,
        **({"public_id": public_id} if public_id else {}),
    )


@transaction.atomic
def take_back(move: StockMove, *, by, now: dt.datetime, in_hand: bool = False) -> StockMove:
    """Carry back what a move brought; a second time it stays taken back once. `in_hand` as for a move.

    Raises NotEnough where it was used meanwhile, StockRefused for what is no move.
    """
    if move.kind != Kind.MOVED or move.undoes_id:
        raise StockRefused("Only a move from one place to another is taken back.")
    if move.visit_id:
        hold_visits([move.visit_id])
    came, went = place_of(move.source), place_of(move.target)
    shelves = _hold([(move.part, came), (move.part, went)])
    known = StockMove.objects.filter(undoes=move).first()
    if known is not None:
        return known
    origin = shelves[move.part, went]
    _make_enough(origin, move.quantity, in_hand=in_hand, by=by, now=now, visit=move.visit)
    return _write(
        Kind.MOVED,
        move.quantity,
        origin=origin,
        goal=shelves[move.part, came],
        by=by,
        now=now,
        visit=move.visit,
        reason="Taken back",
        undoes=move,
    )


@transaction.atomic
def receive_part(
    part: Part, quantity: int, *, target: Place, by, now: dt.datetime, reason: str = ""
) -> StockMove:
    """Take in what was bought, or came back. Raises StockRefused for a quantity below 1."""
    _check(quantity)
    goal = _hold([(part, target)])[part, target]
    return _write(Kind.RECEIVED, quantity, goal=goal, by=by, now=now, reason=reason)


@transaction.atomic
def count_part(
    part: Part, counted: int, *, place: Place, seen: int, by, now: dt.datetime, reason: str
) -> StockMove | None:
    """Say how many lie there: the difference becomes a line. None where the number was right.

    `seen` is the number that the one who counts had before them. Raises CountedMeanwhile where it is
    another by now, StockRefused for a number below 0 or a difference without a reason.
    """
    if not 0 <= counted <= MOST:
        raise StockRefused(f"Count from 0 to {MOST:,}.")
    shelf = _hold([(part, place)])[part, place]
    if shelf.quantity != seen:
        raise CountedMeanwhile(
            f"{place}: {shelf.quantity} by now, not {seen}. Somebody moved this part while you counted. "
            "Count again."
        )
    more = counted - shelf.quantity
    if more and not reason.strip():
        raise StockRefused("Say why it is another number than before.")
    shelf.to_count_since = None
    if not more:
        shelf.save(update_fields=["to_count_since"])
        return None
    ends = {"goal": shelf} if more > 0 else {"origin": shelf}
    return _write(Kind.COUNTED, abs(more), **ends, by=by, now=now, reason=reason.strip())


def use_in_visit(
    visit: Visit, technician: Technician, used: Mapping[Part, int], *, by, now: dt.datetime
) -> None:
    """Take out of the van what a visit used. What was not known to be there is marked for counting.

    Of a van for which no stock is kept nothing is written. The caller holds the visit and the transaction.
    """
    if not used or not VanStock.objects.filter(technician=technician).exists():
        return
    van = Place(technician)
    shelves = _hold([(part, van) for part in used])
    for part in sorted(used, key=lambda part: part.pk):
        shelf = shelves[part, van]
        _make_enough(shelf, used[part], in_hand=True, by=by, now=now, visit=visit)
        _write(Kind.USED, used[part], origin=shelf, by=by, now=now, visit=visit)


def to_count() -> QuerySet[VanStock]:
    """What has to be counted, the oldest first."""
    found = VanStock.objects.filter(to_count_since__isnull=False)
    return found.select_related("part", "technician").order_by("to_count_since", "pk")


def takeable_back(visit: Visit) -> QuerySet[StockMove]:
    """What was brought into a van for this visit and not taken back, the newest first."""
    moves = StockMove.objects.filter(visit=visit, kind=Kind.MOVED, undoes=None, undone_by=None)
    return moves.select_related("source__technician", "target__technician").order_by("-pk")


def lying_in_words(shelf: VanStock) -> str:
    """ "2 left", or "none left"."""
    return f"{shelf.quantity} left" if shelf.quantity else "none left"


def disagreements() -> QuerySet[VanStock]:
    """Shelves on which another number lies than the ledger says: none, ever."""

    def total(end):
        moves = StockMove.objects.filter(**{end: OuterRef("pk")}).order_by().values(end)
        return Coalesce(Subquery(moves.annotate(total=Sum("quantity")).values("total")), 0)

    in_books = total("target") - total("source")
    return VanStock.objects.annotate(in_books=in_books).exclude(quantity=F("in_books"))


def _hold(wanted: Iterable[tuple[Part, Place]]) -> dict[tuple[Part, Place], VanStock]:
    """These shelves until the commit, made where there was none. New ones first: in one order, too."""
    once = sorted(set(wanted), key=_order)
    VanStock.objects.bulk_create(
        (
            VanStock(part=part, technician=place.technician, place=place.name, quantity=0)
            for part, place in once
        ),
        ignore_conflicts=True,
    )
    chosen = Q()
    for part, place in once:
        technician = Q(technician=place.technician) if place.technician else Q(technician__isnull=True)
        chosen |= Q(part=part, place=place.name) & technician
    rows = VanStock.objects.select_for_update(of=("self",), no_key=True).filter(chosen).order_by("pk")
    found = {(row.part_id, row.technician_id, row.place): row for row in rows}
    return {(part, place): found[_key(part, place)] for part, place in once}


def _key(part, place):
    return part.pk, place.technician.pk if place.technician else None, place.name


def _order(wanted):
    part, place = wanted
    return part.pk, place.technician.pk if place.technician else 0, place.name


def _check(quantity):
    if not 1 <= quantity <= MOST:
        raise StockRefused(f"Write how many: from 1 to {MOST:,}.")


def _make_enough(shelf, quantity, *, in_hand, by, now, visit):
    """What left in somebody's hand was there: the books were wrong, and somebody has to count."""
    lacking = quantity - shelf.quantity
    if lacking <= 0:
        return
    if not in_hand:
        raise NotEnough(shelf)
    shelf.to_count_since = shelf.to_count_since or now
    _write(Kind.SHORT, lacking, goal=shelf, by=by, now=now, visit=visit)


def _write(kind, quantity, *, origin=None, goal=None, by, now, visit=None, reason="", **more) -> StockMove:
    """One line, and the numbers that follow from it; the shelves are held."""
    for shelf, change in ((origin, -quantity), (goal, quantity)):
        if shelf is not None:
            shelf.quantity += change
            shelf.save(update_fields=["quantity", "to_count_since"])
    return StockMove.objects.create(
        part_id=(origin or goal).part_id,
        kind=kind,
        quantity=quantity,
        source=origin,
        target=goal,
        visit=visit,
        at=now,
        by=by,
        reason=reason,
        **more,
    )
