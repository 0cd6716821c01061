"""What is kept beside a contract is what its terms and its customer's contracts say, whoever writes."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Max
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.models import Contract, ContractTerm
from customers.merging import merge_customers, undo_merge
from customers.models import Customer
from tenancy.scope import tenant
from tests.contracts.call_list_scene import TODAY
from tests.contracts.racing import while_held

NOW = dt.datetime(2026, 3, 5, 9, tzinfo=dt.UTC)
CUSTOMERS, TERMS = 3, 6


def kept():
    rows = Contract.objects.order_by("pk")
    return list(rows.values_list("pk", "last_term_start", "last_term_end", "stands_alone"))


def derived():
    return [
        (contract.pk, *last_of(contract), alone(contract)) for contract in Contract.objects.order_by("pk")
    ]


def last_of(contract):
    standing = ContractTerm.objects.filter(contract=contract, taken_back_at=None)
    return tuple(standing.aggregate(start=Max("starts_on"), end=Max("ends_on")).values())


def alone(contract):
    return Contract.objects.filter(customer=contract.customer_id).count() == 1


def a_term(contract, number, **fields):
    """One of a contract's few terms: each number has a year of its own, so that none overlap."""
    starts_on = dt.date(2020 + number, 1, 1)
    told = {"starts_on": starts_on, "ends_on": starts_on + dt.timedelta(days=99), **fields}
    return ContractTerm.objects.create(contract=contract, price=Decimal(1), created_at=NOW, **told)


def raw(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values)


WHICH = st.integers(0, 99)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["contract", "term", "take back", "stands again", "longer", "other contract", "gone", "moved"]
            + ["contract gone", "written over", "saved from before", "all taken back", "desk's terms longer"]
        ),
        WHICH,
        WHICH,
    ),
    max_size=14,
)


def act(what, one, another, customers, seen):
    """Let one thing happen, by the ORM or by SQL; what is not there yet is left out."""
    contracts, terms = list(Contract.objects.order_by("pk")), list(ContractTerm.objects.order_by("pk"))
    contract = contracts[one % len(contracts)] if contracts else None
    term = terms[one % len(terms)] if terms else None
    if what == "contract":
        add = {"number": f"K{one}-{another}-{len(seen)}", "price": 1, "currency": "GBP"}
        seen.append(Contract.objects.create(customer=customers[one % len(customers)], **add))
    elif what == "term" and contract:
        number = another % TERMS
        if not contract.terms.filter(starts_on__year=2020 + number, taken_back_at=None).exists():
            a_term(contract, number)
    elif what == "take back" and term:
        raw("UPDATE contracts_contractterm SET taken_back_at = now() WHERE id = %s", term.pk)
    elif what == "stands again" and term and not overlapped(term, term.contract_id):
        ContractTerm.objects.filter(pk=term.pk).update(taken_back_at=None)
    elif what == "longer" and term:
        term.ends_on += dt.timedelta(days=another % 5)
        term.save()
    elif what == "other contract" and term and not overlapped(term, contract.pk):
        raw("UPDATE contracts_contractterm SET contract_id = %s WHERE id = %s", contract.pk, term.pk)
    elif what == "gone" and term:
        raw("DELETE FROM contracts_contractterm WHERE id = %s", term.pk)
    elif what == "moved" and contract:
        raw(
            "UPDATE contracts_contract SET customer_id = %s WHERE id = %s",
            customers[another % len(customers)].pk,
            contract.pk,
        )
    elif what == "contract gone" and contract:
        raw("DELETE FROM contracts_contractterm WHERE contract_id = %s", contract.pk)
        raw("DELETE FROM contracts_contract WHERE id = %s", contract.pk)
    elif what == "written over" and contract:
        raw(
            "UPDATE contracts_contract SET last_term_start = %s, last_term_end = %s, stands_alone = %s",
            TODAY if one % 2 else None,
            TODAY if another % 2 else None,
            bool(one % 3),
        )
    elif (
        what == "saved from before" and seen and Contract.objects.filter(pk=seen[one % len(seen)].pk).exists()
    ):
        seen[one % len(seen)].save()
    elif what == "all taken back":
        ContractTerm.objects.filter(taken_back_at=None, starts_on__year=2020 + one % TERMS).update(
            taken_back_at=NOW
        )
    elif what == "desk's terms longer":
        raw("UPDATE contracts_contractterm SET ends_on = ends_on + %s", another % 5)


