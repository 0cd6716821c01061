"""The form of a week's hours: from and until for each weekday, twice where there is a break."""

import datetime as dt
from dataclasses import dataclass

from django import forms

from servicedesk.worded_fields import ClockField
from tenancy.weekly_hours import DAYS, HoursRefused, Span, checked_hours

# A morning and an afternoon.
USUAL_PARTS = 2


@dataclass(frozen=True)
class Row:
    """One weekday as the page shows it: its name, its boxes two by two, and what is wrong with it."""

    day: str
    parts: list[tuple]
    errors: list[str]


class HoursForm(forms.Form):
    """Hours of a week. `spans` are those that were written, in order; a day without any is free."""

    def __init__(self, data=None, *, spans: list[Span] = ()):
        super().__init__(data)
        by_day = {day: [span[1:] for span in spans if span[0] == day] for day in range(7)}
        # Hours that came in with an import may have more than one break.
        self.parts = max([USUAL_PARTS, *map(len, by_day.values())])
        self.spans: list[Span] = []
        for day, name in enumerate(DAYS):
            for part in range(self.parts):
                written = by_day[day][part] if part < len(by_day[day]) else (None, None)
                for end, value in zip(("from", "until"), written, strict=True):
                    self.fields[_name(day, part, end)] = ClockField(
                        called=f"{name}’s hours", required=False, initial=value
                    )

    def clean(self):
        data = super().clean()
        spans = []
        for day in range(7):
            for part in range(self.parts):
                ends = [data.get(_name(day, part, end)) for end in ("from", "until")]
                if all(ends):
                    spans.append((day, *ends))
                elif any(ends) and not self._is_wrong(day, part):
                    self.add_error(
                        _name(day, part, "from"), f"{DAYS[day]}: write both from when and until when."
                    )
        try:
            self.spans = checked_hours(spans)
        except HoursRefused as refused:
            self.add_error(_name(refused.weekday, 0, "from"), str(refused))
        return data

    def _is_wrong(self, day, part) -> bool:
        return any(_name(day, part, end) in self.errors for end in ("from", "until"))

    @property
    def rows(self) -> list[Row]:
        """The weekdays for the page."""
        return [self._row(day) for day in range(7)]

    def _row(self, day) -> Row:
        boxes = [[self[_name(day, part, end)] for end in ("from", "until")] for part in range(self.parts)]
        errors = [error for pair in boxes for box in pair for error in box.errors]
        parts = [tuple((box.name, _written(box.value()), bool(box.errors)) for box in pair) for pair in boxes]
        return Row(DAYS[day], parts, list(dict.fromkeys(errors)))


def _name(day: int, part: int, end: str) -> str:
    return f"day{day}_{end}" if part == 0 else f"day{day}_{end}_{part + 1}"


def _written(value) -> str:
    return value.strftime("%H:%M") if isinstance(value, dt.time) else value or ""
