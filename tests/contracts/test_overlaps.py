"""Several contracts over one machine: which counts for what, in words."""

import datetime as dt
from decimal import Decimal

import pytest

from contracts.allowance import grant_visits
from contracts.cover import covers_of_equipment
from contracts.models import Contract, ContractEquipment, ContractTerm
from contracts.overlaps import explain, response_hours_of
from tenancy.scope import tenant

AT = dt.datetime(2025, 3, 15, 9, tzinfo=dt.UTC)
DAY = dt.date(2026, 1, 10)


@pytest.fixture
def north(cast):
    """Margaret Ellison's machine, with its contract's term running on the day."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(
            starts_on=dt.date(2025, 3, 15), ends_on=dt.date(2026, 3, 14)
        )
        yield cast.north


def second_contract(north, *, ends_on=dt.date(2026, 12, 31), visits=0, hours=None):
    contract = Contract.objects.create(
        number="N-9", customer=north.customer, price=Decimal("90"), currency="GBP", response_hours=hours
    )
    term = ContractTerm.objects.create(
        contract=contract, starts_on=dt.date(2026, 1, 1), ends_on=ends_on, price=90, created_at=AT
    )
    grant_visits([term], {term.pk: visits}, by=None, now=AT)
    ContractEquipment.objects.create(contract=contract, equipment=north.copier)
    return contract


def test_one_cover_needs_no_explanation(north):
    assert explain(covers_of_equipment(north.copier, DAY)) == ""


def test_two_at_once_say_which_gives_visits_and_which_response(north):
    second_contract(north, hours=2)
    covers = covers_of_equipment(north.copier, DAY)
    assert explain(covers) == (
        "2 contracts cover at once: N-9 (active until 31 Dec 2026) and N-20418 (active until 14 Mar 2026). "
        "Visits are taken from N-20418, the first of them with one left. "
        "The quicker response counts: 2 working hours (N-9)."
    )
    assert response_hours_of(covers) == 2


def test_a_contract_that_covers_nothing_now_is_not_spoken_of(north):
    second_contract(north, ends_on=dt.date(2026, 1, 2))
    covers = covers_of_equipment(north.copier, dt.date(2026, 3, 1))
    assert [cover.contract.number for cover in covers] == ["N-20418", "N-9"]
    assert explain(covers) == ""


def test_a_machine_that_left_the_scope_is_covered_until_its_last_day(north):
    contract = second_contract(north)
    ContractEquipment.objects.filter(contract=contract).update(covered_until=DAY)
    assert len(covers_of_equipment(north.copier, DAY)) == 2
    assert len(covers_of_equipment(north.copier, DAY + dt.timedelta(days=1))) == 1
