"""Logging a promise, from every screen where a customer is met: a choice and one key (R6.1, design 2).

A dialog over the screen that asked for it, and a page of its own without scripts.
"""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from cases.models import Case, Promise
from cases.promising import make_promise
from servicedesk import promise_letters as letters
from servicedesk.call_rows import due_in_words
from servicedesk.moments import due_word
from servicedesk.old_addresses import asked_customer
from servicedesk.promise_forms import KINDS, OWN, NewPromiseForm, colleagues
from tenancy.addresses import desk_url
from tenancy.calendars import calendar_of, local_day
from tenancy.gates import for_staff, id_in
from tenancy.models import Role


@require_http_methods(["GET", "POST"])
@for_staff
def new(request):
    """For the customer (and the case) named in the address."""
    customer = id_in(request.GET.get("customer", ""))
    if customer is None:
        raise Http404("No customer is named")
    return new_for(request, customer)


@require_http_methods(["GET", "POST"])
@for_staff
def new_for(request, id):
    """Record what was promised, with its owner and its clock; the customer is told where that is asked."""
    customer, now = asked_customer(request, id), timezone.now()
    cases = Case.objects.filter(customer=customer).exclude(state=Case.State.CLOSED).order_by("-opened_at")
    calendar = calendar_of(request.tenant)
    form = NewPromiseForm(request.POST or None, calendar=calendar, cases=cases, now=now)
    if request.method == "GET" or not form.is_valid():
        return _page(request, customer, form, cases, calendar.zone, now)
    data = form.cleaned_data
    promise = make_promise(
        customer=customer,
        kind=data["kind"],
        text=data["text"],
        expects=data["expects"],
        due_at=data["due_at"],
        owner=data["owner"] or request.membership,
        by=request.membership,
        now=now,
        case=data["case"],
    )
    told = ""
    if data["tell"] and promise.kind == Promise.Kind.CALL_BACK:
        way = letters.tell_promise(promise, letters.MADE, now=now)
        told = f" ({way.contact.name or customer.called} is told)" if way else " (nothing reaches them)"
    due = due_in_words(promise.due_at, now=now, zone=calendar.zone)
    messages.success(request, f"Promised {due}: {promise.text}{told}")
    back = _back(request, customer)
    return HttpResponseClientRedirect(back) if request.htmx else redirect(back)


def _page(request, customer, form, cases, zone, now):
    """The form as a dialog for htmx, as a page otherwise; 422 with what was typed when it failed."""
    today = local_day(now, zone)
    cases = list(cases)
    posted = request.method == "POST"
    # A contact belongs to the open matter unless somebody says otherwise (R6.4).
    named = request.GET.get("case") or (str(cases[0].public_id) if len(cases) == 1 else "")
    context = {
        "customer": customer,
        "form": form,
        "values": request.POST,
        "usual": [
            {"key": one.key, "text": one.text, "by": due_word(one.due_at, zone=zone, today=today)}
            for one in form.usual
        ],
        "chosen": form.data.get("usual") or (form.usual[0].key if form.usual else OWN),
        "OWN": OWN,
        "kinds": [(kind, kind.label) for kind in KINDS],
        "colleagues": colleagues(),
        "owner": form.data.get("owner") or str(request.membership.public_id),
        "cases": cases,
        "case": form.data.get("case", "") if posted else named,
        "way": letters.way_to(customer, now=now),
        "tells": form.data.get("tell") if posted else True,
        "url": request.get_full_path(),
        "back": _back(request, customer),
        "base": "base_technician.html" if request.membership.role == Role.TECHNICIAN else "base_desk.html",
    }
    part = "#dialog" if request.htmx else ""
    return render(request, f"servicedesk/promise_new.html{part}", context, status=422 if posted else 200)


def _back(request, customer) -> str:
    """The page that asked for it, where it is one of this desk; else the customer's."""
    asked = request.GET.get("back", "")
    here = url_has_allowed_host_and_scheme(asked, None) and asked.startswith(
        desk_url(request.tenant, "desk-home")
    )
    if here:
        return asked
    address = desk_url(request.tenant, "customer", id=customer.public_id)
    kept = {name: value for name, value in request.GET.items() if name not in ("customer", "case", "back")}
    return f"{address}?{urlencode(kept)}" if kept else address


urlpatterns = [
    path("promises/new/", new, name="promise-new"),
    path("customers/<uuid:id>/promise/", new_for, name="customer-promise"),
]
