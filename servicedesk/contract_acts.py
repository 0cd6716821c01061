"""Acts on a contract: cancelling it and undoing that, renewing it by hand with what was agreed anew."""

import datetime as dt
import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from contracts.cancelling import (
    MAY_CANCEL,
    AlreadyCancelled,
    AlreadyUndone,
    NotThatDay,
    cancel,
    ending_of,
    standing_cancellation,
    undo_cancellation,
)
from contracts.cover import cover_of
from contracts.models import Cancellation, Contract, ContractTerm, Renewal
from contracts.next_term import CHANNELS, MAY_RENEW, IsCancelled, NextTerm, next_term_of, renew_by_hand
from contracts.renewals import AlreadyRenewed, NoTermToRenew
from contracts.wording import day_in_full
from customers.models import Equipment
from servicedesk.machine_choices import machines_of
from servicedesk.worded_fields import AmountField, ChosenField, CountField, DayField, MachinesField
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, the_one


class CancelForm(forms.Form):
    """When notice was given, from when the contract covers nothing, and why. Days of the desk."""

    given_on = DayField(called="the day of the notice")
    effective_on = DayField(called="the first day that is not covered")
    reason = forms.CharField(max_length=300, error_messages={"required": "Say why it is cancelled."})


class UndoForm(forms.Form):
    """Why a cancellation is undone."""

    because = forms.CharField(max_length=300, error_messages={"required": "Say why it is undone."})


class RenewForm(forms.Form):
    """The next term as it was agreed. An empty amount is the price; no hours: no response time."""

    ends_on = DayField(called="the last day")
    price = AmountField(called="the price")
    visits = CountField(called="how many visits", least=0, most=999)
    response_hours = CountField(called="the working hours, or nothing", least=1, most=999, required=False)
    machines = MachinesField()
    channel = ChosenField(
        asks="how they renewed",
        choices=[(channel, Renewal.Channel(channel).label) for channel in CHANNELS],
    )
    amount = AmountField(called="the amount", required=False)

    def __init__(self, *args, machines: list[Equipment], **kwargs):
        super().__init__(*args, **kwargs)
        self.ids = {str(machine.public_id): machine.pk for machine in machines}
        self.fields["machines"].choices = [(key, key) for key in self.ids]

    def clean_machines(self):
        """The ids inside."""
        return frozenset(self.ids[key] for key in self.cleaned_data["machines"])


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_CANCEL)
def cancel_contract(request, id):
    """The first day on which it can end, by the day of the notice; then the act."""
    now = timezone.now()
    contract = _contract(id)
    today = local_day(now, zone_of(request.tenant))
    if request.method == "GET":
        given_on = _day(request.GET.get("given_on")) or today
        given_on = min(given_on, today)
        initial = {"given_on": given_on, "effective_on": ending_of(contract, given_on).first}
        return _cancel_page(request, contract, CancelForm(initial=initial), given_on)
    form = CancelForm(request.POST)
    given_on = _day(request.POST.get("given_on")) or today
    if not form.is_valid():
        return _cancel_page(request, contract, form, given_on, status=422)
    try:
        cancel(contract, by=request.membership, now=now, **form.cleaned_data)
    except AlreadyCancelled as refused:
        return _cancel_page(request, contract, form, given_on, status=409, refusal=str(refused))
    except NotThatDay as refused:
        form.add_error("effective_on", str(refused))
        return _cancel_page(request, contract, form, given_on, status=422)
    except ValueError as refused:
        return _cancel_page(request, contract, form, given_on, status=422, refusal=str(refused))
    messages.success(request, f"Cancelled. {cover_of(contract, today).sentence}.")
    return _to(request, contract)


