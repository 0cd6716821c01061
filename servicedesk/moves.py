"""Moving, giving away and confirming from the board; everything a drag does, too."""

import datetime as dt

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.html import escape
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from messaging.models import Message
from servicedesk.board import board_answer
from servicedesk.moments import due_word, window_word
from servicedesk.move_forms import CUSTOMER_ASKED, OWN_PLACE, REASONS, FitForm, MoveForm
from servicedesk.visit_acts import visit_to_act_on
from servicedesk.visit_dialogs import answer_dialog
from tenancy.addresses import desk_url
from tenancy.calendars import calendar_of, local_day, local_time, zone_of
from tenancy.gates import for_roles
from tenancy.models import Role
from visits.confirming import CannotConfirm, confirm_visit
from visits.fitting import fit
from visits.models import Technician, Visit
from visits.moving import move_visit, with_first
from visits.preferences import wishes_for
from visits.rearranging import latest_rearrangement
from visits.slots import Slot, Wanted, best_slots
from visits.stand_ins import free_for

OFFERED = 5


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def move(request, id):
    """The move dialog with the best places first; posting moves, 409 when somebody was quicker."""

    def form_of(visit):
        return MoveForm(request.POST, visit=visit, zone=zone_of(request.tenant))

    def act(visit, form, now):
        moved = _move(request, visit, form, now)
        start = local_time(moved.planned_start, zone_of(request.tenant))
        who = form.cleaned_data["person"].first_name
        says = f"{moved.customer.short_name} is now with {who}, {start:%A} {start:%H:%M}."
        return says, latest_rearrangement(moved, now=now)

    return answer_dialog(request, id, form_of=form_of, dialog=_dialog, act=act)


@require_GET
@for_roles(Role.DISPATCHER)
def assign(request, id):
    """Who else could go at the very time that was promised; posted to the move."""
    visit, now = visit_to_act_on(id), timezone.now()
    free = free_at_its_time(visit, now, has_skills=True)
    return _dialog(request, visit, now, slots=free, is_giving=True)


@require_GET
@for_roles(Role.DISPATCHER)
def would_fit(request, id):
    """For the drag: would the visit fit with this technician from this time? As JSON; changes nothing."""
    visit, now = visit_to_act_on(id), timezone.now()
    form = FitForm(request.GET, visit=visit, zone=zone_of(request.tenant))
    if not form.is_valid():
        return JsonResponse({"fits": False, "says": "Choose a technician, a day and a time."}, status=422)
    data = form.cleaned_data
    length = visit.planned_end - visit.planned_start
    if data["minutes"]:
        length = dt.timedelta(minutes=data["minutes"])
    held = [assignment.technician for assignment in visit.assignments.all()]
    crew = with_first(held, data["person"])
    verdict = fit(visit, crew=crew, start=data["starts_at"], length=length, now=now)
    if request.htmx:
        return HttpResponse(escape(verdict.says))
    due = _due_that_day(visit, data["starts_at"])
    return JsonResponse({"fits": verdict.fits, "says": verdict.says, "meets": verdict.meets, "due": due})


@require_POST
@for_roles(Role.DISPATCHER)
def confirm(request, id):
    """The customer said by phone that the time suits."""
    visit, now = visit_to_act_on(id), timezone.now()
    try:
        visit = confirm_visit(
            visit, by=request.membership, now=now, said=f"Told {request.membership.name} by phone"
        )
        says = f"{visit.customer.short_name} is {visit.get_state_display().lower()}."
    except CannotConfirm as refused:
        says = str(refused)
    return board_answer(request, now=now, says=says, visit=visit)


def _due_that_day(visit, start) -> dict | None:
    """Where on the day's clock an answer was promised: the board draws a line there."""
    due = _due_at(visit)
    zone = zone_of(visit.tenant)
    if due is None or local_day(due, zone) != local_day(start, zone):
        return None
    clock = local_time(due, zone)
    return {"clock": f"{clock:%H:%M}", "hour": round(clock.hour + clock.minute / 60, 3)}


def _due_at(visit) -> dt.datetime | None:
    return visit.case.response_due_at if visit.case and not visit.case.responded_at else None


def wanted_for(visit: Visit, now: dt.datetime) -> Wanted:
    """What another place for a visit must have."""
    return Wanted(
        desk=visit.tenant,
        calendar=calendar_of(visit.tenant),
        now=now,
        customer=visit.customer,
        site=visit.site,
        machines=tuple(m.equipment for m in visit.machines.select_related("equipment")),
        due_at=_due_at(visit),
        moving=visit,
    )


def free_at_its_time(visit: Visit, now: dt.datetime, *, has_skills: bool = False) -> list[Slot]:
    """Everybody else who may come, works and is free at the planned start: the promise stays as it is.

    With `has_skills` who comes alone knows how, too; a crew has the skills together.
    """
    wanted = wanted_for(visit, now)
    wishes = wishes_for(visit.customer, visit.site, wanted.machines)
    skills = wanted.work.skills if has_skills and wanted.work.crew == 1 else ()
    return [
        Slot(
            technician=technician,
            start=visit.planned_start,
            end=visit.planned_end,
            window_end=visit.window_end,
            is_preferred=technician.pk in wishes.preferred,
            due_at=wanted.due_at,
        )
        for technician in free_for(visit, calendar=wanted.calendar, now=now, skills=skills)
    ][:OFFERED]


