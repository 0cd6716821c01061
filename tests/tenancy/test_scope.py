"""The one ContextVar and its database half."""

import pytest
from django.db import connection

from customers.models import Customer
from tenancy.scope import NoTenant, tenant


def test_queries_without_a_desk_raise(cast):
    with pytest.raises(NoTenant):
        list(Customer.objects.all())


def test_each_desk_sees_only_its_own_rows(cast):
    with tenant(cast.north.tenant):
        assert list(Customer.objects.all()) == [cast.north.customer]
        with tenant(cast.south.tenant):
            assert list(Customer.objects.all()) == [cast.south.customer]
        assert list(Customer.objects.all()) == [cast.north.customer]


def test_an_inner_desk_that_fails_gives_the_outer_one_back(cast):
    with tenant(cast.north.tenant):
        with pytest.raises(ZeroDivisionError), tenant(cast.south.tenant):
            raise ZeroDivisionError
        assert list(Customer.objects.all()) == [cast.north.customer]


def test_a_queryset_built_outside_uses_the_desk_that_is_active_when_it_runs(cast):
    customers = Customer.objects.order_by("id")
    with tenant(cast.south.tenant):
        assert list(customers) == [cast.south.customer]


def test_the_setting_ends_with_the_scope(cast):
    with tenant(cast.north.tenant):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT NULLIF(current_setting('app.tenant_id', true), '')")
        assert cursor.fetchone() == (None,)


def test_no_statement_of_a_desk_waits_for_a_second_process(cast):
    with tenant(cast.north.tenant), connection.cursor() as cursor:
        # Else each statement would be given to one that may be.
        cursor.execute("SET LOCAL debug_parallel_query = on")
        cursor.execute("EXPLAIN SELECT count(*) FROM customers_customer")
        assert not any("Gather" in line for (line,) in cursor.fetchall())
