"""Visits that come again: looked at day by day, booked in one act, seen as one, the rest given up."""

import datetime as dt
from urllib.parse import urlencode

from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from customers.models import Customer
from servicedesk.booking_choices import MAIL, SMS, Choices
from servicedesk.caller_facts import Caller
from servicedesk.moments import day_word, moment_word
from servicedesk.series_forms import TIMES, RestForm, SeriesForm
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.models import Technician, Visit, VisitSeries
from visits.outcomes import Whose
from visits.recurring import (
    FARTHEST,
    MOST,
    SeriesDay,
    SeriesRefused,
    book_series,
    cancel_rest_of_series,
    look_again,
    plan_series,
)
from visits.slots import offers_for

USUAL_WEEKS, USUAL_TIMES = 4, 6
# What the booking panel has chosen, handed on as it is.
CHOSEN = ("kind", "problem", "contact", "machine", "tell", "case")


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def new_series(request, id):
    """Each day of it, and whether it can be; only a POST books."""
    customer, now = the_one(Customer.objects.standing(), id), timezone.now()
    data = request.POST if request.method == "POST" else request.GET
    choices = Choices(caller=Caller(customer, desk=request.tenant, now=now), data=data)
    technicians = _who_may_come(choices)
    zone = zone_of(request.tenant)
    is_asked = "every_weeks" in data
    form = SeriesForm(
        data if is_asked or request.method == "POST" else None,
        initial=_first_time(choices, zone),
        technicians=technicians,
        zone=zone,
    )
    if not form.is_bound:
        if request.htmx:
            # From the panel: what stands in its fields comes along in the address.
            return HttpResponseClientRedirect(request.get_full_path())
        return _new_page(request, choices, form)
    if choices.site is None:
        form.add_error(None, "Choose where the technician should come.")
    if not form.is_valid():
        return _new_page(request, choices, form, status=422)
    try:
        if request.method == "GET":
            days = plan_series(**form.asked(), length=choices.wanted.length, now=now)
            return _new_page(request, choices, form, days=days)
        booked = _book(request, choices, form, now)
    except SeriesRefused as refused:
        form.add_error(None, str(refused))
        return _new_page(request, choices, form, status=422)
    missing = urlencode([("not", no.day.isoformat()) for no in booked.not_booked])
    url = desk_url(request.tenant, "series", id=booked.series.public_id)
    return redirect(f"{url}?{missing}" if missing else url)


@require_GET
@for_roles(Role.DISPATCHER)
def series(request, id):
    """All visits of it, what could not be booked, and the way to give up the rest."""
    return _series_page(request, _series(id), timezone.now())


@require_POST
@for_roles(Role.DISPATCHER)
def cancel_rest(request, id):
    """Cancel what is still to come from a day on; done twice it changes nothing more."""
    found, now = _series(id), timezone.now()
    form = RestForm(request.POST)
    if not form.is_valid():
        return _series_page(request, found, now, form=form, status=422)
    data = form.cleaned_data
    done = cancel_rest_of_series(
        found,
        from_day=data["from_day"],
        whose=Whose(data["whose"]),
        because=data["because"],
        by=request.membership,
        now=now,
    )
    return _series_page(request, found, now, done=done)


def _book(request, choices, form, now):
    return book_series(
        **choices.what,
        length=choices.wanted.length,
        window=choices.wanted.window,
        instead=form.taken_instead(),
        by=request.membership,
        now=now,
        **form.asked(),
    )


def _who_may_come(choices) -> list[Technician]:
    """Who has the skills and is wanted there, the preferred first; before a place is chosen, everybody."""
    if choices.site is None:
        return choices.technicians
    return offers_for(choices.wanted, [choices.caller.today]).leads


def _first_time(choices, zone) -> dict:
    """What the booking panel has chosen; else what the address names."""
    given = {name: choices.data.get(name, "") for name in ("technician", "day", "start")}
    if asked := choices.asked_for:
        technician, at = asked
        local = local_time(at, zone)
        given = {"technician": str(technician.public_id), "day": local.date(), "start": f"{local:%H:%M}"}
    return {**given, "every_weeks": USUAL_WEEKS, "times": USUAL_TIMES, "ends": TIMES}


