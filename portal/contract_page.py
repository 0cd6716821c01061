"""A customer's page of their contract: what it grants in a sentence, booking what is left (R2.7, R3.2)."""

import datetime as dt
import uuid

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from contracts.cover import cover_of
from contracts.models import Contract
from customers.models import Equipment
from portal.booking_steps import (
    NOTHING_LEFT,
    Wish,
    go_on,
    receipt_of_attempt,
    receipt_page,
    sent_by,
)
from portal.ringing import ringing_of, ringing_page
from portal.times import told_said
from tenancy.calendars import local_day, zone_of
from visits.entitled import unused_visit
from visits.models import Visit
from visits.use_or_lose import last_day_of

BACK = "Back to your contract"


class ChooseForm(forms.Form):
    """Which machine, and what we should know."""

    machine = forms.ChoiceField(
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose one of your machines.")
    )
    problem = forms.CharField(
        max_length=500,
        required=False,
        error_messages={
            "max_length": "Please say it in 500 letters at most.",
            "null_characters_not_allowed": "Please say it in plain letters.",
        },
    )

    def __init__(self, data=None, *, machines: list[Equipment]):
        super().__init__(data)
        self.fields["machine"].choices = [(str(each.public_id), each.name) for each in machines]


def contract_page(request: HttpRequest, contract: Contract, *, token: str, now: dt.datetime) -> HttpResponse:
    """One sentence on the contract, the visits that are left, and the first step to one of them."""
    return _page(request, contract, token, now)


def book(request: HttpRequest, contract: Contract, *, token: str, now: dt.datetime) -> HttpResponse:
    """The steps after the first: a time, then a yes. It uses one of the visits that are paid for.

    Only on days up to the last one on which it can be used: nobody is told that a later one is paid.
    """
    machines = machines_of(contract)
    form = ChooseForm(sent_by(request), machines=machines)

    def first(problem, status):
        return _page(request, contract, token, now, form=form, problem=problem, status=status)

    if (receipt := receipt_of_attempt(request, machines, token)) is not None:
        return receipt
    if not form.is_valid():
        return first("", 422)
    unused, until = _unused(contract, now)
    sent = form.cleaned_data
    machine = next(each for each in machines if str(each.public_id) == sent["machine"])
    if unused is None:
        return first(NOTHING_LEFT, 409)
    wish = Wish(token, machine, sent["problem"], sent, BACK, Visit.Kind.TUNE_UP, unused, until)
    return go_on(request, wish, now=now, first=first)


def booked(
    request: HttpRequest, contract: Contract, *, token: str, now: dt.datetime, visit: uuid.UUID
) -> HttpResponse:
    """The receipt: the time that was told, of a visit that was booked for one of the machines."""
    return receipt_page(request, machines_of(contract), token=token, now=now, visit=visit, back=BACK)


def ring_me(request: HttpRequest, contract: Contract, *, token: str, now: dt.datetime) -> HttpResponse:
    """A person rings when they choose; pressed twice, one call."""

    def show(problem):
        return _page(request, contract, token, now, ring_problem=problem, status=409)

    return ringing_page(
        request,
        contract.customer,
        contract.public_id,
        about=f"contract {contract.number}",
        token=token,
        now=now,
        show=show,
    )


def machines_of(contract: Contract) -> list[Equipment]:
    """The machines in use that the contract is about: those it names, else all of its customer's."""
    found = Equipment.objects.filter(site__customer=contract.customer, retired_on__isnull=True)
    named = found.filter(covered_by__contract=contract).distinct()
    rows = named if contract.covered.exists() else found
    return list(rows.select_related("site__customer").order_by("pk"))


def _unused(contract, now):
    cover = cover_of(contract, local_day(now, zone_of(contract.tenant)))
    found = unused_visit([cover])
    return (found[0], last_day_of(*found)) if found else (None, None)


def _page(request, contract, token, now, *, form=None, problem="", ring_problem="", status=200):
    machines = machines_of(contract)
    cover = cover_of(contract, local_day(now, zone_of(contract.tenant)))
    unused = unused_visit([cover]) if machines else None
    coming = Visit.objects.waiting().filter(entitlement__term__contract=contract).select_related("customer")
    errors = [(field.id_for_label, error) for field in form for error in field.errors] if form else []
    page = {
        "contract": contract,
        "token": token,
        "cover": cover,
        "left": int(unused[0].left) if unused else 0,
        "coming": [(visit, told_said(visit, now=now)) for visit in coming.order_by("planned_start")],
        "machines": machines,
        "form": form or ChooseForm(machines=machines),
        "errors": errors,
        "problem": problem,
        "ring_problem": ring_problem,
        **ringing_of(contract.customer, contract.public_id, now=now),
    }
    return render(request, "portal/contract.html", page, status=status)
