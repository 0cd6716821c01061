"""A customer's page of a recommendation: yes, no with the risk before their eyes, or ask first (R5.5)."""

import datetime as dt
import uuid

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from cases.models import Duty
from portal.machine_papers import papers_of
from portal.opening import for_links
from portal.ringing import ringing_of, ringing_page, rings_by
from recommendations.answers import (
    ANSWERABLE,
    NotOpen,
    accept_by_customer,
    ask_by_customer,
    decline_by_customer,
)
from recommendations.follow_up_letter import costs_words
from recommendations.models import Recommendation
from tenancy.calendars import local_day, zone_of
from visits.models import Visit
from visits.wording import day_words

YES, NO, ASK = "yes", "no", "ask"
WRITE_LESS = "Please say it in plain letters, 250 at most, or leave it out."


class AnswerForm(forms.Form):
    """One of three answers, with some words if they like."""

    answer = forms.ChoiceField(choices=[(YES, "Yes"), (NO, "No, thanks"), (ASK, "Ask first")])
    words = forms.CharField(max_length=250, required=False)


def recommendation_page(
    request: HttpRequest, recommendation: Recommendation, *, token: str, now: dt.datetime
) -> HttpResponse:
    """What was found, what may happen, what it costs, and three buttons."""
    return _page(request, recommendation, token, now)


def ring_me(
    request: HttpRequest, recommendation: Recommendation, *, token: str, now: dt.datetime
) -> HttpResponse:
    """A person rings when they choose; pressed twice, one call."""

    def show(problem):
        return _page(request, recommendation, token, now, ring_problem=problem, status=409)

    return ringing_page(
        request,
        recommendation.equipment.site.customer,
        recommendation.public_id,
        about=recommendation.finding,
        token=token,
        now=now,
        show=show,
    )


def _its_own(request, recommendation, *, token, now, id: uuid.UUID, act):
    if recommendation.public_id != id:
        raise Http404("No such recommendation")
    return act(request, recommendation, token, now)


def _of_visit(request, visit: Visit, *, token, now, id: uuid.UUID, act):
    """One on the visit's machines; what they hear of on the visit's own page."""
    machines = visit.machines.values("equipment")
    rows = Recommendation.objects.filter(equipment__in=machines, public_id=id)
    found = rows.select_related("equipment__site__customer", "raised_by__user").first()
    if found is None:
        raise Http404("No such recommendation")
    found.tenant = visit.tenant
    return act(request, found, token, now, visit=visit)


_open = for_links(visit=_of_visit, recommendation=_its_own)


@require_GET
def look(request: HttpRequest, token: str, id: uuid.UUID) -> HttpResponse:
    """The recommendation by itself; changes nothing."""
    return _open(request, token, id=id, act=_page)


@require_POST
def answer(request: HttpRequest, token: str, id: uuid.UUID) -> HttpResponse:
    """Yes, no or ask first. Pressed twice, it counts once."""
    return _open(request, token, id=id, act=_answer)


def _answer(request, recommendation, token, now, *, visit=None):
    form = AnswerForm(request.POST)
    if not form.is_valid():
        problem = WRITE_LESS if "words" in form.errors else "Choose an answer."
        return _page(request, recommendation, token, now, visit=visit, problem=problem, status=422)
    said, words = form.cleaned_data["answer"], form.cleaned_data["words"]
    try:
        if said == YES:
            accept_by_customer(recommendation, now=now)
        elif said == NO:
            decline_by_customer(recommendation, because=words, now=now)
        else:
            ask_by_customer(recommendation, question=words, now=now)
    except NotOpen as refused:
        return _page(request, recommendation, token, now, visit=visit, problem=str(refused), status=409)
    return redirect("customer-recommendation", token=token, id=recommendation.public_id)


def _page(request, recommendation, token, now, *, visit=None, problem="", ring_problem="", status=200):
    recommendation.refresh_from_db()
    desk, customer = recommendation.tenant, recommendation.equipment.site.customer
    today = local_day(now, zone_of(desk))
    raised = local_day(recommendation.raised_at, zone_of(desk))
    page = {
        "each": recommendation,
        "token": token,
        "visit": visit,
        "customer": customer,
        "States": Recommendation.State,
        "can_answer": recommendation.state in ANSWERABLE,
        "raised": day_words(raised, country=desk.country, today=today),
        "until": recommendation.deferred_until
        and day_words(recommendation.deferred_until, country=desk.country, today=today),
        "costs": costs_words(recommendation, today),
        "answers_by": rings_by(customer, recommendation.public_id, now=now, kind=Duty.Kind.GIVE_QUOTE),
        **ringing_of(customer, recommendation.public_id, now=now),
        "papers": papers_of(request, recommendation),
        "words": request.POST.get("words", ""),
        # Which of the two that take words stands open: as it was sent, or as the visit's page asked for.
        "says": request.POST.get("answer", "") or request.GET.get("say", ""),
        "problem": problem,
        "ring_problem": ring_problem,
    }
    return render(request, "portal/recommendation.html", page, status=status)


urlpatterns = [
    path("v/<str:token>/recommendation/<uuid:id>/", look, name="customer-recommendation"),
    path("v/<str:token>/recommendation/<uuid:id>/answer/", answer, name="customer-answer"),
]
