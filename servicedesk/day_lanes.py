"""The lanes of a day as plain values, and how they are drawn: hours of the wall clock, rows of blocks.

Hours are the desk's wall clock, so that a day of 23 or 25 hours is drawn as its people live it.
"""

import datetime as dt
from math import ceil, floor
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tenancy.calendars import local_time

# Shown when the desk works not at all on a day: something must be drawn.
IDLE_HOURS = (8, 18)


class Placed(NamedTuple):
    """One visit in one lane, ready to draw; hours are the desk's wall clock."""

    id: str
    url: str
    customer: str
    technician: str
    starts: str
    ends: str
    starts_at: dt.datetime
    a: float
    b: float
    word: str
    tone: str
    icon: str
    block: str
    what: str
    is_raising: bool
    version: int | None
    # With whom somebody goes, where two or more do.
    beside: str = ""
    row: int = 0
    rows: int = 1
    # A bar lies below it: the visit before runs into it.
    is_short: bool = False

    @property
    def place(self) -> str:
        """Where it is drawn, in the stylesheet's words."""
        shared = f";--row:{self.row};--rows:{self.rows}" if self.rows > 1 else ""
        return f"--a:{self.a:g};--b:{self.b:g}{shared}"

    @property
    def name(self) -> str:
        """What is heard of it: time, customer, technician, how it stands."""
        raising = ", something must be raised" if self.is_raising else ""
        who = f"{self.technician} with {self.beside}" if self.beside else self.technician
        return f"{self.starts} to {self.ends}, {self.customer}, {who}, {self.word.lower()}{raising}"


class Lane(NamedTuple):
    """A technician's day."""

    id: str
    name: str
    first_name: str
    says: str
    is_warning: bool
    load: int
    skills: str
    # Why the whole day is off; empty when it is not.
    off: str
    spans_off: tuple[tuple[float, float], ...]
    overs: tuple[tuple[float, float], ...]
    placed: tuple[Placed, ...]


def hour_of(instant: dt.datetime, day: dt.date, zone: ZoneInfo) -> float:
    """The wall clock of `day` in hours; before midnight it is less than 0, after the next more than 24."""
    local = local_time(instant, zone)
    hours = (local.date() - day).days * 24 + local.hour + local.minute / 60 + local.second / 3600
    return round(hours, 3)


def in_rows(placed: list[Placed]) -> list[Placed]:
    """Blocks that overlap (a miss, and who came instead) share the height of their lane."""
    placed = sorted(placed, key=lambda visit: (visit.starts_at, visit.b, visit.id))
    stacked, group, until = [], [], -1.0
    for visit in [*placed, None]:
        if visit is None or visit.a >= until:
            stacked += _rows_of(group)
            group, until = [], -1.0
        if visit is not None:
            group.append(visit)
            until = max(until, visit.b)
    return stacked


def _rows_of(group: list[Placed]) -> list[Placed]:
    if len(group) < 2:
        return group
    ends, rows = [], []
    for visit in group:
        row = next((n for n, end in enumerate(ends) if end <= visit.a), len(ends))
        ends[row : row + 1] = [visit.b]
        rows.append(row)
    return [visit._replace(row=row, rows=len(ends)) for visit, row in zip(group, rows, strict=True)]


def shown_hours(spans, zone, lanes) -> tuple[int, int]:
    """The desk's hours, widened by every visit outside them."""
    edges = [local_time(edge, zone) for span in spans for edge in span]
    hours = [edge.hour + edge.minute / 60 for edge in edges] or list(IDLE_HOURS)
    placed = [visit for lane in lanes for visit in lane.placed]
    hours += [visit.a for visit in placed] + [visit.b for visit in placed]
    return floor(min(hours)), min(24, max(ceil(max(hours)), floor(min(hours)) + 1))
