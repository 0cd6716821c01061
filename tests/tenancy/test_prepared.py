"""SQL that is written once gives what a fresh queryset gives, for whatever values and desk."""

import datetime as dt

import pytest
from django.db.models import QuerySet

from contracts.cover import covers_of_customer, covers_of_machines
from contracts.models import Contract, ContractTerm
from customers.models import Equipment, Site
from tenancy.prepared import DAY, Key, NotPrepared, Prepared
from tenancy.scope import NoTenant, tenant

TERMS_ON = Prepared(
    lambda contract, day: ContractTerm.objects.filter(contract=contract, starts_on__lte=day).order_by("pk"),
    contract=Key(),
    day=DAY,
)


def test_the_same_rows_as_asked_afresh_for_each_desk_and_day(cast):
    for desk in (cast.north, cast.south, cast.north):
        with tenant(desk.tenant):
            term = desk.contract.terms.get()
            for day in (term.starts_on - dt.timedelta(days=1), term.starts_on):
                afresh = list(desk.contract.terms.filter(starts_on__lte=day))
                assert TERMS_ON.rows(contract=desk.contract.pk, day=day) == afresh
            assert len(afresh) == 1


def test_rows_of_another_desk_are_not_there(cast):
    with tenant(cast.south.tenant):
        day = dt.date(2100, 1, 1)
        assert TERMS_ON.rows(contract=cast.north.contract.pk, day=day) == []


def test_without_a_desk_nothing_is_asked(cast):
    with pytest.raises(NoTenant):
        TERMS_ON.rows(contract=cast.north.contract.pk, day=dt.date(2026, 3, 5))


def test_annotations_and_joined_rows_come_along(cast, now, django_assert_num_queries):
    prepared = Prepared(
        lambda customer, day: Contract.objects.with_reasons(day).filter(customer=customer),
        customer=Key(),
        day=DAY,
    )
    with tenant(cast.north.tenant), django_assert_num_queries(1):
        (found,) = prepared.rows(customer=cast.north.customer.pk, day=now.date())
        assert (found.cover_state, found.cover_day) == ("active", now.date())
        assert (found.tenant, found.customer) == (cast.north.tenant, cast.north.customer)


def test_a_day_that_is_worked_out_while_the_query_is_built_is_refused(cast):
    prepared = Prepared(
        lambda day: ContractTerm.objects.filter(starts_on__lte=day, ends_on__gt=day + dt.timedelta(days=60)),
        day=DAY,
    )
    with tenant(cast.north.tenant), pytest.raises(NotPrepared, match="worked out"):
        prepared.rows(day=dt.date(2026, 3, 5))


def test_a_placeholder_that_does_not_reach_the_database_is_refused(cast):
    prepared = Prepared(lambda contract: ContractTerm.objects.all(), contract=Key())
    with tenant(cast.north.tenant), pytest.raises(NotPrepared, match="contract"):
        prepared.rows(contract=1)


def test_a_query_that_forgets_the_desk_is_refused(cast):
    prepared = Prepared(lambda day: QuerySet(ContractTerm).filter(starts_on__lte=day), day=DAY)
    with tenant(cast.north.tenant), pytest.raises(NotPrepared, match="the desk"):
        prepared.rows(day=dt.date(2026, 3, 5))


def test_covers_of_one_machine_and_of_three_are_those_of_their_contracts(cast, now):
    desk = cast.north
    with tenant(desk.tenant):
        site = Site.objects.create(customer=desk.customer, street="1 Mill Street", city="Eastmouth")
        more = [Equipment.objects.create(site=site, serial_number=f"M{n}") for n in range(2)]
        whole = covers_of_customer(desk.customer, now.date())
        assert covers_of_machines([desk.copier, *more], now.date()) == whole
        assert covers_of_machines([desk.copier], now.date()) == whole
        assert covers_of_machines([], now.date()) == []
