"""Settings of the desk: place, hours, days off, visits, promises, reminders, messages (design 4.7)."""

import uuid
from dataclasses import dataclass, field
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from servicedesk import desk_consequences as consequences
from servicedesk.desk_settings_forms import (
    ClosureForm,
    FollowUpForm,
    PlaceForm,
    PromisesForm,
    RemindersForm,
    VisitsForm,
    WaitingForm,
    a_year_from,
    reminders_as_written,
)
from servicedesk.hours_form import HoursForm
from servicedesk.settings_changes import latest_changes
from servicedesk.visits_hit import known_visits, needs_places
from tenancy.addresses import desk_url
from tenancy.calendars import calendar_of, day_bounds, local_day, zone_of
from tenancy.desk_settings import (
    FOLLOW_UP,
    PLACE,
    PROMISES,
    REMINDERS,
    VISITS,
    WAITING,
    ChangedMeanwhile,
    SettingRefused,
    hours_of_desk,
    save_part,
    switch_messages,
    version_of,
    version_of_hours,
)
from tenancy.gates import for_roles, the_one
from tenancy.models import Closure, Role, Tenant
from tenancy.regions import countries, public_holidays, regions_of
from visits.desk_days import close_day, open_day, set_desk_hours
from visits.lost_places import VisitsHit, visits_on
from visits.models import Visit

# Part of the page: its form, and the fields that it saves.
PARTS = {
    "place": (PlaceForm, PLACE),
    "visits": (VisitsForm, VISITS),
    "promises": (PromisesForm, PROMISES),
    "reminders": (RemindersForm, REMINDERS),
    "asking": (FollowUpForm, FOLLOW_UP),
    "matters": (WaitingForm, WAITING),
}


@dataclass
class Said:
    """What was sent and refused: of which part, its form, and why the whole was refused.

    `would_hit` are the visits that would lose their place: nothing is saved before somebody knows.
    """

    part: str = ""
    form: forms.Form | None = None
    refusal: str = ""
    would_hit: list[Visit] = field(default_factory=list)


@require_GET
@for_roles(Role.MANAGER)
def settings(request):
    """Every part, each with its own Save."""
    return _page(request)


@require_POST
@for_roles(Role.MANAGER)
def save(request, part):
    """Save one of PARTS; 422 for what cannot be, 409 when somebody changed it meanwhile."""
    form_class, fields = PARTS[part]
    form = form_class(request.POST)
    if not form.is_valid():
        return _page(request, Said(part, form), 422)
    try:
        save_part(
            request.tenant,
            fields,
            seen=request.POST.get("seen", ""),
            by=request.membership,
            now=timezone.now(),
            **form.cleaned_data,
        )
    except ChangedMeanwhile as refused:
        return _page(request, Said(part, form, str(refused)), 409)
    except SettingRefused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, Said(part, form), 422)
    return _saved(request, part)


@require_POST
@for_roles(Role.MANAGER)
def save_hours(request):
    """The hours of the week; visits that would stand outside them are named first."""
    form = HoursForm(request.POST, spans=hours_of_desk())
    if not form.is_valid():
        return _page(request, Said("hours", form), 422)
    try:
        hit = set_desk_hours(
            request.tenant,
            form.spans,
            seen=request.POST.get("seen", ""),
            by=request.membership,
            now=timezone.now(),
            known=known_visits(request.POST),
        )
    except ChangedMeanwhile as refused:
        return _page(request, Said("hours", form, str(refused)), 409)
    except SettingRefused as refused:
        return _page(request, Said("hours", form, str(refused)), 422)
    except VisitsHit as refused:
        return _page(request, Said("hours", form, would_hit=refused.visits), 422)
    return _saved(request, "hours", len(hit))


@require_POST
@for_roles(Role.MANAGER)
def close_on(request):
    """A day off; visits that stand then are named before and after, with the way to each."""
    form = ClosureForm(request.POST)
    if not form.is_valid():
        return _page(request, Said("closures", form), 422)
    now, zone = timezone.now(), zone_of(request.tenant)
    try:
        closure = close_day(
            request.tenant,
            **form.cleaned_data,
            by=request.membership,
            now=now,
            known=known_visits(request.POST),
        )
    except SettingRefused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, Said("closures", form), 422)
    except VisitsHit as refused:
        return _page(request, Said("closures", form, would_hit=refused.visits), 422)
    if visits_on(*day_bounds(closure.day, zone), now=now):
        messages.warning(request, "Closed. Visits are booked on that day: see below.")
        return redirect(f"{desk_url(request.tenant, 'settings')}?hit={closure.public_id}#closures")
    return _saved(request, "closures")


