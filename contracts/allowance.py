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
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from contracts.models import AllowanceEntry, Contract, ContractTerm, Entitlement, Renewal
from contracts.wording import day_in_full

Kind = AllowanceEntry.Kind
# What ends a granted visit for good; only *done* used it up.
DISPOSED = (Kind.DONE, Kind.DECLINED, Kind.CARRIED_OVER, Kind.FORFEITED)
# After one of these a booking holds nothing any more; but for *done* the visit is open again.
BOOKING_ENDS = (Kind.RELEASED, Kind.DONE, Kind.MISSED_BY_US, Kind.NO_ACCESS)

# Entries of bookings that nothing has become of yet.
_STILL_BOOKED = Q(kind=Kind.BOOKED) & ~Exists(
    AllowanceEntry.objects.filter(
        entitlement=OuterRef("entitlement"), subject=OuterRef("subject"), kind__in=BOOKING_ENDS
    )
)


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
    return entitlements.annotate(
        done=_sum(entries.filter(kind=Kind.DONE)),
        disposed=_sum(entries.filter(kind__in=DISPOSED)),
        booked=_sum(entries.filter(_STILL_BOOKED)),
    ).annotate(left=ExpressionWrapper(F("quantity") - F("disposed") - F("booked"), DecimalField()))


def taken_by_entitlement() -> QuerySet:
    """What `left` is short of the quantity, of every entitlement of a desk: pairs of its key and the sum.

    For all at once, where `with_left` would ask the ledger anew for each.
    """
    # Said for the index that holds nothing else.
    taking = AllowanceEntry.objects.filter(kind__in=(*DISPOSED, Kind.BOOKED))
    entries = taking.filter(Q(kind__in=DISPOSED) | _STILL_BOOKED).order_by()
    return entries.values("entitlement").annotate(taken=Sum("quantity")).values_list("entitlement", "taken")


def grant_visits(terms: list[ContractTerm], visits: dict[int, int], *, by, now: dt.datetime) -> None:
    """Grant each term its visits (`visits` by the term's id), and enter the grants in the ledger.

    What was carried over from an earlier term, while no next one stood, is granted along. A term
    that goes on in the place of an extended one has its visits added to those granted before.
    Queries do not grow with the terms.
    """
    carried = _waiting_to_be_carried(terms)
    total = {term.pk: visits[term.pk] + sum(e.quantity for e in carried.get(term.pk, ())) for term in terms}
    granted = [term for term in terms if total[term.pk]]
    entitlements = _of_extended(granted)
    for term_id, entitlement in entitlements.items():
        entitlement.quantity += total[term_id]
    Entitlement.objects.bulk_update(entitlements.values(), ["quantity"])
    fresh = [
        Entitlement(term=term, kind=Entitlement.Kind.VISITS, quantity=total[term.pk])
        for term in granted
        if term.pk not in entitlements
    ]
    Entitlement.objects.bulk_create(fresh)
    entitlements |= {entitlement.term_id: entitlement for entitlement in fresh}
    own = [
        AllowanceEntry(
            entitlement=entitlements[term.pk],
            kind=Kind.GRANTED,
            quantity=visits[term.pk],
            at=now,
            by=by,
            subject=term.public_id,
        )
        for term in granted
        if visits[term.pk]
    ]
    brought = [
        grant_of_carried(entry, entitlements[term_id], by=by, now=now)
        for term_id, entries in carried.items()
        for entry in entries
    ]
    AllowanceEntry.objects.bulk_create([*own, *brought])


def grant_of_carried(entry: AllowanceEntry, entitlement: Entitlement, *, by, now) -> AllowanceEntry:
    """The grant (unsaved) that a carried over visit is in a later term; it names the term it comes from."""
    return AllowanceEntry(
        entitlement=entitlement,
        kind=Kind.GRANTED,
        quantity=entry.quantity,
        at=now,
        by=by,
        reason=f"Carried over from the term to {day_in_full(entry.entitlement.term.ends_on)}",
        subject=entry.subject,
    )


