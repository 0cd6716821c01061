"""Reading compiled zones (TZif, RFC 9636) by hand: nothing of it is shared with Python's zoneinfo."""

import datetime as dt
import re
import struct
from bisect import bisect_right
from dataclasses import dataclass
from importlib import resources

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
HEADER = struct.Struct(">4sc15x6l")
# A file names changes up to its last rule; from there the rule itself says them, year by year.
RULED_YEARS = range(1990, 2033)


@dataclass(frozen=True)
class CompiledZone:
    """A zone as its file lists it: at which second which distance from UTC begins."""

    name: str
    changes: tuple[int, ...]
    offsets: tuple[int, ...]
    first: int

    def wall(self, instant: dt.datetime) -> dt.datetime:
        """What the clock on the wall shows at an instant, as a naive time."""
        place = bisect_right(self.changes, int(instant.timestamp())) - 1
        offset = self.offsets[place] if place >= 0 else self.first
        return (instant.astimezone(dt.UTC) + dt.timedelta(seconds=offset)).replace(tzinfo=None)

    def changes_between(self, start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
        """The instants at which the clock jumps."""
        before = [self.first, *self.offsets]
        return [
            EPOCH + dt.timedelta(seconds=second)
            for second, was, is_now in zip(self.changes, before, self.offsets, strict=False)
            if was != is_now and start.timestamp() <= second < end.timestamp()
        ]


def names() -> list[str]:
    """Every zone of the tz database, old names too."""
    return resources.files("tzdata").joinpath("zones").read_text().split()


def compiled(name: str) -> CompiledZone:
    """Read one zone's file: its second block, with times of 64 bits, and the rule in its last line."""
    data = resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    _, _, utc, std, leap, times, types, chars = HEADER.unpack_from(data)
    at = HEADER.size + times * 5 + types * 6 + chars + leap * 8 + std + utc
    magic, _, utc, std, leap, times, types, chars = HEADER.unpack_from(data, at)
    if magic != b"TZif":
        raise ValueError(f"{name} has no second block.")
    at += HEADER.size
    changes = list(struct.unpack_from(f">{times}q", data, at))
    kinds = struct.unpack_from(f">{times}B", data, at + times * 8)
    at += times * 9
    table = [struct.unpack_from(">lBB", data, at + 6 * kind)[0] for kind in range(types)]
    offsets = [table[kind] for kind in kinds]
    footer = data[at + types * 6 + chars + leap * 12 + std + utc :].decode().strip()
    for second, offset in ruled(footer):
        if not changes or second > changes[-1]:
            changes.append(second)
            offsets.append(offset)
    return CompiledZone(name, tuple(changes), tuple(offsets), table[0])


def ruled(footer: str) -> list[tuple[int, int]]:
    """The changes that a POSIX rule ("GMT0BST,M3.5.0/1,M10.5.0") makes in its years, in order."""
    name = r"(?:<[^>]+>|[A-Za-z]+)"
    number = r"[-+]?\d+(?::\d+)*"
    found = re.fullmatch(rf"{name}({number})(?:{name}({number})?,([^,]+),([^,]+))?", footer)
    if found is None:
        raise ValueError(f"This is no rule of a zone: {footer}")
    if not found[3]:
        return []
    standard = -seconds(found[1])
    summer = -seconds(found[2]) if found[2] else standard + 3600
    changes = []
    for year in RULED_YEARS:
        changes.append((begins(year, found[3]) - standard, summer))
        changes.append((begins(year, found[4]) - summer, standard))
    return sorted(changes)


def begins(year: int, rule: str) -> int:
    """The second of the wall clock's own reckoning at which a rule ("M3.5.0/1") takes effect."""
    month, week, weekday, clock = re.fullmatch(r"M(\d+)\.(\d)\.(\d)(?:/(.+))?", rule).groups()
    first = dt.date(year, int(month), 1)
    day = first + dt.timedelta(days=(int(weekday) - first.isoweekday()) % 7 + 7 * (int(week) - 1))
    while day.month != int(month):
        day -= dt.timedelta(days=7)
    return (day - EPOCH.date()).days * 86400 + (seconds(clock) if clock else 7200)


def seconds(clock: str) -> int:
    """ "-3:30" in seconds."""
    parts = [int(part) for part in clock.lstrip("+-").split(":")]
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    return -total if clock.startswith("-") else total
