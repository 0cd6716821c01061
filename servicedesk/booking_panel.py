"""The booking panel beside the caller screen, a page of its own without scripts."""

from functools import partial

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from contracts.disposing import NothingLeft
from servicedesk import booking_words, caller_words
from servicedesk.booking_choices import Choices, slot_asked_for
from servicedesk.caller import call_of
from servicedesk.caller_facts import STANDING, Caller
from servicedesk.left_work import left_offers
from tenancy.addresses import desk_url
from tenancy.calendars import local_time, zone_of
from tenancy.gates import for_staff, the_one
from tenancy.prepared import Instant, Key, Prepared
from visits.booking import SlotTaken, TooLateToUndo, book_visit, undo_booking
from visits.maintenance import PlanRefused
from visits.models import Assignment, Visit


@require_http_methods(["GET", "POST"])
@for_staff
def book(request, id):
    """Draw the panel with what is chosen so far; a POST books what stands in it."""
    customer = the_one(STANDING, id)
    now = timezone.now()
    caller = Caller(customer, desk=request.tenant, now=now)
    choices = Choices(caller, request.POST if request.method == "POST" else request.GET)
    if request.method == "GET":
        return _panel(request, choices)
    if problems := problems_of(choices):
        return _panel(request, choices, problems=problems, status=422)
    try:
        visit = book_chosen(choices, by=request.membership, now=now)
    except SlotTaken as refused:
        choices.look_again()
        return _other_times(request, choices, booking_words.taken(choices, refused))
    except (NothingLeft, PlanRefused) as refused:
        choices.look_again()
        return _panel(request, choices, taken=f"{refused} Look again.", status=409)
    if request.htmx:
        return render(request, "servicedesk/booked.html#receipt", receipt_of(request, visit, now))
    return redirect(desk_url(request.tenant, "booked", id=visit.public_id))


@require_http_methods(["GET"])
@for_staff
def booked(request, id):
    """The receipt as a page."""
    visit = the_one(Visit.objects.select_related("customer"), id)
    return render(request, "servicedesk/booked.html", receipt_of(request, visit, timezone.now()))


@require_POST
@for_staff
def undo(request, id):
    """Take a booking back while nobody has been told."""
    visit = the_one(Visit.objects.select_related("customer"), id)
    now = timezone.now()
    try:
        visit = undo_booking(visit, by=request.membership, now=now)
    except TooLateToUndo as refused:
        if request.htmx:
            context = {**receipt_of(request, visit, now), "problem": str(refused)}
            return render(request, "servicedesk/booked.html#receipt", context, status=409)
        messages.error(request, str(refused))
        return redirect(desk_url(request.tenant, "visit", id=visit.public_id))
    if request.htmx:
        return render(request, "servicedesk/booked.html#receipt", receipt_of(request, visit, now))
    messages.success(request, "Booking undone. Nobody was told.")
    return redirect(desk_url(request.tenant, "customer", id=visit.customer.public_id))


def receipt_of(request, visit, now) -> dict:
    """What the receipt says: who, when, what happens next, and how long it can be undone."""
    assignment = visit.assignments.select_related("technician").first()
    told = [word for word, wanted in (("text", visit.tell_by_sms), ("mail", visit.tell_by_mail)) if wanted]
    is_undone = visit.was_undone
    return {
        "visit": visit,
        "customer": visit.customer,
        "technician": assignment and assignment.technician,
        "told_by": " and ".join(told),
        "is_undone": is_undone,
        "can_undo": not is_undone
        and visit.state == Visit.State.BOOKED
        and visit.held_until is not None
        and now < visit.held_until,
        "held_until": visit.held_until and local_time(visit.held_until, zone_of(request.tenant)),
        "call": call_of(request.GET, now),
    }


