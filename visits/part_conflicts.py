"""A part that is not where a phone saw it: both versions in words.

Only the one who stands there knows whether it was in their hand. So they are asked, and believed; then
the shelf is counted (`visits.stock`).
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tenancy.calendars import local_time
from visits.models import StockMove
from visits.stock import NotEnough, lying_in_words
from visits.stock_register import line_in_words

WORDS = "If you have it in your hand, send it: the office then counts what lies there."


@dataclass(frozen=True)
class BothVersions:
    """What the phone showed of a part, and what the ledger says now."""

    seen: str
    now: str


def both_versions(short: NotEnough, zone: ZoneInfo) -> BothVersions:
    """In words, with the line of the ledger that took the last one: one query or two."""
    shelf = short.shelf
    where = f"{shelf.part}, {shelf}"
    leaving = StockMove.objects.filter(source__pk=shelf.pk).order_by("-pk")
    last = leaving.select_related("source__technician", "target__technician", "by__user").first()
    said = [f"{where}: {lying_in_words(shelf)}"]
    if last is not None:
        at = local_time(last.at, zone)
        who = f", {last.by.name}" if last.by else ""
        said.append(f"{line_in_words(last)}{who}, {at:%A} {at.day} {at:%B}, {at:%H:%M}")
    return BothVersions(seen=f"{where}: at least 1", now=". ".join(said))
