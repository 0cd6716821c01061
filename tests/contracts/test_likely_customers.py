"""Whose unmatched money may be, by the words of a name, also where many are called so."""

import datetime as dt
from decimal import Decimal

import pytest

from contracts import likely_customers as likely
from contracts.likely_customers import likely_customers
from contracts.models import Payment
from contracts.payers import Payers
from customers.models import Customer
from customers.search_words import index_customer
from tenancy.scope import tenant

DAY = dt.date(2026, 3, 2)


@pytest.fixture
def smiths(cast, now, monkeypatch):
    """John and Jane Smith, at a desk where two of a name are many."""
    monkeypatch.setattr(likely, "_COMMON", 1)
    with tenant(cast.north.tenant):
        people = [Customer.objects.create(name=f"{first} Smith") for first in ("John", "Jane", "Mary")]
        people.append(Customer.objects.create(name="John Doe"))
        for one in people:
            index_customer(one)
        yield people


def money_of(payer, now, **fields):
    return Payment.objects.create(
        paid_on=DAY, amount=Decimal("10"), currency="GBP", payer=payer, recorded_at=now, **fields
    )


def test_two_common_words_find_whom_one_of_them_would_not(smiths, now, django_assert_num_queries):
    john, *_ = smiths
    full, short = money_of("SMITH JOHN", now), money_of("SMITH", now)
    with django_assert_num_queries(2):
        found = likely_customers([full, short])
    assert list(found[full.pk]) == [john.pk]
    assert found[short.pk] == {}


def test_a_rare_word_finds_alone(smiths, now):
    _, _, mary, _ = smiths
    payment = money_of("M Smith", now, reference="Mary Smith, thanks")
    assert list(likely_customers([payment])[payment.pk]) == [mary.pk]


def test_earlier_money_is_found_by_its_payer_however_it_is_written(cast, now):
    with tenant(cast.north.tenant):
        money_of(" Tallis Trust ", now, contract=cast.north.contract, matched_at=now)
        assert Payers(["TALLIS TRUST"]).paid_before("tallis trust") == cast.north.customer
