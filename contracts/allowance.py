"""The ledger of what terms grant: each granted visit ends in a disposition, only *done* uses it (R3.1)."""

import datetime as dt

from django.db.models import Sum

from contracts.models import AllowanceEntry, ContractTerm, Entitlement, Renewal


def grant_visits(terms: list[ContractTerm], visits: dict[int, int], *, by, now: dt.datetime) -> None:
    """Grant each term its visits (`visits` by the term's id), and enter the grant in the ledger.

    A term that goes on in the place of an extended one has its visits added to those granted before.
    Queries do not grow with the terms.
    """
    granted = [term for term in terms if visits[term.pk]]
    entitlements = _of_extended(granted)
    for term_id, entitlement in entitlements.items():
        entitlement.quantity += visits[term_id]
    Entitlement.objects.bulk_update(entitlements.values(), ["quantity"])
    fresh = [
        Entitlement(term=term, kind=Entitlement.Kind.VISITS, quantity=visits[term.pk])
        for term in granted
        if term.pk not in entitlements
    ]
    Entitlement.objects.bulk_create(fresh, batch_size=1000)
    entitlements |= {entitlement.term_id: entitlement for entitlement in fresh}
    AllowanceEntry.objects.bulk_create(
        [
            AllowanceEntry(
                entitlement=entitlements[term.pk],
                kind=AllowanceEntry.Kind.GRANTED,
                quantity=visits[term.pk],
                at=now,
                by=by,
                subject=term.public_id,
            )
            for term in granted
        ],
        batch_size=1000,
    )


def withdraw_grant(renewal: Renewal, *, because: str, by, now: dt.datetime) -> None:
    """Take back what the term of a renewal granted; what was used of it stays used."""
    grants = AllowanceEntry.objects.filter(
        kind=AllowanceEntry.Kind.GRANTED, subject=renewal.term.public_id
    ).select_related("entitlement")
    for grant in grants:
        grant.entitlement.quantity -= grant.quantity
        grant.entitlement.save(update_fields=["quantity"])
        AllowanceEntry.objects.create(
            entitlement=grant.entitlement,
            kind=AllowanceEntry.Kind.WITHDRAWN,
            quantity=grant.quantity,
            at=now,
            by=by,
            reason=because[:200],
            subject=renewal.public_id,
        )


def balance_of(entitlement: Entitlement) -> dict[str, int]:
    """How much stands in the ledger under each kind: one query."""
    sums = entitlement.entries.order_by().values("kind").annotate(sum=Sum("quantity"))
    return {row["kind"]: row["sum"] for row in sums}


def _of_extended(terms) -> dict[int, Entitlement]:
    extended = [term.pk for term in terms if term.extends_id is not None]
    if not extended:
        return {}
    here = Entitlement.objects.filter(term__in=extended, kind=Entitlement.Kind.VISITS)
    return {entitlement.term_id: entitlement for entitlement in here}
