"""What a renewal changes of its contract, kept beside it and put back when its term is taken back (R1.4).

Only what the renewal itself changed is put back: what a person amended afterwards stays.
"""

import datetime as dt

from contracts.agreed import Agreed
from contracts.covered import covered_on
from contracts.models import Contract, ContractEquipment, ContractTerm, Renewal
from contracts.terms import ONE_DAY
from customers.models import Equipment

# What of a contract says how its next term is asked for.
ASKED = ("price", "visits_per_term", "response_hours")


def change_contracts(agreed: dict[Contract, Agreed]) -> dict[int, dict]:
    """The next term is asked for at what was agreed this time; machines come and go with its first day.

    What was changed, by the contract's id, as `Renewal.changed` keeps it.
    """
    changed = {contract.pk: _ask_for(contract, said) for contract, said in agreed.items()}
    Contract.objects.bulk_update([contract for contract in agreed if changed[contract.pk]], ASKED)
    for contract, said in agreed.items():
        if said.machines is not None:
            changed[contract.pk] |= _change_scope(contract, said)
    return changed


def put_back(renewal: Renewal) -> None:
    """Make the contract as it was before a renewal that was taken back, as soon as no later one stands.

    Those between it and the last that stands were taken back before it, and go with it. The caller
    holds the contract's lock.
    """
    contract = Contract.objects.get(pk=renewal.contract_id)
    for latest in contract.renewals.order_by("-pk"):
        if latest.taken_back_at is None:
            return
        if latest.changed:
            _undo(contract, latest.changed, latest.starts_on)
            latest.changed = {}
            latest.save(update_fields=["changed"])


def _ask_for(contract, agreed) -> dict:
    """Each field's value before and after. A part of a term says nothing about the terms that follow."""
    if agreed.usual is not None:
        return {}
    _keep_response_hours(contract, agreed)
    became = dict(zip(ASKED, (agreed.price, agreed.visits, agreed.response_hours), strict=True))
    changed = {}
    for name, value in became.items():
        if getattr(contract, name) != value:
            changed[name] = [_written(getattr(contract, name)), _written(value)]
            setattr(contract, name, value)
    return changed


def _keep_response_hours(contract, agreed) -> None:
    """Terms that left the response time to the contract keep the one that they were paid for."""
    if contract.response_hours is None or contract.response_hours == agreed.response_hours:
        return
    ContractTerm.objects.filter(
        contract=contract, response_hours__isnull=True, ends_on__lt=agreed.starts_on
    ).update(response_hours=contract.response_hours)


def _change_scope(contract, agreed) -> dict:
    """Ids of the rows that ended or began; of rows that were to begin later, what they said."""
    first = agreed.starts_on
    listed = _name_all_until(contract, first - ONE_DAY)
    rows = ContractEquipment.objects.filter(covered_on(first), contract=contract)
    gone = rows.exclude(equipment__in=agreed.machines)
    never_began = gone.filter(covered_from__gte=first)
    dropped = [
        [row.equipment_id, _written(row.covered_from), _written(row.covered_until)] for row in never_began
    ]
    never_began.delete()
    ended = [[row.pk, _written(row.covered_until)] for row in gone]
    gone.update(covered_until=first - ONE_DAY)
    here = set(rows.values_list("equipment", flat=True))
    begun = ContractEquipment.objects.bulk_create(
        ContractEquipment(contract=contract, equipment_id=machine, covered_from=first)
        for machine in agreed.machines - here
    )
    return {"ended": ended, "dropped": dropped, "begun": [row.pk for row in [*listed, *begun]]}


def _name_all_until(contract, day) -> list[ContractEquipment]:
    """A contract that named no machine covered all of the customer's: they stay covered until then."""
    if ContractEquipment.objects.filter(contract=contract).exists():
        return []
    machines = Equipment.objects.filter(site__customer=contract.customer_id)
    return ContractEquipment.objects.bulk_create(
        ContractEquipment(contract=contract, equipment=machine, covered_until=day) for machine in machines
    )


def _undo(contract, changed, starts_on) -> None:
    fields = []
    for name in (name for name in ASKED if name in changed):
        was, became = map(contract._meta.get_field(name).to_python, changed[name])
        if getattr(contract, name) == became:
            setattr(contract, name, was)
            fields.append(name)
    if fields:
        contract.save(update_fields=fields)
    named = ContractEquipment.objects.filter(contract=contract)
    named.filter(pk__in=changed.get("begun", ())).delete()
    for pk, until in changed.get("ended", ()):
        named.filter(pk=pk, covered_until=starts_on - ONE_DAY).update(covered_until=_day(until))
    ContractEquipment.objects.bulk_create(
        (
            ContractEquipment(
                contract=contract,
                equipment_id=machine,
                covered_from=_day(covered_from),
                covered_until=_day(covered_until),
            )
            for machine, covered_from, covered_until in changed.get("dropped", ())
        ),
        ignore_conflicts=True,
    )


def _written(value):
    """A value as JSON keeps it."""
    return value if value is None or isinstance(value, int) else str(value)


def _day(written: str | None) -> dt.date | None:
    return None if written is None else dt.date.fromisoformat(written)
