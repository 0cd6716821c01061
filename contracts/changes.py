"""The history of changes of a contract: who changed what, as the database's triggers kept it."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
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
from contracts.wording import day_in_full, money
from tenancy.calendars import local_time, zone_of
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
# How a person calls a field, in the order in which they are told; by name alone where every model
# means the same. What is not here (keys, who and when of the act itself) is told by the row already.
FIELDS = {
    "number": "number",
    "kind": "kind",
    "not_covered": "not covered",
    "starts_on": "first day",
    "ends_on": "last day",
    "effective_on": "not covered from",
    "given_on": "notice given",
    "price": "price of a term",
    "visits_per_term": "visits in a term",
    "visits": "visits",
    "response_hours": "response, working hours",
    "is_auto_renewing": "renews by itself",
    "notice_days": "notice, days before the end",
    "owner": "looked after by",
    "imported_status": "The old program said",
    "counts_from": "counted from",
    "given_days": "days given as goodwill",
    "usual_months": "the next one, in months",
    "usual_days": "the next one, in days",
    "channel": "renewed by",
    "reference": "reference",
    "amount": "amount",
    "dated_on": "dated",
    "paid_on": "paid",
    "method": "method",
    "payer": "payer",
    "contract_written": "contract named",
    "note": "note",
    "words": "a word to the customer",
    "reason": "reason",
    "state": "verdict",
    "decision_reason": "why",
    "recorded_by_name": "recorded by",
    "valid_until": "valid until",
    "sent_at": "sent",
    "accepted_at": "accepted",
    "accepted_name": "accepted by",
    "declined_at": "declined",
    "declined_because": "declined because",
    "settled_at": "settled",
    "settled_because": "settled because",
    "matched_at": "matched",
    "returned_on": "returned",
    "return_kind": "how it was returned",
    "returned_because": "returned because",
    "set_aside_at": "set aside",
    "set_aside_because": "set aside because",
    "replaced_at": "replaced by its parts",
    "replaced_because": "replaced because",
    "undone_at": "undone",
    "undone_because": "undone because",
    "taken_back_at": "taken back",
    "taken_back_because": "taken back because",
}
OWN_WORDS = {(Contract, "kind"): "covered"}
# Whom a row belongs to is told by name.
NAMED = {"owner"}
MONEY = {"price", "amount"}
# None of them is the rule, and not told of what is new.
RARE = {"given_days"}
MOST = 100


@dataclass(frozen=True)
class Change:
    """One change: when (an instant), by whom ("" by the desk itself), what, and the values after it."""

    at: dt.datetime
    by: str
    what: str
    detail: str


def changes_of(contract: Contract) -> list[Change]:
    """The latest changes of a contract and of all that hangs on it, newest first: eight queries.

    Days as a person reads them, times by the desk's clock. A change that says nothing a person would
    ask for is left out.
    """
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
            said = _values(model, before, event, contract, owners)
            if said or event.pgh_label != "update":
                what = f"{word} {LABELS[event.pgh_label]}"
                yield event.pgh_created_at, event.pgh_id, user, what, said
            before = event


def _about(model, contract) -> Q:
    if model is Contract:
        return Q(pgh_obj_id=contract.pk)
    if model is Payment:
        # Money comes in before anybody knows what it is for.
        return Q(pgh_obj_id__in=contract.payments.values("pk"))
    return Q(contract_id=contract.pk)


def _values(model, before, event, contract, owners) -> str:
    """What is different from the version before; of a first version, what it says at all."""
    fields = {field.name: field for field in model._meta.fields}
    said = []
    for name, words in FIELDS.items():
        field = fields.get(name)
        if field is None or not hasattr(event, field.attname):
            continue
        now = getattr(event, field.attname)
        if before is None and (now in (None, "") or name in RARE and not now):
            continue
        if before is None or getattr(before, field.attname) != now:
            called = OWN_WORDS.get((model, name), words)
            shown = _shown(field, now, contract, owners)
            # Only ever as a quotation: it decides nothing (R1.2).
            said.append(
                f"The old program said “{shown}”" if name == "imported_status" else f"{called}: {shown}"
            )
    return "; ".join(said)


def _shown(field, value, contract, owners) -> str:
    if value in (None, ""):
        return "nobody" if field.name in NAMED else "nothing"
    if field.name in NAMED:
        return owners.get(value, "nobody")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value)).lower()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        at = local_time(value, zone_of(contract.tenant))
        return f"{day_in_full(at.date())} {at:%H:%M}"
    if isinstance(value, dt.date):
        return day_in_full(value)
    if field.name in MONEY and isinstance(value, Decimal):
        return money(value, contract.currency)
    return str(value)
