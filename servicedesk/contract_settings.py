"""What a contract says for its next term, its first term, and a new contract of a customer."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from contracts.amending import (
    MAY_AMEND,
    AmendedMeanwhile,
    HasTerm,
    NumberTaken,
    amend,
    enter_first_term,
    open_contract,
    version_of,
)
from contracts.cover import cover_of
from contracts.models import Contract
from contracts.terms import ONE_DAY, months_after
from customers.models import Customer, Equipment
from customers.searchkeys import serial_key
from servicedesk.machine_choices import machines_of
from servicedesk.worded_fields import AmountField, ChosenField, CountField, DayField, MachinesField
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Membership

# A term longer than this is a slip of the pen.
LONGEST_YEARS = 10
LABELS = {
    "kind": "What is covered",
    "not_covered": "What is not covered",
    "price": "Price",
    "visits_per_term": "Visits in a term",
    "response_hours": "Response within",
    "is_auto_renewing": "Renews by itself",
    "notice_days": "Notice, days before the end",
    "owner_id": "Looked after by",
}


class SettingsForm(forms.Form):
    """Everything that may be amended. No hours: no response time; no owner: nobody yet."""

    kind = forms.CharField(max_length=120, required=False)
    not_covered = forms.CharField(max_length=200, required=False)
    price = AmountField(called="the price")
    visits_per_term = CountField(called="how many visits", least=0, most=999)
    response_hours = CountField(called="the working hours, or nothing", least=1, most=999, required=False)
    owner = ChosenField(asks="a colleague, or nobody", required=False)
    is_auto_renewing = forms.BooleanField(required=False)
    notice_days = CountField(called="the days of notice", least=0, most=1000)

    def __init__(self, *args, owners: list[Membership], **kwargs):
        super().__init__(*args, **kwargs)
        self.owners = {str(owner.public_id): owner for owner in owners}
        self.fields["owner"].choices = [("", "Nobody")] + [(key, o.name) for key, o in self.owners.items()]

    @property
    def settings(self) -> dict:
        """The cleaned values as `contracts.amending` takes them."""
        values = {name: self.cleaned_data[name] for name in SettingsForm.base_fields if name != "owner"}
        owner = self.owners.get(self.cleaned_data["owner"])
        return {**values, "owner_id": owner.pk if owner else None}


class TermForm(forms.Form):
    """First and last day of a term, both included."""

    starts_on = DayField(called="the first day")
    ends_on = DayField(called="the last day")

    def clean(self):
        data = super().clean()
        starts_on, ends_on = data.get("starts_on"), data.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            self.add_error("ends_on", "The last day is before the first.")
        elif starts_on and ends_on and (ends_on - starts_on).days > LONGEST_YEARS * 366:
            self.add_error("ends_on", "A term of more than ten years is a slip of the pen.")
        return data


class NewContractForm(SettingsForm, TermForm):
    """A contract with its first term. Without machines it covers all of the customer's."""

    number = forms.CharField(max_length=60, error_messages={"required": "Write the contract’s number."})
    machines = MachinesField()

    def __init__(self, *args, machines: list[Equipment], **kwargs):
        super().__init__(*args, **kwargs)
        self.machines = {str(machine.public_id): machine for machine in machines}
        self.fields["machines"].choices = [(key, key) for key in self.machines]

    def clean_number(self):
        """A number is found by its letters and digits."""
        number = self.cleaned_data["number"].strip()
        if not serial_key(number):
            raise forms.ValidationError("A number has letters or digits.")
        return number


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_AMEND)
def contract_settings(request, id):
    """Price, visits, response time, owner, how it renews: for the next term."""
    contract = _contract(id)
    owners = _owners(contract)
    if request.method == "GET":
        form = SettingsForm(initial=_as_it_is(contract), owners=owners)
        return _settings_page(request, contract, form)
    form = SettingsForm(request.POST, owners=owners)
    if not form.is_valid():
        return _settings_page(request, contract, form, status=422)
    try:
        amend(
            contract,
            seen=request.POST.get("seen", ""),
            by=request.membership,
            now=timezone.now(),
            **form.settings,
        )
    except AmendedMeanwhile as refused:
        return _settings_page(request, contract, form, status=409, refusal=str(refused))
    messages.success(request, "Saved.")
    return redirect(desk_url(request.tenant, "contract", id=contract.public_id))


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_AMEND)
def first_term(request, id):
    """Enter the term with which the contract begins."""
    contract = _contract(id)
    if request.method == "GET":
        return _first_term_page(request, contract, TermForm(initial=_a_year(request)))
    form = TermForm(request.POST)
    if not form.is_valid():
        return _first_term_page(request, contract, form, status=422)
    now = timezone.now()
    try:
        enter_first_term(contract, by=request.membership, now=now, **form.cleaned_data)
    except HasTerm as refused:
        return _first_term_page(request, contract, form, status=409, refusal=str(refused))
    except ValueError as refused:
        form.add_error("ends_on", str(refused))
        return _first_term_page(request, contract, form, status=422)
    cover = cover_of(contract, local_day(now, zone_of(request.tenant)))
    messages.success(request, f"Entered. {cover.sentence}.")
    return redirect(desk_url(request.tenant, "contract", id=contract.public_id))


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_AMEND)
def new_contract(request, id):
    """A contract for a customer, with its first term."""
    customer = the_one(Customer.objects.standing(), id)
    owners, machines = _owners(None), machines_of(customer)
    if request.method == "GET":
        initial = {"notice_days": 30, "visits_per_term": 0, **_a_year(request)}
        form = NewContractForm(initial=initial, owners=owners, machines=machines)
        return _new_page(request, customer, machines, form)
    form = NewContractForm(request.POST, owners=owners, machines=machines)
    if not form.is_valid():
        return _new_page(request, customer, machines, form, status=422)
    data = form.cleaned_data
    try:
        contract = open_contract(
            customer,
            number=data["number"],
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            machines=[form.machines[key] for key in data["machines"]],
            by=request.membership,
            now=timezone.now(),
            **form.settings,
        )
    except NumberTaken as refused:
        form.add_error("number", str(refused))
        return _new_page(request, customer, machines, form, status=409)
    except ValueError as refused:
        form.add_error("ends_on", str(refused))
        return _new_page(request, customer, machines, form, status=422)
    messages.success(request, f"Contract {contract.number} opened.")
    return redirect(desk_url(request.tenant, "contract", id=contract.public_id))


