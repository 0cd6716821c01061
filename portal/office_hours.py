"""When a person answers the telephone, in words for a customer: the desk's business hours."""

import datetime as dt
from calendar import day_name

from tenancy.calendars import Calendar
from visits.wording import window_words

MOST_SPANS = 2


def hours_said(calendar: Calendar, *, country: str) -> str:
    """ "Monday to Friday, 8 am to 5:30 pm"; empty where it would be a timetable.

    Holidays and closed days are left out: whoever rings then hears it.
    """
    by_hours: dict[tuple[tuple[dt.time, dt.time], ...], list[int]] = {}
    for weekday in range(7):
        spans = tuple(sorted((opens, closes) for day, opens, closes in calendar.hours if day == weekday))
        if spans:
            by_hours.setdefault(spans, []).append(weekday)
    if not by_hours or len(by_hours) > MOST_SPANS or any(len(spans) > MOST_SPANS for spans in by_hours):
        return ""
    return "; ".join(
        f"{_days_said(days)}, {' and '.join(_span_said(span, country) for span in spans)}"
        for spans, days in by_hours.items()
    )


def _days_said(days: list[int]) -> str:
    names = [day_name[day] for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{names[0]} to {names[-1]}"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _span_said(span, country) -> str:
    return window_words(*span, country=country)
