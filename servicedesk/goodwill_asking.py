"""Asking for goodwill from the customer's page: what would be fair, how much, why, and where it is used."""

import uuid

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from cases.goodwill import GoodwillRefused, ask_for_goodwill, for_a_failure, may_give, offered_items
from cases.goodwill_catalogue import MOST_DAYS
from cases.goodwill_suggesting import suggested_goodwill
from cases.models import Goodwill, GoodwillItem
from contracts.tenure import customer_since, whole_years
from contracts.wording import days_word, money
from servicedesk.goodwill_history import histories_of
from servicedesk.goodwill_places import place_in, places_for
from servicedesk.goodwill_words import worth
from servicedesk.old_addresses import asked_customer
from servicedesk.worded_fields import AmountField, ChosenField, CountField, WordsField
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_staff

Cause = Goodwill.Cause
NEEDS = {
    GoodwillItem.Kind.CREDIT: ("amount", "Write the amount."),
    GoodwillItem.Kind.EXTENSION: ("days", "Write how many days."),
}


class AskForm(forms.Form):
    """What, how much or how many days, why, and used on what. A free visit is worth what its entry says."""

    item = ChosenField(asks="what to give", choices=())
    amount = AmountField(called="the amount", required=False)
    days = CountField(called="how many days", least=1, most=MOST_DAYS, required=False)
    place = ChosenField(asks="which contract or visit it is for", choices=(), required=False)
    cause = ChosenField(asks="what it is for", choices=Cause.choices)
    reason = WordsField(asks="why", most=300)
    # Proposed by the page, so that a form sent twice asks once.
    attempt = forms.UUIDField()

    def __init__(self, *args, items: list[GoodwillItem], places: list[tuple[str, str]], **kwargs):
        super().__init__(*args, **kwargs)
        self.items = {str(item.public_id): item for item in items}
        self.fields["item"].choices = [(key, item.name) for key, item in self.items.items()]
        self.fields["place"].choices = [("", "Choose"), *places]

    def clean(self):
        """A credit has an amount, an extension days."""
        data = super().clean()
        item = data["item"] = self.items.get(data.get("item"))
        if item is None:
            return data
        if item.kind == GoodwillItem.Kind.FREE_VISIT:
            data["amount"] = item.limit
        needs, words = NEEDS.get(item.kind, ("", ""))
        if needs and needs not in self.errors and data.get(needs) is None:
            self.add_error(needs, words)
        return data


@require_http_methods(["GET", "POST"])
@for_staff
def ask(request, id):
    """What would be fair stands filled in; within one's own limit it is given at once."""
    customer, now = asked_customer(request, id), timezone.now()
    customer.tenant = request.tenant
    items = offered_items()
    places = places_for(customer, desk=request.tenant, now=now)
    history = histories_of([customer], now=now)[customer.pk]
    today = local_day(now, zone_of(request.tenant))
    years = whole_years(customer_since(customer), today=today)
    fair = suggested_goodwill(for_a_failure(items), years=years, misses=history.misses, broken=history.broken)
    if request.method == "GET":
        form = AskForm(items=items, places=places, initial=_initial(fair, history, places))
        return _page(request, customer, form, fair)
    form = AskForm(request.POST, items=items, places=places)
    if not form.is_valid():
        return _page(request, customer, form, fair, status=422)
    data = form.cleaned_data
    try:
        asked = ask_for_goodwill(
            customer,
            item=data["item"],
            amount=data["amount"],
            days=data["days"],
            cause=data["cause"],
            reason=data["reason"],
            place=place_in(data["place"]),
            public_id=data["attempt"],
            by=request.membership,
            now=now,
        )
    except GoodwillRefused as refused:
        form.add_error(refused.field or None, str(refused))
        return _page(request, customer, form, fair, status=422)
    gave = asked.state == Goodwill.State.APPROVED
    said = "Given" if gave else "Waits for a yes from a colleague who may give it"
    much = worth(asked.amount, asked.days, request.tenant.currency)
    messages.success(request, f"{said}: {asked.item.name}, {much}.")
    return redirect(desk_url(request.tenant, "customer", id=customer.public_id))


def _initial(fair, history, places) -> dict:
    cause = Cause.MISSED_VISIT if history.misses else Cause.BROKEN_PROMISE if history.broken else ""
    initial = {"attempt": uuid.uuid4(), "cause": cause, "place": places[0][0] if len(places) == 1 else ""}
    if fair is None:
        return initial
    return initial | {"item": str(fair.item.public_id), "amount": fair.amount, "reason": fair.because}


def _page(request, customer, form, fair, status=200):
    desk = request.tenant
    context = {
        "customer": customer,
        "form": form,
        "fair": fair and (fair.item.name, money(fair.amount, desk.currency), fair.because),
        "items": [
            (
                key,
                item,
                worth(item.limit, item.days, desk.currency),
                _by_oneself(item, request.membership, desk),
            )
            for key, item in form.items.items()
        ],
        "kinds": {item.kind for item in form.items.values()},
        "may_set": request.membership.has_role(),
        "back": desk_url(desk, "customer", id=customer.public_id),
    }
    return render(request, "servicedesk/goodwill_ask.html", context, status=status)


def _by_oneself(item, by, desk) -> str:
    """How much of it this person gives without asking."""
    own = may_give(item, by)
    if own >= item.most:
        return "you give it yourself"
    if not own:
        return "somebody else says yes"
    much = days_word(own) if item.days is not None else money(own, desk.currency)
    return f"you give {much} yourself"


urlpatterns = [path("customers/<uuid:id>/goodwill/", ask, name="customer-goodwill")]
