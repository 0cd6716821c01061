"""Calls that are owed to customers: somebody asked to be rung, or no message reaches them."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from cases.duties import close_duty
from cases.models import Duty
from customers.models import Contact
from servicedesk.moments import due_word
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role

# The others have a screen of their own: a miss its outcome, evidence its verdict, a message its page.
KINDS = (Duty.Kind.CALL_CUSTOMER, Duty.Kind.TELL_CUSTOMER, Duty.Kind.MAIL_RECOMMENDATION)
MOST_SHOWN = 40


@dataclass(frozen=True)
class Owed:
    """One card of the tray: whom to ring, why, by when."""

    id: str
    title: str
    customer: str
    phone: str
    due: str
    is_late: bool


def calls_owed(desk, *, now, leave_out=()) -> list[Owed]:
    """The dispatchers' open calls, the most urgent first; two queries.

    `leave_out` are public ids of visits whose own card says it already.
    """
    owed = (
        Duty.objects.open()
        .filter(owner_role=Role.DISPATCHER, kind__in=KINDS)
        .exclude(kind=Duty.Kind.TELL_CUSTOMER, subject__in=leave_out)
        .select_related("customer")
        .order_by("due_at", "pk")[:MOST_SHOWN]
    )
    phones = dict(
        Contact.objects.filter(customer__in={duty.customer_id for duty in owed}, is_main=True).values_list(
            "customer_id", "phone"
        )
    )
    zone = zone_of(desk)
    return [
        Owed(
            id=str(duty.public_id),
            title=duty.title,
            customer=duty.customer.name if duty.customer else "A customer",
            phone=phones.get(duty.customer_id, ""),
            due=due_word(duty.due_at, zone=zone, today=local_day(now, zone)),
            is_late=duty.due_at < now,
        )
        for duty in owed
    ]


class OutcomeForm(forms.Form):
    """What came of the call."""

    outcome = forms.CharField(
        max_length=300,
        strip=True,
        error_messages={
            "required": "Say what came of it: a call is done only with an outcome.",
            "max_length": "Say it in 300 characters.",
        },
    )


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def call_owed(request: HttpRequest, id) -> HttpResponse:
    """Whom to ring and why; closed with what came of it."""
    now = timezone.now()
    duty = the_one(Duty.objects.filter(kind__in=KINDS).select_related("customer", "closed_by__user"), id)
    form = OutcomeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        close_duty(duty, by=request.membership, now=now, outcome=form.cleaned_data["outcome"])
        messages.success(request, f"Done: {duty.title}")
        return redirect(desk_url(request.tenant, "board"))
    contact = Contact.objects.filter(customer=duty.customer).order_by("-is_main", "pk").first()
    page = {"duty": duty, "form": form, "contact": contact, "is_late": duty.due_at < now}
    return render(
        request, "servicedesk/call_owed.html", page, status=422 if request.method == "POST" else 200
    )


urlpatterns = [path("duties/<uuid:id>/", call_owed, name="call-owed")]
