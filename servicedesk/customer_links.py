"""The links that a customer holds: which still open something, ending one with a reason, making another."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from contracts.models import Contract, RenewalOffer
from customers.links import make_anew, newest_open_links_of, open_copies_of, revoke_copies
from customers.models import Customer, CustomerLink
from recommendations.models import Recommendation
from servicedesk.equipment_forms import BecauseForm
from servicedesk.reading_on import Page, newest_first
from servicedesk.seen_forms import is_done, sent
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.models import Visit

SHOWN = 20
# What is said of the thing that a link opens.
NAMED = {Visit: "number", RenewalOffer: "number", Contract: "number", Recommendation: "finding"}


def links_shown(customer: Customer, *, before: str, now) -> Page:
    """Open links, one for each thing, the newest first, each knowing as `opens` what it opens.

    As many queries for one as for three. `before` is the public id of the last one on the page before.
    """
    page = newest_first(newest_open_links_of(customer, now=now), "made_at", before=before, most=SHOWN)
    _name(page.rows)
    return page


def _name(links) -> None:
    subjects = {link.subject for link in links}
    named = {}
    for model, field in NAMED.items() if links else ():
        named |= dict(model.objects.filter(public_id__in=subjects).values_list("public_id", field))
    for link in links:
        link.opens = named.get(link.subject, "")


@never_cache
@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def link(request, id):
    """One link; a POST ends it at once and all others to the same thing, with a reason."""
    shown = _link(request, id)
    form = BecauseForm(sent(request))

    def act(said):
        revoke_copies(shown, because=said["because"], by=request.membership, now=timezone.now())

    if request.method == "POST" and is_done(form, act):
        messages.success(request, "Ended: no link to it opens anything any more.")
        return redirect(desk_url(request.tenant, "customer-details", id=shown.customer.public_id))
    return _page(request, shown, form, status=422 if form.is_bound else 200)


@never_cache
@require_POST
@for_roles(Role.DISPATCHER)
def anew(request, id):
    """Another address for the same thing. It stands on this page only: it is kept nowhere."""
    shown = _link(request, id)
    address = make_anew(shown, by=request.membership, now=timezone.now())
    return _page(request, shown, BecauseForm(), address=address)


def _link(request, id) -> CustomerLink:
    found = the_one(CustomerLink.objects.select_related("customer"), id)
    ended = found.revoked_at is not None or (found.expires_at and found.expires_at <= timezone.now())
    if ended or found.purpose == CustomerLink.Purpose.LABEL:
        raise Http404("No open link")
    return found


def _page(request, shown, form, *, address="", status=200):
    _name([shown])
    context = {
        "link": shown,
        "copies": open_copies_of(shown, now=timezone.now()).count(),
        "customer": shown.customer,
        "form": form,
        "address": address,
    }
    return render(request, "servicedesk/customer_link.html", context, status=status)


urlpatterns = [
    path("links/<uuid:id>/", link, name="customer-link"),
    path("links/<uuid:id>/anew/", anew, name="customer-link-anew"),
]
