"""A customer's page of a renewal offer: accept, decline, ring me. Opening it changes nothing."""

import datetime as dt

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from contracts.cover import cover_of
from contracts.models import RenewalOffer
from contracts.offer_answers import accept_offer, decline_offer
from contracts.offer_states import OfferState, state_of, told_to_customer
from contracts.offered import what_it_says
from contracts.offers import NotOpen
from portal.opening import for_offer_link
from portal.ringing import ringing_of, ringing_page
from tenancy.calendars import local_day, zone_of
from tenancy.papers import kept_paper, paper_response

# What was offered stays to be read after it was answered.
SHOWN_WHOLE = (OfferState.OPEN, OfferState.ACCEPTED, OfferState.DECLINED)


WRITE_LESS = "Please say it in plain letters, 300 at most, or leave it out."


class AcceptForm(forms.Form):
    """The customer's name, as they type it in the place of a signature."""

    name = forms.CharField(
        max_length=120,
        error_messages={"required": "Please type your name.", "max_length": "Please type a shorter name."},
    )


class DeclineForm(forms.Form):
    """Why not, if they like to say."""

    because = forms.CharField(max_length=300, required=False)


def offer_page(request: HttpRequest, offer: RenewalOffer, *, token: str, now: dt.datetime) -> HttpResponse:
    """What is offered, and one primary button."""
    return _page(request, offer, token, now)


@require_POST
@for_offer_link
def accept(request: HttpRequest, offer: RenewalOffer, *, token: str, now: dt.datetime) -> HttpResponse:
    """The customer's yes with their name. Pressed twice, it counts once."""
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return _page(request, offer, token, now, form=form, status=422)
    try:
        accept_offer(offer, name=form.cleaned_data["name"], now=now)
    except NotOpen as refused:
        return _page(request, offer, token, now, problem=str(refused), status=409)
    return redirect("customer-page", token=token)


@require_POST
@for_offer_link
def decline(request: HttpRequest, offer: RenewalOffer, *, token: str, now: dt.datetime) -> HttpResponse:
    """The customer's no. Pressed twice, it counts once."""
    form = DeclineForm(request.POST)
    if not form.is_valid():
        because = request.POST.get("because", "")
        return _page(request, offer, token, now, problem=WRITE_LESS, because=because, status=422)
    try:
        decline_offer(offer, because=form.cleaned_data["because"], now=now)
    except NotOpen as refused:
        return _page(request, offer, token, now, problem=str(refused), status=409)
    return redirect("customer-page", token=token)


@require_GET
@for_offer_link
def document(request: HttpRequest, offer: RenewalOffer, *, token: str, now: dt.datetime) -> HttpResponse:
    """The letter as it was sent."""
    return paper_response(kept_paper(offer.document), offer.document.name)


def ring_me(request: HttpRequest, offer: RenewalOffer, *, token: str, now: dt.datetime) -> HttpResponse:
    """A person rings when they choose; pressed twice, one call."""

    def show(problem):
        return _page(request, offer, token, now, ring_problem=problem, status=409)

    return ringing_page(
        request,
        offer.contract.customer,
        offer.public_id,
        about=f"renewal offer {offer.number}",
        token=token,
        now=now,
        show=show,
    )


def _page(request, offer, token, now, *, form=None, problem="", ring_problem="", because="", status=200):
    offer.refresh_from_db()
    today = local_day(now, zone_of(offer.tenant))
    state = state_of(offer, today)
    page = {
        "offer": offer,
        "token": token,
        "state": state,
        "States": OfferState,
        "said": what_it_says(offer, today) if state in SHOWN_WHOLE else None,
        "told": told_to_customer(offer, today),
        "form": form,
        "because": because,
        "problem": problem,
        "ring_problem": ring_problem,
        # Only what a customer may read of it: the state in a sentence, and the visits.
        "cover": cover_of(offer.contract, today),
        **ringing_of(offer.contract.customer, offer.public_id, now=now),
    }
    return render(request, "portal/offer.html", page, status=status)


urlpatterns = [
    path("v/<str:token>/accept/", accept, name="customer-accept"),
    path("v/<str:token>/decline/", decline, name="customer-decline"),
    path("v/<str:token>/offer.pdf", document, name="customer-offer-document"),
]
