"""What a term grants knows that term's contract and days, whoever writes and however."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.models import Contract, ContractTerm, Entitlement
from tenancy.scope import tenant
from tests.at_once import at_once

NOW = dt.datetime(2026, 3, 5, 9, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
# So many terms have a year of their own each: none of them overlap, whosever they are.
TERMS = 3
ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["grant", "grants", "granted before its term", "grant gone", "grant to other", "more", "lie"]
            + ["taken back", "stands again", "longer", "all longer", "other contract", "saved from before"]
        ),
        st.integers(0, TERMS - 1),
        st.integers(0, TERMS - 1),
    ),
    max_size=14,
)


@pytest.fixture
def north(cast):
    with tenant(cast.north.tenant):
        yield cast.north


def raw(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def kept():
    return list(Entitlement.objects.order_by("pk").values_list("pk", "of_contract", "starts_on", "ends_on"))


def derived():
    return [
        (each.pk, each.term.contract_id, *days_of(each.term))
        for each in Entitlement.objects.order_by("pk").select_related("term")
    ]


def days_of(term):
    return (term.starts_on, term.ends_on) if term.taken_back_at is None else (None, None)


def a_term(contract, number, **fields):
    starts_on = dt.date(2030 + number, 1, 1)
    return ContractTerm.objects.create(
        contract=contract,
        starts_on=starts_on,
        ends_on=starts_on + 99 * DAY,
        price=Decimal(1),
        created_at=NOW,
        **fields,
    )


@given(acts=ACTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_the_term_says(north, acts):
    with transaction.atomic():
        other = Contract.objects.create(number="K-9", customer=north.customer, price=1, currency="GBP")
        contracts = [north.contract, other]
        terms = [a_term(contracts[number % 2], number) for number in range(TERMS)]
        before = [Entitlement.objects.create(term=term, kind="hours", quantity=1) for term in terms]
        for what, one, another in acts:
            act(what, ContractTerm.objects.get(pk=terms[one].pk), terms[another], contracts, before)
            assert kept() == derived()
        transaction.set_rollback(True)


def act(what, term, other, contracts, before):
    """Let one thing happen, by the ORM or by SQL; what is not there yet is left out."""
    grants = Entitlement.objects.filter(term=term, kind="visits")
    if what == "grant" and not grants.exists():
        Entitlement.objects.create(term=term, kind="visits", quantity=2, ends_on=NOW.date())
    elif what == "grants":
        fresh = [Entitlement(term=each, kind="visits", quantity=2) for each in {term, other}]
        Entitlement.objects.bulk_create(fresh, ignore_conflicts=True)
    elif what == "granted before its term":
        coming = ContractTerm.objects.order_by("-pk").first().pk + 1000
        Entitlement.objects.create(term_id=coming, kind="visits", quantity=2)
        number = TERMS + ContractTerm.objects.filter(starts_on__year__gte=2030).count()
        a_term(contracts[0], number, pk=coming)
    elif what == "grant gone":
        raw("DELETE FROM contracts_entitlement WHERE term_id = %s AND kind = 'visits'", term.pk)
    elif what == "grant to other" and not Entitlement.objects.filter(term=other, kind="visits").exists():
        raw(
            "UPDATE contracts_entitlement SET term_id = %s WHERE term_id = %s AND kind = 'visits'",
            other.pk,
            term.pk,
        )
    elif what == "more":
        grants.update(quantity=5)
    elif what == "lie":
        raw("UPDATE contracts_entitlement SET ends_on = now(), starts_on = NULL, of_contract = NULL")
    elif what == "taken back":
        term.taken_back_at, term.taken_back_because = NOW, "Returned"
        term.save()
    elif what == "stands again":
        raw("UPDATE contracts_contractterm SET taken_back_at = NULL WHERE id = %s", term.pk)
    elif what == "longer":
        term.ends_on += DAY
        term.save(update_fields=["ends_on"])
    elif what == "all longer":
        raw("UPDATE contracts_contractterm SET ends_on = ends_on + 1, starts_on = starts_on + 1")
    elif what == "other contract":
        raw("UPDATE contracts_contractterm SET contract_id = %s WHERE id = %s", contracts[1].pk, term.pk)
    elif what == "saved from before":
        for each in before:
            each.save()


def test_visits_are_granted_while_the_term_changes(committed_cast):
    """Whoever of them is first: what is kept is what became of the term."""
    desk = committed_cast.north
    for number in range(8):
        with tenant(desk.tenant):
            term = a_term(desk.contract, number)
        at_once(
            lambda term=term: Entitlement.objects.create(term=term, kind="visits", quantity=2),
            lambda term=term: Entitlement.objects.create(term=term, kind="hours", quantity=2),
            lambda term=term: ContractTerm.objects.filter(pk=term.pk).update(ends_on=term.ends_on + DAY),
            desk=desk,
        )
        with tenant(desk.tenant):
            assert kept() == derived()
            assert set(Entitlement.objects.filter(term=term).values_list("ends_on", flat=True)) == {
                term.ends_on + DAY
            }


def test_it_is_no_change_that_somebody_made(north):
    term = a_term(north.contract, 0)
    granted = Entitlement.objects.create(term=term, kind="visits", quantity=2)
    before = granted.history.count()
    ContractTerm.objects.filter(pk=term.pk).update(ends_on=term.ends_on + DAY)
    assert Entitlement.objects.get(pk=granted.pk).ends_on == term.ends_on + DAY
    assert granted.history.count() == before


def test_a_table_of_the_same_name_in_front_hides_no_term(north):
    term = a_term(north.contract, 0)
    granted = Entitlement.objects.create(term=term, kind="visits", quantity=2)
    with transaction.atomic():
        for table in ("contracts_contractterm", "contracts_entitlement"):
            raw(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table}) ON COMMIT DROP")
        raw("UPDATE public.contracts_entitlement SET ends_on = NULL")
        raw("UPDATE public.contracts_contractterm SET ends_on = ends_on + 1 WHERE id = %s", term.pk)
        for table in ("contracts_contractterm", "contracts_entitlement"):
            raw(f"DROP TABLE pg_temp.{table}")
        assert Entitlement.objects.get(pk=granted.pk).ends_on == term.ends_on + DAY
        assert kept() == derived()
        transaction.set_rollback(True)
