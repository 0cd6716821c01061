"""What we know of a machine, changed; retiring it, and taking it back."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from customers.editing import MAY_CHANGE
from customers.machine_details import MACHINE, bring_back, change_machine, retire_machine, seen_of_machine
from customers.models import Equipment
from recommendations.models import Recommendation
from servicedesk.equipment_forms import BecauseForm, MachineDetailsForm
from servicedesk.seen_forms import form_page, is_done, is_saved, sent
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, the_one
from visits.models import MaintenancePlan, Visit


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_CHANGE)
def details(request, id):
    """What it is and where it stands; what is wrong is put right."""
    machine = _machine(id)
    form = _form(machine, sent(request))

    def save(values):
        change_machine(machine, **values)

    if request.method == "POST" and is_saved(request, form, save):
        messages.success(request, "Saved.")
        return redirect(_url(request, machine))
    return _page(request, machine, form)


@require_POST
@for_roles(*MAY_CHANGE)
def retire(request, id):
    """We look after it no more, and say why."""
    machine = _machine(id)
    form = BecauseForm(request.POST)

    def act(said):
        retire_machine(machine, because=said["because"], by=request.membership, now=timezone.now())

    if is_done(form, act):
        messages.success(request, f"{machine} is retired.")
        return redirect(_url(request, machine))
    return _page(request, machine, _form(machine), retiring=form, status=422)


@require_POST
@for_roles(*MAY_CHANGE)
def back(request, id):
    """We look after it after all."""
    machine = _machine(id)
    if bring_back(machine, by=request.membership, now=timezone.now()):
        messages.success(request, f"{machine} is looked after again.")
    return redirect(_url(request, machine))


def _machine(id) -> Equipment:
    return the_one(Equipment.objects.select_related("site__customer"), id)


def _form(machine, data=None) -> MachineDetailsForm:
    return MachineDetailsForm(data, machine=machine, sites=list(machine.site.customer.sites.order_by("pk")))


def _url(request, machine) -> str:
    return desk_url(request.tenant, "equipment", id=machine.public_id)


def _page(request, machine, form, *, retiring=None, status=200):
    today = local_day(timezone.now(), zone_of(request.tenant))
    context = {
        "machine": machine,
        "customer": machine.site.customer,
        "retiring": retiring or BecauseForm(),
        # What goes on unless somebody ends it too.
        "goes_on": {
            "visits": Visit.objects.waiting().filter(machines__equipment=machine).count(),
            "plans": MaintenancePlan.objects.filter(equipment=machine, stopped_on__isnull=True).count(),
            "recommendations": Recommendation.objects.open(today).filter(equipment=machine).count(),
        },
    }
    return form_page(
        request,
        "servicedesk/equipment_details.html",
        form,
        context,
        labels=MACHINE,
        seen_now=seen_of_machine(machine),
        status=status,
    )


urlpatterns = [
    path("equipment/<uuid:id>/details/", details, name="equipment-details"),
    path("equipment/<uuid:id>/retire/", retire, name="equipment-retire"),
    path("equipment/<uuid:id>/back/", back, name="equipment-back"),
]