@require_POST
@for_roles(*MAY_CANCEL)
def uncancel_contract(request, id):
    """Undo the cancellation that the person saw."""
    contract = _contract(id)
    now = timezone.now()
    of_contract = Cancellation.objects.filter(contract=contract)
    cancellation = the_one(of_contract, _id(request.POST.get("cancellation")))
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _undo_page(request, contract, cancellation, "", 422, " ".join(form.errors["because"]))
    because = form.cleaned_data["because"]
    try:
        undo_cancellation(cancellation, because=because, by=request.membership, now=now)
    except AlreadyUndone as refused:
        return _undo_page(request, contract, cancellation, because, 409, str(refused))
    except ValueError as refused:
        return _undo_page(request, contract, cancellation, because, 422, str(refused))
    cover = cover_of(contract, local_day(now, zone_of(request.tenant)))
    messages.success(request, f"Undone. {cover.sentence}.")
    return _to(request, contract)


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_RENEW)
def renew_contract(request, id):
    """What follows, and what was agreed anew. A page that has grown stale keeps what was typed."""
    now = timezone.now()
    contract = _contract(id)
    try:
        following = next_term_of(contract, local_day(now, zone_of(request.tenant)))
    except NoTermToRenew:
        return redirect(desk_url(request.tenant, "contract-first-term", id=contract.public_id))
    except IsCancelled as refused:
        return render(
            request,
            "contracts/not_now.html",
            {"contract": contract, "what": "Renew", "refusal": str(refused)},
            status=409 if request.method == "POST" else 200,
        )
    machines = machines_of(contract.customer, also=following.machines)
    if request.method == "GET":
        form = RenewForm(initial=_as_proposed(following, machines), machines=machines)
        return _renew_page(request, contract, following, machines, form)
    form = RenewForm(request.POST, machines=machines)
    if not form.is_valid():
        return _renew_page(request, contract, following, machines, form, status=422)
    after = ContractTerm.objects.filter(contract=contract, public_id=_id(request.POST.get("after"))).first()
    try:
        renewal = renew_by_hand(contract, after=after, by=request.membership, now=now, **form.cleaned_data)
    except AlreadyRenewed as refused:
        return _renew_page(request, contract, following, machines, form, status=409, refusal=str(refused))
    except ValueError as refused:
        return _renew_page(request, contract, following, machines, form, status=422, refusal=str(refused))
    word = "Extended" if _extends(request) else "Renewed"
    messages.success(request, f"{word} to {day_in_full(renewal.ends_on)}.")
    return _to(request, contract)


def _contract(id) -> Contract:
    return the_one(Contract.objects.select_related("customer", "tenant"), id)


def _cancel_page(request, contract, form, given_on, status=200, **more) -> HttpResponse:
    today = local_day(timezone.now(), zone_of(request.tenant))
    context = {
        "contract": contract,
        "form": form,
        "cover": cover_of(contract, today),
        "ending": ending_of(contract, given_on),
        "given_on": given_on,
        "today": today,
        "standing": standing_cancellation(contract),
        **more,
    }
    return render(request, "contracts/cancel.html", context, status=status)


def _undo_page(request, contract, cancellation, because, status, refusal) -> HttpResponse:
    context = {
        "contract": contract,
        "cancellation": cancellation,
        "because": because,
        "refusal": refusal,
        "may_undo": status == 422,
    }
    return render(request, "contracts/uncancel.html", context, status=status)


def _as_proposed(following: NextTerm, machines) -> dict:
    agreed = following.agreed
    return {
        "ends_on": agreed.ends_on,
        "price": agreed.price,
        "visits": agreed.visits,
        "response_hours": agreed.response_hours,
        "machines": [str(machine.public_id) for machine in machines if machine.pk in following.machines],
        "channel": Renewal.Channel.PAYMENT,
    }


def _renew_page(request, contract, following, machines, form, status=200, **more) -> HttpResponse:
    context = {
        "contract": contract,
        "form": form,
        "following": following,
        "machines": machines,
        "channels": form.fields["channel"].choices,
        "extends": _extends(request),
        "cover": cover_of(contract, local_day(timezone.now(), zone_of(request.tenant))),
        **more,
    }
    return render(request, "contracts/renew.html", context, status=status)


def _extends(request) -> bool:
    return request.tenant.renew_by == request.tenant.RenewBy.EXTENSION


def _to(request, contract):
    return redirect(desk_url(request.tenant, "contract", id=contract.public_id))


def _day(text) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text or "")
    except ValueError:
        return None


def _id(text) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


urlpatterns = [
    path("contracts/<uuid:id>/cancel/", cancel_contract, name="contract-cancel"),
    path("contracts/<uuid:id>/uncancel/", uncancel_contract, name="contract-uncancel"),
    path("contracts/<uuid:id>/renew/", renew_contract, name="contract-renew"),
]
