"""The ledger of allowances for imported visits: which term granted each, and what became of it."""

import datetime as dt
from dataclasses import dataclass

from contracts.allowance import with_left
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


@dataclass
class Grant:
    """What one standing term grants: how many are not done yet, and how many of these are not booked."""

    starts_on: dt.date
    ends_on: dt.date
    entitlement: int
    undone: int
    unbooked: int

    def take(self, state: str) -> bool:
        """Take one for a visit in this state. What was done beyond the grant was none of those granted."""
        if state == Visit.State.DONE:
            is_left = self.undone > 0
            self.undone -= is_left
        else:
            is_left = state != Visit.State.BOOKED or self.unbooked > 0
        self.unbooked -= is_left and state in (Visit.State.DONE, Visit.State.BOOKED)
        return is_left


Granted = dict[int, list[Grant]]


def entitlements() -> Granted:
    """For each machine what the standing terms of its contracts grant; a contract's machines share it."""
    machines: dict[int, list[int]] = {}
    for contract, machine in ContractEquipment.objects.order_by("contract__number_key").values_list(
        "contract", "equipment"
    ):
        machines.setdefault(machine, []).append(contract)
    grants: dict[int, list[Grant]] = {}
    standing = Entitlement.objects.filter(kind=Entitlement.Kind.VISITS, term__taken_back_at__isnull=True)
    for row in with_left(standing).select_related("term"):
        grants.setdefault(row.term.contract_id, []).append(
            Grant(
                row.term.starts_on, row.term.ends_on, row.pk, int(row.quantity - row.disposed), int(row.left)
            )
        )
    return {
        machine: [grant for contract in contracts for grant in grants.get(contract, [])]
        for machine, contracts in machines.items()
    }


def entitlement_of(granted: Granted, machine: int, visit: Visit) -> int | None:
    """The entitlement of the term that grants this visit, by the day on which it was done or is to be."""
    day = visit.completed_on or visit.told_day
    for grant in granted.get(machine, ()):
        if grant.starts_on <= day <= grant.ends_on and grant.take(visit.state):
            return grant.entitlement
    return None


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
