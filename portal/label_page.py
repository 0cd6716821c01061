"""The page behind a machine's label: what is wrong, a free time, yes (R2.7). No account, no name, no history.

Staff of the desk who open it come to the machine's own page. Opening it changes nothing.
"""

import datetime as dt
import uuid

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from customers.models import Equipment
from portal.booking_steps import Wish, go_on, receipt_of_attempt, receipt_page, sent_by
from portal.label_booking import may_book
from portal.ringing import ringing_of, ringing_page
from tenancy.addresses import desk_url
from tenancy.models import Membership

BACK = "Back to the machine"


class ProblemForm(forms.Form):
    """What is wrong, in the customer's words."""

    problem = forms.CharField(
        max_length=500,
        error_messages={
            "required": "Please say what is wrong.",
            "max_length": "Please say it in 500 letters at most.",
            "null_characters_not_allowed": "Please say it in plain letters.",
        },
    )


def label_page(request: HttpRequest, machine: Equipment, *, token: str, now: dt.datetime) -> HttpResponse:
    """The first step: this is the machine, what is wrong with it? Staff go to its own page."""
    if _is_staff(request):
        return redirect(desk_url(request.tenant, "equipment", id=machine.public_id))
    return _page(request, machine, token, now, form=ProblemForm())


def book(request: HttpRequest, machine: Equipment, *, token: str, now: dt.datetime) -> HttpResponse:
    """The steps after the first: a time, then a yes."""
    form = ProblemForm(sent_by(request))

    def first(problem, status):
        return _page(request, machine, token, now, form=form, problem=problem, status=status)

    if (receipt := receipt_of_attempt(request, [machine], token)) is not None:
        return receipt
    if not form.is_valid():
        return first("", 422)
    problem = form.cleaned_data["problem"]
    wish = Wish(token, machine, problem, {"problem": problem}, BACK)
    return go_on(request, wish, now=now, first=first)


def booked(
    request: HttpRequest, machine: Equipment, *, token: str, now: dt.datetime, visit: uuid.UUID
) -> HttpResponse:
    """The receipt: the time that was told, of a visit that was booked for this machine."""
    return receipt_page(request, [machine], token=token, now=now, visit=visit, back=BACK)


def ring_me(request: HttpRequest, machine: Equipment, *, token: str, now: dt.datetime) -> HttpResponse:
    """A person rings when they choose; pressed twice, one call."""

    def show(problem):
        return _page(request, machine, token, now, form=ProblemForm(), ring_problem=problem, status=409)

    return ringing_page(
        request,
        machine.site.customer,
        machine.public_id,
        about=f"{machine}, from its label",
        token=token,
        now=now,
        show=show,
    )


def _is_staff(request) -> bool:
    """Whether somebody is signed in who belongs to the desk of the label."""
    if not request.user.is_authenticated:
        return False
    return Membership.objects.filter(user_id=request.user.pk, ended_at__isnull=True).exists()


def _page(request, machine, token, now, *, form, problem="", ring_problem="", status=200):
    """The first step, or only "ring me" where enough was booked."""
    page = {
        "machine": machine,
        "token": token,
        "form": form,
        "problem": problem,
        "ring_problem": ring_problem,
        "may_book": may_book(machine, now=now),
        **ringing_of(machine.site.customer, machine.public_id, now=now),
    }
    return render(request, "portal/label.html", page, status=status)
