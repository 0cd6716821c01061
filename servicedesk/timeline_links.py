"""Where a line of the time line leads: to the page of what it tells of, where the reader may open it."""

import uuid
from collections.abc import Iterable

from django.db.models import F, QuerySet, Value

from cases.models import Case, Interaction, Promise
from contracts.models import (
    AllowanceEntry,
    Cancellation,
    ContractTerm,
    Payment,
    Renewal,
    RenewalEvidence,
    RenewalOffer,
)
from customers.models import TimelineEntry
from messaging.models import Message, Reply
from recommendations.models import Recommendation
from tenancy.addresses import desk_url
from tenancy.gates import may_open
from tenancy.models import Membership, Tenant
from visits.models import MaintenancePlan, Visit

Kind = TimelineEntry.Kind
CONTACT = ("case", Interaction, "case__public_id")
WRITTEN = (("message", Message, "public_id"), ("reply", Reply, "public_id"), CONTACT)
VISIT = ("visit", Visit, "public_id")
# By kind of line: the page, the rows of which its subject may be one, and whose public id the page takes.
LEADS_TO = {
    Kind.CALL: (CONTACT, VISIT),
    Kind.MAIL: WRITTEN,
    Kind.MESSAGE: WRITTEN,
    Kind.VISIT: (
        VISIT,
        CONTACT,
        ("plan", MaintenancePlan, "public_id"),
        ("contract", AllowanceEntry, "entitlement__term__contract__public_id"),
    ),
    Kind.MISSED: (VISIT,),
    Kind.PROMISE: (("promise", Promise, "public_id"),),
    Kind.PAYMENT: (("payment", Payment, "public_id"),),
    Kind.RENEWAL: (
        ("offer", RenewalOffer, "public_id"),
        ("contract", Renewal, "contract__public_id"),
        ("contract", RenewalEvidence, "contract__public_id"),
        ("contract", ContractTerm, "contract__public_id"),
        ("contract", Cancellation, "contract__public_id"),
    ),
    Kind.RECOMMENDATION: (("recommendation", Recommendation, "public_id"),),
    Kind.CASE: (("case", Case, "public_id"),),
}


def links_of(lines: Iterable[TimelineEntry], desk: Tenant, reader: Membership) -> dict[uuid.UUID, str]:
    """The address behind each subject of these lines, by its public id: one query, however many there are."""
    subjects = {line.subject for line in lines if line.subject is not None}
    places = dict.fromkeys(place for line in lines for place in LEADS_TO.get(line.kind, ()))
    open_to = [place for place in places if may_open(reader, place[0])]
    parts = [_rows(*place, subjects) for place in open_to]
    if not subjects or not parts:
        return {}
    found = parts[0].union(*parts[1:], all=True)
    return {subject: desk_url(desk, page, id=thing) for subject, page, thing in found if thing is not None}


def _rows(page, model, leads_to, subjects) -> QuerySet:
    rows = model.objects.filter(public_id__in=subjects).order_by()
    return rows.annotate(page=Value(page), thing=F(leads_to)).values_list("public_id", "page", "thing")