def withdraw_grant(renewal: Renewal, *, because: str, by, now: dt.datetime) -> None:
    """Take back what the term of a renewal granted, but for what was used of it.

    Visits that had been carried over into a term that stands no more wait for the next one again,
    unless they were used there. The caller holds the contract's lock.
    """
    term = renewal.term
    # Whether its days are a part of a longer term, as at a desk that renews by extension.
    later = Renewal.objects.filter(contract=renewal.contract_id, starts_on__gt=renewal.ends_on)
    stands_on = term.extends_id is not None or later.filter(term__starts_on__lte=renewal.starts_on).exists()
    grants = AllowanceEntry.objects.filter(kind=Kind.GRANTED, subject=term.public_id)
    ids = grants.values_list("entitlement", flat=True)
    for held in Entitlement.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=list(ids)):
        own = held.entries.filter(kind=Kind.GRANTED, subject=term.public_id)
        brought = held.entries.filter(kind=Kind.GRANTED).exclude(subject=term.public_id)
        entitlement = with_left(Entitlement.objects.filter(pk=held.pk)).get()
        unused = entitlement.quantity - entitlement.disposed
        taken = []
        for grant in [*own, *([] if stands_on else brought.order_by("pk"))]:
            quantity = min(grant.quantity, unused)
            if quantity > 0:
                unused -= quantity
                # The renewal is the cause; of what had been carried over, the act that carried it.
                subject = renewal.public_id if grant.subject == term.public_id else grant.subject
                taken.append(_withdrawal(grant, quantity, subject, because=because, by=by, now=now))
        held.quantity -= sum(entry.quantity for entry in taken)
        held.save(update_fields=["quantity"])
        AllowanceEntry.objects.bulk_create(taken)


def balance_of(entitlement: Entitlement) -> dict[str, int]:
    """How much stands in the ledger under each kind: one query."""
    sums = entitlement.entries.order_by().values("kind").annotate(sum=Sum("quantity"))
    return {row["kind"]: row["sum"] for row in sums}


def _sum(entries):
    sums = entries.values("entitlement").annotate(sum=Sum("quantity")).values("sum")
    return Coalesce(Subquery(sums), Value(0), output_field=DecimalField())


def _withdrawal(grant, quantity, subject, *, because, by, now) -> AllowanceEntry:
    return AllowanceEntry(
        entitlement_id=grant.entitlement_id,
        kind=Kind.WITHDRAWN,
        quantity=quantity,
        at=now,
        by=by,
        reason=because[:200],
        subject=subject,
    )


def _waiting_to_be_carried(terms) -> dict[int, list[AllowanceEntry]]:
    """By the term's id: what was carried over in earlier terms of its contract and is granted nowhere yet."""
    by_contract = {term.contract_id: term for term in sorted(terms, key=lambda t: t.starts_on, reverse=True)}
    taken_back = AllowanceEntry.objects.filter(
        kind=Kind.WITHDRAWN, entitlement=OuterRef("entitlement"), subject=OuterRef("subject")
    )
    arrived = AllowanceEntry.objects.filter(
        ~Exists(taken_back), kind=Kind.GRANTED, subject=OuterRef("subject")
    )
    waiting = AllowanceEntry.objects.filter(
        ~Exists(arrived), kind=Kind.CARRIED_OVER, entitlement__term__contract__in=list(by_contract)
    )
    found: dict[int, list[AllowanceEntry]] = {}
    for entry in waiting.select_related("entitlement__term").order_by("pk"):
        term = by_contract[entry.entitlement.term.contract_id]
        found.setdefault(term.pk, []).append(entry)
    return found


def _of_extended(terms) -> dict[int, Entitlement]:
    extended = [term.pk for term in terms if term.extends_id is not None]
    if not extended:
        return {}
    here = Entitlement.objects.filter(term__in=extended, kind=Entitlement.Kind.VISITS)
    return {entitlement.term_id: entitlement for entitlement in here}
