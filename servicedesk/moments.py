"""Days, times and spans as a colleague at a desk reads them: "today 17:00", "Fri 6 Mar", "1 h 49"."""

import datetime as dt
from zoneinfo import ZoneInfo

from tenancy.calendars import local_time


def day_word(day: dt.date, *, today: dt.date) -> str:
    """ "today", "tomorrow", "yesterday", else "Fri 6 Mar", with the year when it is another one."""
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get((day - today).days)
    year = "" if day.year == today.year else f" {day.year}"
    return near or f"{day:%a} {day.day} {day:%b}{year}"


def date_word(day: dt.date, *, today: dt.date) -> str:
    """ "Today", else "2 Mar", in another year "3 Sep 25": narrow, for columns."""
    if day == today:
        return "Today"
    return f"{day.day} {day:%b}" if day.year == today.year else f"{day.day} {day:%b %y}"


def moment_word(instant: dt.datetime, *, zone: ZoneInfo, today: dt.date) -> str:
    """ "today 17:00", "Fri 6 Mar 09:30"."""
    local = local_time(instant, zone)
    return f"{day_word(local.date(), today=today)} {local:%H:%M}"


def due_word(instant: dt.datetime, *, zone: ZoneInfo, today: dt.date) -> str:
    """ "16:41" today, else "Fri 09:41", or with the date when it is a week or more away."""
    local = local_time(instant, zone)
    if local.date() == today:
        return f"{local:%H:%M}"
    if (local.date() - today).days < 7:
        return f"{local:%a %H:%M}"
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def span_word(span: dt.timedelta) -> str:
    """ "49 min", "1 h 49", "2 h", "3 days"."""
    minutes = round(span.total_seconds() / 60)
    if minutes >= 3 * 24 * 60:
        return f"{minutes // (24 * 60)} days"
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest:02}" if rest else f"{hours} h"


def window_word(start: dt.datetime, end: dt.datetime, *, zone: ZoneInfo, today: dt.date) -> str:
    """ "today 14:00 to 15:00"."""
    return f"{moment_word(start, zone=zone, today=today)} to {local_time(end, zone):%H:%M}"
