"""Hours of a week as a person enters them: what cannot be is refused, with the weekday it is about."""

import datetime as dt
from collections.abc import Iterable

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Weekday (Monday is 0), from, until: in the wall time of the desk.
Span = tuple[int, dt.time, dt.time]


class HoursRefused(ValueError):
    """Hours that cannot be; `weekday` is the day they are about, Monday is 0."""

    def __init__(self, weekday: int, words: str):
        super().__init__(words)
        self.weekday = weekday


def checked_hours(spans: Iterable[Span]) -> list[Span]:
    """The spans in order. Raises HoursRefused for one that ends before it begins, or two that overlap."""
    ordered = sorted(spans)
    for weekday, opens, closes in ordered:
        if closes <= opens:
            raise HoursRefused(weekday, f"{DAYS[weekday]}: {closes:%H:%M} is not after {opens:%H:%M}.")
    for (weekday, _, closes), (following, opens, _) in zip(ordered, ordered[1:], strict=False):
        if weekday == following and opens < closes:
            raise HoursRefused(weekday, f"{DAYS[weekday]}: the second part begins before the first ends.")
    return ordered


def in_words(spans: Iterable[Span]) -> str:
    """ "Monday to Friday 8:00 to 12:00 and 13:00 to 17:30, Saturday 9:00 to 12:00": as a person says it."""
    by_day = {weekday: "" for weekday, _, _ in sorted(spans)}
    for weekday, opens, closes in sorted(spans):
        part = f"{opens.hour}:{opens:%M} to {closes.hour}:{closes:%M}"
        by_day[weekday] = f"{by_day[weekday]} and {part}" if by_day[weekday] else part
    runs: list[list] = []
    for weekday, words in by_day.items():
        if runs and runs[-1][1] == weekday - 1 and runs[-1][2] == words:
            runs[-1][1] = weekday
        else:
            runs.append([weekday, weekday, words])
    return ", ".join(
        f"{DAYS[first] if first == last else f'{DAYS[first]} to {DAYS[last]}'} {words}"
        for first, last, words in runs
    )
