"""How a page answers a move that was refused: somebody was quicker, or it cannot be."""

from visits.places import MoveRefused, PlaceTaken, VisitChanged


def status_of(refused: MoveRefused) -> int:
    """409 where the visit or the time is no more as the page showed it, 422 for what cannot be."""
    return 409 if isinstance(refused, VisitChanged | PlaceTaken) else 422
