"""The rows behind a figure of the overview: read on page by page, or as a file."""

import datetime as dt
import re
from urllib.parse import urlencode

from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from cases.kept_promises import HalfDay
from recommendations.models import Recommendation
from servicedesk.csv_rows import csv_stream
from servicedesk.moments import day_word, moment_word
from servicedesk.overview_lists import LISTS, PROMISE_WORDS, Asked
from servicedesk.reading_on import newest_first, soonest_first
from tenancy.addresses import desk_url
from tenancy.calendars import local_time, zone_of
from tenancy.figures import Days, last_days
from tenancy.gates import for_roles
from tenancy.models import Role
from visits.open_recommendations import Age

PAGE = 50
# How many days the overview looks back on, as the address and as a button say it.
SPANS = {7: "7 days", 30: "30 days", 90: "Quarter"}
USUAL = 30
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_HALF_DAY = re.compile(r"([0-6])-(am|pm)")
_SEVERITIES = dict(Recommendation.Severity.choices)
# Read in portions while a file leaves.
_AT_ONCE = 500


@require_GET
@for_roles(Role.MANAGER)
def rows(request, figure):
    """One page of the rows: as many queries for one row as for three."""
    shown, asked = LISTS[figure], _asked(request, figure)
    read_on = soonest_first if shown.is_to_come else newest_first
    cursor = {"after" if shown.is_to_come else "before": request.GET.get("after", "")}
    page = read_on(shown.rows(asked), shown.at, **cursor, most=PAGE)
    desk, query = request.tenant, query_of(asked)
    here = desk_url(desk, f"overview-{figure}")
    context = {
        "list": shown,
        "narrowed": _narrowed(asked, shown),
        "spans": spans_of(asked, here) if shown.is_of_days else [],
        "parts": _parts(asked, shown, here),
        "rows": [(shown.url_of(row, desk), _labelled(shown, row, asked)) for row in page.rows],
        "csv_url": csv_url(figure, asked),
        "next_url": f"{here}?{urlencode({**query, 'after': page.older})}" if page.older else "",
        "front_url": "" if page.is_first else f"{here}?{urlencode(query)}",
        "back_url": f"{desk_url(desk, 'overview')}?{urlencode({'days': len(asked.days)})}",
    }
    return render(request, "servicedesk/overview_rows.html", context)


@require_GET
@for_roles(Role.MANAGER)
def rows_as_csv(request, figure):
    """The same rows, all of them, as a file that is written while it leaves."""
    shown, asked = LISTS[figure], _asked(request, figure)
    order = ("", "") if shown.is_to_come else ("-", "-")
    found = shown.rows(asked).order_by(f"{order[0]}{shown.at}", f"{order[1]}pk")
    lines = (
        [_spelled(value, asked) for value in shown.line(row, asked)]
        for row in found.iterator(chunk_size=_AT_ONCE)
    )
    return csv_stream(figure, shown.heading, lines)


def days_in(request, now: dt.datetime) -> Days:
    """The days that an address asks for; 30 where it asks for none of the three."""
    asked = request.GET.get("days", "")
    count = next((count for count in SPANS if str(count) == asked), USUAL)
    return last_days(count, now=now, zone=zone_of(request.tenant))


def rows_url(figure: str, asked: Asked, **narrowed) -> str:
    """Where the rows of a figure stand, narrowed as its list understands it."""
    query = urlencode({**query_of(asked), **narrowed})
    return f"{desk_url(asked.desk, f'overview-{figure}')}?{query}"


def csv_url(figure: str, asked: Asked) -> str:
    """Where the same rows are a file."""
    return f"{desk_url(asked.desk, f'report-{figure}')}?{urlencode(query_of(asked))}"


def spans_of(asked: Asked, here: str) -> list[tuple[str, str, bool]]:
    """The three spans of days: words, address, and which one is shown."""
    query = query_of(asked)
    return [
        (words, f"{here}?{urlencode({**query, 'days': count})}", count == len(asked.days))
        for count, words in SPANS.items()
    ]


def query_of(asked: Asked) -> dict:
    """What was asked, as it stands in an address."""
    half_day = asked.half_day
    half = f"{half_day.weekday}-{'am' if half_day.is_morning else 'pm'}" if half_day else ""
    severity = "" if asked.severity is None else asked.severity
    wanted = {"days": len(asked.days), "only": asked.only, "kind": asked.kind, "half": half}
    wanted |= {"severity": severity, "age": asked.age}
    return {name: value for name, value in wanted.items() if value != ""}


def half_day_words(half_day: HalfDay) -> str:
    """ "Mondays before noon"."""
    return f"{WEEKDAYS[half_day.weekday]} {'before' if half_day.is_morning else 'after'} noon"


def _asked(request, figure) -> Asked:
    """What the address narrows the rows to; a word that means nothing narrows nothing."""
    now, given = timezone.now(), request.GET
    half = _HALF_DAY.fullmatch(given.get("half", ""))
    return Asked(
        desk=request.tenant,
        days=days_in(request, now),
        now=now,
        only=_one_of(given.get("only"), LISTS[figure].parts),
        kind=_one_of(given.get("kind"), PROMISE_WORDS),
        half_day=HalfDay(int(half[1]), half[2] == "am") if half else None,
        severity=next((level for level in _SEVERITIES if str(level) == given.get("severity")), None),
        age=_one_of(given.get("age"), Age.values),
    )


def _one_of(word, known) -> str:
    return word if word in known else ""


def _narrowed(asked, shown) -> str:
    """What the rows are narrowed to, in words."""
    words = [
        PROMISE_WORDS.get(asked.kind),
        asked.only and shown.parts[asked.only],
        asked.half_day and half_day_words(asked.half_day),
        _SEVERITIES.get(asked.severity),
        asked.age and Age(asked.age).label,
    ]
    return ", ".join(filter(None, words))


def _parts(asked, shown, here):
    """All rows, or a part of them: words, address, and which one is shown."""
    query = {name: value for name, value in query_of(asked).items() if name != "only"}
    return [
        (words, f"{here}?{urlencode({**query, **({'only': only} if only else {})})}", only == asked.only)
        for only, words in shown.parts.items()
    ]


def _labelled(shown, row, asked) -> list[tuple[str, str]]:
    words = [_in_words(value, asked) for value in shown.line(row, asked)]
    return list(zip(shown.heading, words, strict=True))


def _in_words(value, asked) -> str:
    """As a colleague reads it."""
    if isinstance(value, dt.datetime):
        return moment_word(value, zone=asked.days.zone, today=asked.today)
    return day_word(value, today=asked.today) if isinstance(value, dt.date) else str(value)


def _spelled(value, asked) -> str:
    """As a spreadsheet sorts it, by the desk's clock."""
    if isinstance(value, dt.datetime):
        return f"{local_time(value, asked.days.zone):%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


urlpatterns = [
    *(path(f"overview/{name}/", rows, {"figure": name}, name=f"overview-{name}") for name in LISTS),
    *(path(f"reports/{name}.csv", rows_as_csv, {"figure": name}, name=f"report-{name}") for name in LISTS),
]
