"""The catalogue of goodwill as a setting: what is given, up to which amount, and by whom."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.goodwill import FOR_A_FAILURE
from cases.goodwill_catalogue import ROLES, catalogue, retire_item, save_item
from cases.models import GoodwillItem
from contracts.wording import money
from servicedesk.worded_fields import AmountField, ChosenField, WordsField
from tenancy.addresses import desk_url
from tenancy.desk_settings import SettingRefused
from tenancy.gates import for_roles, the_one
from tenancy.models import Role

KINDS = [(kind.value, kind.label) for kind in FOR_A_FAILURE]


class ItemForm(forms.Form):
    """One entry; for each role up to which amount it gives it without asking."""

    name = WordsField(asks="what is given", most=120)
    kind = ChosenField(asks="a free visit or a credit", choices=KINDS)
    limit = AmountField(called="what it is worth at most")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for role in ROLES:
            self.fields[role.value] = AmountField(called="an amount, or nothing", required=False)

    @property
    def values(self) -> dict:
        """The cleaned values as the catalogue takes them."""
        data = self.cleaned_data
        return {name: data[name] for name in ("name", "kind", "limit")} | {
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
            money(item.limit, currency),
            [(one.get_role_display(), money(one.up_to, currency)) for one in item.limits.all()],
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
    initial = {"name": found.name, "kind": found.kind, "limit": found.limit}
    initial |= {one.role: one.up_to for one in found.limits.all()}
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
    return the_one(GoodwillItem.objects.filter(retired_at=None, kind__in=FOR_A_FAILURE), id)


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
    messages.success(request, f"{saved.name}: up to {money(saved.limit, request.tenant.currency)}.")
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
