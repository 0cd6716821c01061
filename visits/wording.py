"""Days and clock times as customers read them in messages and on their pages."""

import datetime as dt

# Where people say "2 pm"; everywhere else "14:00".
TWELVE_HOURS = frozenset({"US", "GB", "IE", "CA", "AU", "NZ", "IN", "PH", "ZA"})
MONTH_FIRST = frozenset({"US", "PH"})


def day_words(day: dt.date, *, country: str, today: dt.date) -> str:
    """ "Thu 5 March", in the United States "Thu March 5"; with the year when it is another one."""
    return f"{day:%a} {date_words(day, country=country, today=today)}"


def date_words(day: dt.date, *, country: str, today: dt.date) -> str:
    """ "5 March", in the United States "March 5"; with the year when it is another one."""
    date = f"{day:%B} {day.day}" if country in MONTH_FIRST else f"{day.day} {day:%B}"
    return date if day.year == today.year else f"{date} {day.year}"


def clock_words(clock: dt.time, *, country: str) -> str:
    """ "2 pm", "2:10 pm", "noon"; or "14:00" where the clock has 24 hours."""
    if country not in TWELVE_HOURS:
        return f"{clock:%H:%M}"
    if (clock.hour, clock.minute) in ((0, 0), (12, 0)):
        return "noon" if clock.hour else "midnight"
    return f"{_twelve(clock)} {_half(clock)}"


def window_words(start: dt.time, end: dt.time, *, country: str, joined_by: str = "to") -> str:
    """ "2 to 3 pm", "11 am to 1 pm", "14:00 to 15:00"; `joined_by` may be "and"."""
    first, second = clock_words(start, country=country), clock_words(end, country=country)
    if first.endswith((" am", " pm")) and second.endswith(first[-3:]):
        first = first[:-3]
    return f"{first} {joined_by} {second}"


def minutes_words(minutes: int) -> str:
    """ "half an hour", "an hour", "2 hours", "20 minutes"."""
    if minutes == 30:
        return "half an hour"
    if minutes == 60:
        return "an hour"
    return f"{minutes // 60} hours" if minutes % 60 == 0 else f"{minutes} minutes"


def _twelve(clock):
    hour = clock.hour % 12 or 12
    return f"{hour}:{clock.minute:02}" if clock.minute else str(hour)


def _half(clock):
    return "am" if clock.hour < 12 else "pm"