def _contract(id) -> Contract:
    return the_one(Contract.objects.select_related("customer", "tenant", "owner__user"), id)


def _owners(contract: Contract | None) -> list[Membership]:
    """Who may look after a contract: everybody at work here, and whoever does already."""
    members = Membership.objects.select_related("user").order_by("user__name", "pk")
    own = contract.owner_id if contract else None
    return [member for member in members if member.ended_at is None or member.pk == own]


def _as_it_is(contract) -> dict:
    names = [name for name in SettingsForm.base_fields if name != "owner"]
    owner = str(contract.owner.public_id) if contract.owner else ""
    return {**{name: getattr(contract, name) for name in names}, "owner": owner}


def _a_year(request) -> dict:
    today = local_day(timezone.now(), zone_of(request.tenant))
    return {"starts_on": today, "ends_on": months_after(today, 12) - ONE_DAY}


def _settings_page(request, contract, form, status=200, **more) -> HttpResponse:
    # After a clash the page shows what somebody else saved; saving again is then a decision.
    contract.refresh_from_db()
    context = {
        "contract": contract,
        "form": form,
        "seen": version_of(contract),
        "theirs": _theirs(contract, form) if status == 409 else [],
        "owners": form.fields["owner"].choices,
        **more,
    }
    return render(request, "contracts/settings.html", context, status=status)


def _theirs(contract, form) -> list[tuple[str, object]]:
    """What the contract says now where the form says something else: label and value."""
    now_is = {**_as_it_is(contract), "owner_id": contract.owner_id}
    different = [name for name, value in form.settings.items() if now_is[name] != value]
    shown = {**now_is, "owner_id": contract.owner.name if contract.owner else "nobody"}
    return [(LABELS[name], shown[name]) for name in different]


def _first_term_page(request, contract, form, status=200, **more) -> HttpResponse:
    return render(
        request, "contracts/first_term.html", {"contract": contract, "form": form, **more}, status=status
    )


def _new_page(request, customer, machines, form, status=200) -> HttpResponse:
    context = {
        "customer": customer,
        "machines": machines,
        "form": form,
        "owners": form.fields["owner"].choices,
    }
    return render(request, "contracts/contract_new.html", context, status=status)


urlpatterns = [
    path("contracts/<uuid:id>/settings/", contract_settings, name="contract-settings"),
    path("contracts/<uuid:id>/first-term/", first_term, name="contract-first-term"),
    path("customers/<uuid:id>/contracts/new/", new_contract, name="contract-new"),
]
