"""The register of parts: each with how many lie in vans and at depots, and the ledger of one."""

import uuid
from dataclasses import dataclass

from django.db.models import F, Prefetch, Q

from visits.models import Part, StockMove, VanStock


@dataclass(frozen=True)
class PartPage:
    """Some parts with their `shelves`, and the cursor after which the next stand; empty on the last page."""

    rows: list[Part]
    after: str


@dataclass(frozen=True)
class LedgerPage:
    """Some lines of a part's ledger, and the cursor before which the older ones stand; empty at the end."""

    lines: list[StockMove]
    before: str


def parts_page(words: str = "", *, after: str = "", size: int) -> PartPage:
    """Parts whose number or name has all these words, by number: two queries and one for the cursor."""
    lying = VanStock.objects.filter(quantity__gt=0).select_related("technician")
    in_order = lying.order_by(F("technician__name").asc(nulls_first=True), "place")
    rows = Part.objects.prefetch_related(Prefetch("stock", in_order, to_attr="shelves"))
    for word in words.split():
        rows = rows.filter(Q(number__icontains=word) | Q(name__icontains=word))
    last = _cursor(Part, after)
    if last is not None:
        rows = rows.filter(number__gt=last.number)
    found = list(rows.order_by("number")[: size + 1])
    return PartPage(found[:size], str(found[size - 1].public_id) if len(found) > size else "")


def ledger_page(part: Part, *, before: str = "", size: int) -> LedgerPage:
    """What came, went and was counted of a part, the newest first: one query and one for the cursor."""
    lines = part.moves.select_related("source__technician", "target__technician", "visit", "by__user")
    last = _cursor(StockMove, before)
    if last is not None:
        lines = lines.filter(pk__lt=last.pk)
    found = list(lines.order_by("-pk")[: size + 1])
    return LedgerPage(found[:size], str(found[size - 1].public_id) if len(found) > size else "")


def add_part(*, number: str, name: str, price) -> Part | None:
    """A new part; None where its number is taken, however it is capitalised."""
    number, name = " ".join(number.split()), " ".join(name.split())
    if Part.objects.filter(number__iexact=number).exists():
        return None
    part, is_new = Part.objects.get_or_create(number=number, defaults={"name": name, "price": price})
    return part if is_new else None


def line_in_words(line: StockMove) -> str:
    """A line of the ledger: "1 moved from Depot, shelf 14 to Lou’s van"."""
    number = line.quantity
    if line.kind == StockMove.Kind.MOVED:
        return f"{number} moved from {line.source} to {line.target}"
    if line.kind == StockMove.Kind.RECEIVED:
        return f"{number} received, {line.target}"
    if line.kind == StockMove.Kind.USED:
        return f"{number} used from {line.source}"
    if line.kind == StockMove.Kind.SHORT:
        return f"{number} more taken than {line.target} had in the books"
    if line.target_id:
        return f"{number} more counted, {line.target}"
    return f"{number} fewer counted, {line.source}"


def _cursor(model, public_id: str):
    try:
        return model.objects.filter(public_id=uuid.UUID(public_id)).first()
    except ValueError:
        return None
