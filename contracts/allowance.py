"""The ledger of what terms grant: each granted visit ends in a disposition, only *done* uses it (R3.1)."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import (
    BooleanField,
    Case,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from contracts.models import AllowanceEntry, Contract, ContractTerm, Entitlement, Renewal

Kind = AllowanceEntry.Kind
# What ends a granted visit for good; only *done* used it up.
DISPOSED = (Kind.DONE, Kind.DECLINED, Kind.CARRIED_OVER, Kind.FORFEITED)
# After one of these a booking holds nothing any more; but for *done* the visit is open again.
BOOKING_ENDS = (Kind.RELEASED, Kind.DONE, Kind.MISSED_BY_US, Kind.NO_ACCESS)


def undisposed_visits(contract: Contract, day: dt.date) -> int:
    """Visits that a contract has paid for and nothing has become of, on a day in the desk's zone.

    Of the term that runs on `day`, else of the last one that stands: neither done, declined, carried
    over nor forfeited, and not booked. One that we missed, or could not get in for, is open again.
    """
    return undisposed_by_contract([contract], day)[contract.pk]


def undisposed_by_contract(contracts: Iterable[Contract], day: dt.date) -> dict[int, int]:
    """`undisposed_visits` of many contracts, by the contract's id: one query."""
    ids = [contract.pk for contract in contracts]
    granted = with_left(Entitlement.objects.filter(kind=Entitlement.Kind.VISITS, term=OuterRef("pk")))
    terms = terms_that_count(day).filter(contract__in=ids)
    left = terms.values_list("contract", Subquery(granted.values("left")[:1]))
    return dict.fromkeys(ids, 0) | {contract: max(0, int(open_ones or 0)) for contract, open_ones in left}


def terms_that_count(day: dt.date) -> QuerySet[ContractTerm]:
    """Of each contract one term: the one that runs on `day`, else the last one that stands."""
    runs = Case(
        When(starts_on__lte=day, ends_on__gte=day, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    standing = ContractTerm.objects.filter(taken_back_at__isnull=True).annotate(runs=runs)
    return standing.order_by("contract", "-runs", "-ends_on").distinct("contract")


def with_left(entitlements: QuerySet[Entitlement]) -> QuerySet[Entitlement]:
    """Annotate `done`, `disposed`, `booked`, and `left`: what is neither disposed of nor booked.

    `left` is below zero where more was booked than the ledger holds by now, as after a grant was
    withdrawn.
    """
    entries = AllowanceEntry.objects.filter(entitlement=OuterRef("pk")).order_by()
    ended = AllowanceEntry.objects.filter(
        entitlement=OuterRef("entitlement"), subject=OuterRef("subject"), kind__in=BOOKING_ENDS
    )
    return entitlements.annotate(
        done=_sum(entries.filter(kind=Kind.DONE)),
        disposed=_sum(entries.filter(kind__in=DISPOSED)),
        booked=_sum(entries.filter(~Exists(ended), kind=Kind.BOOKED)),
    ).annotate(left=ExpressionWrapper(F("quantity") - F("disposed") - F("booked"), DecimalField()))


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


def _sum(entries):
    sums = entries.values("entitlement").annotate(sum=Sum("quantity")).values("sum")
    return Coalesce(Subquery(sums), Value(0), output_field=DecimalField())


def _of_extended(terms) -> dict[int, Entitlement]:
    extended = [term.pk for term in terms if term.extends_id is not None]
    if not extended:
        return {}
    here = Entitlement.objects.filter(term__in=extended, kind=Entitlement.Kind.VISITS)
    return {entitlement.term_id: entitlement for entitlement in here}
