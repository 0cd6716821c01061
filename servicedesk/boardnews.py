"""What changed on a board since its page last heard: only changed parts are sent.

A board's version holds a digest of each part as it was sent to that page. It is carried by the
page, so the server remembers nothing, and the answer is exact: what differs is what is sent.
"""

import datetime as dt
from dataclasses import dataclass
from zlib import crc32

from tenancy.prepared import Prepared
from visits.models import Visit

PARTS = ("frame", "tray", "tallies", "list")


@dataclass(frozen=True)
class Version:
    """When the desk last changed a visit, the minute, and a digest for each part and lane."""

    newest: str
    minute: str
    parts: dict[str, str]
    lanes: tuple[str, ...]

    def __str__(self):
        return "-".join([self.newest, self.minute, *(self.parts[name] for name in PARTS), *self.lanes])

    @classmethod
    def read(cls, text: str) -> "Version | None":
        """The version that a page carries; None for what is none."""
        words = text.split("-")
        if len(words) < 2 + len(PARTS):
            return None
        newest, minute, *rest = words
        return cls(newest, minute, dict(zip(PARTS, rest, strict=False)), tuple(rest[len(PARTS) :]))

    @classmethod
    def of(cls, *, newest: str, now: dt.datetime, parts: dict[str, object], lanes) -> "Version":
        """The version of a board, from the plain values that it draws; the list draws the lanes', too."""
        of_lanes = tuple(_digest(lane) for lane in lanes)
        parts = {**parts, "list": (of_lanes, parts["list"])}
        return cls(newest, minute_of(now), {name: _digest(parts[name]) for name in PARTS}, of_lanes)


def newest_change() -> str:
    """When a visit of the desk last changed: one look into the index `visit_by_change`.

    Asked before the board is read: what changes meanwhile is news to the next who asks.
    """
    newest = _NEWEST.rows()
    return f"{round(newest[0].timestamp() * 1_000_000):x}" if newest else "0"


_NEWEST = Prepared(lambda: Visit.objects.order_by("-changed_at").values_list("changed_at", flat=True)[:1])


def minute_of(now: dt.datetime) -> str:
    """The minute, in which the clock alone changes nothing."""
    return f"{int(now.timestamp()) // 60:x}"


def is_news(version: Version | None, *, newest: str, now: dt.datetime) -> bool:
    """Whether anything can differ from what the page shows."""
    return version is None or version.minute != minute_of(now) or version.newest != newest


def _digest(value) -> str:
    return f"{crc32(repr(value).encode()):08x}"
