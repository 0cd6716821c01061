"""The technician's van: taking a part along from the brief, putting it back, and counting what is there."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from servicedesk.briefing import brief_page
from servicedesk.phone_pages import phone_of
from servicedesk.stock_forms import CountForm
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, id_in, the_one
from tenancy.models import Role
from visits.fieldwork import may_work_on
from visits.gate import technician_of
from visits.models import StockMove, Technician, VanStock, Visit
from visits.stock import CountedMeanwhile, Place, StockRefused, count_part, move_part, place_of, take_back


class TakeForm(forms.Form):
    """Which shelf of the depot it comes from, and the page's own id for the move."""

    shelf = forms.UUIDField()
    move = forms.UUIDField()


@require_POST
@for_roles(Role.TECHNICIAN, Role.DISPATCHER)
def take(request, id):
    """One part from the depot into the van of who goes: 409 where none is left or the visit is over."""
    visit, now = _visit(request, id), timezone.now()
    form = TakeForm(request.POST)
    technician = technician_of(visit, request.membership)
    if not form.is_valid():
        return _refused(
            request, visit, now, "This page is not whole. Open the visit again, and take it then.", 422
        )
    if technician is None:
        return _refused(request, visit, now, "Nobody is sent to this visit yet: ask the office.", 422)
    depots = VanStock.objects.filter(technician=None).select_related("part")
    shelf = the_one(depots, form.cleaned_data["shelf"])
    try:
        move_part(
            shelf.part,
            1,
            source=place_of(shelf),
            target=Place(technician),
            visit=visit,
            by=request.membership,
            now=now,
            public_id=form.cleaned_data["move"],
        )
    except StockRefused as refused:
        return _refused(request, visit, now, str(refused), 409)
    messages.success(request, f"{shelf.part} is on the van.")
    return _to_list(request, visit)


@require_POST
@for_roles(Role.TECHNICIAN, Role.DISPATCHER)
def put_back(request, id):
    """What was taken along for this visit goes back to where it came from: 409 where it is used."""
    visit, now = _visit(request, id), timezone.now()
    moves = StockMove.objects.filter(visit=visit).select_related(
        "part", "visit", "source__technician", "target__technician"
    )
    move = the_one(moves, id_in(request.POST.get("move", "")))
    try:
        take_back(move, by=request.membership, now=now)
    except StockRefused as refused:
        return _refused(request, visit, now, str(refused), 409)
    messages.success(request, f"{move.part} is back at {move.source}.")
    return _to_list(request, visit)


@require_GET
@for_roles(Role.TECHNICIAN)
def my_van(request):
    """What lies in the van of the person who is signed in."""
    technician = Technician.objects.filter(membership=request.membership).first()
    if technician is None:
        return render(request, "visits/no_technician.html")
    return _van(request, technician)


@require_POST
@for_roles(Role.TECHNICIAN)
def count_in_van(request):
    """How many are there: 422 for what is no count, 409 where the office moved one meanwhile."""
    technician = Technician.objects.filter(membership=request.membership).first()
    rows = VanStock.objects.filter(technician=technician, technician__isnull=False)
    shelf = the_one(rows.select_related("part", "technician"), id_in(request.POST.get("shelf", "")))
    form, status = CountForm(request.POST), 422
    if form.is_valid():
        try:
            count_part(
                shelf.part, place=place_of(shelf), by=request.membership, now=timezone.now(),
                **form.cleaned_data,
            )  # fmt: skip
            messages.success(request, f"{shelf.part}: {form.cleaned_data['counted']} counted.")
            return redirect(desk_url(request.tenant, "my-van"))
        except StockRefused as refused:
            form.add_error("counted", str(refused))
            status = 409 if isinstance(refused, CountedMeanwhile) else 422
    return _van(request, technician, wrong=shelf, form=form, status=status)


def _van(request, technician, *, wrong=None, form=None, status=200):
    rows = VanStock.objects.filter(technician=technician).select_related("part").order_by("part__number")
    shelves = [row for row in rows if row.quantity or row.to_count_since or row == wrong]
    context = {
        "phone": phone_of(request),
        "shelves": shelves,
        "lying": sum(row.quantity for row in shelves),
        "wrong": wrong,
        "form": form,
        "now": timezone.now(),
    }
    return render(request, "servicedesk/stock_van.html", context, status=status)


def _visit(request, public_id) -> Visit:
    visit = the_one(Visit.objects.all(), public_id)
    if not may_work_on(visit, request.membership):
        raise PermissionDenied
    return visit


def _refused(request, visit, now, words, status):
    return brief_page(request, visit, now=now, status=status, errors={"take_error": words})


def _to_list(request, visit):
    return redirect(f"{desk_url(request.tenant, 'brief', id=visit.public_id)}#bring")


urlpatterns = [
    path("today/<uuid:id>/take/", take, name="part-take"),
    path("today/<uuid:id>/put-back/", put_back, name="part-put-back"),
    path("today/van/", my_van, name="my-van"),
    path("today/van/count/", count_in_van, name="my-van-count"),
]
