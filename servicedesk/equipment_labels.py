"""Labels for machines: choosing which, the sheet to print, and ending those of a machine."""

from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from customers.labels import MOST_AT_ONCE, end_labels, in_use, labels_of, print_labels, with_label
from customers.models import Customer, Equipment, Site
from servicedesk.equipment_forms import BecauseForm
from servicedesk.seen_forms import is_done, sent
from tenancy.addresses import desk_url
from tenancy.desk_settings import SettingRefused
from tenancy.gates import for_roles, id_in, the_one
from tenancy.models import Role

# Two sheets of 24.
SHOWN = 48


@never_cache
@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def labels(request):
    """Choose among a customer's or a site's machines, or all without a label; a POST draws the sheet.

    The sheet is the only place where the new tokens stand: it is not kept.
    """
    if request.method == "GET":
        return _choose_page(request)
    asked = {id_in(text) for text in request.POST.getlist("machine")}
    machines = list(in_use().filter(public_id__in=asked - {None}).order_by("site", "pk"))
    if not machines or len(machines) != len(asked):
        return _choose_page(request, problem="Choose machines that we look after.", status=422)
    try:
        printed = print_labels(machines, by=request.membership, now=timezone.now())
    except SettingRefused as refused:
        return _choose_page(request, problem=str(refused), status=422)
    context = {"labels": printed, "back": desk_url(request.tenant, "equipment-labels")}
    if len(printed) == 1:
        context["back"] = desk_url(request.tenant, "equipment", id=machines[0].public_id)
    return render(request, "servicedesk/equipment_label_sheet.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def end(request, id):
    """The labels of a machine, and ending them all with a reason."""
    machine = the_one(Equipment.objects.select_related("site__customer"), id)
    form = BecauseForm(sent(request))

    def act(said):
        end_labels(machine, because=said["because"], by=request.membership, now=timezone.now())

    if request.method == "POST" and is_done(form, act):
        messages.success(request, "The labels have ended.")
        return redirect(desk_url(request.tenant, "equipment", id=machine.public_id))
    context = {"machine": machine, "form": form, "labels": labels_of(machine)[:SHOWN]}
    status = 422 if form.is_bound else 200
    return render(request, "servicedesk/equipment_label_end.html", context, status=status)


def _choose_page(request, *, problem="", status=200):
    rows = with_label(in_use())
    customer = site = None
    if asked := request.GET.get("site"):
        site = the_one(Site.objects.select_related("customer"), id_in(asked))
        customer, rows = site.customer, rows.filter(site=site)
    elif asked := request.GET.get("customer"):
        customer = the_one(Customer.objects.standing(), id_in(asked))
        rows = rows.filter(site__customer=customer)
    else:
        rows = rows.filter(has_label=False)
    after = request.GET.get("after", "")
    last = Equipment.objects.filter(public_id=id_in(after)).first() if after else None
    if last is not None:
        rows = rows.filter(pk__gt=last.pk)
    found = list(rows.order_by("pk")[: SHOWN + 1])
    context = {
        "rows": found[:SHOWN],
        "customer": customer,
        "site": site,
        "next_url": _next(request, found) if len(found) > SHOWN else "",
        "is_first_page": last is None,
        "sites": customer.sites.order_by("pk") if customer and not site else [],
        "problem": problem,
        "ticked": set(request.POST.getlist("machine")),
        "most": MOST_AT_ONCE,
    }
    return render(request, "servicedesk/equipment_labels.html", context, status=status)


def _next(request, found) -> str:
    kept = {name: request.GET[name] for name in ("site", "customer") if name in request.GET}
    return f"?{urlencode({**kept, 'after': found[SHOWN - 1].public_id})}"


urlpatterns = [
    path("equipment/labels/", labels, name="equipment-labels"),
    path("equipment/<uuid:id>/labels/end/", end, name="equipment-labels-end"),
]
