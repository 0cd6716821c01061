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
from visits.device_actions import IN_HAND
from visits.fieldwork import StepRefused, may_work_on
from visits.gate import technician_of
from visits.models import StockMove, Technician, VanStock, Visit
from visits.stock import CountedMeanwhile, Place, StockRefused, count_part, move_part, place_of, take_back


class TakeForm(forms.Form):
    """Which shelf of the depot it comes from, and the page's own id for the move."""

    shelf = forms.UUIDField()
    move = forms.UUIDField()


def part_step(act):
    """A view for one tap on the bring list; a phone's queue plays the same `act(request, visit, now)`.

    It gives what the next page says: 422 for what is no step (StepRefused), 409 where the stock refuses.
    """

    @require_POST
    @for_roles(Role.TECHNICIAN, Role.DISPATCHER)
    def tap(request, id):
        visit, now = _visit(request, id), timezone.now()
        try:
            messages.success(request, act(request, visit, now))
        except StepRefused as unfit:
            return _refused(request, visit, now, str(unfit), 422)
        except StockRefused as refused:
            return _refused(request, visit, now, str(refused), 409)
        return _to_list(request, visit)

    tap.roles = (Role.TECHNICIAN, Role.DISPATCHER)
    tap.__name__, tap.__doc__ = act.__name__, act.__doc__
    tap.act = act
    return tap


@part_step
def take(request, visit, now) -> str:
    """One part from the depot into the van of who goes: refused where none is left or the visit is over."""
    form = TakeForm(request.POST)
    technician = technician_of(visit, request.membership)
    if not form.is_valid():
        raise StepRefused("This page is not whole. Open the visit again, and take it then.")
    if technician is None:
        raise StepRefused("Nobody is sent to this visit yet: ask the office.")
    depots = VanStock.objects.filter(technician=None).select_related("part")
    shelf = the_one(depots, form.cleaned_data["shelf"])
    move_part(
        shelf.part,
        1,
        source=place_of(shelf),
        target=Place(technician),
        visit=visit,
        by=request.membership,
        now=now,
        public_id=form.cleaned_data["move"],
        in_hand=IN_HAND in request.POST,
    )
    return f"{shelf.part} is on the van."


@part_step
def put_back(request, visit, now) -> str:
    """What was taken along for this visit goes back to where it came from: refused where it is used."""
    moves = StockMove.objects.filter(visit=visit).select_related(
        "part", "visit", "source__technician", "target__technician"
    )
    move = the_one(moves, id_in(request.POST.get("move", "")))
    take_back(move, by=request.membership, now=now, in_hand=IN_HAND in request.POST)
    return f"{move.part} is back at {move.source}."


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
