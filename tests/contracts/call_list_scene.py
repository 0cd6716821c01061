"""Customers for the call list, and the list read whole."""

import datetime as dt
from decimal import Decimal

from contracts.call_list import call_list
from contracts.calling import skip_until
from contracts.evidence import log_claim
from contracts.holds import set_hold
from contracts.models import Cancellation, Contract, ContractTerm, Payment
from customers.models import Customer
from tests.cast import make_contract

TODAY = dt.date(2026, 3, 5)
MADE = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


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


def scatter(rng, desk, now, customers):
    """Customers with any number of contracts in any state, held, put off, merged."""
    made = [Customer.objects.create(name=f"S{number}") for number in range(customers)]
    for customer in made:
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            ends = in_days(rng.choice([-400, -91, -31, -30, -1, 0, 1, 59, 60, 61, 300, 500]))
            contract = add_contract(customer, ends, is_auto_renewing=rng.random() < 0.3)
            if rng.random() < 0.2:
                add_term(contract, ends + dt.timedelta(days=rng.choice([1, 1, 30])), rng.choice([30, 364]))
            if rng.random() < 0.1:
                contract.terms.update(taken_back_at=now)
            if rng.random() < 0.2:
                when = rng.choice([None, in_days(0), ends + dt.timedelta(days=1), in_days(900)])
                Cancellation.objects.create(
                    contract=contract, effective_on=when, reason="So", recorded_at=now
                )
            if rng.random() < 0.1:
                log_claim(contract=contract, by=desk.sales, now=now)
            if rng.random() < 0.1:
                Payment.objects.create(
                    customer=rng.choice([None, *made]),
                    contract_written=rng.choice([contract.number, "4711"]),
                    paid_on=TODAY,
                    amount=Decimal("9"),
                    currency="GBP",
                    recorded_at=now,
                )
        if rng.random() < 0.1:
            Payment.objects.create(
                customer=customer, paid_on=TODAY, amount=Decimal("9"), currency="GBP", recorded_at=now
            )
        if rng.random() < 0.1:
            set_hold(customer=customer, source="manager", reason="Wait", by=desk.manager, now=now)
        for days in rng.sample(range(1, 9), rng.choice([0, 0, 0, 1, 2])):
            skip_until(customer=customer, until=in_days(days), reason="Later", by=desk.sales, now=now)
    for customer in rng.sample(made, 3):
        Customer.objects.filter(pk=customer.pk).update(merged_into=desk.customer)
    return made


def add_term(contract, starts_on, days):
    ends_on = starts_on + dt.timedelta(days=days)
    ContractTerm.objects.create(
        contract=contract, starts_on=starts_on, ends_on=ends_on, price=Decimal(1), created_at=MADE
    )
