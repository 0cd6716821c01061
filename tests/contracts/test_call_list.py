"""The call list is a query: who may be called, who is held back and why (R1.7)."""

import datetime as dt
import random
from bisect import bisect_right
from collections import Counter, defaultdict
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

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
from contracts.calling import skip_until
from contracts.evidence import log_claim, reject_evidence
from contracts.holds import set_hold
from contracts.models import Cancellation, Contract, ContractTerm, Payment
from customers.models import Customer
from tenancy.scope import tenant

TODAY = dt.date(2026, 3, 5)


@pytest.fixture
def north(cast):
    """Northgate's desk, active; its own customer's contract runs 164 days more."""
    with tenant(cast.north.tenant):
        yield cast.north


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
    contract = Contract.objects.create(
        number=f"K-{Contract.objects.count()}",
        customer=customer,
        price=Decimal("100"),
        currency="GBP",
        **fields,
    )
    ContractTerm.objects.create(
        contract=contract,
        starts_on=ends_on - dt.timedelta(days=364),
        ends_on=ends_on,
        price=contract.price,
        created_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    )
    return contract


def in_days(days):
    return TODAY + dt.timedelta(days=days)


def names(rows):
    found = Customer.objects.in_bulk([row.customer_id for row in rows])
    return [found[row.customer_id].name for row in rows]


def held_back(day=TODAY):
    found = rows_of(day, held_back=True)
    return dict(zip(names(found), [row.held_back for row in found], strict=True))


def test_due_grace_and_lapsed_are_called_in_this_order(north):
    add_customer("Lapsed long ago", in_days(-700))
    add_customer("Lapsed lately", in_days(-31))
    add_customer("In grace", in_days(-30))
    add_customer("Ends in 60 days", in_days(60))
    add_customer("Ends today", in_days(0))
    rows = rows_of()
    assert names(rows) == ["Ends today", "Ends in 60 days", "In grace", "Lapsed lately", "Lapsed long ago"]
    assert [row.state for row in rows] == ["renewal due", "renewal due", "in grace", "lapsed", "lapsed"]


def test_active_review_and_holds_are_held_back_with_their_reason(north, now):
    claimed = add_customer("Claimed", in_days(-40))
    held = add_customer("Held", in_days(-40))
    log_claim(contract=claimed.contracts.get(), by=north.sales, now=now)
    set_hold(customer=held, source="manager", reason="Complaint", by=north.manager, now=now)
    assert held_back() == {"Margaret Ellison": "active", "Claimed": "in review", "Held": "held"}
    assert rows_of() == []


def test_unmatched_money_holds_back(north, now):
    customer = add_customer("Paid somehow", in_days(-40))
    Payment.objects.create(
        customer=customer, paid_on=TODAY, amount=Decimal("100"), currency="GBP", recorded_at=now
    )
    assert held_back()["Paid somehow"] == "in review"


def test_a_rejected_claim_brings_the_customer_back(north, now):
    customer = add_customer("Claimed", in_days(-40))
    claim = log_claim(contract=customer.contracts.get(), by=north.sales, now=now)
    reject_evidence(claim, by=north.accounts, now=now, reason="Nothing found")
    assert names(rows_of()) == ["Claimed"]


def test_a_customer_is_not_called_about_an_ended_contract_while_another_is_active(north):
    add_customer("Renumbered", in_days(-400), in_days(300))
    assert held_back()["Renumbered"] == "active"


def test_a_customer_is_called_about_the_contract_that_ends_soon(north):
    customer = add_customer("Two", in_days(300), in_days(20))
    row = rows_of()[0]
    assert (row.customer_id, row.days) == (customer.pk, 20)
    assert row.contract_id == customer.contracts.get(terms__ends_on=in_days(20)).pk


def test_of_several_ended_contracts_the_last_is_spoken_of(north):
    customer = add_customer("Two", in_days(-400), in_days(-50))
    row = place_of(customer, TODAY)
    assert row.contract_id == customer.contracts.get(terms__ends_on=in_days(-50)).pk


def test_a_review_of_any_contract_holds_the_customer_back(north, now):
    customer = add_customer("Two", in_days(20), in_days(-50))
    log_claim(contract=customer.contracts.get(terms__ends_on=in_days(-50)), by=north.sales, now=now)
    assert place_of(customer, TODAY).held_back == "in review"


