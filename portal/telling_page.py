"""Telling whoever comes something, by the link of a visit. Opening it changes nothing."""

import datetime as dt

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from portal.opening import for_visit_link
from portal.visit_facts import facts_of
from visits.models import Visit
from visits.telling import LONGEST, CannotTell, tell_who_comes, told_before


class TellForm(forms.Form):
    """Their words, for whoever comes."""

    words = forms.CharField(
        max_length=LONGEST,
        error_messages={
            "required": "Please write what they should know.",
            "max_length": f"Please say it in {LONGEST} letters at most.",
            "null_characters_not_allowed": "Please say it in plain letters.",
        },
    )


@require_http_methods(["GET", "POST"])
@for_visit_link
def tell(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """It stands on the visit's brief and in the thread. The same words count once."""
    if request.method == "GET":
        return _page(request, visit, token, now, TellForm())
    form = TellForm(request.POST)
    if not form.is_valid():
        return _page(request, visit, token, now, form, status=422)
    try:
        tell_who_comes(visit, form.cleaned_data["words"], by=None, now=now)
    except CannotTell as refused:
        return _page(request, visit, token, now, form, problem=str(refused), status=409)
    return redirect("customer-page", token=token)


def _page(request, visit, token, now, form, *, problem="", status=200):
    page = facts_of(visit, token, now) | {
        "form": form,
        "told": told_before(visit),
        "longest": LONGEST,
        "problem": problem or next(iter(form.errors.get("words", [])), ""),
    }
    return render(request, "portal/tell.html", page, status=status)


urlpatterns = [path("v/<str:token>/tell/", tell, name="customer-tell")]
