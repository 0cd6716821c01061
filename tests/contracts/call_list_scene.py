"""Customers for the call list, and the list read whole."""

import datetime as dt

from contracts.call_list import call_list
from contracts.models import Contract
from customers.models import Customer
from tests.cast import make_contract

TODAY = dt.date(2026, 3, 5)


def rows_of(day=TODAY, *, size=50, **asked):
    """The whole list, page by page."""
    found = call_list(day, size=size, **asked)
    rows = found.rows
    while found.after:
        found = call_list(day, size=size, after=found.after, **asked)
        rows = rows + found.rows
    return rows


def add_customer(name, *ends_on, **fields):
    """A customer with a one-year contract for each end."""
    customer = Customer.objects.create(name=name, **fields)
    for ends in ends_on:
        add_contract(customer, ends)
    return customer


def add_contract(customer, ends_on, **fields):
    return make_contract(customer, number=f"K-{Contract.objects.count()}", ends_on=ends_on, **fields)


def in_days(days):
    return TODAY + dt.timedelta(days=days)


def names(rows):
    found = Customer.objects.in_bulk([row.customer_id for row in rows])
    return [found[row.customer_id].name for row in rows]
