"""Technicians: who comes, when they work, when they are away, and where they are wanted (design 4.7)."""

import datetime as dt

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from servicedesk.hours_form import HoursForm
from servicedesk.technician_forms import AbsenceForm, TechnicianForm
from servicedesk.visits_hit import known_visits, needs_places
from tenancy.addresses import desk_url
from tenancy.calendars import local_time, zone_of
from tenancy.desk_settings import SettingRefused, hours_of_desk
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from tenancy.regions import regions_of
from tenancy.weekly_hours import in_words
from visits.absences import add_absence, end_absence
from visits.lost_places import VisitsHit, visits_hit, visits_of
from visits.models import Absence, Technician, TechnicianPreference
from visits.technicians import known_skills, own_hours, save_technician, set_working_hours

ABOUT = (
    "name",
    "phone",
    "skills",
    "home_address",
    "home_latitude",
    "home_longitude",
    "subdivision",
    "is_active",
)


@require_GET
@for_roles(Role.MANAGER)
def technicians(request):
    """All of them: who works here first."""
    now, zone = timezone.now(), zone_of(request.tenant)
    away = Absence.objects.filter(ends_at__gt=now).order_by("starts_at")
    rows = Technician.objects.order_by("-is_active", "name").prefetch_related(
        Prefetch("absences", queryset=away, to_attr="away"), "working_hours"
    )
    shown = [
        (
            row,
            in_words((hours.weekday, hours.starts, hours.ends) for hours in row.working_hours.all()),
            [(span_in_words(absence, zone), absence.reason) for absence in row.away],
        )
        for row in rows
    ]
    return render(request, "settings/technicians.html", {"technicians": shown})


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def new_technician(request):
    """Enter one; hours and absences follow on the page that opens."""
    form = TechnicianForm(request.POST or None, initial={"is_active": True})
    if request.method == "GET":
        return _new_page(request, form)
    if not form.is_valid():
        return _new_page(request, form, 422)
    try:
        made = save_technician(None, by=request.membership, now=timezone.now(), **form.cleaned_data)
    except SettingRefused as refused:
        form.add_error(refused.field, str(refused))
        return _new_page(request, form, 422)
    messages.success(request, f"{made.name} is entered.")
    return redirect(desk_url(request.tenant, "technician", id=made.public_id))


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def technician(request, id):
    """One of them: about, hours, absences, and where they are wanted."""
    shown = _technician(id)
    if request.method == "GET":
        return _page(request, shown)
    form = TechnicianForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, 422, part="about", about_form=form)
    known = known_visits(request.POST)
    try:
        save_technician(shown, by=request.membership, now=timezone.now(), known=known, **form.cleaned_data)
    except SettingRefused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, _technician(id), 422, part="about", about_form=form)
    except VisitsHit as hit:
        return _page(request, _technician(id), 422, part="about", about_form=form, would_hit=hit.visits)
    return _saved(request, shown, "about")


@require_POST
@for_roles(Role.MANAGER)
def save_hours(request, id):
    """Their own hours; none at all: the desk's. Visits that would stand outside them are named first."""
    shown = _technician(id)
    form = HoursForm(request.POST, spans=own_hours(shown))
    if not form.is_valid():
        return _page(request, shown, 422, part="hours", hours_form=form)
    known = known_visits(request.POST)
    try:
        hit = set_working_hours(shown, form.spans, by=request.membership, now=timezone.now(), known=known)
    except VisitsHit as refused:
        return _page(request, shown, 422, part="hours", hours_form=form, would_hit=refused.visits)
    return _saved(request, shown, "hours", hit)


@require_POST
@for_roles(Role.MANAGER)
def absent(request, id):
    """They do not come; visits that are booked in that time are named."""
    shown, zone = _technician(id), zone_of(request.tenant)
    form = AbsenceForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, 422, part="absences", absence_form=form)
    starts_at, ends_at = form.span(zone)
    try:
        add_absence(
            shown,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=form.cleaned_data["reason"],
            by=request.membership,
            now=timezone.now(),
        )
    except SettingRefused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, shown, 422, part="absences", absence_form=form)
    return _saved(request, shown, "absences")


