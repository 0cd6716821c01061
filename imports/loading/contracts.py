"""Contracts with their first term, the machines they cover, and a cancellation where the export has one."""

import datetime as dt

from contracts.allowance import grant_visits
from contracts.models import Cancellation, Contract, ContractEquipment, ContractTerm
from contracts.terms import ONE_DAY
from customers.models import SearchWord
from customers.searchkeys import serial_key
from imports.loading.again import Change, compare, count, remember, take_over
from imports.loading.desk import Desk, in_batches, insert
from imports.loading.numbers import insert_numbers
from imports.reading import Known, customer_key
from imports.reading.contracts import ContractRow

TABLE = "contracts"
_ATTRIBUTES = {
    "kind": "kind",
    "price": "price",
    "visits": "visits_per_term",
    "response_hours": "response_hours",
    "status": "imported_status",
}


def known_contracts(known: Known) -> None:
    """Numbers that this desk has already, with their customer's number."""
    for key, customer in Contract.objects.values_list("number_key", "customer__number"):
        known.contracts.setdefault(key, customer)


def load_contracts(desk: Desk, rows: list[ContractRow]) -> None:
    """Add new contracts; take over what the export changed."""
    compared = compare(TABLE, rows, said)
    here = set(Contract.objects.values_list("number_key", flat=True))
    fresh = [row for row in compared.new if row.key not in here]
    for row in compared.new:
        if row.key in here:
            desk.warn(TABLE, row.line, f"a contract with this number is here already: {row.number}")
    # Each holds its customer's row until the table is done, as merging does: in the same order.
    fresh.sort(key=lambda row: _customer_of(desk, row))
    done = 0
    for batch in in_batches(fresh):
        _add(desk, batch)
        done += len(batch)
        desk.say(TABLE, done, len(fresh))
    updated = sum(_change(desk, change) for change in compared.changed)
    remember(desk, TABLE, compared.new, compared.changed, said)
    left = len(compared.new) - len(fresh) + len(compared.changed) - updated
    count(desk, TABLE, added=len(fresh), updated=updated, unchanged=compared.same + left)


def said(row: ContractRow) -> dict:
    """What the export says of a contract, by field."""
    return {
        "customer": row.customer,
        "kind": row.kind,
        "start": row.start,
        "end": row.end,
        "status": row.status,
        "is_cancelled": row.is_cancelled,
        "cancelled_on": row.cancelled_on,
        "visits": row.visits,
        "response_hours": row.response_hours,
        "price": row.price,
        "serials": list(row.serials),
    }


def _customer_of(desk: Desk, row: ContractRow) -> int:
    return desk.places[customer_key(row.customer)].customer


def _add(desk: Desk, rows: list[ContractRow]) -> None:
    contracts = [
        Contract(
            number=row.number,
            number_key=serial_key(row.number),
            customer_id=_customer_of(desk, row),
            kind=row.kind,
            price=row.price,
            currency=desk.tenant.currency,
            visits_per_term=row.visits,
            response_hours=row.response_hours,
            imported_status=row.status[:40],
            imported_at=desk.now,
        )
        for row in rows
    ]
    insert(contracts)
    pairs = list(zip(contracts, rows, strict=True))
    insert_numbers(SearchWord.Kind.CONTRACT, contracts)
    terms = [
        ContractTerm(
            contract=contract, starts_on=row.start, ends_on=row.end, price=row.price, created_at=desk.now
        )
        for contract, row in pairs
    ]
    insert(terms)
    visits = {term.pk: term.contract.visits_per_term for term in terms}
    grant_visits(terms, visits, by=None, now=desk.now)
    insert(
        [
            ContractEquipment(contract=contract, equipment_id=desk.machines[serial])
            for contract, row in pairs
            for serial in row.serials
        ]
    )
    insert([_cancellation(desk, contract, row) for contract, row in pairs if row.is_cancelled])


def _cancellation(desk: Desk, contract: Contract, row: ContractRow) -> Cancellation:
    return Cancellation(
        contract=contract,
        effective_on=row.cancelled_on,
        reason=f"Cancelled in the old program (status {row.status})"
        if row.status
        else "Cancelled in the old program",
        recorded_at=desk.now,
    )


def _change(desk: Desk, change: Change) -> int:
    row = change.row
    contract = Contract.objects.get(number_key=row.key)
    taken, kept = take_over(contract, change.values, _ATTRIBUTES)
    if taken:
        contract.save(update_fields=taken)
    changed = bool(taken)
    if "customer" in change.values:
        kept.append("customer")
    if "start" in change.values or "end" in change.values:
        changed |= _change_term(desk, contract, row, change, kept)
    if "serials" in change.values:
        changed |= _change_machines(desk, contract, *change.values["serials"])
    if "is_cancelled" in change.values or "cancelled_on" in change.values:
        changed |= _change_cancellation(desk, contract, row, kept)
    for name in kept:
        after = change.values.get(name, (None, None))[1]
        desk.warn(TABLE, row.line, f"{name} of {row.number} stays as it is here: the export says {after!r}")
    count(desk, TABLE, kept=len(kept))
    return 1 if changed else 0


def _change_term(desk: Desk, contract: Contract, row: ContractRow, change: Change, kept: list[str]) -> bool:
    """The old program entered the next term, or corrected the only one; anything else stays as it is here."""
    standing = list(contract.terms.filter(taken_back_at__isnull=True).order_by("starts_on"))
    if any((term.starts_on, term.ends_on) == (row.start, row.end) for term in standing):
        return False
    # The old program knows nothing of days that were given here: its next term comes after them, as long.
    given = sum(term.given_days for term in standing) * ONE_DAY
    if standing and all(row.start > term.ends_on - given for term in standing):
        starts_on = max(row.start, standing[-1].ends_on + ONE_DAY)
        term = ContractTerm.objects.create(
            contract=contract,
            starts_on=starts_on,
            ends_on=row.end + (starts_on - row.start),
            price=row.price,
            created_at=desk.now,
        )
        grant_visits([term], {term.pk: row.visits}, by=None, now=desk.now)
        return True
    before = tuple(
        dt.date.fromisoformat(change.values[name][0]) if name in change.values else getattr(row, name)
        for name in ("start", "end")
    )
    is_as_it_came = len(standing) == 1 and (standing[0].starts_on, standing[0].ends_on) == before
    # Days that were given here are not the old program's to take back.
    if is_as_it_came and not standing[0].given_days:
        standing[0].starts_on, standing[0].ends_on = row.start, row.end
        standing[0].save(update_fields=["starts_on", "ends_on"])
        return True
    kept.append("end")
    return False


def _change_machines(desk: Desk, contract: Contract, before: list[str], after: list[str]) -> bool:
    """Machines that the export added or took off; those that people added here stay."""
    added = [desk.machines[serial] for serial in after if serial not in (before or [])]
    gone = [
        desk.machines[serial] for serial in before or [] if serial not in after and serial in desk.machines
    ]
    insert(
        [ContractEquipment(contract=contract, equipment_id=machine) for machine in added],
        ignore_conflicts=True,
    )
    ContractEquipment.objects.filter(contract=contract, equipment__in=gone).delete()
    return bool(added or gone)


def _change_cancellation(desk: Desk, contract: Contract, row: ContractRow, kept: list[str]) -> bool:
    stands = contract.cancellations.filter(undone_at__isnull=True).exists()
    if row.is_cancelled and not stands:
        _cancellation(desk, contract, row).save()
        return True
    if stands != row.is_cancelled:
        kept.append("is_cancelled")
    return False
