"""The register of customers, and adding one in the flow of a call."""

import uuid

from django import forms
from django.db.models import Prefetch, Q
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from contracts.cover import RANK, cover_in_words
from contracts.models import Contract
from customers.adding import add_customer, known_already
from customers.models import Contact, Customer
from servicedesk.find import caller_url
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_staff

PAGE_LENGTH = 50


class CustomerForm(forms.Form):
    """What is asked of somebody new; nothing but a name must be known."""

    name = forms.CharField(max_length=200, error_messages={"required": "Write the caller's name."})
    company = forms.CharField(max_length=200, required=False)
    phone = forms.CharField(max_length=60, required=False)
    email = forms.EmailField(required=False, error_messages={"invalid": "This is no mail address."})
    street = forms.CharField(max_length=200, required=False)
    city = forms.CharField(max_length=120, required=False)
    postcode = forms.CharField(max_length=20, required=False)
    access_notes = forms.CharField(max_length=2000, required=False)


@require_GET
@for_staff
def customers(request):
    """All customers by name, fifty a page; four queries whatever their number."""
    rows = _page_after(request.GET.get("after", ""))
    more = rows[PAGE_LENGTH:]
    rows = rows[:PAGE_LENGTH]
    day = local_day(timezone.now(), zone_of(request.tenant))
    covers = _best_covers(rows, day)
    context = {
        "rows": [{"customer": customer, "cover": covers.get(customer.pk)} for customer in rows],
        "next_url": f"?after={rows[-1].public_id}" if more else "",
        "is_first_page": "after" not in request.GET,
    }
    return render(request, "servicedesk/customers.html", context)


@require_http_methods(["GET", "POST"])
@for_staff
def new_customer(request):
    """The form, filled with the number that nobody has; the same person twice is asked about first."""
    if request.method == "GET":
        context = {"form": CustomerForm(initial=request.GET.dict()), "values": request.GET}
        return render(request, "servicedesk/customer_new.html", context)
    form, known = CustomerForm(request.POST), []
    if form.is_valid():
        data = form.cleaned_data
        known = known_already(phone=data["phone"], email=data["email"], country=request.tenant.country)
        if not known or "another" in request.POST:
            customer = add_customer(**data, by=request.membership, now=timezone.now())
            return redirect(caller_url(request, customer, tel=request.POST.get("tel", "")))
    context = {"form": form, "values": request.POST, "known": _known(request, known)}
    return render(request, "servicedesk/customer_new.html", context, status=409 if known else 422)


def _page_after(after):
    """One row more than a page holds, from the customer `after` (a public id) on."""
    main = Contact.objects.filter(is_main=True)
    rows = (
        Customer.objects.standing()
        .order_by("name_key", "id")
        .prefetch_related("sites", Prefetch("contacts", main, to_attr="main_contacts"))
    )
    last = Customer.objects.filter(public_id=after).first() if _is_id(after) else None
    if last is not None:
        rows = rows.filter(Q(name_key__gt=last.name_key) | Q(name_key=last.name_key, id__gt=last.pk))
    return list(rows[: PAGE_LENGTH + 1])


def _is_id(text):
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def _best_covers(rows, day):
    covers = {}
    contracts = Contract.objects.with_reasons(day).filter(customer__in=[customer.pk for customer in rows])
    for cover in map(cover_in_words, contracts):
        best = covers.get(cover.contract.customer_id)
        if best is None or RANK[cover.state] < RANK[best.state]:
            covers[cover.contract.customer_id] = cover
    return covers


def _known(request, known):
    return [{"customer": c, "url": desk_url(request.tenant, "customer", id=c.public_id)} for c in known]


urlpatterns = [
    path("customers/", customers, name="customers"),
    path("customers/new/", new_customer, name="customer-new"),
]