def places(slots: list[Slot], visit: Visit, now: dt.datetime) -> list[dict]:
    """Slots as the dialogs show them: digit, person, time, what becomes of the promise, why."""
    zone = zone_of(visit.tenant)
    today = local_day(now, zone)
    held = {assignment.technician_id for assignment in visit.assignments.all()}
    shown = []
    # Whoever was named to the customer comes first: another needs their yes.
    for slot in sorted(slots, key=lambda slot: slot.technician.pk not in held):
        if slot.start == visit.planned_start and slot.technician.pk in held:
            continue
        verdict = ""
        if slot.due_at is not None:
            verb = "Meets" if slot.meets_promise else "Breaks"
            verdict = f"{verb} the {due_word(slot.due_at, zone=zone, today=today)} promise."
        shown.append(
            {
                "slot": slot,
                "key": slot.key,
                "who": slot.technician.name,
                "when": f"{slot.technician.first_name}, "
                + window_word(slot.start, slot.window_end, zone=zone, today=today),
                "verdict": verdict,
                "meets": {True: "yes", False: "no", None: ""}[slot.meets_promise],
                "why": _why(slot, held),
                "digit": len(shown) + 1,
            }
        )
    return shown


def _why(slot: Slot, held) -> str:
    if slot.is_preferred:
        return "Preferred technician"
    return "The same technician" if slot.technician.pk in held else ""


def _move(request, visit, form, now) -> Visit:
    data = form.cleaned_data
    return move_visit(
        visit,
        technician=data["person"],
        start=data["starts_at"],
        minutes=data["minutes"],
        reason=form.why,
        by=request.membership,
        now=now,
        version=data["version"],
        agreed_by_customer=form.is_agreed,
        tell_customer=data["tell"],
    )


def _dialog(request, visit, now, *, slots=None, form=None, is_giving=False, status=200) -> HttpResponse:
    zone = zone_of(request.tenant)
    offered = places(best_slots(wanted_for(visit, now)) if slots is None else slots, visit, now)
    posted = form.data if form else {}
    start = local_time(visit.planned_start, zone)
    names = " and ".join(assignment.technician.first_name for assignment in visit.assignments.all())
    held = visit.assignments.all()[:1]
    chosen = posted.get("technician") or str(held[0].technician.public_id if held else "")
    context = {
        "visit": visit,
        "customer": visit.customer.short_name,
        "stands": f"now {names or 'with nobody'}, {start:%a} {start.day} {start:%b}, {start:%H:%M}",
        "verb": "Give away" if is_giving else "Move" if held else "Place",
        "places": offered,
        "chosen_place": posted.get("place") or (offered[0]["key"] if offered and not posted else OWN_PLACE),
        "own_place": OWN_PLACE,
        "technicians": Technician.objects.filter(is_active=True).order_by("name"),
        "chosen_technician": chosen,
        "day": posted.get("day") or f"{start:%Y-%m-%d}",
        "start": posted.get("start") or f"{start:%H:%M}",
        "minutes": posted.get("minutes")
        or round((visit.planned_end - visit.planned_start).total_seconds() / 60),
        "due": due_word(_due_at(visit), zone=zone, today=local_day(now, zone)) if _due_at(visit) else "",
        "names": names,
        "in_words": posted.get("in_words", ""),
        "fit_url": desk_url(request.tenant, "visit-fit", id=visit.public_id),
        "others": (
            [
                ("Swap with…", desk_url(request.tenant, "visit-swap", id=visit.public_id)),
                ("Who comes along", desk_url(request.tenant, "visit-crew", id=visit.public_id)),
            ]
            if held
            else []
        ),
        "between_url": desk_url(request.tenant, "visit-between", id=visit.public_id),
        "reasons": REASONS,
        "asked": CUSTOMER_ASKED,
        "reason": posted.get("reason", ""),
        "agreed": "agreed" in posted,
        "tell": "tell" in posted or form is None,
        "tells": _tells(visit),
        "form": form,
        "is_confirmed": visit.was_confirmed,
        "move_url": desk_url(request.tenant, "visit-move", id=visit.public_id),
        "cancel_url": desk_url(request.tenant, "visit-cancel", id=visit.public_id),
        "back_url": f"{desk_url(request.tenant, 'board')}?day={start:%Y-%m-%d}",
    }
    part = "#answer" if request.htmx and form else "#dialog" if request.htmx else ""
    return render(request, f"servicedesk/visit_move.html{part}", context, status=status)


def _tells(visit) -> str:
    """How the customer hears of the new time: over which channels, and who."""
    wanted = {Message.Channel.SMS: visit.tell_by_sms, Message.Channel.MAIL: visit.tell_by_mail}
    channels = " and ".join(channel.label.lower() for channel, is_wanted in wanted.items() if is_wanted)
    who = visit.contact.name if visit.contact_id and visit.contact.name else visit.customer.name
    return f"Tell {who} the new time by {channels}" if channels else f"Ring {who} with the new time"


urlpatterns = [
    path("visits/<uuid:id>/move/", move, name="visit-move"),
    path("visits/<uuid:id>/assign/", assign, name="visit-assign"),
    path("visits/<uuid:id>/fit/", would_fit, name="visit-fit"),
    path("visits/<uuid:id>/confirm/", confirm, name="visit-confirm"),
]
