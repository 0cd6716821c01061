"""Customers to be called, and the page of one."""

import datetime as dt

import pytest

from contracts.models import ContractTerm
from customers.models import Contact, Customer
from tenancy.scope import tenant
from tests.cast import make_contract

TODAY = dt.date(2026, 3, 5)


@pytest.fixture
def north(cast):
    """Northgate's desk; its contract ended on 1 January 2026, the other desk's as well."""
    for desk in (cast.north, cast.south):
        with tenant(desk.tenant):
            set_end(desk, dt.date(2026, 1, 1))
    return cast.north


def set_end(desk, ends_on):
    ContractTerm.objects.filter(contract=desk.contract).update(
        starts_on=ends_on - dt.timedelta(days=364), ends_on=ends_on
    )


def add_customer(desk, name, ends_on):
    customer = Customer.objects.create(name=name)
    Contact.objects.create(customer=customer, name=name, phone="07700 900999", is_main=True)
    make_contract(customer, number=f"K-{name}", ends_on=ends_on, visits_per_term=1)
    return customer


def check_url(desk, customer=None):
    return desk.url(f"calls/{(customer or desk.customer).public_id}/")


def post(browser, desk, action, **data):
    return browser.post(f"{check_url(desk)}{action}/", {"contract": str(desk.contract.public_id), **data})
