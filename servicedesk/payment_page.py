"""One payment: what it may be for, what a person can do with it, and who did what with it when."""

import uuid
from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from contracts.models import ContractTerm, Payment
from contracts.money_by_hand import CannotMatch, match_by_hand, split_payment, take_up_again
from contracts.money_duties import told_before
from contracts.money_elsewhere import give_back, give_to_customer, set_aside
from contracts.open_money import AlreadySettled, NeedsReason
from contracts.proposals import named_shares, proposals_for
from contracts.renewals import AlreadyRenewed, NoTermToRenew
from contracts.wording import money
from customers.finding import find
from customers.models import Customer
from servicedesk.payment_forms import BackForm, MatchForm, ReasonForm, SplitForm, WhoseForm, split_into
from servicedesk.payment_history import history_of
from servicedesk.payment_rows import dues_of, has_renewed, state_of
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role

CONFLICTS = (AlreadySettled, AlreadyRenewed)


@require_GET
@for_roles(Role.ACCOUNTS)
def payment(request, id):
    """Everything about one payment."""
    return _page(request, _payment(id))


@require_POST
@for_roles(Role.ACCOUNTS)
def match(request, id):
    """Match it to a contract, alone or with other part payments."""
    shown = _payment(id)
    form = MatchForm(request.POST)
    together = _others(shown).filter(public_id__in=_ids(request.POST.getlist("together")))
    if not form.is_valid():
        return _page(request, shown, 422, match_form=form)
    data = form.cleaned_data
    after = ContractTerm.objects.filter(contract=data["number"], public_id=data["after"]).first()
    act = partial(
        match_by_hand,
        shown,
        data["number"],
        purpose=data["purpose"],
        together=list(together),
        because=data["because"],
        after=after,
    )
    return _do(request, shown, act, f"Matched to {data['number'].number}.", match_form=form)


@require_POST
@for_roles(Role.ACCOUNTS)
def split(request, id):
    """Cut it into parts, each for a contract or waiting."""
    shown = _payment(id)
    form = SplitForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, 422, split_form=form)
    act = partial(split_payment, shown, form.cleaned_data["shares"], because=form.cleaned_data["because"])
    return _do(request, shown, act, "Split.", split_form=form)


@require_POST
@for_roles(Role.ACCOUNTS)
def again(request, id):
    """Undo a match or a setting aside: it waits again."""
    shown = _payment(id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, 422, again_form=form)
    act = partial(take_up_again, shown, because=form.cleaned_data["because"])
    return _do(request, shown, act, "Taken up again.", again_form=form)


@require_POST
@for_roles(Role.ACCOUNTS)
def aside(request, id):
    """It is for something else than a contract."""
    shown = _payment(id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, 422, aside_form=form)
    act = partial(set_aside, shown, because=form.cleaned_data["because"])
    return _do(request, shown, act, "Set aside.", aside_form=form)


@require_POST
@for_roles(Role.ACCOUNTS)
def back(request, id):
    """It went back, whole or in part."""
    shown = _payment(id)
    form = BackForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, 422, back_form=form)
    return _do(request, shown, partial(give_back, shown, **form.cleaned_data), "Given back.", back_form=form)


@require_POST
@for_roles(Role.ACCOUNTS)
def whose(request, id):
    """Say whose money it is; of several found by words the person chooses."""
    shown = _payment(id)
    form = WhoseForm(request.POST)
    form.is_valid()
    chosen, words = form.cleaned_data.get("customer"), form.cleaned_data.get("words", "")
    if chosen is not None:
        found = [the_one(Customer.objects.standing(), chosen)]
    else:
        found = _customers_by(words, request.tenant.country)
    if len(found) == 1:
        return _do(request, shown, partial(give_to_customer, shown, found[0]), f"Money of {found[0].called}.")
    said = "Several are called so: choose one." if found else "Nobody is found by these words."
    return _page(request, shown, 422, whose_form=form, whose_found=found, whose_error=said)


def _customers_by(words: str, country: str) -> list[Customer]:
    """Whoever the search field would find, each once."""
    if not words.strip():
        return []
    found = find(words, country=country)
    hits = found.customers + found.contracts + found.equipment + found.visits
    return list({hit.customer.pk: hit.customer for hit in hits}.values())


