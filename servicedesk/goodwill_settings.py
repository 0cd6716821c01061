"""The catalogue of goodwill as a setting: what is given, up to which amount, and by whom."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.goodwill_catalogue import MOST_DAYS, ROLES, catalogue, retire_item, save_item
from cases.models import GoodwillItem
from servicedesk.goodwill_words import worth
from servicedesk.worded_fields import AmountField, ChosenField, CountField, WordsField
from tenancy.addresses import desk_url
from tenancy.desk_settings import SettingRefused
from tenancy.gates import for_roles, the_one
from tenancy.models import Role

KINDS = GoodwillItem.Kind.choices


class ItemForm(forms.Form):
    """One entry; for each role up to which amount, or how many days, it gives it without asking."""

    name = WordsField(asks="what is given", most=120)
    kind = ChosenField(asks="a free visit, a credit or an extension", choices=KINDS)
    limit = AmountField(called="what it is worth at most", required=False)
    days = CountField(called="how many days", least=1, most=MOST_DAYS, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for role in ROLES:
            self.fields[role.value] = AmountField(called="an amount or days, or nothing", required=False)

    def clean(self):
        """An extension has days, all else an amount."""
        data = super().clean()
        needs, words = "limit", "Write what it is worth at most."
        if data.get("kind") == GoodwillItem.Kind.EXTENSION:
            needs, words = "days", "Write how many days."
        if needs not in self.errors and data.get(needs) is None:
            self.add_error(needs, words)
        return data

    @property
    def values(self) -> dict:
        """The cleaned values as the catalogue takes them."""
        data = self.cleaned_data
        return {name: data[name] for name in ("name", "kind", "limit", "days")} | {
            "by_role": {role.value: data[role.value] for role in ROLES}
        }


@require_GET
@for_roles(Role.MANAGER)
def items(request):
    """What is offered now, and who gives how much of it."""
    currency = request.tenant.currency
    shown = [
        (
            item,
            worth(item.limit, item.days, currency),
            [(one.get_role_display(), worth(one.up_to, one.days, currency)) for one in item.limits.all()],
        )
        for item in catalogue()
    ]
    return render(request, "settings/goodwill.html", {"items": shown})


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def new_item(request):
    """One more entry."""
    return _edit(request, None, ItemForm(request.POST or None))


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def item(request, id):
    """Change one entry; what was given of it stays."""
    found = _offered(id)
    initial = {"name": found.name, "kind": found.kind, "limit": found.limit, "days": found.days}
    initial |= {one.role: one.most for one in found.limits.all()}
    return _edit(request, found, ItemForm(request.POST or None, initial=initial))


@require_POST
@for_roles(Role.MANAGER)
def retire(request, id):
    """It is offered no more."""
    found = _offered(id)
    retire_item(found, by=request.membership, now=timezone.now())
    messages.success(request, f"{found.name} is not offered any more.")
    return redirect(desk_url(request.tenant, "goodwill-items"))


def _offered(id) -> GoodwillItem:
    return the_one(GoodwillItem.objects.filter(retired_at=None), id)


def _edit(request, found, form) -> HttpResponse:
    if request.method == "GET":
        return _page(request, found, form)
    if not form.is_valid():
        return _page(request, found, form, 422)
    try:
        saved = save_item(found, by=request.membership, **form.values)
    except SettingRefused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, found, form, 422)
    most = worth(saved.limit, saved.days, request.tenant.currency)
    messages.success(request, f"{saved.name}: up to {most}.")
    return redirect(desk_url(request.tenant, "goodwill-items"))


def _page(request, found, form, status=200) -> HttpResponse:
    by_role = [(role.value, role.label, form[role.value]) for role in ROLES]
    context = {"item": found, "form": form, "kinds": KINDS, "by_role": by_role}
    return render(request, "settings/goodwill_item.html", context, status=status)


urlpatterns = [
    path("settings/goodwill/", items, name="goodwill-items"),
    path("settings/goodwill/new/", new_item, name="goodwill-item-new"),
    path("settings/goodwill/items/<uuid:id>/", item, name="goodwill-item"),
    path("settings/goodwill/items/<uuid:id>/retire/", retire, name="goodwill-item-retire"),
]
