"""The technician's taps: one small address for each, back to the brief."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_time
from django.views.decorators.http import require_POST

from servicedesk.briefing import brief_page
from servicedesk.storable import storable
from tenancy.addresses import desk_url
from tenancy.calendars import instant_at, local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits import fieldwork
from visits.access import no_access
from visits.fieldwork import ArrivalRefused, StepRefused
from visits.models import Visit


class UnfitWords(StepRefused):
    """What was typed does not do; `errors` are the words by the name that the brief knows them by."""

    def __init__(self, words: str, **errors: str):
        super().__init__(words)
        self.errors = errors


def step(act):
    """A view for one tap: `act(request, visit, now)` takes it; a refusal is a 409 that says why."""

    @require_POST
    @for_roles(Role.TECHNICIAN, Role.DISPATCHER)
    def tap(request, id):
        now = timezone.now()
        visit = the_one(Visit.objects.all(), id)
        if not fieldwork.may_work_on(visit, request.membership):
            raise PermissionDenied
        back = desk_url(request.tenant, "brief", id=visit.public_id)
        try:
            act(request, visit, now)
        except UnfitWords as unfit:
            return brief_page(request, visit, now=now, status=422, errors=unfit.errors)
        except StepRefused as refused:
            context = {"reason": str(refused), "back_url": back}
            return render(request, "errors/409.html", context, status=409)
        return redirect(back)

    tap.roles = (Role.TECHNICIAN, Role.DISPATCHER)
    tap.__name__, tap.__doc__ = act.__name__, act.__doc__
    # What a phone kept is played by the same act.
    tap.act = act
    return tap


@step
def call_ahead(request, visit, now):
    """Spoke, left a message, or no answer."""
    fieldwork.call_ahead(
        visit,
        result=request.POST.get("result", ""),
        by=request.membership,
        now=now,
        device_at=device_at(request),
    )


@step
def read_brief(request, visit, now):
    """What must be raised was read."""
    fieldwork.read_brief(visit, by=request.membership, now=now)


@step
def set_out(request, visit, now):
    """On the way, with the arrival that the customer is told."""
    try:
        fieldwork.set_out(
            visit,
            expected_at=_expected_at(request, now) or _usual_arrival(request, visit, now),
            by=request.membership,
            now=now,
            device_at=device_at(request),
        )
    except ArrivalRefused as wrong:
        raise UnfitWords(str(wrong), expected_error=str(wrong)) from None


@step
def change_arrival(request, visit, now):
    """Another arrival time."""
    try:
        expected_at = _expected_at(request, now)
        if expected_at is None:
            raise ArrivalRefused("Give the new time, such as 14:20.")
        fieldwork.change_arrival(visit, expected_at=expected_at, by=request.membership, now=now)
    except ArrivalRefused as wrong:
        raise UnfitWords(str(wrong), expected_error=str(wrong)) from None


@step
def arrive(request, visit, now):
    """On site."""
    fieldwork.arrive(visit, by=request.membership, now=now, device_at=device_at(request))


@step
def skip(request, visit, now):
    """Leave a step out, with a reason."""
    because = storable(request.POST.get("because", ""))
    if not because.strip():
        words = "Say why you skip this step."
        raise UnfitWords(words, skip_error=words)
    fieldwork.skip_step(
        visit,
        request.POST.get("step", ""),
        because=because,
        by=request.membership,
        now=now,
        device_at=device_at(request),
    )


@step
def undo(request, visit, now):
    """Take back a wrong tap."""
    fieldwork.undo_step(
        visit,
        of=request.POST.get("of", ""),
        by=request.membership,
        now=now,
        device_at=device_at(request),
    )


@step
def say_no_access(request, visit, now):
    """We came and could not get in."""
    because = storable(request.POST.get("because", ""))
    try:
        no_access(visit, because=because, by=request.membership, now=now, device_at=device_at(request))
    except StepRefused as wrong:
        raise UnfitWords(str(wrong), access_error=str(wrong), access_because=because) from None


def device_at(request) -> dt.datetime | None:
    """When the phone's queue says that it happened, by our clock; None for a form, which happens now.

    Never from what was typed: the ten minutes at the door would be anybody's to claim (R4.5).
    """
    return getattr(request, "happened_at", None)


def _usual_arrival(request, visit, now) -> dt.datetime | None:
    """By when the phone's tap was made, not by when it is sent; None where it was made just now."""
    tapped_at = device_at(request)
    return tapped_at and max(now, fieldwork.usual_arrival(visit, now=min(tapped_at, now)))


def _expected_at(request, now) -> dt.datetime | None:
    """A wall time of the tap's day, or of the next when it lies hours behind. Raises ArrivalRefused for none.

    A time that was ahead at the tap and is over when a phone sends it becomes now: nobody is told the past.
    """
    words = request.POST.get("expected", "").strip()
    if not words:
        return None
    try:
        clock = parse_time(words)
    except ValueError:
        clock = None
    if clock is None:
        raise ArrivalRefused("Write the time as 14:20.")
    zone = zone_of(request.tenant)
    tapped_at = device_at(request) or now
    day = local_day(tapped_at, zone)
    told = instant_at(day, clock, zone)
    if tapped_at - told > dt.timedelta(hours=12):
        told = instant_at(day + dt.timedelta(days=1), clock, zone)
    return now if tapped_at - dt.timedelta(minutes=1) <= told < now else told


urlpatterns = [
    path("today/<uuid:id>/call/", call_ahead, name="step-call"),
    path("today/<uuid:id>/read/", read_brief, name="step-read"),
    path("today/<uuid:id>/set-out/", set_out, name="step-set-out"),
    path("today/<uuid:id>/arrival/", change_arrival, name="step-arrival"),
    path("today/<uuid:id>/arrive/", arrive, name="step-arrive"),
    path("today/<uuid:id>/skip/", skip, name="step-skip"),
    path("today/<uuid:id>/undo/", undo, name="step-undo"),
    path("today/<uuid:id>/no-access/", say_no_access, name="step-no-access"),
]
