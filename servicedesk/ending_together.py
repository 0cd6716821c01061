"""Several contracts of one customer with one end: every figure first, then all or none."""

import datetime as dt
import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from contracts.co_terminating import (
    CannotEndTogether,
    Cut,
    common_end,
    cuts_for,
    end_together,
    may_end_together,
)
from contracts.models import Contract, ContractTerm, Renewal
from contracts.next_term import CHANNELS, MAY_RENEW
from contracts.renewals import AlreadyRenewed
from contracts.wording import day_in_full
from customers.models import Customer
from servicedesk.worded_fields import DayField
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, the_one


class ChoiceForm(forms.Form):
    """Which contracts, and the last day that all of them get."""

    contracts = forms.MultipleChoiceField(error_messages={"required": "Choose at least two contracts."})
    ends_on = DayField(called="the common last day")

    def __init__(self, *args, contracts: list[Contract], **kwargs):
        super().__init__(*args, **kwargs)
        self.contracts = {str(contract.public_id): contract for contract in contracts}
        self.fields["contracts"].choices = [(key, key) for key in self.contracts]

    @property
    def chosen(self) -> list[Contract]:
        """The contracts that were chosen."""
        return [self.contracts[key] for key in self.cleaned_data["contracts"]]


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_RENEW)
def ending_together(request, id):
    """GET shows the figures of a choice; POST makes the cut terms of exactly those figures."""
    customer = the_one(Customer.objects.standing(), id)
    contracts = list(may_end_together(customer))
    if request.method == "POST":
        return _make(request, customer, contracts)
    if "ends_on" not in request.GET:
        initial = {"ends_on": common_end(customer), "contracts": [str(c.public_id) for c in contracts]}
        return _page(request, customer, contracts, ChoiceForm(initial=initial, contracts=contracts))
    form = ChoiceForm(request.GET, contracts=contracts)
    return _page(request, customer, contracts, form, cuts=_cuts(form), status=422 if form.errors else 200)


def _make(request, customer, contracts) -> HttpResponse:
    form = ChoiceForm(request.POST, contracts=contracts)
    channel = request.POST.get("channel", "")
    if not form.is_valid() or channel not in CHANNELS:
        return _page(request, customer, contracts, form, cuts=_cuts(form), status=422)
    try:
        renewals = end_together(
            form.chosen,
            ends_on=form.cleaned_data["ends_on"],
            channel=channel,
            after=_seen(request, form.chosen),
            by=request.membership,
            now=timezone.now(),
        )
    except AlreadyRenewed as refused:
        # The figures below are new; what was chosen stays.
        return _page(request, customer, contracts, form, cuts=_cuts(form), status=409, refusal=str(refused))
    except CannotEndTogether as refused:
        form.add_error("ends_on", str(refused))
        return _page(request, customer, contracts, form, status=422)
    day = day_in_full(form.cleaned_data["ends_on"])
    words = "1 contract" if len(renewals) == 1 else f"{len(renewals)} contracts"
    messages.success(request, f"{words} cut to end on {day}, together with the rest.")
    return redirect(desk_url(request.tenant, "customer", id=customer.public_id))


def _cuts(form: ChoiceForm) -> list[Cut]:
    """The figures of a choice; none, with the reason in the form, where they cannot end together."""
    if not form.is_valid():
        return []
    try:
        return cuts_for(form.chosen, form.cleaned_data["ends_on"])
    except CannotEndTogether as refused:
        form.add_error("ends_on", str(refused))
        return []


def _seen(request, contracts) -> dict[int, ContractTerm]:
    """Each contract's last term as the page showed it."""
    ids = [found for found in map(_id, request.POST.getlist("after")) if found]
    terms = ContractTerm.objects.filter(public_id__in=ids, contract__in=[c.pk for c in contracts])
    return {term.contract_id: term for term in terms}


def _page(request, customer, contracts, form, *, cuts=(), status=200, **more) -> HttpResponse:
    chosen = form.data.getlist("contracts") if form.is_bound else form.initial["contracts"]
    ends_on = form.data.get("ends_on", "") if form.is_bound else form.initial["ends_on"]
    context = {
        "customer": customer,
        "contracts": _with_ends(contracts),
        "form": form,
        "chosen": chosen,
        "ends_on": ends_on.isoformat() if isinstance(ends_on, dt.date) else ends_on,
        "cuts": cuts,
        "sum": sum(cut.price for cut in cuts),
        "channels": [(channel, Renewal.Channel(channel).label) for channel in CHANNELS],
        **more,
    }
    return render(request, "contracts/end_together.html", context, status=status)


def _with_ends(contracts) -> list[tuple[Contract, dt.date]]:
    terms = ContractTerm.objects.filter(contract__in=contracts, taken_back_at__isnull=True)
    ends = dict(terms.order_by("ends_on").values_list("contract", "ends_on"))
    return [(contract, ends[contract.pk]) for contract in contracts]


def _id(text) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


urlpatterns = [path("customers/<uuid:id>/end-together/", ending_together, name="end-together")]
