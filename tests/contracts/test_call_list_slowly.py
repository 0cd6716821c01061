"""The call list says what the rule says, read slowly: every contract in Python (R1.7)."""

import random
from bisect import bisect_right
from collections import Counter, defaultdict

import pytest

from contracts.call_list import (
    ACTIVE,
    HELD,
    IN_REVIEW,
    PUT_OFF,
    RENEWS_ITSELF,
    Row,
    call_list,
    neighbourhood,
    next_row,
    place_of,
)
from contracts.models import Contract
from tests.contracts.call_list_scene import TODAY, in_days, rows_of, scatter


def slow_rows(day):
    of_customer = defaultdict(list)
    for contract in Contract.objects.with_cover(day):
        if contract.customer.merged_into_id is None:
            of_customer[contract.customer].append(contract)
    rows = [slow_row(customer, found, day) for customer, found in of_customer.items()]
    return sorted(row for row in rows if row is not None)


def slow_row(customer, contracts, day):
    contract, held_back = slow_verdict(customer, contracts, day)
    if contract is None:
        return None
    return Row(
        rank={"renewal due": 0, "in grace": 1, "lapsed": 2}.get(contract.cover_state, 3),
        days=slow_days(contract, day),
        customer=str(customer.public_id),
        customer_id=customer.pk,
        contract_id=contract.pk,
        state=contract.cover_state,
        held_back=held_back,
    )


def slow_verdict(customer, contracts, day):
    by_state = defaultdict(list)
    for contract in contracts:
        by_state[contract.cover_state].append(contract)
    due = [c for c in by_state["renewal due"] if not c.is_auto_renewing or c.noticed]
    goes_on = [c for c in by_state["renewal due"] if c.is_auto_renewing and not c.noticed]
    running = by_state["active"] + by_state["upcoming"]
    ended = by_state["in grace"] + by_state["lapsed"]
    if by_state["renewal in review"]:
        return slow_nearest(by_state["renewal in review"], day), IN_REVIEW
    candidate = slow_nearest(due or goes_on or running or ended, day)
    if candidate is None:
        return None, ""
    skip = customer.call_skips.order_by("-at", "-pk").first()
    if customer.holds.filter(released_at__isnull=True).exists():
        return candidate, HELD
    if not due and (goes_on or running):
        return candidate, RENEWS_ITSELF if goes_on else ACTIVE
    return candidate, PUT_OFF if skip is not None and skip.until > day else ""


def slow_nearest(contracts, day):
    return min(contracts, key=lambda contract: (slow_days(contract, day), contract.pk), default=None)


def slow_days(contract, day):
    return abs((contract.last_end - day).days) if contract.last_end else 99_999


@pytest.mark.parametrize("seed", range(6))
def test_it_says_what_the_rule_says_read_slowly(north, now, seed):
    rng = random.Random(seed)
    made = scatter(rng, north, now, customers=60)
    for day in (TODAY, in_days(4)):
        expected = slow_rows(day)
        to_call = [row for row in expected if row.may_be_called]
        held = [row for row in expected if not row.may_be_called]
        assert to_call and held
        assert exactly(rows_of(day, size=7)) == exactly(to_call)
        assert exactly(rows_of(day, size=7, held_back=True)) == exactly(held)
        found = call_list(day)
        assert found.states == Counter(row.state for row in to_call)
        assert found.held_back == Counter(row.held_back for row in held)
        place = {row.customer_id: row for row in expected}
        for customer in rng.sample(made, 20):
            here = place.get(customer.pk)
            assert exactly([place_of(customer, day)]) == exactly([here])
            after = bisect_right(to_call, here) if here in to_call else 0
            assert next_row(customer, day) == (to_call[after] if after < len(to_call) else None)
            assert_around(to_call, customer, here, day)
        for state in {row.state for row in to_call}:
            assert rows_of(day, size=7, only=state) == [row for row in to_call if row.state == state]
        for why in {row.held_back for row in held}:
            found = rows_of(day, size=7, held_back=True, only=why)
            assert found == [row for row in held if row.held_back == why]


def assert_around(to_call, customer, here, day):
    near = neighbourhood(customer, day, before=2, after=3)
    assert exactly([near.place]) == exactly([here])
    at = to_call.index(here) if here in to_call else 0
    first = max(0, at - 2)
    assert exactly(near.list.rows) == exactly(to_call[first : first + 5])
    assert near.previous == (to_call[at - 1] if at else None)


def exactly(rows):
    """Rows as all of what they say: two are equal by their place alone."""
    return [row and vars(row) for row in rows]