def book_chosen(choices: Choices, *, by, now) -> Visit:
    """Book the slot that was sent. Raises SlotTaken when it cannot be had any more, and `book_visit`'s."""
    slot = slot_asked_for(choices)
    if slot is None:
        raise _refusal(choices)
    return book_visit(
        **choices.what,
        **choices.uses,
        technician=slot.technician,
        others=slot.others,
        start=slot.start,
        end=slot.end,
        window_end=slot.window_end,
        by=by,
        now=now,
    )


_TAKEN = Prepared(
    lambda technician, start, end: (
        Assignment.objects.filter(
            technician=technician,
            starts_at__lt=end,
            ends_at__gt=start,
            state__in=Assignment.BLOCKING_STATES,
        )
        .order_by("-visit__booked_at")
        .values_list("visit__booked_at", flat=True)[:1]
    ),
    technician=Key(),
    start=Instant(),
    end=Instant(),
)


def _refusal(choices) -> SlotTaken:
    """Who has the time that was asked for, and since when."""
    technician, start = choices.asked_for
    wanted = choices.wanted
    taken = _TAKEN.rows(
        technician=technician.pk,
        start=start - wanted.travel,
        end=start + wanted.length + wanted.travel,
    )
    return SlotTaken(technician, start, taken[0] if taken else None)


def problems_of(choices) -> dict[str, str]:
    """What is missing, by field."""
    problems = {}
    if choices.site is None:
        problems["site"] = "Choose where the technician should come."
    elif choices.site_machines and not choices.machines:
        problems["machine"] = "Choose the machine."
    if choices.asked_for is None:
        problems["slot"] = "Choose a time."
    return problems


def _other_times(request, choices, taken):
    """The time went meanwhile: scripts get the fresh times alone, everything typed stands where it was."""
    if not request.htmx:
        return _panel(request, choices, taken=taken, status=409)
    context = _times(request, choices) | {"taken": taken, "apart": True}
    answer = render(request, "servicedesk/booking.html#taken", context, status=409)
    return reswap(retarget(answer, "#book-slots"), "outerHTML")


def _times(request, choices) -> dict:
    """What the panel says of free time, and of the one that is chosen."""
    return {
        "customer": choices.caller.customer,
        "choices": choices,
        "slots": booking_words.slot_rows(choices, booking_words.visits_by_technician(choices)),
        "raising": booking_words.raising(choices),
        "read_back": booking_words.read_back(choices) if choices.slot else "",
        "button": booking_words.button(choices) if choices.slot else "",
    }


def _panel(request, choices, *, problems=None, taken="", status=200):
    caller = choices.caller
    part = ""
    if request.htmx:
        part = {"book-rest": "#rest", "book-end": "#end"}.get(request.htmx.target, "#panel")
    context = {
        **_times(request, choices),
        "left_out": booking_words.left_out_rows(choices),
        "looked_for": booking_words.searched(choices),
        "caller": caller,
        "kinds": Visit.Kind.choices,
        "problems": problems or {},
        "taken": taken,
        "coming": caller_words.coming(caller, choices.site),
        # Asked for where the whole panel is drawn only.
        "left": partial(left_offers, caller.customer, request.tenant, call=_call_query(request)),
        "cost": booking_words.cost(choices),
        "call": call_of(request.GET, caller.now),
        "first_name": _first_name(choices),
    }
    return render(request, f"servicedesk/booking.html{part}", context, status=status)


def _call_query(request) -> str:
    call = call_of(request.GET, timezone.now())
    return call["query"] if call else ""


def _first_name(choices):
    """How the customer is called in the labels: a person's first name, else "the customer"."""
    contact = choices.contact
    name = (contact.name if contact else "") or choices.caller.customer.name
    return name.split()[0] if name and name != choices.caller.customer.company else "the customer"


urlpatterns = [
    path("customers/<uuid:id>/book/", book, name="book"),
    path("visits/<uuid:id>/booked/", booked, name="booked"),
    path("visits/<uuid:id>/undo/", undo, name="visit-undo"),
]
