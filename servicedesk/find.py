"""The search field: results while typing, a page of them, and the way in for an incoming call."""

from urllib.parse import urlencode

from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from customers.finding import Found, customers_at_number, find
from tenancy.addresses import desk_url
from tenancy.gates import for_staff
from tenancy.models import Role

GROUPS = (
    ("Customers", "customers", "user-round"),
    ("Equipment", "equipment", "printer"),
    ("Contracts", "contracts", "shield-check"),
    ("Visits", "visits", "wrench"),
    ("Cases", "cases", "folder-open"),
)


@require_GET
@for_staff
def find_page(request):
    """Results for `q`; `tel` is an incoming call. One exact phone match goes straight in."""
    tel = request.GET.get("tel", "").strip()
    typed = (tel or request.GET.get("q", "")).strip()
    if tel:
        found = Found(typed=typed, is_phone=True)
        found.same_number = customers_at_number(tel, country=request.tenant.country)
    else:
        found = find(typed, country=request.tenant.country)
    if len(found.same_number) == 1 and not request.htmx:
        return redirect(caller_url(request, found.same_number[0], tel=typed))
    if tel and not found.same_number:
        found = find(typed, country=request.tenant.country)
    context = {
        "found": found,
        "query": typed,
        "groups": [group for group in _groups(request, found) if group["rows"]],
        "add_url": _add_url(request, found),
        "base": "base_technician.html" if request.membership.role == Role.TECHNICIAN else "base_desk.html",
    }
    return render(
        request, "servicedesk/find.html#found" if request.htmx else "servicedesk/find.html", context
    )


def caller_url(request, customer, *, tel: str = "") -> str:
    """The caller screen of a customer; with `tel` somebody is on the phone since now."""
    url = desk_url(request.tenant, "customer", id=customer.public_id)
    if not tel:
        return url
    return f"{url}?{urlencode({'tel': tel, 'since': int(timezone.now().timestamp())})}"


def _groups(request, found):
    """Results with where they lead; customers that share the very number stand alone."""
    if len(found.same_number) > 1:
        title = f"{len(found.same_number)} people share this number"
        rows = [_shared(request, customer, found.typed) for customer in found.same_number]
        yield {"title": title, "icon": "users-round", "rows": rows}
        return
    for title, name, icon in GROUPS:
        rows = [{"hit": hit, "url": _url(request, name, hit, found)} for hit in getattr(found, name)]
        yield {"title": title, "icon": icon, "rows": rows}


def _shared(request, customer, typed):
    hit = {"title": customer.name, "customer": customer, "why": "phone", "matched": typed}
    return {"hit": hit, "url": caller_url(request, customer, tel=typed)}


def _url(request, group, hit, found):
    if group == "equipment":
        return desk_url(request.tenant, "equipment", id=hit.equipment.public_id)
    if group == "contracts":
        return desk_url(request.tenant, "contract", id=hit.subject)
    if group == "visits":
        return desk_url(request.tenant, "visit", id=hit.subject)
    if group == "cases":
        return desk_url(request.tenant, "case", id=hit.subject)
    exact = [customer.pk for customer in found.same_number] == [hit.customer.pk]
    return caller_url(request, hit.customer, tel=found.typed if exact else "")


def _add_url(request, found):
    known = {"phone" if found.is_phone else "name": found.typed}
    return f"{desk_url(request.tenant, 'customer-new')}?{urlencode(known)}" if found.typed else ""


urlpatterns = [path("find/", find_page, name="find")]
