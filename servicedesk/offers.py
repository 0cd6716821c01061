"""Pages of renewal offers: what is in the way, drafting, sending, withdrawing, and what became of one."""

import datetime as dt
from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.duties import close_duty
from cases.models import Duty
from contracts import offers
from contracts.cover import cover_of
from contracts.models import Contract, RenewalOffer
from contracts.offer_blocks import ALLOWANCE, CONTRACT, CUSTOMER, recipient_of, what_blocks
from contracts.offer_document import document_name, offer_pdf
from contracts.offer_states import OfferState, state_of
from contracts.offered import machines_covered, what_it_says
from contracts.offers import NotOpen, NotReady, Offered
from contracts.renewals import NoTermToRenew
from servicedesk.call_forms import OutcomeForm
from servicedesk.offer_forms import OfferForm, WithdrawForm, checked_in, choices_for, filled_with
from servicedesk.offer_history import history_of
from servicedesk.unused import allowance_url
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from tenancy.papers import kept_paper, paper_response

MAY_OFFER = (Role.SALES, Role.ACCOUNTS)
TONES = {
    OfferState.OPEN: ("info", "clock"),
    OfferState.ACCEPTED: ("warn", "clock"),
    OfferState.RENEWED: ("good", "check"),
    OfferState.DECLINED: ("plain", "x"),
}


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_OFFER)
def new_offer(request, id):
    """The next term, ready to be sent; what is in the way stands first, with where it is solved."""
    now = timezone.now()
    contract = _contract(id)
    choices = choices_for(contract)
    if request.method == "GET":
        return _new_page(request, contract, _usual_form(contract, choices, now), now)
    form = OfferForm(request.POST, **choices)
    if not form.is_valid():
        return _new_page(request, contract, form, now, status=422)
    try:
        offer = _make(contract, form.offered, request, now)
    except NotReady as refused:
        return _new_page(request, contract, form, now, status=409, refusal=str(refused))
    except ValueError as refused:
        return _new_page(request, contract, form, now, status=422, refusal=str(refused))
    _say_what_was_done(request, offer)
    return _to(request, offer)


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_OFFER)
def change_offer(request, id):
    """A draft, written anew."""
    now = timezone.now()
    offer = _offer(id)
    choices = choices_for(offer.contract)
    if request.method == "GET":
        return _change_page(request, offer, OfferForm(initial=_as_drafted(offer, choices), **choices))
    form = OfferForm(request.POST, **choices)
    if not form.is_valid():
        return _change_page(request, offer, form, status=422)
    try:
        offers.change_draft(offer, form.offered, now=now)
    except NotOpen as refused:
        return _change_page(request, offer, form, status=409, refusal=str(refused))
    except ValueError as refused:
        return _change_page(request, offer, form, status=422, refusal=str(refused))
    messages.success(request, "Saved. It was not sent yet.")
    return _to(request, offer)


@require_GET
@for_roles(*MAY_OFFER)
def offer(request, id):
    """One offer whole: what it says, its document, and what became of it."""
    return _offer_page(request, _offer(id))


@require_GET
@for_roles(*MAY_OFFER)
def document(request, id):
    """The letter: as it was sent, or of a draft as it would be."""
    shown = _offer(id)
    if shown.document is None:
        made_by = shown.made_by.name if shown.made_by else ""
        content = offer_pdf(shown, now=timezone.now(), signed_by=made_by)
    else:
        content = kept_paper(shown.document)
    return paper_response(content, document_name(shown))


@require_POST
@for_roles(*MAY_OFFER)
def send(request, id):
    """Let a draft go out."""
    return _act(request, id, offers.send_offer, "Sent. Its mail leaves within a minute.")


@require_POST
@for_roles(*MAY_OFFER)
def send_again(request, id):
    """Mail it once more, with a new link."""
    return _act(request, id, offers.send_again, "Sent again. Its mail leaves within a minute.")


@require_POST
@for_roles(*MAY_OFFER)
def withdraw(request, id):
    """Take back what nobody accepted, or discard a draft."""
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return _offer_page(request, _offer(id), status=422, withdraw_form=form)
    act = partial(offers.withdraw_offer, because=form.cleaned_data["because"])
    return _act(request, id, act, "Withdrawn. Its links open nothing any more.")


@require_POST
@for_roles(*MAY_OFFER)
def spoke(request, id):
    """What came of the call after a customer declined."""
    shown, form = _offer(id), OutcomeForm(request.POST)
    if not form.is_valid():
        return _offer_page(request, shown, status=422, spoke_form=form)
    for duty in _calls(shown):
        close_duty(duty, by=request.membership, now=timezone.now(), outcome=form.cleaned_data["outcome"])
    messages.success(request, "Noted.")
    return _to(request, shown)


def _contract(id) -> Contract:
    return the_one(Contract.objects.select_related("customer", "tenant"), id)


def _offer(id) -> RenewalOffer:
    rows = RenewalOffer.objects.select_related(
        "tenant", "contract__customer", "contract__tenant", "made_by__user", "document", "sent_to",
        "settled_by__user", "evidence__decided_by__user",
    )  # fmt: skip
    return the_one(rows, id)


def _starts_on(contract) -> dt.date | None:
    """When the next term begins; None for a contract without a term."""
    try:
        return offers.next_term(contract).starts_on
    except NoTermToRenew:
        return None


def _usual_form(contract, choices, now) -> OfferForm | None:
    """The next term as it was; None for a contract without a term."""
    starts_on = _starts_on(contract)
    if starts_on is None:
        return None
    usual = offers.usual_offer(contract, day=local_day(now, zone_of(contract.tenant)))
    covered = machines_covered(contract, starts_on) if choices["names_machines"] else []
    checked = [str(machine.public_id) for machine in covered]
    return OfferForm(initial=filled_with(usual, checked), **choices)


