"""Everything that happened with one customer, on one page: filtered, read on both ways, a file (R7.1)."""

from itertools import groupby
from urllib.parse import urlencode

from django import forms
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from customers.models import Customer, TimelineEntry
from customers.timeline import Asked, lines_of, people_on
from servicedesk import caller_words
from servicedesk.csv_rows import csv_stream
from servicedesk.reading_back import both_ways
from servicedesk.timeline_links import links_of
from servicedesk.worded_fields import DayField
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.gates import for_staff, the_one
from tenancy.models import Role

PAGE = 40
AT_ONCE = 500
NOBODY = "nobody"
Kind = TimelineEntry.Kind
# Each kind as a filter, in the order of the page.
KINDS = {
    Kind.CALL: "Calls",
    Kind.MAIL: "Mails",
    Kind.MESSAGE: "Texts",
    Kind.VISIT: "Visits",
    Kind.MISSED: "Missed",
    Kind.PROMISE: "Promises",
    Kind.CASE: "Cases",
    Kind.GOODWILL: "Goodwill",
    Kind.RECOMMENDATION: "Recommendations",
    Kind.PAYMENT: "Payments",
    Kind.RENEWAL: "Contracts",
    Kind.NOTE: "Notes",
    Kind.MERGE: "Merges",
}
# Longer words are folded away behind their beginning.
LONGEST = 280
HEADING = ("Day", "Time", "Kind", "What", "Details", "Who")


class FilterForm(forms.Form):
    """What the address asks for; what is no day is said and left out."""

    since = DayField(called="the first day", required=False)
    until = DayField(called="the last day", required=False)
    q = forms.CharField(
        required=False, max_length=120, error_messages={"max_length": "Look for fewer words: 120 characters."}
    )


@require_GET
@for_staff
def timeline(request, id):
    """A page of the lines that were asked for; as many queries for one line as for three."""
    return _page(request, the_one(Customer.objects.standing(), id), FilterForm(request.GET))


def _page(request, customer, form):
    now, zone = timezone.now(), zone_of(request.tenant)
    people = list(people_on(customer))
    asked = _asked(request, form, people)
    page = both_ways(
        lines_of(customer, asked, zone=zone),
        "at",
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
        most=PAGE,
    )
    links = links_of(page.rows, request.tenant, request.membership)
    today = local_day(now, zone)
    rows = [_row(line, links.get(line.subject, ""), zone, today) for line in page.rows]
    here, kept = desk_url(request.tenant, "timeline", id=customer.public_id), _kept(request)
    context = {
        "customer": customer,
        "form": form,
        "values": request.GET,
        "kinds": [(kind, label, kind in asked.kinds) for kind, label in KINDS.items()],
        "people": people,
        "who": request.GET.get("who", ""),
        "NOBODY": NOBODY,
        "is_filtered": asked != Asked(),
        "months": [(month, list(lines)) for month, lines in groupby(rows, key=lambda row: row["month"])],
        "here": here,
        "newer_url": _address(here, kept, after=page.newer) if page.newer else "",
        "older_url": _address(here, kept, before=page.older) if page.older else "",
        "front_url": "" if page.is_first else _address(here, kept),
        "csv_url": _address(desk_url(request.tenant, "timeline-csv", id=customer.public_id), kept),
        "base": "base_technician.html" if request.membership.role == Role.TECHNICIAN else "base_desk.html",
    }
    return render(request, "servicedesk/timeline.html", context, status=422 if form.errors else 200)


@require_GET
@for_staff
def lines_as_csv(request, id):
    """All lines that were asked for, newest first, as a file; what was not understood is said on the page."""
    customer = the_one(Customer.objects.standing(), id)
    form = FilterForm(request.GET)
    if not form.is_valid():
        return _page(request, customer, form)
    zone = zone_of(request.tenant)
    asked = _asked(request, form, list(people_on(customer)))
    lines = lines_of(customer, asked, zone=zone).order_by("-at", "-pk").iterator(chunk_size=AT_ONCE)
    name = f"timeline-{slugify(customer.called) or 'customer'}"
    return csv_stream(name, HEADING, (_cells(line, zone) for line in lines))


def _asked(request, form, people) -> Asked:
    form.is_valid()
    who = request.GET.get("who", "")
    wanted = request.GET.getlist("kind")
    return Asked(
        kinds=tuple(kind for kind in KINDS if kind in wanted),
        person=next((one for one in people if str(one.public_id) == who), None),
        is_nobodys=who == NOBODY,
        first=form.cleaned_data.get("since"),
        last=form.cleaned_data.get("until"),
        words=form.cleaned_data.get("q", "").strip(),
    )


def _kept(request) -> list[tuple[str, str]]:
    """The filters of the address, without what reads on."""
    names = ("kind", "who", "since", "until", "q")
    return [(name, value) for name in names for value in request.GET.getlist(name) if value]


def _address(path, kept, **more) -> str:
    query = urlencode([*kept, *more.items()])
    return f"{path}?{query}" if query else path


def _row(line, url, zone, today) -> dict:
    """A line as the page shows it: long words begin, and go on where they are unfolded."""
    at = local_time(line.at, zone)
    detail = line.detail.strip()
    return {
        "line": line,
        "month": f"{at:%B %Y}",
        "when": f"{'Today' if at.date() == today else f'{at.day} {at:%b}'} {at:%H:%M}",
        "icon": caller_words.ICONS[line.kind],
        "tone": caller_words.tone_of(line),
        "who": caller_words.name_of(line.actor),
        "url": url,
        "outcome": caller_words.shortened(detail, LONGEST),
        "whole": detail if len(detail) > LONGEST else "",
    }


def _cells(line, zone) -> tuple:
    at = local_time(line.at, zone)
    said = (line.get_kind_display(), line.title, line.detail, caller_words.name_of(line.actor))
    return f"{at:%Y-%m-%d}", f"{at:%H:%M}", *said


urlpatterns = [
    path("customers/<uuid:id>/timeline/", timeline, name="timeline"),
    path("customers/<uuid:id>/timeline.csv", lines_as_csv, name="timeline-csv"),
]
