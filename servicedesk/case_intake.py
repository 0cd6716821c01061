"""Taking a matter in while the customer talks: what it is, about which machine, on which open case (R6.4)."""

import datetime as dt

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from cases.matters import matter_for, matters_near, take_in
from cases.models import Case
from contracts.overlaps import response_hours_of
from customers.models import Customer, Equipment
from servicedesk.caller_facts import Caller
from servicedesk.worded_fields import ChosenField, WordsField
from tenancy.addresses import desk_url
from tenancy.gates import for_staff, the_one

# Which case it belongs to, besides those that are named: as the rule says, or a new one whatever is open.
BY_ITSELF, NEW = "", "new"
KINDS = [(kind, kind.label) for kind in (Case.Kind.FAULT, Case.Kind.COMPLAINT, Case.Kind.QUESTION)]


class IntakeForm(forms.Form):
    """One matter in the customer's words."""

    kind = ChosenField(asks="what it is", choices=KINDS)
    title = WordsField(asks="what it is about", most=200)
    words = forms.CharField(max_length=4000, required=False)
    equipment = forms.ModelChoiceField(Equipment.objects.none(), to_field_name="public_id", required=False)
    severity = forms.TypedChoiceField(choices=Case.Severity.choices, coerce=int)
    matter = forms.ChoiceField(required=False)

    def __init__(self, *args, caller: Caller, near: list[Case], **kwargs):
        super().__init__(*args, **kwargs)
        self.near = {str(case.public_id): case for case in near}
        machines = Equipment.objects.filter(pk__in=[machine.pk for machine in caller.machines])
        self.fields["equipment"].queryset = machines.select_related("site").order_by("id")
        self.fields["matter"].choices = [(key, key) for key in (BY_ITSELF, NEW, *self.near)]

    def of_matter(self) -> dict:
        """To which case it goes, as `take_in` takes it."""
        chosen = self.cleaned_data.pop("matter")
        return {"matter": self.near.get(chosen), "is_new": chosen == NEW}


@require_http_methods(["GET", "POST"])
@for_staff
def new(request, id):
    """The form with all that is known filled in; a POST takes the matter in."""
    customer = the_one(Customer.objects.standing(), id)
    now = timezone.now()
    caller = Caller(customer, desk=request.tenant, now=now)
    near = matters_near(customer, now=now)
    form = IntakeForm(request.POST if request.method == "POST" else None, caller=caller, near=near)
    if request.method == "GET" or not form.is_valid():
        return _form(request, caller, near, form)
    where = form.of_matter()
    said = form.cleaned_data
    case = take_in(
        customer=customer,
        contact=caller.main_contact,
        response_due_at=answer_by(caller, said["kind"], said["equipment"]),
        by=request.membership,
        now=now,
        **said,
        **where,
    )
    is_known = case.pk in {known.pk for known in near}
    known = f"Kept with “{case.title}”. If it was another matter, say so on the case."
    messages.success(request, known if is_known else "A case of its own. You own it.")
    back = desk_url(request.tenant, "customer", id=customer.public_id)
    kept = request.GET.urlencode()
    url = f"{back}?{kept}" if kept else back
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def answer_by(caller, kind, machine) -> dt.datetime | None:
    """When a fault must be answered by the contracts that cover it."""
    if kind != Case.Kind.FAULT:
        return None
    covers = [cover for cover in caller.covers if machine is None or cover.covers(machine)]
    hours = response_hours_of(covers)
    return hours and caller.calendar.due_after(caller.now, dt.timedelta(hours=hours))


def _form(request, caller, near, form):
    """A dialog for htmx, a page otherwise; 422 with what was typed when it was refused."""
    customer = caller.customer
    context = {
        "customer": customer,
        "form": form,
        "values": request.POST if form.is_bound else _prefilled(request, caller, near),
        "kinds": KINDS,
        "machines": caller.machines,
        "severities": Case.Severity.choices,
        "near": near,
        "url": request.get_full_path(),
        "back": desk_url(request.tenant, "customer", id=customer.public_id),
    }
    part = "#dialog" if request.htmx else ""
    return render(request, f"servicedesk/case_new.html{part}", context, status=422 if form.is_bound else 200)


def _prefilled(request, caller, near) -> dict:
    """The only open matter and its machine; else the only machine there is."""
    matter = matter_for(caller.customer, now=caller.now)
    machine = matter.equipment if matter else None
    if machine is None and len(caller.machines) == 1:
        machine = caller.machines[0]
    asked = request.GET.get("kind", "")
    return {
        "kind": asked if asked in dict(KINDS) else Case.Kind.FAULT,
        "equipment": str(machine.public_id) if machine else "",
        "severity": str(matter.severity if matter else Case.Severity.SOON.value),
        "matter": str(matter.public_id) if matter else BY_ITSELF,
    }


urlpatterns = [path("customers/<uuid:id>/cases/new/", new, name="case-new")]
