"""A customer's page of one visit: yes, another time, cancel, nobody came. Opening it changes nothing."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from customers.links import make_link
from customers.models import CustomerLink
from portal.opening import for_visit_link
from portal.ringing import ringing_of, ringing_page
from portal.times import (
    REBOOKED,
    SAID,
    anew_of,
    free_times,
    groups_of,
    may_choose,
    standing_at,
    take_time,
    told_said,
)
from portal.visit_facts import facts_of, show_visit
from visits.booking import SlotTaken
from visits.confirming import CannotConfirm, confirm_visit
from visits.letters import LINK_LASTS
from visits.models import Visit
from visits.outcomes import OutcomeRefused, Whose, cancel_visit, nobody_came
from visits.places import MoveRefused

TAKEN = "Somebody has just taken that time. These are free."
CHOOSE = "Choose a time."
# What the last choice of a time sends: none of them, please ring me.
RING = "ring"


def visit_page(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """One sentence, who comes, and one primary button."""
    return show_visit(request, visit, token, now)


@require_POST
@for_visit_link
def confirm(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """Yes, that suits me. Pressed twice, it counts once."""
    try:
        confirm_visit(visit, by=None, now=now, said=SAID)
    except CannotConfirm as refused:
        return show_visit(request, visit, token, now, problem=str(refused), status=409)
    return redirect("customer-page", token=token)


@require_http_methods(["GET", "POST"])
@for_visit_link
def change(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """Choose among the free times, or to be rung; somebody else may be quicker."""
    if request.method == "GET":
        return _change_page(request, visit, token, now)
    asked = request.POST.get("slot", "")
    if asked == RING:
        return _ring(request, visit, token, now)
    if not asked:
        return _change_page(request, visit, token, now, problem=CHOOSE, status=422)
    return _pressed_twice(visit, asked, token) or _take(request, visit, token, now, asked)


@require_http_methods(["GET", "POST"])
@for_visit_link
def nobody(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """The window is over and they say that nobody came: a miss, as they say (R4.3).

    Asked before, the page says until when somebody may still come, and that we ring if they like.
    """
    if request.method == "GET":
        page = facts_of(visit, token, now) | ringing_of(visit.customer, visit.public_id, now=now)
        return render(request, "portal/nobody.html", page)
    try:
        nobody_came(visit, by=None, now=now)
    except OutcomeRefused as refused:
        return show_visit(request, visit, token, now, problem=str(refused), status=409)
    return redirect("customer-page", token=token)


@require_http_methods(["GET", "POST"])
@for_visit_link
def cancel(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """Asks once more, then cancels by the customer's word."""
    if request.method == "GET":
        return render(request, "portal/cancel.html", facts_of(visit, token, now))
    # The database keeps no sign of number zero.
    because = request.POST.get("because", "").replace("\x00", "").strip() or SAID
    try:
        cancel_visit(
            visit, whose=Whose.CUSTOMER, because=because[:200], by=None, now=now, version=visit.version
        )
    except OutcomeRefused as refused:
        return show_visit(request, visit, token, now, problem=str(refused), status=409)
    return redirect("customer-page", token=token)


def ring_me(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """A person rings when they choose; pressed twice, one call."""

    def show(problem):
        return show_visit(request, visit, token, now, ring_problem=problem, status=409)

    return ringing_page(
        request,
        visit.customer,
        visit.public_id,
        about=f"visit {visit.number}",
        case=visit.case,
        token=token,
        now=now,
        show=show,
    )


def _ring(request, visit, token, now):
    """Another time is found on the telephone."""

    def show(problem):
        return _change_page(request, visit, token, now, problem=problem, status=409)

    about = f"another time for visit {visit.number}"
    said = {"about": about, "case": visit.case, "token": token, "now": now, "show": show}
    return ringing_page(request, visit.customer, visit.public_id, **said)


def _take(request, visit, token, now, asked):
    slots = free_times(visit, now=now)
    chosen = next((slot for slot in slots if slot.key == asked), None)
    if chosen is None:
        gone = TAKEN if may_choose(visit) or visit.state != Visit.State.MISSED else REBOOKED
        refusal = _change_page(request, visit, token, now, problem=gone, status=409)
        # The first press may have come through while the times were read.
        return _pressed_twice(visit, asked, token) or refusal
    try:
        taken = take_time(visit, chosen, now=now)
    except (MoveRefused, SlotTaken) as refused:
        visit.refresh_from_db()
        refusal = _change_page(request, visit, token, now, problem=str(refused), status=409)
        return _pressed_twice(visit, asked, token) or refusal
    if taken.pk != visit.pk:
        # A new visit has a page of its own.
        token = make_link(
            taken.customer,
            CustomerLink.Purpose.VISIT,
            taken.public_id,
            now=now,
            expires_at=taken.planned_end + LINK_LASTS,
        )
    return redirect("customer-page", token=token)


def _pressed_twice(visit, asked, token):
    """Where it is the time that was taken already: to the page that says so, and no link is made again."""
    stands = standing_at(visit, asked)
    if stands is None:
        return None
    return redirect("customer-page" if stands == visit else "customer-change", token=token)


def _change_page(request, visit, token, now, *, problem="", status=200):
    slots = free_times(visit, now=now)
    anew = anew_of(visit)
    page = facts_of(visit, token, now) | {
        "groups": groups_of(slots, visit.customer, now=now),
        "offers": [{"key": slot.key} for slot in slots],
        "booked": told_said(anew, now=now) if anew else "",
        "problem": problem,
        "RING": RING,
        **ringing_of(visit.customer, visit.public_id, now=now),
    }
    return render(request, "portal/change.html", page, status=status)


urlpatterns = [
    path("v/<str:token>/confirm/", confirm, name="customer-confirm"),
    path("v/<str:token>/change/", change, name="customer-change"),
    path("v/<str:token>/cancel/", cancel, name="customer-cancel"),
    path("v/<str:token>/nobody-came/", nobody, name="customer-nobody-came"),
]
