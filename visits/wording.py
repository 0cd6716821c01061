"""Days and clock times in English, as pages and colleagues read them; letters: `messaging.languages`."""

import datetime as dt

from messaging import languages
from messaging.languages import ENGLISH


def day_words(day: dt.date, *, country: str, today: dt.date) -> str:
    """ "Thu 5 March", in the United States "Thu March 5"; with the year when it is another one."""
    return languages.day_words(day, language=ENGLISH, country=country, today=today)


def date_words(day: dt.date, *, country: str, today: dt.date) -> str:
    """ "5 March", in the United States "March 5"; with the year when it is another one."""
    return languages.date_words(day, language=ENGLISH, country=country, today=today)


def clock_words(clock: dt.time, *, country: str) -> str:
    """ "2 pm", "2:10 pm", "noon"; or "14:00" where the clock has 24 hours."""
    return languages.clock_words(clock, language=ENGLISH, country=country)


def window_words(start: dt.time, end: dt.time, *, country: str, joined_by: str = "to") -> str:
    """ "2 to 3 pm", "11 am to 1 pm", "14:00 to 15:00"; `joined_by` may be "and"."""
    between = joined_by == "and"
    return languages.window_words(start, end, language=ENGLISH, country=country, between=between)


def minutes_words(minutes: int) -> str:
    """ "half an hour", "an hour", "2 hours", "20 minutes"."""
    return languages.minutes_words(minutes, language=ENGLISH)
