"""A customer's page of one visit: yes, another time, cancel, ring me. Opening it changes nothing."""

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts.cover import covers_of_customer
from customers.links import make_link
from customers.models import CustomerLink
from portal.opening import for_visit_link
from portal.ringing import ask_to_be_rung, rings_by
from portal.times import SAID, day_said, free_times, may_choose, slot_said, take_time
from recommendations.answers import ANSWERABLE
from recommendations.models import Recommendation
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.papers import kept_paper, paper_response
from visits.booking import SlotTaken
from visits.confirming import CannotConfirm, confirm_visit
from visits.letters import LINK_LASTS
from visits.models import ServiceReport, Visit, WorkLeft
from visits.outcomes import OutcomeRefused, Whose, cancel_visit, nobody_came
from visits.places import MoveRefused
from visits.report_document import document_of
from visits.told import told_zone
from visits.wording import clock_words, window_words

TAKEN = "Somebody has just taken that time. These are free."


def visit_page(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """One sentence, who comes, and one primary button."""
    return _page(request, visit, token, now)


@require_POST
@for_visit_link
def confirm(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """Yes, that suits me. Pressed twice, it counts once."""
    try:
        confirm_visit(visit, by=None, now=now, said=SAID)
    except CannotConfirm as refused:
        return _page(request, visit, token, now, problem=str(refused), status=409)
    return redirect("customer-page", token=token)


@require_http_methods(["GET", "POST"])
@for_visit_link
def change(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """Choose among the free times; somebody else may be quicker."""
    slots = free_times(visit, now=now)
    if request.method == "GET":
        return _change_page(request, visit, token, now, slots)
    chosen = next((slot for slot in slots if slot.key == request.POST.get("slot")), None)
    if chosen is None:
        problem = TAKEN if "slot" in request.POST else "Choose a time."
        return _change_page(request, visit, token, now, slots, problem=problem, status=409)
    try:
        taken = take_time(visit, chosen, now=now)
    except (MoveRefused, SlotTaken) as refused:
        slots = free_times(visit, now=now)
        return _change_page(request, visit, token, now, slots, problem=str(refused), status=409)
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


@require_POST
@for_visit_link
def nobody(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """The window is over and they say that nobody came: a miss, as they say (R4.3)."""
    try:
        nobody_came(visit, by=None, now=now)
    except OutcomeRefused as refused:
        return _page(request, visit, token, now, problem=str(refused), status=409)
    return redirect("customer-page", token=token)


@require_http_methods(["GET", "POST"])
@for_visit_link
def cancel(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """Asks once more, then cancels by the customer's word."""
    if request.method == "GET":
        return render(request, "portal/cancel.html", _facts(visit, token, now))
    # The database keeps no sign of number zero.
    because = request.POST.get("because", "").replace("\x00", "").strip() or SAID
    try:
        cancel_visit(
            visit, whose=Whose.CUSTOMER, because=because[:200], by=None, now=now, version=visit.version
        )
    except OutcomeRefused as refused:
        return _page(request, visit, token, now, problem=str(refused), status=409)
    return redirect("customer-page", token=token)


@require_GET
@for_visit_link
def report(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """The signed sheet of a visit that is done: every copy has the same bytes."""
    try:
        kept = document_of(visit, now=now)
    except ServiceReport.DoesNotExist:
        raise Http404("No report yet") from None
    return paper_response(kept_paper(kept), kept.name)


def ring_me(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """A person rings within one working hour; pressed twice on a day, one duty."""
    about = f"visit {visit.number}"
    ask_to_be_rung(visit.customer, visit.public_id, about=about, now=now, case=visit.case)
    return redirect("customer-page", token=token)


def _page(request, visit, token, now, *, problem="", status=200):
    visit.refresh_from_db()
    facts = _facts(visit, token, now) | {"problem": problem}
    facts["rings_by"] = rings_by(visit.customer, visit.public_id, now=now)
    machines = visit.machines.values("equipment")
    today = local_day(now, zone_of(visit.tenant))
    facts["recommendations"] = Recommendation.objects.filter(equipment__in=machines).open(today).worst_first()
    facts["answerable"] = ANSWERABLE
    facts |= _what_was_done(visit)
    facts["covers"] = [c for c in covers_of_customer(visit.customer, today) if c.is_covered][:1]
    return render(request, "portal/visit.html", facts, status=status)


def _what_was_done(visit) -> dict:
    """The report, the parts and what is left to do, once the visit is done."""
    if visit.state != Visit.State.DONE:
        return {}
    return {
        "report": ServiceReport.objects.filter(visit=visit).first(),
        "parts": visit.parts_used.select_related("part").order_by("pk"),
        "left": WorkLeft.objects.filter(visit=visit).select_related("settled_at_visit").first(),
    }


def _change_page(request, visit, token, now, slots, *, problem="", status=200):
    offers = [{"key": slot.key, "words": _with_whom(slot, visit, now)} for slot in slots]
    facts = _facts(visit, token, now) | {"offers": offers, "problem": problem}
    return render(request, "portal/change.html", facts, status=status)


def _facts(visit, token, now):
    assigned = visit.assignments.select_related("technician").order_by("pk").first()
    technician = assigned.technician if assigned else None
    country = visit.tenant.country
    return {
        "visit": visit,
        "token": token,
        "technician": technician,
        "who": technician.first_name if technician else visit.tenant.name,
        "day": day_said(visit.told_day, visit.customer, now=now),
        "window": window_words(visit.told_from, visit.told_until, country=country, joined_by="and"),
        "can_change": may_choose(visit),
        "is_waiting_in_vain": visit.state in Visit.WAITING_STATES and now >= visit.window_end,
        "can_cancel": visit.state in Visit.WAITING_STATES and visit.on_the_way_at is None,
        "expected": visit.expected_at
        and clock_words(local_time(visit.expected_at, told_zone(visit.customer)).time(), country=country),
        "phone_end": visit.contact.phone_digits[-3:] if visit.contact else "",
        "call_minutes": visit.tenant.call_ahead_minutes,
        "is_over": visit.state in Visit.OVER_STATES,
        "state": visit.state,
        "States": Visit.State,
    }


def _with_whom(slot, visit, now):
    return f"{slot.technician.first_name}, {slot_said(slot, visit.customer, now=now)}"


urlpatterns = [
    path("v/<str:token>/confirm/", confirm, name="customer-confirm"),
    path("v/<str:token>/change/", change, name="customer-change"),
    path("v/<str:token>/cancel/", cancel, name="customer-cancel"),
    path("v/<str:token>/nobody-came/", nobody, name="customer-nobody-came"),
    path("v/<str:token>/report.pdf", report, name="customer-report"),
]