def test_cancelled_is_on_neither_list(north, now):
    customer = add_customer("Gone", in_days(-40))
    Cancellation.objects.create(contract=customer.contracts.get(), reason="Moved away", recorded_at=now)
    assert place_of(customer, TODAY) is None
    assert "Gone" not in names(rows_of() + rows_of(held_back=True))


def test_a_merged_customer_is_on_neither_list(north):
    add_customer("Double", in_days(-40), merged_into=north.customer)
    assert names(rows_of() + rows_of(held_back=True)) == ["Margaret Ellison"]


def test_put_off_until_the_day_itself(north, now):
    customer = add_customer("Buys through the county", in_days(-40))
    skip_until(customer=customer, until=in_days(30), reason="Call in April", by=north.sales, now=now)
    assert held_back(in_days(29))["Buys through the county"] == "put off"
    assert names(rows_of(in_days(30))) == ["Buys through the county"]


def test_the_last_day_to_put_off_to_counts(north, now):
    customer = add_customer("Again", in_days(-40))
    skip_until(customer=customer, until=in_days(30), reason="Holiday", by=north.sales, now=now)
    later = now + dt.timedelta(minutes=5)
    skip_until(customer=customer, until=in_days(2), reason="Back earlier", by=north.sales, now=later)
    assert names(rows_of(in_days(2))) == ["Again"]


def test_nobody_is_put_off_to_today(north, now):
    with pytest.raises(ValueError, match="Choose a day after today"):
        skip_until(customer=north.customer, until=TODAY, reason="Later", by=north.sales, now=now)


def test_counts_say_how_many_and_why(north, now):
    for number in range(3):
        add_customer(f"Active {number}", in_days(200))
    log_claim(contract=add_customer("Claimed", in_days(-40)).contracts.get(), by=north.sales, now=now)
    add_customer("Lapsed", in_days(-40))
    found = call_list(TODAY)
    assert found.held_back == {"active": 4, "in review": 1}
    assert found.states == {"lapsed": 1}
    assert (found.to_call, found.held) == (1, 5)


def test_pages_follow_each_other_without_gap_or_overlap(north):
    for number in range(7):
        add_customer(f"C{number}", in_days(10 if number < 5 else -40))
    rows = rows_of()
    assert len(rows) == 7
    assert rows == sorted(rows) == rows_of(size=3) == rows_of(size=7)
    assert call_list(TODAY, size=7).after == ""


def test_a_page_goes_on_after_a_row_that_has_left(north):
    for number in range(4):
        add_customer(f"C{number}", in_days(10 + number))
    rows = rows_of()
    Customer.objects.filter(pk=rows[1].customer_id).update(merged_into=north.customer)
    assert call_list(TODAY, after=rows[1].cursor).rows == rows[2:]


def test_a_state_or_a_reason_narrows_the_list_but_not_the_counts(north, now):
    for number in range(3):
        add_customer(f"Due {number}", in_days(10))
    held = add_customer("Held though active", in_days(300))
    set_hold(customer=held, source="manager", reason="Complaint", by=north.manager, now=now)
    add_customer("Lapsed", in_days(-40))
    assert names(rows_of(only="lapsed")) == ["Lapsed"]
    assert len(rows_of(only="renewal due", size=2)) == 3
    assert names(rows_of(held_back=True, only="held")) == ["Held though active"]
    assert names(rows_of(held_back=True, only="active")) == ["Margaret Ellison"]
    assert call_list(TODAY, only="lapsed").states == {"renewal due": 3, "lapsed": 1}


def test_who_renews_by_itself_is_held_back_unless_notice_was_given(north, now):
    for name in ("Goes on", "Gave notice", "Held", "With another due"):
        add_contract(Customer.objects.create(name=name), in_days(20), is_auto_renewing=True)
    ends = Contract.objects.get(customer__name="Gave notice")
    Cancellation.objects.create(
        contract=ends, effective_on=in_days(21), given_on=in_days(-20), reason="Moves", recorded_at=now
    )
    held = Customer.objects.get(name="Held")
    set_hold(customer=held, source="manager", reason="Complaint", by=north.manager, now=now)
    add_contract(Customer.objects.get(name="With another due"), in_days(30))
    assert sorted(names(rows_of())) == ["Gave notice", "With another due"]
    assert held_back() == {"Goes on": "renews itself", "Held": "held", "Margaret Ellison": "active"}
    assert place_of(Customer.objects.get(name="With another due"), TODAY).days == 30


