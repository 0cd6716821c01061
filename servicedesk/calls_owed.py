"""Calls that are owed to customers: somebody asked to be rung, or no message reaches them."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from cases.asked_calls import keep_asked_call
from cases.duties import close_duty, owns_duty
from cases.interactions import note_interaction
from cases.models import Duty, Interaction
from customers.models import Contact
from servicedesk.moments import due_word
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from tenancy.prepared import Among, Keys, Prepared, PublicIds
from visits.models import VisitStep

# The others have a screen of their own: a miss its outcome, evidence its verdict, a message its page.
CALLS = (
    Duty.Kind.CALL_CUSTOMER,
    Duty.Kind.TELL_CUSTOMER,
    Duty.Kind.GIVE_QUOTE,
    Duty.Kind.CHECK_CALL,
    Duty.Kind.SEE_TO_NEED,
)
KINDS = (*CALLS, Duty.Kind.MAIL_RECOMMENDATION, Duty.Kind.LOOK_AGAIN)
MOST_SHOWN = 40
Result = VisitStep.Result


@dataclass(frozen=True)
class Owed:
    """One card of the tray: whom to ring, why, by when."""

    id: str
    title: str
    customer: str
    phone: str
    due: str
    is_late: bool


_OWED = Prepared(
    lambda leave_out: (
        Duty.objects.open()
        .filter(
            Q(subject__isnull=True) | ~Q(kind=Duty.Kind.TELL_CUSTOMER) | ~Q(Among("subject", leave_out)),
            owner_role=Role.DISPATCHER,
            kind__in=KINDS,
        )
        .select_related("customer")
        .order_by("due_at", "pk")[:MOST_SHOWN]
    ),
    leave_out=PublicIds(),
)
_PHONES = Prepared(
    lambda customers: Contact.objects.filter(Among("customer", customers), is_main=True).values_list(
        "customer_id", "phone"
    ),
    customers=Keys(),
)


def calls_owed(desk, *, now, leave_out=()) -> list[Owed]:
    """The dispatchers' open calls, the most urgent first; two queries.

    `leave_out` are public ids of visits whose own card says it already.
    """
    owed = _OWED.rows(leave_out=leave_out)
    if not owed:
        return []
    phones = dict(_PHONES.rows(customers=list({duty.customer_id for duty in owed} - {None})))
    zone = zone_of(desk)
    today = local_day(now, zone)
    return [
        Owed(
            id=str(duty.public_id),
            title=duty.title,
            customer=duty.customer.name if duty.customer else "A customer",
            phone=phones.get(duty.customer_id, ""),
            due=due_word(duty.due_at, zone=zone, today=today),
            is_late=duty.due_at < now,
        )
        for duty in owed
    ]


class OutcomeForm(forms.Form):
    """What came of what was owed, where it was no call."""

    outcome = forms.CharField(
        max_length=300,
        strip=True,
        error_messages={
            "required": "Say what came of it: it is done only with an outcome.",
            "max_length": "Say it in 300 characters.",
        },
    )


class CallForm(forms.Form):
    """How the call went, and what came of it. No answer keeps it owed."""

    result = forms.ChoiceField(
        choices=Result.choices,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Say how the call went."),
    )
    outcome = forms.CharField(
        max_length=250,
        required=False,
        strip=True,
        error_messages={"max_length": "Say it in 250 characters."},
    )

    def clean(self):
        """Who was spoken to said something."""
        data = super().clean()
        if data.get("result") == Result.SPOKE and not data.get("outcome") and "outcome" not in self.errors:
            self.add_error("outcome", "Say what came of it: a call is done only with an outcome.")
        return data


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER, or_whose=owns_duty)
def call_owed(request: HttpRequest, id) -> HttpResponse:
    """Whom to ring and why; closed with what came of it, and kept open where nobody answered."""
    now = timezone.now()
    owed = Duty.objects.filter(kind__in=KINDS).select_related("customer", "case", "closed_by__user")
    duty = the_one(owed, id)
    is_call = duty.kind in CALLS and duty.customer is not None
    contact = Contact.objects.filter(customer=duty.customer).order_by("-is_main", "pk").first()
    form = (CallForm if is_call else OutcomeForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = _called if is_call else _done
        messages.success(request, act(request, duty, contact, form.cleaned_data, now))
        is_of_board = request.membership.has_role(Role.DISPATCHER)
        return redirect(desk_url(request.tenant, "board" if is_of_board else "promises"))
    page = {
        "duty": duty,
        "form": form,
        "contact": contact,
        "is_late": duty.due_at < now,
        "is_call": is_call,
        "books": duty.kind == Duty.Kind.SEE_TO_NEED and duty.customer is not None and not duty.closed_at,
        "results": Result.choices,
        "chosen": form.data.get("result", ""),
    }
    return render(
        request, "servicedesk/call_owed.html", page, status=422 if request.method == "POST" else 200
    )


def _done(request, duty, contact, data, now) -> str:
    close_duty(duty, by=request.membership, now=now, outcome=data["outcome"])
    return f"Done: {duty.title}"


@transaction.atomic
def _called(request, duty, contact, data, now) -> str:
    """Keep the call on the time line, whoever answered; what the dispatcher is told."""
    result = Result(data["result"])
    summary = ". ".join(filter(None, (result.label, data["outcome"])))
    note_interaction(
        customer=duty.customer,
        channel=Interaction.Channel.CALL,
        direction=Interaction.Direction.OUT,
        contact=contact,
        case=duty.case,
        summary=summary,
        is_try=result == Result.NO_ANSWER,
        by=request.membership,
        now=now,
    )
    if result == Result.NO_ANSWER:
        return "No answer: the call stays owed."
    keep_asked_call(duty, by=request.membership, now=now, evidence=summary)
    close_duty(duty, by=request.membership, now=now, outcome=summary)
    return f"Done: {duty.title}"


urlpatterns = [path("duties/<uuid:id>/", call_owed, name="call-owed")]
