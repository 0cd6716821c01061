"""SQL that is written once gives what a fresh queryset gives, for whatever values and desk."""

import datetime as dt

import pghistory
import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from contracts.cover import covers_of_customer, covers_of_machines
from contracts.models import Contract, ContractTerm
from customers.models import Customer, Equipment, Site
from tenancy.models import Tenant
from tenancy.prepared import (
    DAY,
    Among,
    Composed,
    Figure,
    Instant,
    Key,
    Keys,
    NotPrepared,
    Prepared,
    Statement,
    Words,
    Written,
    attach,
    together,
)
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


def test_rows_that_were_read_are_attached_to_whose_they_are(cast, django_assert_num_queries):
    with tenant(cast.north.tenant):
        none = Customer.objects.create(name="Nobody comes")
        terms = TERMS_ON.rows(contract=cast.north.contract.pk, day=dt.date(2100, 1, 1))
        sites = list(cast.north.customer.sites.all())
        with django_assert_num_queries(0):
            attach([cast.north.contract], "terms", terms)
            attach([cast.north.customer, none], "sites", sites)
            attach([], "sites", [])
            assert list(cast.north.contract.terms.all()) == terms
            assert all(term.contract is cast.north.contract for term in terms)
            assert (list(cast.north.customer.sites.all()), list(none.sites.all())) == (sites, [])
    assert terms and sites


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


def test_keys_words_and_instants_reach_the_database(cast, now):
    prepared = Prepared(
        lambda keys, name, since, until: Customer.objects.filter(
            Among("pk", keys), name=name, history__pgh_created_at__range=(since, until)
        ).distinct(),
        keys=Keys(),
        name=Words(),
        since=Instant(),
        until=Instant(),
    )
    customer, ages = cast.north.customer, dt.timedelta(days=36_000)
    with tenant(cast.north.tenant):
        asked = {"keys": [customer.pk, 0], "name": customer.name, "since": now - ages, "until": now + ages}
        assert prepared.rows(**asked) == [customer]
        assert prepared.rows(**asked | {"keys": []}) == []
        assert prepared.rows(**asked | {"name": "100% of 'them'"}) == []
        assert prepared.rows(**asked | {"since": now + ages}) == []


def test_rows_that_belong_to_no_desk_need_none(cast):
    prepared = Prepared(lambda slug: Tenant.objects.filter(slug=slug), slug=Words())
    assert prepared.rows(slug="northgate") == [cast.north.tenant]


NAMED = Prepared(lambda name: Customer.objects.filter(name=name).values_list("pk", "name"), name=Words())


def test_several_are_asked_in_one_exchange_and_each_gives_its_own(cast, django_assert_num_queries):
    customer, contract = cast.north.customer, cast.north.contract
    day, other = dt.date(2100, 1, 1), "100% of 'them'; SELECT 1"
    with tenant(cast.north.tenant):
        terms = TERMS_ON.rows(contract=contract.pk, day=day)
        nobody = Customer.objects.create(name=other)
        with django_assert_num_queries(1):
            found = together(
                TERMS_ON.asking(contract=contract.pk, day=day),
                NAMED.asking(name=other),
                TERMS_ON.asking(contract=contract.pk, day=dt.date(1950, 1, 1)),
                NAMED.asking(name=customer.name),
            )
        assert found == [terms, [(nobody.pk, other)], [], [(customer.pk, customer.name)]]
        assert terms
        with django_assert_num_queries(0):
            assert together() == []


def test_several_are_asked_where_changes_are_kept_with_who_made_them(cast):
    asked = NAMED.asking(name=cast.north.customer.name)
    with tenant(cast.north.tenant), pghistory.context(user=1):
        Customer.objects.create(name="Somebody")
        found = together(asked, NAMED.asking(name="Nobody"), asked)
    assert [len(rows) for rows in found] == [1, 0, 1]


def test_several_are_those_of_the_active_desk(cast):
    asked = TERMS_ON.asking(contract=cast.north.contract.pk, day=dt.date(2100, 1, 1))
    with tenant(cast.south.tenant):
        assert together(asked, asked) == [[], []]
    with pytest.raises(NoTenant):
        together(asked)


def test_what_is_planned_when_it_is_asked_is_asked_alone(cast):
    written = Written(lambda contract: ContractTerm.objects.filter(contract=contract), contract=Key())
    with tenant(cast.north.tenant), pytest.raises(NotPrepared, match="alone"):
        written.asking(contract=cast.north.contract.pk)


def test_a_statement_is_planned_once_for_each_connection_and_outlives_what_is_rolled_back(db):
    doubled = Statement("SELECT %(number)s * 2, '100%%', %(word)s", {"number": "bigint"}, {"word": "it's"})
    with transaction.atomic():
        assert doubled.rows(number=21) == [(42, "100%", "it's")]
        transaction.set_rollback(True)
    for number in (-1, 2**40):
        assert doubled.rows(number=number) == [(2 * number, "100%", "it's")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%$1 * 2, %"])
        assert cursor.fetchone() == (1,)


def test_a_new_connection_is_told_of_it_again(committed):
    one = Statement("SELECT %(number)s + 1", {"number": "int"})
    assert one.rows(number=1) == [(2,)]
    connection.close()
    assert one.rows(number=2) == [(3,)]


def test_covers_of_one_machine_and_of_three_are_those_of_their_contracts(cast, now):
    desk = cast.north
    with tenant(desk.tenant):
        site = Site.objects.create(customer=desk.customer, street="1 Mill Street", city="Eastmouth")
        more = [Equipment.objects.create(site=site, serial_number=f"M{n}") for n in range(2)]
        whole = covers_of_customer(desk.customer, now.date())
        assert covers_of_machines([desk.copier, *more], now.date()) == whole
        assert covers_of_machines([desk.copier], now.date()) == whole
        assert covers_of_machines([], now.date()) == []


def _places(day, most):
    terms, values = ContractTerm.objects.filter(starts_on__lte=day).values_list("pk").query.sql_with_params()
    return "SELECT count(*) FROM (" + terms + " LIMIT %s) AS found", [*values, most]


def test_sql_around_a_queryset_and_plans_of_the_moment_know_the_desk_as_well(cast):
    count = Composed(_places, day=DAY, most=Figure())
    written = Written(lambda day: ContractTerm.objects.filter(starts_on__lte=day).order_by("pk"), day=DAY)
    for desk in (cast.north, cast.south, cast.north):
        with tenant(desk.tenant):
            day = desk.contract.terms.get().starts_on
            before = day - dt.timedelta(days=1)
            assert written.rows(day=day) == list(desk.contract.terms.all())
            assert written.rows(day=before) == []
            for ask in (count.rows, count.rows_planned_afresh):
                assert ask(day=day, most=5) == [(1,)]
                assert ask(day=day, most=0) == ask(day=before, most=5) == [(0,)]
    with pytest.raises(NoTenant):
        count.rows(day=day, most=5)
