"""A contract that money in a bank's statement may pay for."""

import datetime as dt

import pytest

from contracts.models import ContractTerm
from customers.search_words import index_customer
from tenancy.scope import tenant

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
# The day of the statement's lines.
DAY = dt.date(2026, 3, 2)


@pytest.fixture
def north(cast):
    """Northgate's desk, the term of its contract N-20418 15 Mar 2025 to 14 Mar 2026, price £612."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(starts_on=START, ends_on=END)
        index_customer(cast.north.customer)
        yield cast.north
