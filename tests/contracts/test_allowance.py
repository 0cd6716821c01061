"""The ledger of what terms grant: sums, dispositions, and that nothing is given twice (R3.1)."""

import datetime as dt
import uuid

import pytest

from contracts.allowance import undisposed_by_contract, undisposed_visits
from contracts.models import AllowanceEntry, Contract, ContractTerm, Entitlement

DAY = dt.timedelta(days=1)


def enter(entitlement, kind, now, subject=None):
    subject = subject or uuid.uuid4()
    AllowanceEntry.objects.create(entitlement=entitlement, kind=kind, quantity=1, at=now, subject=subject)
    return subject


@pytest.fixture
def granted(north):
    return Entitlement.objects.get()


def test_a_visit_without_a_disposition_is_open_and_a_booked_one_is_not(north, granted, now):
    assert undisposed_visits(north.contract, now.date()) == 2
    visit = enter(granted, "booked", now)
    assert undisposed_visits(north.contract, now.date()) == 1
    enter(granted, "done", now, visit)
    assert undisposed_visits(north.contract, now.date()) == 1
    enter(granted, "declined", now)
    assert undisposed_visits(north.contract, now.date()) == 0


@pytest.mark.parametrize("kind", ["missed by us", "no access", "released"])
def test_what_was_booked_and_not_done_is_open_again(north, granted, now, kind):
    visit = enter(granted, "booked", now)
    enter(granted, kind, now, visit)
    assert undisposed_visits(north.contract, now.date()) == 2


@pytest.mark.parametrize("kind", ["declined", "carried over", "forfeited"])
def test_what_was_disposed_of_is_open_no_more(north, granted, now, kind):
    enter(granted, kind, now)
    assert undisposed_visits(north.contract, now.date()) == 1


def test_the_running_term_counts_else_the_last_one(north, granted, now):
    today, ends = now.date(), north.term.ends_on
    term = ContractTerm.objects.create(
        contract=north.contract, starts_on=ends + DAY, ends_on=ends + 365 * DAY, price=1, created_at=now
    )
    Entitlement.objects.create(term=term, kind="visits", quantity=5)
    assert undisposed_visits(north.contract, today) == 2
    assert undisposed_visits(north.contract, ends + DAY) == 5
    assert undisposed_visits(north.contract, ends + 400 * DAY) == 5
    ContractTerm.objects.filter(pk=term.pk).update(taken_back_at=now)
    assert undisposed_visits(north.contract, ends + 400 * DAY) == 2


def test_many_contracts_cost_one_query(north, granted, now, django_assert_num_queries):
    bare = Contract.objects.create(number="N-1", customer=north.customer, price=1, currency="GBP")
    with django_assert_num_queries(1):
        found = undisposed_by_contract([north.contract, bare], now.date())
    assert found == {north.contract.pk: 2, bare.pk: 0}
