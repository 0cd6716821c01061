"""Tenure runs over all terms, and from an earlier "customer since" (R1.10)."""

import datetime as dt

import pytest

from contracts.models import ContractTerm
from contracts.tenure import customer_since, tenure_in_words, with_first_term
from customers.models import Customer

TODAY = dt.date(2026, 3, 5)


@pytest.mark.parametrize(
    ("said", "since"),
    [(None, dt.date(2025, 8, 17)), (dt.date(2016, 1, 2), dt.date(2016, 1, 2)), (TODAY, dt.date(2025, 8, 17))],
)
def test_the_earlier_of_first_term_and_old_program(north, said, since):
    Customer.objects.filter(pk=north.customer.pk).update(customer_since=said)
    north.customer.refresh_from_db()
    assert customer_since(north.customer) == since
    assert customer_since(with_first_term(Customer.objects.all()).get(pk=north.customer.pk)) == since


def test_a_term_taken_back_never_was(north, now):
    ContractTerm.objects.filter(pk=north.term.pk).update(taken_back_at=now)
    Customer.objects.filter(pk=north.customer.pk).update(customer_since=None)
    north.customer.refresh_from_db()
    assert customer_since(north.customer) is None
    assert customer_since(with_first_term(Customer.objects.all()).get(pk=north.customer.pk)) is None


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (None, ""),
        (dt.date(2026, 4, 1), ""),
        (TODAY, "customer since March 2026"),
        (dt.date(2025, 3, 6), "customer since March 2025"),
        (dt.date(2025, 3, 5), "customer for 1 year"),
        (dt.date(2016, 3, 6), "customer for 9 years"),
        (dt.date(2016, 3, 5), "customer for 10 years"),
    ],
)
def test_words(since, words):
    assert tenure_in_words(since, today=TODAY) == words
