"""What a renewal changed of its contract is put back with its term (R1.3, R1.4)."""

import datetime as dt
from decimal import Decimal

import pytest

from contracts.agreed import Agreed
from contracts.amending import amend, version_of
from contracts.cover import covers_of_equipment
from contracts.covered import State
from contracts.matching import match_payments
from contracts.models import Contract, ContractEquipment, ContractTerm, Payment, Renewal
from contracts.renewals import renew
from contracts.taking_back import return_payment, take_back
from customers.models import Equipment
from tenancy.models import Tenant
from tenancy.scope import tenant

D = Decimal
START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
AFTER_THE_END = dt.date(2026, 3, 24)


@pytest.fixture
def north(cast):
    """Northgate's desk, its term 15 Mar 2025 to 14 Mar 2026 at £612; it covers the copier, a stacker not."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(starts_on=START, ends_on=END)
        ContractEquipment.objects.filter(contract=cast.north.contract).delete()
        cast.north.stacker = Equipment.objects.create(
            site=cast.north.copier.site, make="Ricoh", model="Stacker", serial_number="ST-1"
        )
        yield cast.north


def covering(desk):
    rows = ContractEquipment.objects.filter(contract=desk.contract).order_by("pk")
    return list(rows.values_list("equipment", "covered_from", "covered_until"))


def asked(desk):
    contract = Contract.objects.get(pk=desk.contract.pk)
    return contract.price, contract.visits_per_term, contract.response_hours


def renew_for(desk, now, price, visits=9, machines=None, hours=4, payments=()):
    last = desk.contract.terms.filter(taken_back_at=None).order_by("-ends_on").first()
    first = last.ends_on + dt.timedelta(days=1)
    agreed = Agreed(first, first.replace(year=first.year + 1) - dt.timedelta(days=1), D(price), visits, hours)
    if machines is not None:
        agreed = Agreed(
            agreed.starts_on, agreed.ends_on, agreed.price, visits, hours, machines=frozenset(machines)
        )
    return renew(
        desk.contract,
        channel=Renewal.Channel.PAYMENT,
        amount=D(price),
        by=desk.accounts,
        now=now,
        payments=payments,
        agreed=agreed,
    )


def pay(desk, amount, **fields):
    return Payment.objects.create(
        customer=desk.customer,
        paid_on=END,
        amount=D(amount),
        currency="GBP",
        recorded_at=dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC),
        **fields,
    )


@pytest.mark.parametrize("way", Tenant.RenewBy.values)
def test_returned_money_of_a_renewal_with_new_machines_makes_the_contract_as_it_was(north, now, way):
    Tenant.objects.filter(pk=north.tenant.pk).update(renew_by=way)
    ContractEquipment.objects.create(contract=north.contract, equipment=north.copier)
    before, covered = asked(north), covering(north)
    payment = pay(north, "999")
    renewal = renew_for(north, now, "999", machines=[north.stacker.pk], payments=[payment])
    assert asked(north) == (D("999.00"), 9, 4)
    assert covering(north) != covered
    return_payment(payment, returned_on=END, by=north.accounts, now=now)
    assert asked(north) == before
    assert covering(north) == covered
    (cover,) = covers_of_equipment(north.copier, AFTER_THE_END)
    assert (cover.contract, cover.state) == (north.contract, State.IN_REVIEW)
    assert covers_of_equipment(north.stacker, AFTER_THE_END) == []
    renewal.refresh_from_db()
    assert renewal.changed == {}
    again = pay(north, "612", contract_written="N-20418")
    assert match_payments([again], by=north.accounts, now=now).renewed == [again]


def test_a_contract_that_named_no_machine_names_none_again(north, now):
    renewal = renew_for(north, now, "999", machines=[north.stacker.pk])
    assert len(covering(north)) == 4
    take_back(renewal, because="Money returned", by=north.accounts, now=now)
    assert covering(north) == []


def test_a_machine_that_was_to_be_covered_later_is_again(north, now):
    later = dt.date(2026, 3, 15)
    ContractEquipment.objects.create(contract=north.contract, equipment=north.copier, covered_from=later)
    renewal = renew_for(north, now, "999", machines=[north.stacker.pk])
    assert [machine for machine, *_ in covering(north)] == [north.stacker.pk]
    take_back(renewal, because="Money returned", by=north.accounts, now=now)
    assert covering(north) == [(north.copier.pk, later, None)]


def test_a_later_renewal_that_stands_keeps_what_it_agreed(north, now):
    before = asked(north)
    first = renew_for(north, now, "700", visits=3)
    second = renew_for(north, now, "800", visits=4)
    take_back(first, because="Money returned", by=north.accounts, now=now)
    assert asked(north) == (D("800.00"), 4, 4)
    take_back(second, because="Money returned", by=north.accounts, now=now)
    assert asked(north) == before


def test_only_the_last_of_two_is_put_back_to_what_the_first_agreed(north, now):
    renew_for(north, now, "700", visits=3)
    second = renew_for(north, now, "800", visits=4)
    take_back(second, because="Money returned", by=north.accounts, now=now)
    assert asked(north) == (D("700.00"), 3, 4)


def test_what_a_person_amended_since_stays(north, now):
    visits = north.contract.visits_per_term
    renewal = renew_for(north, now, "999")
    contract = Contract.objects.get(pk=north.contract.pk)
    amend(contract, seen=version_of(contract), price=D("650.00"), by=north.accounts, now=now)
    take_back(renewal, because="Money returned", by=north.accounts, now=now)
    assert asked(north)[:2] == (D("650.00"), visits)
