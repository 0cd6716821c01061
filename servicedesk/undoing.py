"""Taking back what was just moved or cancelled, while the customers have not heard of it."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from servicedesk.board import board_answer
from tenancy.addresses import desk_url
from tenancy.calendars import local_time, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.models import Rearrangement, Visit
from visits.outcomes import OutcomeRefused
from visits.places import PlaceTaken, TooLateToUndo, VisitChanged
from visits.rearranging import undo
from visits.restoring import restore_visit


@require_POST
@for_roles(Role.DISPATCHER)
def undo_move(request, id):
    """Put everything back as it stood: 409 where somebody changed it since, or it is too late."""
    made, now = the_one(Rearrangement.objects.all(), id), timezone.now()
    try:
        undo(made, by=request.membership, now=now)
    except (TooLateToUndo, VisitChanged, PlaceTaken) as refused:
        if request.htmx:
            return render(request, "servicedesk/not_undone.html", {"says": str(refused)}, status=409)
        messages.error(request, str(refused))
        return redirect(desk_url(request.tenant, "board"))
    rows = made.visits.select_related("visit__customer").order_by("pk")
    visits = [row.visit for row in rows.prefetch_related("visit__assignments__technician")]
    return board_answer(request, now=now, says=_says(visits), visit=visits[0])


@require_POST
@for_roles(Role.DISPATCHER)
def restore(request, id):
    """Put a cancelled visit back: 409 in words where another has its time, or they are told."""
    visit, now = the_one(Visit.objects.select_related("tenant", "customer"), id), timezone.now()
    try:
        visit = restore_visit(visit, by=request.membership, now=now)
    except (TooLateToUndo, PlaceTaken, OutcomeRefused) as refused:
        if request.htmx:
            return render(request, "servicedesk/not_undone.html", {"says": str(refused)}, status=409)
        context = {"reason": str(refused), "back_url": desk_url(request.tenant, "visit", id=visit.public_id)}
        return render(request, "errors/409.html", context, status=409)
    says = f"{visit.customer.short_name} stands again: nobody is told that it was cancelled."
    if "on_visit" in request.POST:
        messages.success(request, says)
        return redirect(desk_url(request.tenant, "visit", id=visit.public_id))
    return board_answer(request, now=now, says=says, visit=visit)


def _says(visits) -> str:
    """ "Undone: Mayfield Vets is back with Lou, Thursday 15:45."; of many, how many; what was booked."""
    booked = [visit.customer.short_name for visit in visits if visit.was_undone]
    if booked:
        back = len(visits) - len(booked)
        rest = {0: "", 1: "; 1 visit stands as before"}.get(back, f"; {back} visits stand as before")
        return f"Undone: the booking of {' and '.join(booked)}{rest}."
    if len(visits) > 1:
        return f"Undone: {len(visits)} visits stand as before."
    (visit,) = visits
    start = local_time(visit.planned_start, zone_of(visit.tenant))
    names = " and ".join(assignment.technician.first_name for assignment in visit.assignments.all())
    return f"Undone: {visit.customer.short_name} is back with {names or 'nobody'}, {start:%A} {start:%H:%M}."


urlpatterns = [
    path("board/moves/<uuid:id>/undo/", undo_move, name="move-undo"),
    path("visits/<uuid:id>/restore/", restore, name="visit-restore"),
]
