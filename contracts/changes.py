"""The history of changes of a contract: who changed what, as the database's triggers kept it."""

import datetime as dt
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Q

from contracts.models import (
    Cancellation,
    Contract,
    ContractTerm,
    Payment,
    Renewal,
    RenewalEvidence,
    RenewalOffer,
)
from tenancy.models import Membership

# What is tracked beside the contract itself, and how a person calls it.
TRACKED = {
    Contract: "Contract",
    ContractTerm: "Term",
    Renewal: "Renewal",
    RenewalEvidence: "Evidence",
    Cancellation: "Cancellation",
    Payment: "Payment",
    RenewalOffer: "Offer",
}
LABELS = {"insert": "added", "update": "changed", "delete": "deleted"}
HIDDEN = {"id", "tenant", "public_id", "contract", "created_at", "recorded_at", "decided_at", "matched_at"}
# Whom a row belongs to is told by name.
NAMED = {"owner"}
MOST = 100


@dataclass(frozen=True)
class Change:
    """One change: when (an instant), by whom ("" by the desk itself), what, and the values after it."""

    at: dt.datetime
    by: str
    what: str
    detail: str


def changes_of(contract: Contract) -> list[Change]:
    """The latest changes of a contract and of all that hangs on it, newest first: eight queries."""
    members = list(Membership.objects.select_related("user"))
    owners = {member.pk: member.name for member in members}
    found = []
    for place, (model, word) in enumerate(TRACKED.items()):
        # Changes of one transaction have one instant: a contract is before its terms and money.
        found += [
            (at, (place, number), *rest) for at, number, *rest in _changes(model, word, contract, owners)
        ]
    found.sort(key=lambda change: change[:2], reverse=True)
    names = {member.user_id: member.name for member in members}
    return [
        Change(at=at, by=names.get(user, ""), what=what, detail=detail)
        for at, _, user, what, detail in found[:MOST]
    ]


def _changes(model, word, contract, owners):
    events = model.history.rel.related_model
    rows = events.objects.filter(_about(model, contract)).order_by("pgh_obj_id", "pgh_id")
    for _, versions in groupby(rows, key=lambda event: event.pgh_obj_id):
        before = None
        for event in versions:
            user = (event.pgh_context or {}).get("user")
            yield (
                event.pgh_created_at,
                event.pgh_id,
                user,
                f"{word} {LABELS[event.pgh_label]}",
                _values(before, event, owners),
            )
            before = event


def _about(model, contract) -> Q:
    if model is Contract:
        return Q(pgh_obj_id=contract.pk)
    if model is Payment:
        # Money comes in before anybody knows what it is for.
        return Q(pgh_obj_id__in=contract.payments.values("pk"))
    return Q(contract_id=contract.pk)


def _values(before, event, owners) -> str:
    """What is different from the version before; of a first version, what it says at all."""
    said = []
    for field in event.pgh_tracked_model._meta.fields:
        if field.name in HIDDEN or not hasattr(event, field.attname):
            continue
        if field.is_relation and field.name not in NAMED:
            continue
        now = getattr(event, field.attname)
        if now in (None, "") and before is None:
            continue
        if before is None or getattr(before, field.attname) != now:
            said.append(f"{field.verbose_name}: {_shown(owners.get(now) if field.is_relation else now)}")
    return "; ".join(said)


def _shown(value) -> str:
    if value in (None, ""):
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return str(value)
