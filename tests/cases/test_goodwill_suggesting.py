"""What is fair, from figures alone: never above the limit, and never less for more failures."""

from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.goodwill_suggesting import suggested_goodwill
from cases.models import GoodwillItem

entry = partial(GoodwillItem, tenant_id=1)
ITEMS = [
    entry(name="A visit", kind="free visit", limit=Decimal("95.00")),
    entry(name="A credit", kind="credit", limit=Decimal("25.00")),
    entry(name="A large credit", kind="credit", limit=Decimal("180.00")),
]
amounts = st.decimals(min_value="0.01", max_value="5000", places=2)
items = st.lists(
    st.builds(entry, name=st.text(max_size=3), kind=st.sampled_from(["free visit", "credit"]), limit=amounts),
    max_size=6,
)
figures = st.integers(min_value=0, max_value=30)


@pytest.mark.parametrize(
    ("figures", "suggested"),
    [
        # years, misses, broken: the entry, the amount, why
        ((30, 0, 0), None),
        ((0, 0, 1), ("A visit", "95.00", "1 broken promise")),
        ((0, 1, 0), ("A visit", "95.00", "1 missed visit")),
        ((4, 1, 0), ("A visit", "95.00", "1 missed visit, customer for 4 years")),
        ((10, 1, 0), ("A large credit", "120", "1 missed visit, customer for 10 years")),
        ((1, 2, 1), ("A large credit", "150", "2 missed visits, 1 broken promise, customer for 1 year")),
        ((12, 2, 0), ("A large credit", "180.00", "2 missed visits, customer for 12 years")),
        ((0, 9, 9), ("A large credit", "180.00", "9 missed visits, 9 broken promises")),
    ],
)
def test_what_is_fair(figures, suggested):
    years, misses, broken = figures
    found = suggested_goodwill(ITEMS, years=years, misses=misses, broken=broken)
    assert (found and (found.item.name, str(found.amount), found.because)) == suggested


def test_one_broken_promise_of_a_small_catalogue_is_a_part_of_it():
    (small,) = [item for item in ITEMS if item.name == "A credit"]
    found = suggested_goodwill([small], years=0, misses=0, broken=1)
    assert (found.item, found.amount) == (small, Decimal(5))


@given(items, figures, figures, figures)
def test_never_above_the_limit_and_never_nothing_for_a_failure(items, years, misses, broken):
    found = suggested_goodwill(items, years=years, misses=misses, broken=broken)
    if not items or misses + broken == 0:
        assert found is None
    else:
        assert 0 < found.amount <= found.item.limit
        assert found.item in items


@given(items, figures, figures, figures, figures, figures)
def test_more_failures_never_propose_less(items, years, misses, broken, more_misses, more_broken):
    fewer = suggested_goodwill(items, years=years, misses=misses, broken=broken)
    more = suggested_goodwill(items, years=years, misses=misses + more_misses, broken=broken + more_broken)
    if fewer:
        assert more.amount >= fewer.amount


@given(items, figures, figures, figures, figures)
def test_a_longer_tenure_never_proposes_less(items, years, misses, broken, longer):
    fewer = suggested_goodwill(items, years=years, misses=misses, broken=broken)
    more = suggested_goodwill(items, years=years + longer, misses=misses, broken=broken)
    assert (fewer is None) == (more is None)
    if fewer:
        assert more.amount >= fewer.amount
