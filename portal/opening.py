"""Opens the desk that a customer's link belongs to, for the length of one request."""

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from customers.links import find_link
from tenancy.calendars import zone_of
from tenancy.models import Tenant
from tenancy.scope import tenant
from visits.models import Visit

# How long an ended link still says whom to ring.
GONE = 410


def for_visit_link(view: Callable) -> Callable:
    """Give the view the visit behind the token, with its desk open.

    A token that never was is a 404; one that has ended shows the desk's number and no details.
    """

    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, token: str, *args, **kwargs) -> HttpResponse:
        now = timezone.now()
        found = find_link(token, now=now)
        if found is None or found.link.purpose != "visit":
            raise Http404("No such link")
        desk = Tenant.objects.get(pk=found.tenant_id)
        with tenant(desk), timezone.override(zone_of(desk)):
            request.tenant = desk
            if not found.is_open:
                return render(request, "portal/ended.html", status=GONE)
            visit = Visit.objects.select_related("customer", "contact", "site", "case").get(
                public_id=found.link.subject
            )
            visit.tenant = desk
            return view(request, visit, *args, token=token, now=now, **kwargs)

    return opened