@require_POST
@for_roles(Role.MANAGER)
def open_on(request, id):
    """The desk works on that day after all."""
    closure = the_one(Closure.objects.all(), id)
    open_day(request.tenant, closure, by=request.membership, now=timezone.now())
    return _saved(request, "closures")


@require_POST
@for_roles(Role.MANAGER)
def save_messages(request):
    """Messages and alarms begin now, or stop."""
    on = request.POST.get("on") == "yes"
    switch_messages(request.tenant, on=on, by=request.membership, now=timezone.now())
    return _saved(request, "messages")


def _saved(request, part, hit=0):
    if hit:
        messages.warning(request, needs_places(hit))
    else:
        messages.success(request, "Saved.")
    return redirect(f"{desk_url(request.tenant, 'settings')}#{part}")


def _page(request, said: Said | None = None, status=200) -> HttpResponse:
    said = said or Said()
    now = timezone.now()
    desk = Tenant.objects.get(pk=request.tenant.pk)
    calendar, zone = calendar_of(desk), zone_of(desk)
    today = local_day(now, zone)
    hours = hours_of_desk()
    shown = {
        part: said.form if said.part == part else form_class(initial=_initial(desk, fields))
        for part, (form_class, fields) in PARTS.items()
    }
    context = {
        "desk": desk,
        "part": said.part,
        "refusal": said.refusal,
        "would_hit": said.would_hit,
        "said": said.form,
        "forms": shown,
        "seen": {part: version_of(desk, fields) for part, (_, fields) in PARTS.items()},
        "hours_form": said.form if said.part == "hours" else HoursForm(spans=hours),
        "hours_seen": version_of_hours(),
        "closure_form": said.form if said.part == "closures" else ClosureForm(),
        "closures": Closure.objects.filter(day__gte=today).order_by("day")[:100],
        "holidays": public_holidays(desk.country, desk.subdivision, today, a_year_from(today)),
        "hit": _hit(request, now, zone),
        "zones": sorted(name for name in available_timezones() if "/" in name or name == "UTC"),
        "countries": list(countries()),
        "regions": regions_of(desk.country),
        "changes": latest_changes(),
        "says": {
            "zone": consequences.of_zone(calendar, now),
            "hours": consequences.of_hours(calendar, now),
            "visits": consequences.of_visits(desk),
            "promises": consequences.of_promises(desk, calendar, now),
            "reminders": consequences.of_reminders(desk, calendar, now),
            "asking": consequences.of_follow_up(desk, calendar, now),
            "matters": consequences.of_waiting(desk, calendar, now),
        },
    }
    return render(request, "settings/desk.html", context, status=status)


def _hit(request, now, zone) -> list:
    """The visits on a day off that was just entered, for as long as its address says so."""
    try:
        named = uuid.UUID(request.GET.get("hit", ""))
    except ValueError:
        return []
    closure = Closure.objects.filter(public_id=named).first()
    return visits_on(*day_bounds(closure.day, zone), now=now) if closure else []


def _initial(desk, fields) -> dict:
    values = {name: getattr(desk, name) for name in fields}
    if "reminder_minutes" in values:
        values["reminder_minutes"] = reminders_as_written(desk.reminder_minutes)
    if "waiting_counts_working_time" in values:
        values["waiting_counts_working_time"] = "yes" if desk.waiting_counts_working_time else "no"
    return values


urlpatterns = [
    path("settings/", settings, name="settings"),
    path("settings/place/", save, {"part": "place"}, name="settings-place"),
    path("settings/hours/", save_hours, name="settings-hours"),
    path("settings/closures/", close_on, name="settings-closures"),
    path("settings/closures/<uuid:id>/open/", open_on, name="settings-open"),
    path("settings/visits/", save, {"part": "visits"}, name="settings-visits"),
    path("settings/promises/", save, {"part": "promises"}, name="settings-promises"),
    path("settings/reminders/", save, {"part": "reminders"}, name="settings-reminders"),
    path("settings/asking/", save, {"part": "asking"}, name="settings-asking"),
    path("settings/matters/", save, {"part": "matters"}, name="settings-matters"),
    path("settings/messages/", save_messages, name="settings-messages"),
]