def _new_page(request, choices, form, *, days=(), status=200):
    caller = choices.caller
    zone, today = caller.calendar.zone, caller.today
    handed_on = [(name, value) for name in CHOSEN for value in choices.data.getlist(name)]
    context = {
        "customer": caller.customer,
        "choices": choices,
        "sites": caller.sites,
        "kind": Visit.Kind(choices.kind).label,
        "handed_on": handed_on,
        "asked": [(n, value) for n, values in choices.data.lists() if n != "instead" for value in values],
        "form": form,
        "takes": choices.wanted.work.crew,
        "minutes": round(choices.wanted.length.total_seconds() / 60),
        "days": [_day_row(day, zone, today, form) for day in days],
        "bookable": sum(not day.why for day in days),
        "book_url": desk_url(request.tenant, "book", id=caller.customer.public_id),
    }
    return render(request, "servicedesk/series_new.html", context, status=status)


def _day_row(day: SeriesDay, zone, today, form) -> dict:
    key = f"{day.day}@{day.instead:%Y%m%dT%H%M%SZ}" if day.instead else ""
    return {
        "day": day_word(day.day, today=today),
        "iso": day.day.isoformat(),
        "why": day.why,
        "instead": moment_word(day.instead, zone=zone, today=today) if day.instead else "",
        "key": key,
        "is_taken": key in form.data.getlist("instead"),
    }


def _series(id) -> VisitSeries:
    return the_one(VisitSeries.objects.select_related("customer", "site", "tenant"), id)


def _series_page(request, found, now, *, form=None, done=None, status=200):
    zone = zone_of(request.tenant)
    today = local_day(now, zone)
    rows = found.visits.prefetch_related("assignments__technician", "machines__equipment")
    visits = list(rows.order_by("planned_start", "pk"))
    coming = [visit for visit in visits if visit.state in Visit.WAITING_STATES]
    from_day = local_day(coming[0].planned_start, zone) if coming else ""
    missing = [
        {
            "day": day_word(one.day, today=today),
            "why": one.why,
            "when": moment_word(one.instead or one.start, zone=zone, today=today),
            "url": _book_url(request, found, visits[0], local_day(one.instead or one.start, zone)),
        }
        for one in look_again(found, _days_named(request, today))
    ]
    context = {
        "series": found,
        "customer": found.customer,
        "visits": visits,
        "coming": coming,
        "missing": missing,
        "form": form,
        "sent": form.data if form else {"from_day": f"{from_day}"},
        "done": done,
    }
    return render(request, "servicedesk/series.html", context, status=status)


def _days_named(request, today) -> list[dt.date]:
    """Days that could not be booked, as the address has them; what is over is left out."""
    found = set()
    for written in request.GET.getlist("not")[:MOST]:
        try:
            day = parse_date(written)
        except ValueError:
            continue
        if day and today <= day <= today + FARTHEST:
            found.add(day)
    return sorted(found)


def _book_url(request, found, like, day) -> str:
    """The booking panel for one visit like the others, at that day."""
    query = [("prefilled", "1"), ("more", "1"), ("day", day), *_like(like, found.site)]
    return f"{desk_url(request.tenant, 'book', id=found.customer.public_id)}?{urlencode(query)}"


def again_url(request, visit: Visit) -> str:
    """Where visits like this one are booked, the first of them some weeks after it."""
    start = local_time(visit.planned_start, zone_of(request.tenant)) + dt.timedelta(weeks=USUAL_WEEKS)
    tell = [("tell", way) for way, told in ((SMS, visit.tell_by_sms), (MAIL, visit.tell_by_mail)) if told]
    query = [("day", start.date()), ("start", f"{start:%H:%M}"), *_like(visit, visit.site), *tell]
    return f"{desk_url(request.tenant, 'series-new', id=visit.customer.public_id)}?{urlencode(query)}"


def _like(visit, site) -> list[tuple]:
    """What a visit is for, where and with whom, as the booking panel reads it."""
    who = [assignment.technician for assignment in visit.assignments.all()][:1]
    return [
        ("kind", visit.kind),
        ("problem", visit.problem),
        ("site", site.public_id),
        *(("machine", machine.equipment.public_id) for machine in visit.machines.all()),
        *(("technician", technician.public_id) for technician in who),
    ]


urlpatterns = [
    path("customers/<uuid:id>/series/", new_series, name="series-new"),
    path("series/<uuid:id>/", series, name="series"),
    path("series/<uuid:id>/cancel/", cancel_rest, name="series-cancel"),
]