def overlapped(term, contract):
    others = ContractTerm.objects.filter(contract=contract, taken_back_at=None).exclude(pk=term.pk)
    return others.filter(starts_on__lte=term.ends_on, ends_on__gte=term.starts_on).exists()


@pytest.fixture
def north(cast):
    with tenant(cast.north.tenant):
        yield cast.north


@given(acts=ACTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_kept_is_what_is_derived_after_anything(north, acts):
    with transaction.atomic():
        customers = [Customer.objects.create(name=f"C{number}") for number in range(CUSTOMERS)]
        seen = [north.contract]
        for what, one, another in acts:
            act(what, one, another, customers, seen)
            assert kept() == derived()
        transaction.set_rollback(True)


def test_two_who_enter_terms_of_one_contract_at_once(committed_cast):
    desk = committed_cast.north
    results = while_held(desk, *(partial_term(desk, number) for number in (4, 5)))
    assert not [result for result in results if isinstance(result, Exception)]
    with tenant(desk.tenant):
        assert kept() == derived()
        assert Contract.objects.get(pk=desk.contract.pk).last_term_start == dt.date(2035, 1, 1)


def partial_term(desk, number):
    return lambda: a_term(desk.contract, 10 + number)


def test_two_who_enter_contracts_of_one_customer_at_once(committed_cast):
    desk = committed_cast.north
    customer = in_scope(desk, lambda: Customer.objects.create(name="Both"))
    add = [a_contract(customer, number) for number in ("K-1", "K-2")]
    results = while_held(desk, *add, held=customer)
    assert not [result for result in results if isinstance(result, Exception)]
    with tenant(desk.tenant):
        assert kept() == derived()
        assert not Contract.objects.filter(customer=customer, stands_alone=True).exists()


def a_contract(customer, number):
    return lambda: Contract.objects.create(number=number, customer=customer, price=1, currency="GBP")


def in_scope(desk, act):
    with tenant(desk.tenant):
        return act()


def test_merged_customers_contracts_stand_beside_each_other(north, now):
    gone = Customer.objects.create(name="Twice")
    moved = a_contract(gone, "K-9")()
    assert Contract.objects.get(pk=moved.pk).stands_alone
    merge = merge_customers(kept=north.customer, gone=gone, by=north.manager, now=now)
    assert kept() == derived()
    assert not Contract.objects.get(pk=moved.pk).stands_alone
    undo_merge(merge, by=north.manager, now=now)
    assert kept() == derived()
    assert Contract.objects.get(pk=moved.pk).stands_alone


def test_what_is_kept_is_no_change_that_somebody_made(north):
    before = north.contract.history.count()
    a_term(north.contract, 9)
    a_contract(north.customer, "K-9")()
    assert kept() == derived()
    assert north.contract.history.count() == before


SHADOWED = ("contracts_contract", "contracts_contractterm", "customers_customer")


def test_an_empty_table_of_the_same_name_does_not_come_first(north):
    other = Customer.objects.create(name="Other")
    a_contract(other, "K-9")()
    for table in SHADOWED:
        raw(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL) ON COMMIT DROP")
    raw("UPDATE public.contracts_contractterm SET ends_on = ends_on + 5")
    raw("UPDATE public.contracts_contract SET customer_id = %s WHERE id = %s", other.pk, north.contract.pk)
    for table in SHADOWED:
        raw(f"DROP TABLE pg_temp.{table}")
    assert kept() == derived()
    assert not Contract.objects.filter(customer=other, stands_alone=True).exists()
    assert Contract.objects.get(pk=north.contract.pk).last_term_end is not None


def test_one_more_of_many_contracts_reads_each_of_the_others_once(north):
    customer = Customer.objects.create(name="Many")
    many = 30
    for number in range(many):
        a_contract(customer, f"M-{number}")()
    before = rows_read()
    a_contract(customer, "M-more")()
    assert rows_read() - before < 2 * many
    assert kept() == derived()


def rows_read():
    """How many rows of contracts this transaction has read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables "
            "WHERE relname = 'contracts_contract'"
        )
        return cursor.fetchone()[0]
