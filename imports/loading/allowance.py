"""The ledger of allowances for imported visits: which term granted each, and what became of it."""

import datetime as dt

from contracts.models import AllowanceEntry, ContractEquipment, Entitlement
from imports.loading.desk import BATCH, insert
from visits.models import Visit, VisitEquipment

# What each state of an entitled visit is in the ledger of allowances; only *done* uses one up.
USES = {
    Visit.State.BOOKED: AllowanceEntry.Kind.BOOKED,
    Visit.State.DONE: AllowanceEntry.Kind.DONE,
    Visit.State.MISSED: AllowanceEntry.Kind.MISSED_BY_US,
    Visit.State.NO_ACCESS: AllowanceEntry.Kind.NO_ACCESS,
}


def entitlements() -> dict[int, list[tuple[dt.date, dt.date, int]]]:
    """For each machine, the standing terms that grant visits: first day, last day, entitlement."""
    machines: dict[int, list[int]] = {}
    for contract, machine in ContractEquipment.objects.order_by("contract__number_key").values_list(
        "contract", "equipment"
    ):
        machines.setdefault(machine, []).append(contract)
    terms: dict[int, list[tuple[dt.date, dt.date, int]]] = {}
    for contract, starts_on, ends_on, entitlement in Entitlement.objects.filter(
        kind=Entitlement.Kind.VISITS, term__taken_back_at__isnull=True
    ).values_list("term__contract", "term__starts_on", "term__ends_on", "pk"):
        terms.setdefault(contract, []).append((starts_on, ends_on, entitlement))
    return {
        machine: [term for contract in contracts for term in terms.get(contract, [])]
        for machine, contracts in machines.items()
    }


def entitlement_of(granted, machine: int, visit: Visit) -> int | None:
    """The entitlement of the term that grants this visit, by the day on which it was done or is to be."""
    day = visit.completed_on or visit.told_day
    return next(
        (pk for starts_on, ends_on, pk in granted.get(machine, ()) if starts_on <= day <= ends_on), None
    )


def enter_visits_of_later_terms() -> None:
    """Enter visits of the past into terms that came in, or were paid for, after them (R3.1)."""
    granted = entitlements()
    waiting = VisitEquipment.objects.filter(
        visit__is_history=True,
        visit__state__in=USES,
        visit__kind=Visit.Kind.TUNE_UP,
        visit__entitlement__isnull=True,
    ).select_related("visit")
    found = []
    for machine in waiting:
        machine.visit.entitlement_id = entitlement_of(granted, machine.equipment_id, machine.visit)
        if machine.visit.entitlement_id:
            found.append(machine.visit)
    Visit.objects.bulk_update(found, ["entitlement"], batch_size=BATCH)
    enter(found)


def enter(visits: list[Visit]) -> None:
    """One line in the ledger of allowances for each visit that a term grants."""
    insert(
        [
            AllowanceEntry(
                entitlement_id=visit.entitlement_id,
                kind=USES[visit.state],
                quantity=1,
                at=visit.completed_at or visit.missed_at or visit.booked_at,
                subject=visit.public_id,
            )
            for visit in visits
        ],
        ignore_conflicts=True,
    )