def _payment(id) -> Payment:
    rows = Payment.objects.select_related(
        "customer",
        "contract__customer",
        "renewal__term",
        "statement__imported_by__user",
        "part_of",
        "perhaps_again__statement",
        "tenant",
    )
    return the_one(rows, id)


def _others(shown: Payment):
    """Other unmatched money of the same customer, which may belong to it."""
    if shown.customer_id is None:
        return Payment.objects.none()
    others = Payment.objects.unmatched().filter(customer=shown.customer, currency=shown.currency)
    return others.exclude(pk=shown.pk).order_by("-paid_on", "-pk")


def _do(request, shown, act, said, **forms) -> HttpResponse:
    """Do one act; 409 when somebody was quicker, 422 when it lacks something, with the page as it is now."""
    try:
        act(by=request.membership, now=timezone.now())
    except CONFLICTS as refused:
        return _page(request, _payment(shown.public_id), 409, refusal=str(refused), **forms)
    except (CannotMatch, NeedsReason, NoTermToRenew) as refused:
        return _page(request, _payment(shown.public_id), 422, refusal=str(refused), **forms)
    messages.success(request, f"{money(shown.amount, shown.currency)}: {said}")
    if request.POST.get("back") == "queue":
        return redirect(desk_url(request.tenant, "payments"))
    return redirect(desk_url(request.tenant, "payment", id=shown.public_id))


def _page(request, shown: Payment, status=200, **more) -> HttpResponse:
    now = timezone.now()
    zone = zone_of(request.tenant)
    today = local_day(now, zone)
    tone, state = state_of(shown)
    is_waiting = state == "Waiting"
    is_whole = shown.replaced_at is None
    context = {
        "payment": shown,
        "amount": money(shown.amount, shown.currency),
        "tone": tone,
        "state": state,
        "before": told_before(shown.perhaps_again) if shown.perhaps_again else "",
        "due": dues_of([shown.public_id], now=now, zone=zone).get(shown.public_id),
        "is_waiting": is_waiting,
        "has_renewed": has_renewed(shown),
        "may_undo": is_whole and shown.returned_on is None and not is_waiting,
        "may_go_back": is_whole and shown.returned_on is None,
        "proposals": proposals_for([shown], today=today)[shown.pk] if is_waiting else [],
        "others": list(_others(shown)[:12]) if is_waiting else [],
        "parts": list(shown.parts.select_related("contract", "customer", "renewal").order_by("pk")),
        "history": history_of(shown),
        "match_form": MatchForm(initial=_asked(request)),
        "split_form": SplitForm(initial=split_into(named_shares(shown)) if is_waiting else None),
        "aside_form": ReasonForm(initial={"because": "Known already"} if shown.perhaps_again else None),
        "again_form": ReasonForm(),
        "back_form": BackForm(initial={"returned_on": today}),
        "whose_form": WhoseForm(),
        "today": today,
        **more,
    }
    context["parts"] = [
        (part, money(part.amount, part.currency), *state_of(part)) for part in context["parts"]
    ]
    context["others"] = [(other, money(other.amount, other.currency)) for other in context["others"]]
    return render(request, "servicedesk/payments_one.html", context, status=status)


def _asked(request) -> dict[str, str]:
    """The contract that a person wants to look at twice before this money is matched to it."""
    return {"number": request.GET.get("contract", "")[:120], "purpose": request.GET.get("purpose", "")[:20]}


def _ids(written: list[str]) -> list[uuid.UUID]:
    """Public ids of a form; what is none is nobody's."""
    found = []
    for text in written:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


urlpatterns = [
    path("payments/<uuid:id>/", payment, name="payment"),
    path("payments/<uuid:id>/match/", match, name="payment-match"),
    path("payments/<uuid:id>/split/", split, name="payment-split"),
    path("payments/<uuid:id>/again/", again, name="payment-again"),
    path("payments/<uuid:id>/aside/", aside, name="payment-aside"),
    path("payments/<uuid:id>/back/", back, name="payment-back"),
    path("payments/<uuid:id>/customer/", whose, name="payment-customer"),
]
