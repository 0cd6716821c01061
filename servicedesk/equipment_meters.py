"""What the counters of a machine showed, how much it is used by the month, and a new reading."""

import datetime as dt

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from customers.meters import (
    LowerThanBefore,
    figure,
    last_readings_of,
    readings_of,
    record_reading,
    use_by_month,
    withdraw_reading,
)
from customers.models import Equipment, MeterReading
from servicedesk.equipment_forms import BecauseForm, ReadingForm
from servicedesk.reading_on import newest_first
from servicedesk.seen_forms import is_done
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.desk_settings import SettingRefused
from tenancy.gates import for_staff, the_one
from visits.models import Visit

READINGS_SHOWN = 20
MONTHS_SHOWN = 12
# Two years and a bit tell twelve months, also of a machine that is seen once a year.
LOOKED_AT = dt.timedelta(days=800)


@require_http_methods(["GET", "POST"])
@for_staff
def readings(request, id):
    """The table and the use of one counter; a POST keeps a reading, and asks before it goes backwards."""
    machine = _machine(id)
    now, zone = timezone.now(), zone_of(request.tenant)
    today = local_day(now, zone)
    known = {"machine": machine, "today": today, "now": now, "zone": zone}
    if request.method == "GET":
        return _page(request, machine, ReadingForm(initial={"read_on": today}, **known))
    form = ReadingForm({"read_on": today.isoformat(), **request.POST.dict()}, **known)
    if not form.is_valid():
        return _page(request, machine, form, status=422)
    data = form.cleaned_data
    try:
        record_reading(
            machine,
            kind=data["kind"],
            value=data["value"],
            read_at=form.read_at,
            was_replaced=data["was_replaced"],
            by=request.membership,
            now=now,
        )
    except SettingRefused as refused:
        form.add_error("read_on" if refused.field == "read_at" else refused.field, str(refused))
        asks = isinstance(refused, LowerThanBefore)
        return _page(request, machine, form, asks=asks, status=409 if asks else 422)
    messages.success(request, "Reading kept.")
    return redirect(_url(request, machine, data["kind"]))


@require_POST
@for_staff
def withdraw(request, id, reading):
    """It was wrong: say why, and it counts no more."""
    machine = _machine(id)
    row = the_one(machine.readings.select_related("equipment__site__customer"), reading)
    form = BecauseForm(request.POST)

    def act(said):
        withdraw_reading(row, because=said["because"], by=request.membership, now=timezone.now())

    if not is_done(form, act):
        now, zone = timezone.now(), zone_of(request.tenant)
        blank = ReadingForm(machine=machine, today=local_day(now, zone), now=now, zone=zone)
        problem = form.errors["because"][0]
        return _page(request, machine, blank, kind=row.kind, wrong=row, problem=problem, status=422)
    messages.success(request, "Reading withdrawn.")
    return redirect(_url(request, machine, row.kind))


def _machine(id) -> Equipment:
    return the_one(Equipment.objects.select_related("site__customer"), id)


def _url(request, machine, kind="") -> str:
    url = desk_url(request.tenant, "equipment-readings", id=machine.public_id)
    return f"{url}?kind={kind}" if kind else url


def _page(request, machine, form, *, kind="", asks=False, wrong=None, problem="", status=200):
    last = last_readings_of([machine])
    asked = kind or form.data.get("kind") or request.GET.get("kind", "")
    known = [reading.kind for reading in last]
    shown = asked if asked in known else next(iter(known), "")
    rows = machine.readings.filter(kind=shown).select_related("read_by__user", "withdrawn_by__user")
    page = newest_first(rows, "read_at", before=request.GET.get("before", ""), most=READINGS_SHOWN)
    since = last[known.index(shown)].read_at - LOOKED_AT if shown else None
    counted = readings_of(machine).filter(kind=shown, read_at__gte=since) if shown else []
    uses = use_by_month(counted, zone_of(request.tenant), months=MONTHS_SHOWN)
    most = max((use.used for use in uses), default=0) or 1
    context = {
        "machine": machine,
        "customer": machine.site.customer,
        "form": form,
        "Kinds": MeterReading.Kind.choices,
        "tabs": [(r.get_kind_display(), r.kind, r.kind == shown) for r in last],
        "shown": shown,
        "counter": MeterReading.Kind(shown).label if shown else "",
        "page": page,
        "rows": _with_visits(page.rows),
        "uses": [(use.month, figure(use.used), round(100 * use.used / most)) for use in uses],
        "asks": asks,
        "wrong": wrong,
        "problem": problem,
    }
    return render(request, "servicedesk/equipment_readings.html", context, status=status)


def _with_visits(rows) -> list[tuple]:
    """Each reading as it is shown, with the visit it was read at: one query."""
    at_visits = Visit.objects.filter(public_id__in=[row.visit for row in rows if row.visit])
    visits = {visit.public_id: visit for visit in at_visits}
    return [(row, figure(row.value), visits.get(row.visit)) for row in rows]


urlpatterns = [
    path("equipment/<uuid:id>/readings/", readings, name="equipment-readings"),
    path("equipment/<uuid:id>/readings/<uuid:reading>/withdraw/", withdraw, name="reading-withdraw"),
]
