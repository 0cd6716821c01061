"""Settings that take the place of visits: which of them somebody was shown, and what is said afterwards."""

import uuid
from contextlib import suppress

from django.http import QueryDict


def known_visits(data: QueryDict) -> set[uuid.UUID]:
    """The visits that the page named when it asked: sent back with the form, they are known."""
    known = set()
    for written in data.getlist("known"):
        with suppress(ValueError):
            known.add(uuid.UUID(written))
    return known


def needs_places(visits: int) -> str:
    """What is said once so many visits have lost their place."""
    they = "1 visit needs" if visits == 1 else f"{visits} visits need"
    return f"Saved. {they} another place: the board asks a dispatcher for it."
