"""The page behind a machine's label: what is wrong, a free time, yes (R2.7). No account, no name, no history.

Staff of the desk who open it come to the machine's own page. Opening it changes nothing.
"""

import datetime as dt
import uuid

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from customers.models import Equipment, LabelBooking
from portal.label_booking import (
    BookedEnough,
    attempt_for,
    book_from_label,
    booked_by,
    is_told,
    may_book,
    time_named,
    times_for,
)
from portal.opening import for_label
from portal.ringing import ask_to_be_rung, rings_by
from portal.times import slot_said, told_said
from tenancy.addresses import desk_url
from tenancy.gates import id_in
from tenancy.models import Membership
from visits.booking import SlotTaken
from visits.models import Visit

TAKEN = "Somebody has just taken that time. These are free."
ENOUGH = "Visits for this machine are booked already. For one more, please let us ring you."
NOT_PRESSED = "Nothing is booked yet. Press the button below."


class ProblemForm(forms.Form):
    """What is wrong, in the customer's words."""

    problem = forms.CharField(
        max_length=500,
        error_messages={
            "required": "Please say what is wrong.",
            "max_length": "Please say it in 500 letters at most.",
            "null_characters_not_allowed": "Please say it in plain letters.",
        },
    )


def label_page(request: HttpRequest, machine: Equipment, *, token: str, now: dt.datetime) -> HttpResponse:
    """The first step: this is the machine, what is wrong with it? Staff go to its own page."""
    if _is_staff(request):
        return redirect(desk_url(request.tenant, "equipment", id=machine.public_id))
    return _page(request, machine, token, now, form=ProblemForm())


@require_http_methods(["GET", "POST"])
@for_label
def book(request: HttpRequest, machine: Equipment, *, token: str, now: dt.datetime) -> HttpResponse:
    """The second step offers times, the third asks whether the chosen one is right; a POST books it.

    What was booked already, the third step answers with its receipt, however it is opened.
    """
    is_post = request.method == "POST"
    sent = request.POST if is_post else request.GET
    form = ProblemForm(sent)
    is_valid = form.is_valid()
    attempt = id_in(sent.get("attempt", "")) if is_post else None
    if not is_post and is_valid and "slot" in sent:
        attempt = _attempt(machine, token, sent["slot"], form)
    if attempt and (done := booked_by(machine, attempt)):
        return _to_receipt(token, done)
    if not is_valid:
        return _page(request, machine, token, now, form=form, status=422)
    if not may_book(machine, now=now):
        return _page(request, machine, token, now, form=form, problem=ENOUGH, status=409)
    if "slot" not in sent:
        return _times_page(request, machine, token, now, form)
    chosen = time_named(machine, sent["slot"], now=now)
    if chosen is None:
        return _times_page(request, machine, token, now, form, problem=TAKEN, status=409)
    if not is_post:
        return _confirm_page(request, machine, token, now, form, chosen)
    if attempt is None:
        return _confirm_page(request, machine, token, now, form, chosen, problem=NOT_PRESSED, status=422)
    return _book(request, machine, token, now, form, chosen, attempt)


@require_GET
@for_label
def booked(
    request: HttpRequest, machine: Equipment, *, token: str, now: dt.datetime, visit: uuid.UUID
) -> HttpResponse:
    """The receipt: the time that was told, of a visit that was booked from this label."""
    if not LabelBooking.objects.filter(equipment=machine, visit=visit).exists():
        raise Http404("No such booking")
    row = Visit.objects.select_related("customer").get(public_id=visit)
    row.customer.tenant = request.tenant
    page = {
        "machine": machine,
        "token": token,
        "visit": row,
        "told": told_said(row, now=now),
        "is_waiting": row.state in Visit.WAITING_STATES,
        "somebody_is_told": is_told(row),
    }
    return render(request, "portal/label_booked.html", page)


def ring_me(request: HttpRequest, machine: Equipment, *, token: str, now: dt.datetime) -> HttpResponse:
    """A person rings within one working hour; pressed twice on a day, one duty."""
    ask_to_be_rung(machine.site.customer, machine.public_id, about=f"{machine}, from its label", now=now)
    return redirect("customer-page", token=token)


def _book(request, machine, token, now, form, chosen, attempt):
    problem = form.cleaned_data["problem"]
    try:
        visit = book_from_label(machine, chosen, attempt=attempt, problem=problem, now=now)
    except SlotTaken:
        return _times_page(request, machine, token, now, form, problem=TAKEN, status=409)
    except BookedEnough:
        return _page(request, machine, token, now, form=form, problem=ENOUGH, status=409)
    return _to_receipt(token, visit)


def _to_receipt(token, visit):
    return redirect("label-booked", token=token, visit=visit.public_id)


def _is_staff(request) -> bool:
    """Whether somebody is signed in who belongs to the desk of the label."""
    if not request.user.is_authenticated:
        return False
    return Membership.objects.filter(user_id=request.user.pk, ended_at__isnull=True).exists()


def _page(request, machine, token, now, *, form, problem="", status=200):
    """The first step, or only "ring me" where enough was booked."""
    page = {
        "form": form,
        "problem": problem,
        "may_book": may_book(machine, now=now),
        "rings_by": rings_by(machine.site.customer, machine.public_id, now=now),
    }
    return _render(request, "portal/label.html", machine, token, page, status)


def _times_page(request, machine, token, now, form, *, problem="", status=200):
    customer = machine.site.customer
    page = {
        "form": form,
        "problem": problem,
        "offers": [
            {"key": slot.key, "words": slot_said(slot, customer, now=now)}
            for slot in times_for(machine, now=now)
        ],
    }
    return _render(request, "portal/label_times.html", machine, token, page, status)


def _confirm_page(request, machine, token, now, form, chosen, *, problem="", status=200):
    page = {
        "form": form,
        "slot": chosen,
        "when": slot_said(chosen, machine.site.customer, now=now),
        "attempt": _attempt(machine, token, chosen.key, form),
        "problem": problem,
    }
    return _render(request, "portal/label_confirm.html", machine, token, page, status)


def _attempt(machine, token, slot, form) -> uuid.UUID:
    return attempt_for(machine, token=token, slot=slot, problem=form.cleaned_data["problem"])


def _render(request, template, machine, token, page, status):
    return render(request, template, {"machine": machine, "token": token, **page}, status=status)


urlpatterns = [
    path("v/<str:token>/book/", book, name="label-book"),
    path("v/<str:token>/booked/<uuid:visit>/", booked, name="label-booked"),
]
