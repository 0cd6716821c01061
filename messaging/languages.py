"""The languages we write in: days, clock times and lengths of time as their readers write them."""

import datetime as dt

from django.utils import dateformat, translation

# Where people say "2 pm" in English; everywhere else, and in every other language, "14:00".
TWELVE_HOURS = frozenset({"US", "GB", "IE", "CA", "AU", "NZ", "IN", "PH", "ZA"})
MONTH_FIRST = frozenset({"US", "PH"})
ENGLISH = "en"
NAMES = {"en": "English", "nl": "Dutch", "de": "German", "fr": "French"}

# Joining the ends of a span: as "from … to" has it, and as "between … and" has it.
_TO = {"en": "to", "nl": "tot", "de": "bis", "fr": "à"}
_AND = {"en": "and", "nl": "en", "de": "und", "fr": "et"}
_WITH = {"en": "with", "nl": "met", "de": "mit", "fr": "avec"}
_TODAY = {"en": "today", "nl": "vandaag", "de": "heute", "fr": "aujourd'hui"}
_TOMORROW = {"en": "tomorrow", "nl": "morgen", "de": "morgen", "fr": "demain"}
_ON = {"en": "on", "nl": "op", "de": "am", "fr": "le"}
_HALF_AN_HOUR = {
    "en": "half an hour",
    "nl": "een half uur",
    "de": "eine halbe Stunde",
    "fr": "une demi-heure",
}
_AN_HOUR = {"en": "an hour", "nl": "een uur", "de": "eine Stunde", "fr": "une heure"}
_HOURS = {"en": "hours", "nl": "uur", "de": "Stunden", "fr": "heures"}
_MINUTES = {"en": "minutes", "nl": "minuten", "de": "Minuten", "fr": "minutes"}


def known_language(tag: str) -> str:
    """The language that we write for an IETF tag ("nl-BE" is Dutch); empty when we have none."""
    base = tag.replace("_", "-").split("-")[0].lower()
    return base if base in NAMES else ""


def date_words(day: dt.date, *, language: str, country: str, today: dt.date) -> str:
    """ "5 March", in American English "March 5", "5. März"; with the year when it is another one."""
    with translation.override(language):
        month = dateformat.format(day, "F")
    if language == ENGLISH and country in MONTH_FIRST:
        date = f"{month} {day.day}"
    else:
        date = f"{_number(day.day, language)} {month}"
    return date if day.year == today.year else f"{date} {day.year}"


def day_words(day: dt.date, *, language: str, country: str, today: dt.date) -> str:
    """ "Thu 5 March", "do 5 maart", "Do 5. März", "jeu 5 mars"."""
    with translation.override(language):
        weekday = dateformat.format(day, "D")
    return f"{weekday} {date_words(day, language=language, country=country, today=today)}"


def near_day_words(day: dt.date, *, language: str, country: str, today: dt.date) -> str:
    """ "today Thu 5 March", "tomorrow Fri 6 March", "on Sat 7 March"."""
    named = day_words(day, language=language, country=country, today=today)
    near = {0: _TODAY, 1: _TOMORROW}.get((day - today).days, _ON)
    return f"{near[language]} {named}"


def today_or_day_words(day: dt.date, *, language: str, country: str, today: dt.date) -> str:
    """ "today", else the day: "Sat 7 March", "op za 7 maart"."""
    if day == today:
        return _TODAY[language]
    named = day_words(day, language=language, country=country, today=today)
    return named if language == ENGLISH else f"{_ON[language]} {named}"


def clock_words(clock: dt.time, *, language: str, country: str) -> str:
    """ "2 pm", "noon", in Britain and the like; "14:00", "14:00 Uhr", "14 h 30" elsewhere."""
    return _with_unit(_clock(clock, language, country), language)


def window_words(start: dt.time, end: dt.time, *, language: str, country: str, between: bool = False) -> str:
    """ "2 to 3 pm", "11 am to 1 pm", "14:00 bis 15:00 Uhr"; with `between` joined by "and"."""
    first, second = _clock(start, language, country), _clock(end, language, country)
    if first.endswith((" am", " pm")) and second.endswith(first[-3:]):
        first = first[:-3]
    joint = _AND if between else _TO
    return _with_unit(f"{first} {joint[language]} {second}", language)


def minutes_words(minutes: int, *, language: str) -> str:
    """ "half an hour", "an hour", "2 hours", "20 minutes"."""
    if minutes == 30:
        return _HALF_AN_HOUR[language]
    if minutes == 60:
        return _AN_HOUR[language]
    if minutes % 60 == 0:
        return f"{minutes // 60} {_HOURS[language]}"
    return f"{minutes} {_MINUTES[language]}"


def people_words(names: list[str], *, language: str) -> str:
    """ "Lou", "Lou with Marek": one comes and brings others, so that the sentence stays about one."""
    if len(names) < 2:
        return "".join(names)
    others = f" {_AND[language]} ".join(names[1:])
    return f"{names[0]} {_WITH[language]} {others}"


def _number(day, language):
    if language == "de":
        return f"{day}."
    return "1er" if language == "fr" and day == 1 else str(day)


def _clock(clock, language, country):
    if language == "fr":
        return f"{clock.hour} h {clock.minute:02}" if clock.minute else f"{clock.hour} h"
    if language != ENGLISH or country not in TWELVE_HOURS:
        return f"{clock:%H:%M}"
    if (clock.hour, clock.minute) in ((0, 0), (12, 0)):
        return "noon" if clock.hour else "midnight"
    hour, half = clock.hour % 12 or 12, "am" if clock.hour < 12 else "pm"
    return f"{hour}:{clock.minute:02} {half}" if clock.minute else f"{hour} {half}"


def _with_unit(words, language):
    return f"{words} Uhr" if language == "de" else words
