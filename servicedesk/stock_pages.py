"""Parts and where they lie: finding one, moving, receiving and counting it, and all that happened to it."""

from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from servicedesk.stock_forms import CountForm, MoveForm, PartForm, ReceiveForm, places_to_choose
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, id_in, the_one
from tenancy.models import Role
from visits.models import Part, VanStock
from visits.stock import (
    CountedMeanwhile,
    NotEnough,
    StockRefused,
    count_part,
    move_part,
    place_of,
    receive_part,
    to_count,
)
from visits.stock_register import add_part, ledger_page, line_in_words, parts_page

PAGE = 50
LINES = 25
MOST_TO_COUNT = 20


@require_GET
@for_roles(Role.DISPATCHER)
def stock(request):
    """What has to be counted, and every part with where it lies: as many queries for one as for three."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:80]
    after = request.GET.get("after", "")
    page = parts_page(words, after=after, size=PAGE)
    asked = {"q": words} if words else {}
    context = {
        "words": words,
        "to_count": list(to_count()[:MOST_TO_COUNT]),
        "rows": [(part, _sum_up(part.shelves)) for part in page.rows],
        "next_url": f"?{urlencode(asked | {'after': page.after})}" if page.after else "",
        "front_url": f"?{urlencode(asked)}" if after else "",
    }
    return render(request, "servicedesk/stock.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def new_part(request):
    """Add a part; 422 where its number is taken."""
    form = PartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        part = add_part(**form.cleaned_data)
        if part is not None:
            messages.success(request, f"{part} is added. Say how many came.")
            return _to_part(request, part)
        form.add_error("number", "There is a part with this number already.")
    status = 422 if form.errors else 200
    return render(request, "servicedesk/stock_new.html", {"form": form}, status=status)


@require_GET
@for_roles(Role.DISPATCHER)
def part(request, id):
    """One part: where it lies, what can be done with it, and its ledger."""
    return _page(request, the_one(Part.objects.all(), id))


@require_POST
@for_roles(Role.DISPATCHER)
def move(request, id):
    """From one place to another: 409 where fewer lie there by now."""
    found = the_one(Part.objects.all(), id)
    form = MoveForm(request.POST, shelves=_shelves(found), **places_to_choose())

    def act(data, **act):
        move_part(
            found, data["quantity"], source=data["origin"], target=data["place"], reason=data["reason"], **act
        )
        return f"{data['quantity']} moved to {data['place']}."

    return _carry_out(request, found, act, move=form)


@require_POST
@for_roles(Role.DISPATCHER)
def receive(request, id):
    """What was bought, or came back."""
    found = the_one(Part.objects.all(), id)
    form = ReceiveForm(request.POST, **places_to_choose())

    def act(data, **act):
        receive_part(found, data["quantity"], target=data["place"], reason=data["reason"], **act)
        return f"{data['quantity']} received, {data['place']}."

    return _carry_out(request, found, act, receive=form)


@require_POST
@for_roles(Role.DISPATCHER)
def count(request, id):
    """How many lie on one shelf: 409 where the number is another than the one who counted saw."""
    found = the_one(Part.objects.all(), id)
    shelf = the_one(found.stock.select_related("technician"), id_in(request.POST.get("shelf", "")))

    def act(data, **act):
        count_part(found, place=place_of(shelf), **data, **act)
        return f"{shelf}: {data['counted']} counted."

    return _carry_out(request, found, act, count=CountForm(request.POST), counted=shelf)


def _carry_out(request, found, act, *, counted=None, **forms):
    """Do what the one form says, or answer the page with what is wrong: 422, and 409 after others."""
    (form,) = forms.values()
    status = 422
    if form.is_valid():
        try:
            done = act(form.cleaned_data, by=request.membership, now=timezone.now())
            messages.success(request, done)
            return _to_part(request, found)
        except StockRefused as refused:
            form.add_error(None, str(refused))
            status = 409 if isinstance(refused, (NotEnough, CountedMeanwhile)) else 422
    return _page(request, found, status=status, counted=counted, **forms)


def _page(request, found, *, status=200, counted=None, move=None, receive=None, count=None):
    shelves, places = _shelves(found), places_to_choose()
    page = ledger_page(found, before=request.GET.get("before", ""), size=LINES)
    context = {
        "part": found,
        "shelves": shelves,
        "sums": _sum_up(shelves),
        "move": move or MoveForm(shelves=shelves, **places),
        "receive": receive or ReceiveForm(initial={"target": _usual_place(shelves)}, **places),
        "count": count,
        "counted": counted,
        "wrong": next((form for form in (move, receive, count) if form is not None), None),
        "lines": [(line, line_in_words(line)) for line in page.lines],
        "older_url": f"?{urlencode({'before': page.before})}" if page.before else "",
        "is_newest": "before" not in request.GET,
    }
    return render(request, "servicedesk/stock_part.html", context, status=status)


def _shelves(part) -> list[VanStock]:
    """Depots first, then vans; also where nothing lies any more."""
    rows = part.stock.select_related("technician")
    return sorted(rows, key=lambda row: (row.technician_id is not None, str(row)))


def _usual_place(shelves) -> str:
    depot = next((shelf for shelf in shelves if shelf.technician_id is None), None)
    return f"at {depot.place}" if depot else ""


def _sum_up(shelves) -> dict[str, int]:
    vans = sum(shelf.quantity for shelf in shelves if shelf.technician_id)
    return {"vans": vans, "depots": sum(shelf.quantity for shelf in shelves) - vans}


def _to_part(request, found):
    return redirect(desk_url(request.tenant, "stock-part", id=found.public_id))


urlpatterns = [
    path("stock/", stock, name="stock"),
    path("stock/new/", new_part, name="stock-new"),
    path("stock/<uuid:id>/", part, name="stock-part"),
    path("stock/<uuid:id>/move/", move, name="stock-move"),
    path("stock/<uuid:id>/receive/", receive, name="stock-receive"),
    path("stock/<uuid:id>/count/", count, name="stock-count"),
]
