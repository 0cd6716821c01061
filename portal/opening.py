"""Opens the desk that a customer's link belongs to, for the length of one request."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache

from contracts.models import Contract, RenewalOffer
from contracts.offer_states import told_to_customer
from customers.links import find_link
from customers.models import CustomerLink, Equipment
from portal.guessing import MINUTES, is_guessing
from portal.office_hours import hours_said
from portal.ringing import ask_as_sent, ringing_of
from recommendations.models import Recommendation
from tenancy.calendars import calendar_of, local_day, zone_of
from tenancy.models import Tenant
from tenancy.prepared import Key, Prepared, PublicId
from tenancy.scope import tenant
from visits.models import Visit
from visits.told import told_zone
from visits.wording import date_words

Purpose = CustomerLink.Purpose
# An ended link still says whom to ring.
GONE = 410
TOO_MANY = 429


def for_links(**views: Callable) -> Callable:
    """One address for links of several purposes (`visit=…, offer=…`), each with the view for its thing.

    The view gets what is behind the token, with its desk open. A token that never was, or is for
    something else, is a 404, and a 429 from where many of those come; one that has ended, or whose
    thing has, shows the desk's number only.
    """

    @never_cache
    def opened(request: HttpRequest, token: str, *args, **kwargs) -> HttpResponse:
        now = timezone.now()
        found = find_link(token, now=now)
        if found is None:
            return _unknown(request)
        view = views.get(found.link.purpose)
        if view is None:
            raise Http404("No such link")
        (desk,) = _DESK.rows(desk=found.tenant_id)
        with tenant(desk), timezone.override(zone_of(desk)):
            kind = KINDS[found.link.purpose]
            try:
                thing = kind.find(found.link.subject)
            except ObjectDoesNotExist:
                raise Http404("No such thing any more") from None
            request.tenant = desk
            thing.tenant = found.link.customer.tenant = desk
            request.customer = found.link.customer
            request.small_print = SimpleLazyObject(lambda: _small_print(desk, found.link, now))
            if not found.is_open or kind.is_over(thing):
                return _ended(request, found.link, thing, token, now)
            return view(request, thing, *args, token=token, now=now, **kwargs)

    return opened


_DESK = Prepared(lambda desk: Tenant.objects.filter(pk=desk), desk=Key())


def for_visit_link(view: Callable) -> Callable:
    """Give the view the visit behind the token, with its desk open."""
    return wraps(view)(for_links(visit=view))


def for_offer_link(view: Callable) -> Callable:
    """Give the view the renewal offer behind the token, with its desk open."""
    return wraps(view)(for_links(offer=view))


Thing = Visit | RenewalOffer | Recommendation | Equipment | Contract


@dataclass(frozen=True)
class Kind:
    """How what a link is for is found, and what an ended one says about it on a day (nothing: "").

    `is_over` says of a thing whether its links have ended with it.
    """

    find: Callable[[uuid.UUID], Thing]
    why_ended: Callable[[Thing, dt.date], str] = lambda thing, day: ""
    is_over: Callable[[Thing], bool] = lambda thing: False


def _unknown(request):
    if not is_guessing(request):
        raise Http404("No such link")
    page = render(request, "portal/too_many.html", {"minutes": MINUTES}, status=TOO_MANY)
    page["Retry-After"] = str(MINUTES * 60)
    return page


def _ended(request, link, thing, token, now):
    """The desk's number, and being rung where the link has only run out: nobody took it back.

    Of what it was for it says nothing.
    """
    may_ask = link.revoked_at is None and link.expires_at is not None and link.expires_at <= now
    may_ask = may_ask and link.purpose != Purpose.LABEL
    problem, about = "", "a link of theirs that has ended"
    if may_ask and request.method == "POST" and request.resolver_match.url_name == "customer-call-me":
        problem = ask_as_sent(request, link.customer, link.subject, about=about, now=now)
    page = {
        "why": KINDS[link.purpose].why_ended(thing, local_day(now, zone_of(request.tenant))),
        "token": token,
        "may_ask": may_ask,
        "ring_problem": problem,
        **(ringing_of(link.customer, link.subject, now=now) if may_ask else {}),
    }
    return render(request, "portal/ended.html", page, status=GONE)


def _small_print(desk, link, now) -> dict[str, str]:
    """When the telephone is answered, and until when the link works, by the customer's clock."""
    zone, country = told_zone(link.customer), desk.country
    # Another clock's hours would send them to a telephone that nobody answers.
    hours = hours_said(calendar_of(desk), country=country) if zone == zone_of(desk) else ""
    if link.expires_at is None:
        return {"hours": hours, "until": ""}
    last = local_day(link.expires_at - dt.timedelta(microseconds=1), zone)
    return {"hours": hours, "until": date_words(last, country=country, today=local_day(now, zone))}


def _visit(public_id: uuid.UUID) -> Visit:
    found = _VISIT.rows(id=public_id)
    if not found:
        raise Visit.DoesNotExist
    return found[0]


_VISIT = Prepared(
    lambda id: Visit.objects.select_related("customer", "contact", "site", "case").filter(public_id=id),
    id=PublicId(),
)


def _offer(public_id: uuid.UUID) -> RenewalOffer:
    rows = RenewalOffer.objects.select_related("contract__customer", "document")
    return rows.get(public_id=public_id)


def _recommendation(public_id: uuid.UUID) -> Recommendation:
    rows = Recommendation.objects.select_related("equipment__site__customer", "raised_by__user")
    return rows.get(public_id=public_id)


def _machine(public_id: uuid.UUID) -> Equipment:
    return Equipment.objects.select_related("site__customer").get(public_id=public_id)


def _contract(public_id: uuid.UUID) -> Contract:
    return Contract.objects.select_related("customer").get(public_id=public_id)


KINDS = {
    Purpose.VISIT: Kind(find=_visit),
    Purpose.OFFER: Kind(find=_offer, why_ended=told_to_customer),
    Purpose.FOLLOW_UP: Kind(find=_visit),
    Purpose.RECOMMENDATION: Kind(find=_recommendation),
    Purpose.LABEL: Kind(find=_machine, is_over=lambda machine: machine.retired_on is not None),
    Purpose.CONTRACT: Kind(find=_contract),
}
