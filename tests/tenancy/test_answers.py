"""Rows read by a query that is written once are those that Django makes of the same query."""

import pytest
from django.db.models import Count, Model, Prefetch

from contracts.models import Contract, ContractTerm
from customers.models import Contact, Customer, Equipment, Site
from tenancy.prepared import DAY, Key, Prepared
from tenancy.scope import tenant


def _all_of(one):
    """A row with all that came with it: columns, annotations, joined rows, and where it is from."""
    if not isinstance(one, Model):
        return type(one).__name__, one
    told = {name: value for name, value in vars(one).items() if name != "_state"}
    joined = {name: _all_of(row) for name, row in one._state.fields_cache.items()}
    return type(one), told, joined, one._state.db, one._state.adding, one.get_deferred_fields()


SHAPES = {
    "models": lambda key: Customer.objects.filter(pk=key),
    "joined": lambda key: Equipment.objects.filter(site__customer=key).select_related("site__customer"),
    "joined, none": lambda key: Customer.objects.filter(pk=key).select_related("merged_into"),
    "some columns": lambda key: Customer.objects.filter(pk=key).only("name"),
    "joined, some columns": lambda key: (
        Site.objects.filter(customer=key).select_related("customer").only("city", "customer__name")
    ),
    "annotated": lambda key: Customer.objects.filter(pk=key).annotate(places=Count("sites")),
    "ordered by a joined column": lambda key: (
        Site.objects.filter(customer=key).order_by("customer__name", "pk").distinct()
    ),
    "values": lambda key: Site.objects.filter(customer=key).values("city", "customer__name"),
    "lists": lambda key: Site.objects.filter(customer=key).values_list("city", "customer__name"),
    "lists ordered by another column": lambda key: (
        Site.objects.filter(customer=key).values_list("city").order_by("-public_id").distinct()
    ),
    "named": lambda key: Site.objects.filter(customer=key).values_list("pk", "city", named=True),
    "named, annotated": lambda key: (
        Customer.objects.filter(pk=key)
        .annotate(places=Count("sites"))
        .values_list("places", "name", named=True)
    ),
    "named, all columns": lambda key: Customer.objects.filter(pk=key).values_list(named=True),
    "flat": lambda key: Site.objects.filter(customer=key).values_list("public_id", flat=True),
    "both of two": lambda key: (
        Contact.objects.filter(customer=key)
        .order_by()
        .values_list("name", "pk")
        .union(Site.objects.filter(customer=key).order_by().values_list("city", "pk"))
        .order_by("pk", "name")
    ),
    "none": lambda key: Customer.objects.filter(pk=key, name="nobody"),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_whatever_a_query_gives(cast, shape):
    with tenant(cast.north.tenant):
        for number in range(2):
            site = Site.objects.create(customer=cast.north.customer, street="1 Mill Street", city="Eastmouth")
            Equipment.objects.create(site=site, serial_number=f"M{number}")
        prepared = Prepared(shape, key=Key())
        for customer in (cast.north.customer, cast.south.customer):
            afresh = [_all_of(each) for each in shape(customer.pk)]
            assert [_all_of(each) for each in prepared.rows(key=customer.pk)] == afresh
            assert [_all_of(each) for each in prepared.rows(key=customer.pk)] == afresh


def test_what_the_database_says_otherwise_than_python(cast, now):
    """Cover has documents, decimals, lists and text among its columns."""

    def asked(customer, day):
        return Contract.objects.with_reasons(day).filter(customer=customer)

    with tenant(cast.north.tenant):
        prepared = Prepared(asked, customer=Key(), day=DAY)
        (found,) = prepared.rows(customer=cast.north.customer.pk, day=now.date())
        assert _all_of(found) == _all_of(asked(cast.north.customer.pk, now.date()).get())
        assert isinstance(found.last_term, dict)


def test_rows_that_are_read_along(cast, django_assert_num_queries):
    terms = Prefetch("terms", ContractTerm.objects.order_by("starts_on"))
    prepared = Prepared(
        lambda customer: Contract.objects.filter(customer=customer).prefetch_related(terms), customer=Key()
    )
    with tenant(cast.north.tenant), django_assert_num_queries(2):
        (found,) = prepared.rows(customer=cast.north.customer.pk)
        assert [term.contract for term in found.terms.all()] == [cast.north.contract]
