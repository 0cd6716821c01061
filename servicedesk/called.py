"""*I called*, from the board: the dispatcher rang ahead, and says how the call went (R4.2)."""

from django import forms
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from servicedesk.board import board_answer
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.fieldwork import StepRefused, call_ahead
from visits.models import Visit, VisitStep

Result = VisitStep.Result


class CalledForm(forms.Form):
    """How it went: no answer keeps the promise open, so it is never taken for granted."""

    result = forms.ChoiceField(
        choices=Result.choices,
        error_messages={
            "required": "Say how the call went.",
            "invalid_choice": "Say how the call went.",
        },
    )


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def called(request, id):
    """Ask how the call ahead went, and log it: 409 where it can be logged no more."""
    visit, now = _visit(id), timezone.now()
    if request.method == "GET":
        return _page(request, visit)
    form = CalledForm(request.POST)
    if not form.is_valid():
        return _page(request, visit, problem=form.errors["result"][0], status=422)
    result = Result(form.cleaned_data["result"])
    try:
        visit = call_ahead(visit, result=result, by=request.membership, now=now)
    except StepRefused as refused:
        return _page(request, visit, problem=str(refused), status=409)
    still = " Try again before they wait in vain." if result == Result.NO_ANSWER else ""
    says = f"{visit.customer.short_name}: {result.label.lower()}.{still}"
    return board_answer(request, now=now, says=says, visit=visit)


def _page(request, visit, *, problem="", status=200):
    context = {
        "visit": visit,
        "customer": visit.customer.short_name,
        "phone": visit.contact.phone if visit.contact else "",
        "results": Result.choices,
        "problem": problem,
        "called_url": desk_url(request.tenant, "visit-called", id=visit.public_id),
        "back_url": desk_url(request.tenant, "board"),
    }
    part = "#answer" if request.htmx and problem else "#dialog" if request.htmx else ""
    return render(request, f"servicedesk/visit_called.html{part}", context, status=status)


def _visit(id) -> Visit:
    return the_one(Visit.objects.select_related("tenant", "customer", "contact"), id)


urlpatterns = [path("visits/<uuid:id>/called/", called, name="visit-called")]
