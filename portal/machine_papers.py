"""The papers of machines that a customer may see: listed on their pages, taken through their link."""

import datetime as dt
import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET

from customers.documents import document_response, papers_for_customer
from customers.models import Equipment, EquipmentDocument
from portal.opening import for_links
from recommendations.models import Recommendation
from tenancy.prepared import Key, Prepared
from visits.models import Visit

MOST_LISTED = 20


def papers_of(request: HttpRequest, thing: Visit | Recommendation) -> list[EquipmentDocument]:
    """What a page lists about the machines of its visit or recommendation: the newest first."""
    if isinstance(thing, Visit):
        return _OF_VISIT.rows(customer=request.customer.pk, visit=thing.pk)
    return list(_papers(request, thing)[:MOST_LISTED])


_OF_VISIT = Prepared(
    lambda customer, visit: papers_for_customer(customer, _machines_of(visit))[:MOST_LISTED],
    customer=Key(),
    visit=Key(),
)


def _machines_of(visit):
    return Equipment.objects.filter(visited__visit=visit)


def _handed_out(
    request: HttpRequest, thing: Visit | Recommendation, *, token: str, now: dt.datetime, id: uuid.UUID
) -> HttpResponse:
    """One of them, if this link's page lists such; changes nothing."""
    found = _papers(request, thing).filter(public_id=id).first()
    if found is None:
        raise Http404("No such paper")
    return document_response(found)


def _papers(request, thing):
    if isinstance(thing, Visit):
        machines = _machines_of(thing)
    else:
        machines = [thing.equipment]
    # Of a link that was given to somebody else before, none: the machine may have been sold since.
    return papers_for_customer(request.customer, machines)


paper = require_GET(for_links(visit=_handed_out, recommendation=_handed_out))

urlpatterns = [path("v/<str:token>/papers/<uuid:id>/", paper, name="customer-paper")]
