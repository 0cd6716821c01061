"""Two visits change technicians, or places altogether: chosen on the board or from a list."""

import datetime as dt

from django import forms
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_http_methods

from servicedesk.visit_acts import told_of
from servicedesk.visit_dialogs import answer_dialog
from servicedesk.whereabouts import visits_between
from tenancy.addresses import desk_url
from tenancy.calendars import day_bounds, local_day, local_time, zone_of
from tenancy.gates import for_roles
from tenancy.models import Role
from visits.models import Visit
from visits.swapping import swap_visits

OFFERED = 9
TECHNICIANS, PLACES = "technicians", "places"


class SwapForm(forms.Form):
    """With which visit, what changes, and what the customers said. Versions are those that were seen."""

    other = forms.CharField(error_messages={"required": "Choose the other visit."})
    what = forms.ChoiceField(choices=[(TECHNICIANS, TECHNICIANS), (PLACES, PLACES)])
    reason = forms.CharField(required=False, max_length=200)
    agreed = forms.BooleanField(required=False)
    tell = forms.BooleanField(required=False)
    version = forms.IntegerField(min_value=1)

    def clean_other(self) -> tuple[Visit, int]:
        """The other visit, and the version of it that was seen."""
        id, _, version = self.cleaned_data["other"].partition("@")
        try:
            found = Visit.objects.filter(public_id=id).first()
            seen = int(version)
        except ValueError:
            found = None
        if found is None:
            raise forms.ValidationError("Choose the other visit.")
        return found, seen


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def swap(request, id):
    """Whom it could be swapped with; posting swaps, 409 when somebody was quicker."""

    def act(visit, form, now):
        data = form.cleaned_data
        other, seen = data["other"]
        made = swap_visits(
            visit,
            other,
            versions=(data["version"], seen),
            reason=data["reason"],
            by=request.membership,
            now=now,
            agreed=(visit, other) if data["agreed"] else (),
            tell=data["tell"],
            swap_times=data["what"] == PLACES,
        )
        return f"{visit.customer.short_name} and {other.customer.short_name} are swapped.", made

    return answer_dialog(request, id, form_of=lambda _: SwapForm(request.POST), dialog=_dialog, act=act)


def _dialog(request, visit, now, *, form=None, status=200):
    others = _others(visit, now)
    posted = form.data if form else {}
    asked = request.GET.get("with", "")
    chosen = posted.get("other") or next((o["key"] for o in others if o["id"] == asked), "")
    context = {
        **told_of(visit, now),
        "form": form,
        "others": others,
        "chosen": chosen or (others[0]["key"] if others else ""),
        "what": posted.get("what", TECHNICIANS),
        "reason": posted.get("reason", ""),
        "agreed": "agreed" in posted,
        "tell": "tell" in posted or form is None,
        "is_confirmed": visit.was_confirmed or any(o["is_confirmed"] for o in others),
        "swap_url": desk_url(visit.tenant, "visit-swap", id=visit.public_id),
    }
    part = "#answer" if request.htmx and form else "#dialog" if request.htmx else ""
    return render(request, f"servicedesk/visit_swap.html{part}", context, status=status)


def _others(visit, now) -> list[dict]:
    """Waiting visits of the same day that somebody else has, the nearest in time first.

    One asked for by its id stands among them whatever its day.
    """
    zone = zone_of(visit.tenant)
    start, end = day_bounds(local_day(visit.planned_start, zone), zone)
    held = {assignment.technician_id for assignment in visit.assignments.all()}
    found = [
        other
        for other in visits_between(start, end)
        if other.state in Visit.WAITING_STATES
        and other.missed_at is None
        and other.pk != visit.pk
        and other.going
        and other.window_end > now
    ]
    found.sort(key=lambda other: (_is_same(other, held), _apart(visit, other), other.pk))
    return [
        {
            "id": str(other.public_id),
            "key": f"{other.public_id}@{other.version}",
            "customer": other.customer.short_name,
            "who": other.going[0].technician.name,
            "when": f"{other.customer.short_name}, {local_time(other.planned_start, zone):%H:%M}",
            "why": " and ".join(assignment.technician.name for assignment in other.going),
            "is_confirmed": other.was_confirmed,
            "digit": number if number <= OFFERED else "",
        }
        for number, other in enumerate(found, 1)
    ]


def _is_same(other, held) -> bool:
    return {assignment.technician_id for assignment in other.going} == held


def _apart(visit, other) -> dt.timedelta:
    return abs(other.planned_start - visit.planned_start)


urlpatterns = [path("visits/<uuid:id>/swap/", swap, name="visit-swap")]