@transaction.atomic
def _make(contract, offered: Offered, request, now) -> RenewalOffer:
    """Drafted, and sent if that was asked for: where it cannot go, no draft stays behind either."""
    offer = offers.draft_offer(contract, by=request.membership, now=now, offered=offered)
    if request.POST.get("then") != "send":
        return offer
    return offers.send_offer(offer, by=request.membership, now=now)


def _say_what_was_done(request, offer) -> None:
    if offer.sent_at is None:
        messages.success(request, f"Offer {offer.number} is drafted. It was not sent yet.")
    else:
        messages.success(request, f"Offer {offer.number} is sent. Its mail leaves within a minute.")


def _act(request, id, act, said):
    """One act on an offer; 409 with the words where it cannot be done any more, or not yet."""
    offer = _offer(id)
    try:
        act(offer, by=request.membership, now=timezone.now())
    except (NotOpen, NotReady) as refused:
        return _offer_page(request, _offer(id), status=409, refusal=str(refused))
    messages.success(request, said)
    return _to(request, offer)


def _new_page(request, contract, form, now, status=200, **more) -> HttpResponse:
    day = local_day(now, zone_of(request.tenant))
    blocks = what_blocks(contract, day=day, now=now)
    context = {
        "contract": contract,
        "cover": cover_of(contract, day),
        "form": form,
        "machines": choices_for(contract)["machines"],
        "starts_on": _starts_on(contract),
        "blocks": _linked(request, contract, blocks),
        "recipient": recipient_of(contract.customer),
        **more,
    }
    return render(request, "servicedesk/offer_new.html", context, status=status)


def _change_page(request, offer, form, status=200, **more) -> HttpResponse:
    if state_of(offer, local_day(timezone.now(), zone_of(request.tenant))) != OfferState.DRAFT:
        refusal = more.get("refusal") or "Only a draft can be changed. Withdraw it and make another."
        return _offer_page(request, offer, status=409, refusal=refusal)
    context = {
        "offer": offer,
        "contract": offer.contract,
        "form": form,
        "machines": choices_for(offer.contract)["machines"],
        "starts_on": _starts_on(offer.contract),
        **more,
    }
    return render(request, "servicedesk/offer_change.html", context, status=status)


def _as_drafted(offer, choices) -> dict:
    drafted = Offered(
        ends_on=offer.ends_on,
        amount=offer.amount,
        visits=offer.visits,
        response_hours=offer.response_hours,
        valid_until=offer.valid_until,
        words=offer.words,
    )
    return filled_with(drafted, checked_in(offer, names_machines=choices["names_machines"]))


def _offer_page(request, offer, status=200, **more) -> HttpResponse:
    now = timezone.now()
    day = local_day(now, zone_of(request.tenant))
    state = state_of(offer, day)
    may_go = state in (OfferState.DRAFT, OfferState.OPEN)
    blocks = what_blocks(offer.contract, offer=offer, day=day, now=now) if may_go else []
    tone, icon = TONES.get(state, ("plain", ""))
    context = {
        "offer": offer,
        "contract": offer.contract,
        "cover": cover_of(offer.contract, day),
        "said": what_it_says(offer, day),
        "state": state,
        "States": OfferState,
        "tone": tone,
        "icon": icon,
        "blocks": _linked(request, offer.contract, blocks),
        "recipient": recipient_of(offer.contract.customer) if may_go else None,
        "history": history_of(offer, now=now),
        "calls": list(_calls(offer)),
        "may_withdraw": state in (OfferState.DRAFT, OfferState.OPEN, OfferState.OUT_OF_DATE),
        **more,
    }
    return render(request, "servicedesk/offer.html", context, status=status)


def _calls(offer):
    return Duty.objects.open().filter(subject=offer.public_id, kind=Duty.Kind.RENEWAL_ENDS).order_by("due_at")


def _linked(request, contract, blocks) -> list[tuple[str, str, str]]:
    """Each with the address where it is solved and what that is called, if it is solved on a page."""
    contract_url = desk_url(request.tenant, "contract", id=contract.public_id)
    customer_url = desk_url(request.tenant, "customer", id=contract.customer.public_id)
    places = {
        CONTRACT: (contract_url, "Open the contract"),
        CUSTOMER: (customer_url, "Open the customer"),
    }
    linked = []
    for block in blocks:
        url, name = places.get(block.solved_at, ("", ""))
        if block.solved_at == ALLOWANCE:
            url, name = allowance_url(request.tenant, contract, timezone.now()), "See to its visits"
        if block.offer is not None:
            url, name = desk_url(request.tenant, "offer", id=block.offer.public_id), "Open the offer"
        linked.append((block.words, url, name))
    return linked


def _to(request, offer) -> HttpResponse:
    return redirect(desk_url(request.tenant, "offer", id=offer.public_id))


urlpatterns = [
    path("contracts/<uuid:id>/offers/new/", new_offer, name="offer-new"),
    path("offers/<uuid:id>/", offer, name="offer"),
    path("offers/<uuid:id>/change/", change_offer, name="offer-change"),
    path("offers/<uuid:id>/offer.pdf", document, name="offer-document"),
    path("offers/<uuid:id>/send/", send, name="offer-send"),
    path("offers/<uuid:id>/send-again/", send_again, name="offer-send-again"),
    path("offers/<uuid:id>/withdraw/", withdraw, name="offer-withdraw"),
    path("offers/<uuid:id>/spoke/", spoke, name="offer-spoke"),
]
