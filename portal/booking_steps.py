"""Booking by a link in three steps: which machine and what for, a free time, yes (R2.7).

The first step is the page of the link itself, a machine's label or a contract; the other two are the
same for both. Opening any of them changes nothing; what was booked already, the last one answers with
its receipt, however it is opened.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from contracts.disposing import NothingLeft
from contracts.models import Entitlement
from customers.models import Equipment, LabelBooking
from portal.label_booking import (
    FAULT,
    BookedEnough,
    attempt_for,
    book_from_label,
    booked_by,
    is_told,
    may_book,
    time_named,
    times_for,
)
from portal.times import slot_said, told_said
from tenancy.gates import id_in
from visits.booking import SlotTaken
from visits.models import Visit

TAKEN = "Somebody has just taken that time. These are free."
ENOUGH = "Visits for this machine are booked already. For one more, please let us ring you."
NOTHING_LEFT = "Your last paid visit was booked meanwhile."
NOT_PRESSED = "Nothing is booked yet. Press the button below."


@dataclass(frozen=True)
class Wish:
    """What somebody wants to book by a link: all that goes on from step to step.

    `sent` are the first step's fields as its form sends them; `back` names its page. It is for a day
    up to `until`.
    """

    token: str
    machine: Equipment
    problem: str
    sent: dict[str, str]
    back: str
    kind: str = FAULT
    entitlement: Entitlement | None = None
    until: dt.date | None = None

    @property
    def query(self) -> str:
        """The first step's fields as they stand in an address."""
        return urlencode(self.sent)

    def attempt(self, slot: str) -> uuid.UUID:
        """What names this wish for that time."""
        return attempt_for(self.machine, token=self.token, slot=slot, problem=self.problem)


def sent_by(request: HttpRequest):
    """What the form of a step sent: of the last one by POST."""
    return request.POST if request.method == "POST" else request.GET


def receipt_of_attempt(request: HttpRequest, machines: list[Equipment], token: str) -> HttpResponse | None:
    """To the receipt, where this press of the last button has booked already, whatever else it sent."""
    attempt = id_in(request.POST.get("attempt", "")) if request.method == "POST" else None
    for machine in machines if attempt else ():
        if done := booked_by(machine, attempt):
            return _to_receipt(token, done)
    return None


def go_on(
    request: HttpRequest, wish: Wish, *, now: dt.datetime, first: Callable[[str, int], HttpResponse]
) -> HttpResponse:
    """The second step offers times, the third asks whether the chosen one is right; a POST books it.

    `first(problem, status)` is the first step's page.
    """
    is_post = request.method == "POST"
    slot = sent_by(request).get("slot")
    attempt = id_in(request.POST.get("attempt", "")) if is_post else wish.attempt(slot or "")
    if slot and attempt and (done := booked_by(wish.machine, attempt)):
        return _to_receipt(wish.token, done)
    if not may_book(wish.machine, now=now):
        return first(ENOUGH, 409)
    if slot is None:
        return _times_page(request, wish, now)
    chosen = time_named(wish.machine, slot, now=now, kind=wish.kind, until=wish.until)
    if chosen is None:
        return _times_page(request, wish, now, problem=TAKEN, status=409)
    if not is_post:
        return _confirm_page(request, wish, now, chosen)
    if attempt is None:
        return _confirm_page(request, wish, now, chosen, problem=NOT_PRESSED, status=422)
    return _book(request, wish, now, chosen, attempt, first)


def receipt_page(
    request: HttpRequest,
    machines: list[Equipment],
    *,
    token: str,
    now: dt.datetime,
    visit: uuid.UUID,
    back: str,
) -> HttpResponse:
    """The time that was told, of a visit that was booked for one of the machines by a link."""
    booking = (
        LabelBooking.objects.filter(equipment__in=machines, visit=visit).select_related("equipment").first()
    )
    if booking is None:
        raise Http404("No such booking")
    row = Visit.objects.select_related("customer").get(public_id=visit)
    row.customer.tenant = request.tenant
    page = {
        "machine": booking.equipment,
        "token": token,
        "back": back,
        "visit": row,
        "told": told_said(row, now=now),
        "is_waiting": row.state in Visit.WAITING_STATES,
        "somebody_is_told": is_told(row),
    }
    return render(request, "portal/label_booked.html", page)


def _book(request, wish, now, chosen, attempt, first):
    try:
        visit = book_from_label(
            wish.machine,
            chosen,
            attempt=attempt,
            problem=wish.problem,
            now=now,
            kind=wish.kind,
            entitlement=wish.entitlement,
        )
    except SlotTaken:
        return _times_page(request, wish, now, problem=TAKEN, status=409)
    except BookedEnough:
        return first(ENOUGH, 409)
    except NothingLeft:
        return first(NOTHING_LEFT, 409)
    return _to_receipt(wish.token, visit)


def _to_receipt(token, visit):
    return redirect("label-booked", token=token, visit=visit.public_id)


def _times_page(request, wish, now, *, problem="", status=200):
    customer = wish.machine.site.customer
    offers = [
        {"key": slot.key, "words": slot_said(slot, customer, now=now)}
        for slot in times_for(wish.machine, now=now, kind=wish.kind, until=wish.until)
    ]
    return _render(request, "portal/label_times.html", wish, status, offers=offers, problem=problem)


def _confirm_page(request, wish, now, chosen, *, problem="", status=200):
    return _render(
        request,
        "portal/label_confirm.html",
        wish,
        status,
        slot=chosen,
        when=slot_said(chosen, wish.machine.site.customer, now=now),
        attempt=wish.attempt(chosen.key),
        problem=problem,
    )


def _render(request, template, wish, status, **page):
    context = {"wish": wish, "machine": wish.machine, "token": wish.token, **page}
    return render(request, template, context, status=status)
