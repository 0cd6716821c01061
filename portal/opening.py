"""Opens the desk that a customer's link belongs to, for the length of one request."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from contracts.models import RenewalOffer
from contracts.offer_states import told_to_customer
from customers.links import find_link
from customers.models import CustomerLink, Equipment
from recommendations.models import Recommendation
from tenancy.calendars import local_day, zone_of
from tenancy.models import Tenant
from tenancy.scope import tenant
from visits.models import Visit

Purpose = CustomerLink.Purpose
# How long an ended link still says whom to ring.
GONE = 410


def for_links(**views: Callable) -> Callable:
    """One address for links of several purposes (`visit=…, offer=…`), each with the view for its thing.

    The view gets the visit, offer, recommendation or machine behind the token, with its desk open. A
    token that never was, or is for something else, is a 404; one that has ended, or whose thing has,
    shows the desk's number only.
    """

    @never_cache
    def opened(request: HttpRequest, token: str, *args, **kwargs) -> HttpResponse:
        now = timezone.now()
        found = find_link(token, now=now)
        view = views.get(found.link.purpose) if found is not None else None
        if view is None:
            raise Http404("No such link")
        desk = Tenant.objects.get(pk=found.tenant_id)
        with tenant(desk), timezone.override(zone_of(desk)):
            kind = KINDS[found.link.purpose]
            thing = kind.find(found.link.subject)
            request.tenant = desk
            thing.tenant = desk
            if not found.is_open or kind.is_over(thing):
                page = {"why": kind.why_ended(thing, local_day(now, zone_of(desk)))}
                return render(request, "portal/ended.html", page, status=GONE)
            return view(request, thing, *args, token=token, now=now, **kwargs)

    return opened


def for_visit_link(view: Callable) -> Callable:
    """Give the view the visit behind the token, with its desk open."""
    return wraps(view)(for_links(visit=view))


def for_offer_link(view: Callable) -> Callable:
    """Give the view the renewal offer behind the token, with its desk open."""
    return wraps(view)(for_links(offer=view))


def for_label(view: Callable) -> Callable:
    """Give the view the machine behind the token of a label, with its desk open."""
    return wraps(view)(for_links(label=view))


Thing = Visit | RenewalOffer | Recommendation | Equipment


@dataclass(frozen=True)
class Kind:
    """How what a link is for is found, and what an ended one says about it on a day (nothing: "").

    `is_over` says of a thing whether its links have ended with it.
    """

    find: Callable[[uuid.UUID], Thing]
    why_ended: Callable[[Thing, dt.date], str]
    is_over: Callable[[Thing], bool] = lambda thing: False


def _visit(public_id: uuid.UUID) -> Visit:
    return Visit.objects.select_related("customer", "contact", "site", "case").get(public_id=public_id)


def _offer(public_id: uuid.UUID) -> RenewalOffer:
    rows = RenewalOffer.objects.select_related("contract__customer", "document")
    return rows.get(public_id=public_id)


def _recommendation(public_id: uuid.UUID) -> Recommendation:
    rows = Recommendation.objects.select_related("equipment__site__customer", "raised_by__user")
    return rows.get(public_id=public_id)


def _machine(public_id: uuid.UUID) -> Equipment:
    machine = Equipment.objects.select_related("site__customer").filter(public_id=public_id).first()
    if machine is None:
        raise Http404("No such machine")
    return machine


KINDS = {
    Purpose.VISIT: Kind(find=_visit, why_ended=lambda visit, day: ""),
    Purpose.OFFER: Kind(find=_offer, why_ended=told_to_customer),
    Purpose.FOLLOW_UP: Kind(find=_visit, why_ended=lambda visit, day: ""),
    Purpose.RECOMMENDATION: Kind(find=_recommendation, why_ended=lambda recommendation, day: ""),
    Purpose.LABEL: Kind(
        find=_machine,
        why_ended=lambda machine, day: "",
        is_over=lambda machine: machine.retired_on is not None,
    ),
}