@require_POST
@for_roles(Role.MANAGER)
def come_back(request, id, absence):
    """They come again from now on, or never were away."""
    shown = _technician(id)
    end_absence(the_one(shown.absences.all(), absence), by=request.membership, now=timezone.now())
    return _saved(request, shown, "absences")


def _technician(id) -> Technician:
    return the_one(Technician.objects.select_related("membership__user", "tenant"), id)


def _saved(request, shown, part, hit=()):
    if hit:
        messages.warning(request, needs_places(len(hit)))
    else:
        messages.success(request, "Saved.")
    return redirect(f"{desk_url(request.tenant, 'technician', id=shown.public_id)}#{part}")


def _new_page(request, form, status=200) -> HttpResponse:
    context = {
        "form": form,
        "regions": regions_of(request.tenant.country),
        "skills": known_skills(),
        "prefix": "about-",
    }
    return render(request, "settings/technician_new.html", context, status=status)


def _page(request, shown, status=200, *, part="", **forms) -> HttpResponse:
    now = timezone.now()
    hours = own_hours(shown)
    absences = list(shown.absences.filter(ends_at__gt=now).order_by("starts_at", "pk"))
    hit = visits_hit(shown, start=now, end=_furthest(absences), now=now) if absences else []
    wishes = TechnicianPreference.objects.filter(technician=shown).select_related(
        "customer", "site__customer", "equipment__site__customer"
    )
    context = {
        "technician": shown,
        "part": part,
        "about_form": TechnicianForm(initial=_initial(shown)),
        "hours_form": HoursForm(spans=hours),
        "absence_form": AbsenceForm(),
        "own_hours": in_words(hours),
        "desk_hours": in_words(hours_of_desk()),
        "absences": [
            (absence, span_in_words(absence, zone_of(request.tenant)), _within(hit, absence))
            for absence in absences
        ],
        "booked": [] if shown.is_active else visits_of(shown, now=now),
        # Before it is saved: which visits would lose their place.
        "would_hit": [],
        "wishes": wishes.order_by("level", "pk")[:100],
        "regions": regions_of(request.tenant.country),
        "skills": known_skills(),
        "now": now,
        **forms,
    }
    return render(request, "settings/technician.html", context, status=status)


def span_in_words(absence: Absence, zone) -> str:
    """ "Fri 6 Mar 2026 to Sun 8 Mar 2026", with the times where it is not whole days."""
    starts, ends = local_time(absence.starts_at, zone), local_time(absence.ends_at, zone)
    midnight = dt.time(0)
    if starts.time() == ends.time() == midnight:
        last = ends.date() - dt.timedelta(days=1)
        days = [starts.date(), *([last] if last != starts.date() else [])]
        return " to ".join(f"{day:%a} {day.day} {day:%b %Y}" for day in days)
    return " to ".join(f"{at:%a} {at.day} {at:%b %Y %H:%M}" for at in (starts, ends))


def _initial(shown) -> dict:
    return {name: getattr(shown, name) for name in ABOUT} | {"skills": ", ".join(shown.skills)}


def _furthest(absences):
    return max(absence.ends_at for absence in absences)


def _within(visits, absence) -> list:
    return [
        visit
        for visit in visits
        if visit.planned_start < absence.ends_at and visit.planned_end > absence.starts_at
    ]


urlpatterns = [
    path("settings/technicians/", technicians, name="technicians"),
    path("settings/technicians/new/", new_technician, name="technician-new"),
    path("settings/technicians/<uuid:id>/", technician, name="technician"),
    path("settings/technicians/<uuid:id>/hours/", save_hours, name="technician-hours"),
    path("settings/technicians/<uuid:id>/absences/", absent, name="technician-absences"),
    path(
        "settings/technicians/<uuid:id>/absences/<uuid:absence>/end/", come_back, name="technician-come-back"
    ),
]
