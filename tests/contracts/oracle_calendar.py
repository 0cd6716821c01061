"""The oracle's own arithmetic of days: how long a term is, and what is as long. See `oracle`."""

import datetime as dt

DAY = dt.timedelta(days=1)
BEFORE, AFTER = 120, 90


def fold(number: str) -> str:
    """A number however it is written: its letters and digits."""
    return "".join(c for c in number.upper() if c.isalnum())


def days_in(year: int, month: int) -> int:
    """By asking the calendar for each day."""
    return max(day for day in range(28, 32) if _is_day(year, month, day))


def _is_day(year, month, day):
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def anniversary(day: dt.date, months: int) -> dt.date:
    """So many months later, counted one by one; the month's last day where it lacks that day."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return dt.date(year, month, min(day.day, days_in(year, month)))


def length_of(first: dt.date, last: dt.date) -> tuple:
    """("months", how many, counted from) or ("days", how many)."""
    for months in range(1, 121):
        whole = anniversary(first, months)
        if whole == last + DAY:
            return "months", months, first
        if whole == last and whole.day < first.day:
            return "months", months, None
    return "days", (last - first).days + 1


def as_long(length: tuple, first: dt.date) -> dt.date:
    """The last day of a term of that length that begins on `first`."""
    if length[0] == "days":
        return first + (length[1] - 1) * DAY
    _, months, counted_from = length
    if counted_from is not None and anniversary(counted_from, months) == first:
        return anniversary(counted_from, 2 * months) - DAY
    return anniversary(first, months) - DAY


def begins_as_long(length: tuple, last: dt.date) -> dt.date:
    """The first day of a term of that length that ends on `last`; of several (28 to 31 January) the first."""
    if length[0] == "days":
        return last - (length[1] - 1) * DAY
    day = last
    while anniversary(day, length[1]) > last + DAY:
        day -= DAY
    while anniversary(day - DAY, length[1]) == last + DAY:
        day -= DAY
    return day


def in_range(day: dt.date, end: dt.date, given: dt.date | None = None) -> bool:
    """From 120 days before an end to 90 days after it, both included; after the last of the days that were
    given at that end, where some were."""
    return (day - end).days >= -BEFORE and (day - (given or end)).days <= AFTER
