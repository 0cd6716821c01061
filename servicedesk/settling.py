"""Settling a miss and cancelling a visit: the two pages after which somebody has spoken to the customer."""

import datetime as dt

from django.db import transaction
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from servicedesk.board import board_answer
from servicedesk.moments import window_word
from servicedesk.move_forms import HAPPENED, NOBODY_CAME, REFUSED, CancelForm, OutcomeForm
from servicedesk.moves import places, wanted_for
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.booking import SlotTaken, book_visit
from visits.entitled import still_open
from visits.maintenance import waiting_service
from visits.models import Technician, Visit
from visits.outcomes import OutcomeRefused, Whose, close_miss, give_up, nobody_came
from visits.phone_times import speaks_for
from visits.restoring import can_restore
from visits.slots import best_slots, slot_at


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def outcome(request, id):
    """What happened, who spoke to the customer and when; and a new date is booked, or refused."""
    visit, now = _visit(id), timezone.now()
    if request.method == "GET":
        return _outcome_dialog(request, visit, now)
    form = OutcomeForm(request.POST, visit=visit, zone=zone_of(request.tenant))
    if not form.is_valid():
        return _outcome_dialog(request, visit, now, form=form, status=422)
    try:
        with transaction.atomic():
            data = form.cleaned_data
            settled = settle_miss(
                visit,
                place=None if data["place"] == REFUSED else (data["person"], data["starts_at"]),
                said={name: data[name] for name in ("what_happened", "spoke_to", "spoke_at")},
                by=request.membership,
                now=now,
            )
    except SlotTaken:
        form.add_error(None, "That time was taken meanwhile. These are free.")
        return _outcome_dialog(request, visit, now, form=form, status=409)
    except (OutcomeRefused, ValueError) as refused:
        form.add_error(None, str(refused))
        return _outcome_dialog(request, visit, now, form=form, status=422)
    return board_answer(request, now=now, says=f"{visit.customer.short_name}: settled.", visit=settled)


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def cancel(request, id):
    """Cancelled by the customer or by us; once its window has begun, ours is a miss.

    Once it is over the customer's word that nobody came makes it one, before the clock does (R4.3).
    """
    visit, now = _visit(id), timezone.now()
    if request.method == "GET":
        return _cancel_page(request, visit, now)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _cancel_page(request, visit, now, form=form, status=422)
    data = form.cleaned_data
    who = {"by": request.membership, "now": now}
    try:
        if data["whose"] == NOBODY_CAME:
            nobody_came(visit, **who)
        else:
            said = {"because": data["because"], "version": data["version"]}
            give_up(visit, whose=Whose(data["whose"]), **said, **who)
    except OutcomeRefused as refused:
        form.add_error(None, str(refused))
        return _cancel_page(request, visit, now, form=form, status=409)
    visit.refresh_from_db()
    says = f"{visit.customer.short_name}: {visit.get_state_display().lower()}."
    undoes = visit if can_restore(visit, now=now) else None
    return board_answer(request, now=now, says=says, visit=visit, undoes=undoes)


def settle_miss(visit: Visit, *, place: tuple[Technician, dt.datetime] | None, said: dict, by, now) -> Visit:
    """Book the new visit at `place`, None where they want no other, and write what was `said` as the outcome.

    In the caller's transaction: either both or neither. Raises SlotTaken, and what `close_miss` raises.
    """
    new_visit = None
    if place is not None:
        slot = slot_at(wanted_for(visit, now), *place)
        if slot is None:
            # Away, out of hours, not wanted by the customer, or with somebody else by now.
            raise SlotTaken(*place, None)
        new_visit = book_visit(
            customer=visit.customer,
            site=visit.site,
            contact=visit.contact,
            machines=[machine.equipment for machine in visit.machines.select_related("equipment")],
            kind=visit.kind,
            problem=visit.problem,
            technician=slot.technician,
            others=slot.others,
            start=slot.start,
            end=slot.end,
            window_end=slot.window_end,
            by=by,
            now=now,
            case=visit.case,
            entitlement=still_open(visit),
            service=waiting_service(visit),
            tell_by_mail=visit.tell_by_mail,
            tell_by_sms=visit.tell_by_sms,
        )
    return close_miss(visit, **said, by=by, now=now, new_visit=new_visit)


def _visit(id) -> Visit:
    rows = Visit.objects.select_related("tenant", "customer", "contact", "site", "case", "entitlement")
    return the_one(rows.prefetch_related("assignments__technician"), id)


def _outcome_dialog(request, visit, now, *, form=None, status=200):
    zone = zone_of(request.tenant)
    is_open = visit.missed_at is not None and visit.miss_closed_at is None
    today = local_day(now, zone)
    wanted = wanted_for(visit, now)
    slots = best_slots(wanted) if is_open else []
    offered = places(slots, visit, now)
    # The next offer is not later than the next working day (R4.4): else room has to be made.
    by_then = wanted.calendar.next_working_day(today)
    is_in_time = any(local_day(slot.start, zone) <= by_then for slot in slots)
    posted = form.data if form else {}
    contact = visit.contact
    local_now = local_time(now, zone)
    context = {
        "visit": visit,
        "customer": visit.customer.short_name,
        "was_promised": window_word(visit.window_start, visit.window_end, zone=zone, today=today),
        "names": " and ".join(a.technician.first_name for a in visit.assignments.all()) or "Somebody",
        "by_phone": speaks_for(visit, visit.steps.select_related("by__user"), zone),
        "phone": contact.phone if contact else "",
        "is_open": is_open,
        "happened": HAPPENED,
        "chosen_happened": posted.get("happened", ""),
        "in_words": posted.get("in_words", ""),
        "spoke_to": posted.get("spoke_to") or (contact and contact.name) or visit.customer.name,
        "spoke_day": posted.get("spoke_day") or f"{local_now:%Y-%m-%d}",
        "spoke_clock": posted.get("spoke_clock") or f"{local_now:%H:%M}",
        "places": offered,
        "nobody_by": by_then if is_open and not is_in_time else None,
        "chosen_place": posted.get("place", ""),
        "refused": REFUSED,
        "form": form,
        "outcome_url": desk_url(request.tenant, "visit-outcome", id=visit.public_id),
        "customer_url": desk_url(request.tenant, "customer", id=visit.customer.public_id),
        "back_url": desk_url(request.tenant, "board"),
    }
    part = "#answer" if request.htmx and form else "#dialog" if request.htmx else ""
    return render(request, f"servicedesk/visit_outcome.html{part}", context, status=status)


def _cancel_page(request, visit, now, *, form=None, status=200):
    zone = zone_of(request.tenant)
    context = {
        "visit": visit,
        "customer": visit.customer.short_name,
        "promised": window_word(visit.window_start, visit.window_end, zone=zone, today=local_day(now, zone)),
        "has_begun": now >= visit.window_start,
        "is_over": now >= visit.window_end,
        "NOBODY_CAME": NOBODY_CAME,
        "may_cancel": visit.missed_at is None and visit.state in Visit.WAITING_STATES,
        "form": form,
        "whose": form.data.get("whose", "") if form else "",
        "because": form.data.get("because", "") if form else "",
        "back_url": f"{desk_url(request.tenant, 'board')}?day={local_day(visit.planned_start, zone)}",
    }
    return render(request, "servicedesk/visit_cancel.html", context, status=status)


urlpatterns = [
    path("visits/<uuid:id>/outcome/", outcome, name="visit-outcome"),
    path("visits/<uuid:id>/cancel/", cancel, name="visit-cancel"),
]
