"""Days and times as dealers' programs write them, and the order of day, month and year behind them.

The order is decided over whole columns: each order is tried on every value, and the one under which
most are real days wins. Where that says nothing, the order is an assumption and is told as one.
"""

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from customers.searchkeys import folded

# MDY: 11/20/2026. DMY: 20.11.2026. YMD: 2026-11-20. SERIAL: a spreadsheet's 46346.
MDY, DMY, YMD, SERIAL = "MDY", "DMY", "YMD", "SERIAL"
ORDERS = (MDY, DMY, YMD, SERIAL)
EXAMPLES = {MDY: "11/20/2026", DMY: "20.11.2026", YMD: "2026-11-20", SERIAL: "46346"}
# A year of two digits: 51 to 99 are 1951 to 1999, the others 2000 to 2050.
_PIVOT = 50
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_SPREADSHEET_EPOCH = dt.date(1899, 12, 30)

_NOTHING = {"", "-", "--", "---", ".", "n/a", "na", "null", "none", "nil"}
_ZEROS = re.compile(r"^0+([./-])0+(?:\1)0+(\s+0+:00(:00)?)?$")
_NUMERIC = re.compile(r"^(\d{1,4})\s*([./\- ])\s*(\d{1,2})\s*\2\s*(\d{1,4})\.?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_SERIAL = re.compile(r"^(\d{5})(?:[.,](\d+))?$")
_DAY_NAME_YEAR = re.compile(r"^(\d{1,2})\.?[\s/-]*(?:de\s+)?([a-z]+)\.?,?[\s/-]*(?:de\s+)?(\d{4}|\d{2})$")
_NAME_DAY_YEAR = re.compile(r"^([a-z]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})$")
_WEEKDAY = re.compile(r"^[a-z]{2,10}\.?,?\s+(?=\d)")
_TIME = re.compile(
    r"(?:^|T|[\s,]+)(\d{1,2})[:.h](\d{2})(?::(\d{2})(?:[.,]\d+)?)?"
    r"\s*([ap]\.?m\.?|uhr|h)?\s*(Z|[+-]\d{2}:?\d{2})?$",
    re.IGNORECASE,
)
_MONTHS = (
    "jan januar january janvier janv enero ene januari janner",
    "feb februar february fevrier fevr fev febrero februari",
    "mar mrz marz maerz march mars marzo maart mrt",
    "apr april avril avr abril abr",
    "may mai mayo mei",
    "jun juni june juin junio",
    "jul juli july juillet juil julio",
    "aug august aout agosto ago augustus",
    "sep sept september septembre septiembre",
    "oct okt oktober october octobre octubre",
    "nov november novembre noviembre",
    "dec dez dezember december decembre dic diciembre",
)
_MONTH_BY_NAME = {name: month for month, names in enumerate(_MONTHS, start=1) for name in names.split()}


@dataclass(frozen=True)
class Moment:
    """A day and, where told, the wall time on it; `offset` only where the text itself names one."""

    day: dt.date | None
    time: dt.time | None
    offset: dt.timezone | None = None


def is_nothing(text: str) -> bool:
    """A cell that says "no date": empty, a dash, a date of zeros."""
    bare = text.strip()
    return bare.lower() in _NOTHING or bool(_ZEROS.match(bare))


def parse_day(text: str, order: str) -> dt.date | None:
    """The day a text names under an order, None where it names none. A time behind it is seen through."""
    moment = parse_moment(text, order)
    return moment.day if moment else None


def parse_moment(text: str, order: str) -> Moment | None:
    """The day and time a text names, or a time alone; None where it names neither."""
    bare = text.strip()
    serial = _SERIAL.match(bare)
    if serial:
        return _from_serial(serial) if order == SERIAL else None
    time, offset = None, None
    found = _TIME.search(bare)
    if found:
        time = _clock(found)
        if time is None:
            return None
        offset = _offset(found[5])
        bare = bare[: found.start()].strip()
        if not bare:
            return Moment(None, time)
    day = _day(bare, order)
    return Moment(day, time, offset) if day else None


def tally(values) -> Counter:
    """How many texts are real days under each order. One that every order reads alike counts for none."""
    counts = Counter()
    for text, times in Counter(map(_day_part, values)).items():
        if is_nothing(text):
            continue
        days = {order: parse_day(text, order) for order in ORDERS}
        read = {order: day for order, day in days.items() if day}
        if len(read) == len(ORDERS) - 1 and len(set(read.values())) == 1:
            continue
        counts.update(dict.fromkeys(read, times))
    return counts


def leading(counts: Counter) -> str | None:
    """The order under which clearly most values are days; None where two are as good."""
    ranked = counts.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _day_part(text: str) -> str:
    """A text without the time behind its day."""
    bare = text.strip()
    found = _TIME.search(bare)
    return bare[: found.start()].strip() if found else bare


@lru_cache(maxsize=50_000)
def _day(text: str, order: str) -> dt.date | None:
    """The day of a text without time; the same few days come again and again."""
    numeric = _NUMERIC.match(text)
    if numeric:
        return _from_parts(numeric[1], numeric[3], numeric[4], order)
    compact = _COMPACT.match(text)
    if compact:
        return _real(int(compact[1]), int(compact[2]), int(compact[3]))
    plain = folded(text)
    named = _DAY_NAME_YEAR.match(plain)
    if named:
        return _real(_year(named[3]), _MONTH_BY_NAME.get(named[2], 0), int(named[1]))
    named = _NAME_DAY_YEAR.match(plain)
    if named and named[1] in _MONTH_BY_NAME:
        return _real(int(named[3]), _MONTH_BY_NAME[named[1]], int(named[2]))
    rest = _WEEKDAY.sub("", plain)
    return _day(rest, order) if rest != plain else None


def _from_parts(first: str, second: str, third: str, order: str) -> dt.date | None:
    if len(first) == 4 and len(third) <= 2:
        return _real(int(first), int(second), int(third))
    if len(first) > 2 or len(third) not in (2, 4):
        return None
    if order == YMD:
        return _real(_year(first), int(second), int(third)) if len(first) == len(third) == 2 else None
    if order == MDY:
        return _real(_year(third), int(first), int(second))
    if order == DMY:
        return _real(_year(third), int(second), int(first))
    return None


def _year(text: str) -> int:
    number = int(text)
    if len(text) == 4:
        return number
    return 1900 + number if number > _PIVOT else 2000 + number


def _real(year: int, month: int, day: int) -> dt.date | None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _from_serial(serial: re.Match) -> Moment | None:
    day = _SPREADSHEET_EPOCH + dt.timedelta(days=int(serial[1]))
    if not serial[2]:
        return Moment(day, None)
    minutes = round(float(f"0.{serial[2]}") * 24 * 60) % (24 * 60)
    return Moment(day, dt.time(minutes // 60, minutes % 60))


def _clock(found: re.Match) -> dt.time | None:
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    half = (found[4] or "").lower()[:1]
    if half in ("a", "p"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return dt.time(hour, minute, second)
    except ValueError:
        return None


def _offset(written: str | None) -> dt.timezone | None:
    if not written:
        return None
    if written in "Zz":
        return dt.UTC
    sign = -1 if written[0] == "-" else 1
    digits = written[1:].replace(":", "")
    span = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return dt.timezone(sign * span) if span < dt.timedelta(hours=24) else None