def test_the_next_row_follows_and_the_last_has_none(north):
    first, last = add_customer("First", in_days(10)), add_customer("Last", in_days(-40))
    assert next_row(first, TODAY).customer_id == last.pk
    assert next_row(last, TODAY) is None
    assert next_row(north.customer, TODAY).customer_id == first.pk


ODD_CURSORS = ["", "nonsense", "1", "1.x.y", "-1.2.z", "²1.x", "².1.x", "1.².x", "..", "9" * 30 + ".1.x"]


@pytest.mark.parametrize("cursor", [*ODD_CURSORS, f"{'9' * 30}.1.{'0' * 32}", f"1.{'9' * 30}.{'0' * 32}"])
def test_a_cursor_that_is_none_begins_at_the_front(north, cursor):
    add_customer("One", in_days(10))
    assert names(call_list(TODAY, after=cursor).rows) == ["One"]


def test_the_rows_around_a_place(north):
    for number in range(9):
        add_customer(f"C{number}", in_days(10 + number))
    rows = rows_of()
    near = neighbourhood(rows[4], TODAY, before=2, after=3)
    assert near.list.rows == rows[2:7]
    assert (near.previous, near.following, near.list.after) == (rows[3], rows[5], rows[6].cursor)
    first = neighbourhood(rows[0], TODAY, before=2, after=3)
    assert (first.list.rows, first.previous, first.following) == (rows[:5], None, rows[1])
    last = neighbourhood(rows[8], TODAY, before=2, after=3)
    assert (last.list.rows, last.following, last.list.after) == (rows[6:], None, "")
    outside = neighbourhood(place_of(north.customer, TODAY), TODAY, before=2, after=3)
    assert (outside.list.rows, outside.previous, outside.following) == (rows[:5], None, rows[0])
    assert near.list.states == outside.list.states == {"renewal due": 9}


def test_the_queries_do_not_grow_with_the_customers(north):
    def queries():
        with CaptureQueriesContext(connection) as found:
            call_list(TODAY)
            place_of(north.customer, TODAY)
            next_row(north.customer, TODAY)
            neighbourhood(place_of(first, TODAY), TODAY, before=4, after=12)
        return len(found)

    first = add_customer("One", in_days(10))
    one = queries()
    for number in range(5):
        add_customer(f"More {number}", in_days(-40))
    assert queries() == one == 6


def test_another_desks_customers_are_on_no_list(cast):
    with tenant(cast.south.tenant):
        add_customer("Theirs", in_days(-40))
    with tenant(cast.north.tenant):
        assert names(rows_of() + rows_of(held_back=True)) == ["Margaret Ellison"]


# The same, slowly: every contract in Python, as the rule reads.


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


def scatter(rng, desk, now, customers):
    """Customers with any number of contracts in any state, held, put off, merged."""
    made = [Customer.objects.create(name=f"S{number}") for number in range(customers)]
    for customer in made:
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            ends = in_days(rng.choice([-400, -91, -31, -30, -1, 0, 1, 59, 60, 61, 300, 500]))
            contract = add_contract(customer, ends, is_auto_renewing=rng.random() < 0.3)
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
                customer=customer, paid_on=TODAY, amount=Decimal("9"), currency="GBP", recorded_at=now
            )
        if rng.random() < 0.1:
            set_hold(customer=customer, source="manager", reason="Wait", by=desk.manager, now=now)
        for days in rng.sample(range(1, 9), rng.choice([0, 0, 0, 1, 2])):
            skip_until(customer=customer, until=in_days(days), reason="Later", by=desk.sales, now=now)
    for customer in rng.sample(made, 3):
        Customer.objects.filter(pk=customer.pk).update(merged_into=desk.customer)
    return made


@pytest.mark.parametrize("seed", range(4))
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


def exactly(rows):
    """Rows as all of what they say: two are equal by their place alone."""
    return [row and vars(row) for row in rows]
