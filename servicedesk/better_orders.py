"""A better order for a day of the board: proposed with what it saves, applied by one button."""

import datetime as dt
from itertools import groupby

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from servicedesk.refusals import status_of
from tenancy.addresses import desk_url
from tenancy.calendars import calendar_of, day_bounds, local_day, local_time
from tenancy.gates import for_roles
from tenancy.models import Role
from visits.better_order import BetterOrder, apply_better_order, better_order
from visits.models import Technician
from visits.places import MoveRefused

NOBODY = "Choose one of your technicians, or everybody."


class AskedForm(forms.Form):
    """Which day, and whose: everybody's when nobody is named."""

    day = forms.DateField(
        error_messages={"required": "Choose a day.", "invalid": "Write the day like 2026-03-31."}
    )
    technician = forms.UUIDField(required=False, error_messages={"invalid": NOBODY})

    def __init__(self, *args, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        self.technicians = list(Technician.objects.filter(is_active=True).order_by("name"))

    def clean_day(self) -> dt.date:
        """Yesterday has its order already."""
        day = self.cleaned_data["day"]
        if not self.today <= day <= self.today + dt.timedelta(days=366):
            raise forms.ValidationError("Choose today, or a day of the year to come.")
        return day

    def clean_technician(self) -> Technician | None:
        """One who works here; None for everybody."""
        wanted = self.cleaned_data["technician"]
        found = next((one for one in self.technicians if one.public_id == wanted), None)
        if wanted and found is None:
            raise forms.ValidationError(NOBODY)
        return found


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def better_order_page(request) -> HttpResponse:
    """GET proposes; POST applies exactly the proposal that was seen, 409 when the day has changed."""
    now, calendar = timezone.now(), calendar_of(request.tenant)
    today = local_day(now, calendar.zone)
    asked = request.POST if request.method == "POST" else request.GET
    form = AskedForm({"day": today.isoformat(), **asked.dict()}, today=today)
    if not form.is_valid():
        return _page(request, form, calendar, status=422)
    day, technician = form.cleaned_data["day"], form.cleaned_data["technician"]
    order = better_order(request.tenant, day, calendar=calendar, now=now, technician=technician)
    if request.method == "GET":
        return _page(request, form, calendar, order=order)
    try:
        made = apply_better_order(
            order, key=request.POST.get("key", ""), reason="A better order", by=request.membership, now=now
        )
    except MoveRefused as refused:
        status = status_of(refused)
        return _page(request, form, calendar, order=order, refusal=str(refused), status=status)
    moved = "1 visit has" if len(order.places) == 1 else f"{len(order.places)} visits have"
    messages.success(request, f"{moved} a better place: {_saved(order)} less on the road.")
    return redirect(f"{desk_url(request.tenant, 'board')}?day={day}&moved={made.public_id}")


def _page(request, form, calendar, *, order: BetterOrder | None = None, refusal="", status=200):
    context = {"form": form, "technicians": form.technicians, "refusal": refusal}
    day = order.day if order else form.today
    context["board_url"] = f"{desk_url(request.tenant, 'board')}?day={day}"
    context["chosen_day"] = form.data.get("day", "")
    context["chosen_technician"] = form.data.get("technician", "")
    if order is not None:
        start, _ = day_bounds(order.day, calendar.zone)
        context |= {
            "order": order,
            "start": start,
            "saved": _saved(order),
            "before": _road(order.before),
            "after": _road(order.after),
            "lanes": _lanes(order, calendar.zone),
        }
    return render(request, "servicedesk/better_order.html", context, status=status)


def _lanes(order, zone) -> list[tuple[Technician, list[dict]]]:
    """By technician, in the order of the new day: who is met when, and where the visit stood."""
    rows = (
        (
            place.technician,
            {
                "customer": place.visit.customer.short_name,
                "number": place.visit.number,
                "id": place.visit.public_id,
                "start": f"{local_time(place.start, zone):%H:%M}",
                "stood": f"{local_time(place.visit.planned_start, zone):%H:%M}",
                "stood_with": place.old_technician.name if place.is_new_person else "",
                "window": f"{place.visit.told_from:%H:%M} to {place.visit.told_until:%H:%M}",
            },
        )
        for place in order.places
    )
    return [(who, [row for _, row in mine]) for who, mine in groupby(rows, key=lambda pair: pair[0])]


def _saved(order) -> str:
    return _distance(order.minutes_saved, order.metres_saved)


def _road(driving) -> str:
    return _distance(driving.minutes, driving.metres)


def _distance(minutes, metres) -> str:
    """Minutes, and kilometres where any were measured."""
    hours, left = divmod(minutes, 60)
    time = f"{hours} h {left:02} min" if hours else f"{left} min"
    return f"{time} and {metres / 1000:.1f} km" if metres else time


urlpatterns = [path("board/order/", better_order_page, name="better-order")]
