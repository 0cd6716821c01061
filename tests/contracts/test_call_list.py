"""The call list is a query: who may be called, who is held back and why (R1.7)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.call_list import call_list, next_row, page_of, place_of
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


def add_customer(name, *ends_on, **fields):
    """A customer with a one-year contract for each end."""
    customer = Customer.objects.create(name=name, **fields)
    for ends in ends_on:
        add_contract(customer, ends)
    return customer


def add_contract(customer, ends_on):
    contract = Contract.objects.create(
        number=f"K-{Contract.objects.count()}", customer=customer, price=Decimal("100"), currency="GBP"
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
    found = call_list(day).held_back
    return dict(zip(names(found), [row.held_back for row in found], strict=True))


def test_due_grace_and_lapsed_are_called_in_this_order(north):
    add_customer("Lapsed long ago", in_days(-700))
    add_customer("Lapsed lately", in_days(-31))
    add_customer("In grace", in_days(-30))
    add_customer("Ends in 60 days", in_days(60))
    add_customer("Ends today", in_days(0))
    rows = call_list(TODAY).rows
    assert names(rows) == ["Ends today", "Ends in 60 days", "In grace", "Lapsed lately", "Lapsed long ago"]
    assert [row.state for row in rows] == ["renewal due", "renewal due", "in grace", "lapsed", "lapsed"]


def test_active_review_and_holds_are_held_back_with_their_reason(north, now):
    claimed = add_customer("Claimed", in_days(-40))
    held = add_customer("Held", in_days(-40))
    log_claim(contract=claimed.contracts.get(), by=north.sales, now=now)
    set_hold(customer=held, source="manager", reason="Complaint", by=north.manager, now=now)
    assert held_back() == {"Margaret Ellison": "active", "Claimed": "in review", "Held": "held"}
    assert call_list(TODAY).rows == []


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
    assert names(call_list(TODAY).rows) == ["Claimed"]


def test_a_customer_is_not_called_about_an_ended_contract_while_another_is_active(north):
    add_customer("Renumbered", in_days(-400), in_days(300))
    assert held_back()["Renumbered"] == "active"


def test_a_customer_is_called_about_the_contract_that_ends_soon(north):
    customer = add_customer("Two", in_days(300), in_days(20))
    row = call_list(TODAY).rows[0]
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
    found = call_list(TODAY)
    assert "Gone" not in names(found.rows + found.held_back)


def test_a_merged_customer_is_on_neither_list(north):
    add_customer("Double", in_days(-40), merged_into=north.customer)
    found = call_list(TODAY)
    assert names(found.rows + found.held_back) == ["Margaret Ellison"]


def test_put_off_until_the_day_itself(north, now):
    customer = add_customer("Buys through the county", in_days(-40))
    skip_until(customer=customer, until=in_days(30), reason="Call in April", by=north.sales, now=now)
    assert held_back(in_days(29))["Buys through the county"] == "put off"
    assert names(call_list(in_days(30)).rows) == ["Buys through the county"]


def test_the_last_day_to_put_off_to_counts(north, now):
    customer = add_customer("Again", in_days(-40))
    skip_until(customer=customer, until=in_days(30), reason="Holiday", by=north.sales, now=now)
    later = now + dt.timedelta(minutes=5)
    skip_until(customer=customer, until=in_days(2), reason="Back earlier", by=north.sales, now=later)
    assert names(call_list(in_days(2)).rows) == ["Again"]


def test_nobody_is_put_off_to_today(north, now):
    with pytest.raises(ValueError, match="Choose a day after today"):
        skip_until(customer=north.customer, until=TODAY, reason="Later", by=north.sales, now=now)


def test_counts_say_how_many_and_why(north, now):
    for number in range(3):
        add_customer(f"Active {number}", in_days(200))
    log_claim(contract=add_customer("Claimed", in_days(-40)).contracts.get(), by=north.sales, now=now)
    add_customer("Lapsed", in_days(-40))
    found = call_list(TODAY)
    assert found.counts == {"active": 4, "in review": 1}
    assert found.states == {"lapsed": 1}


def test_pages_follow_each_other_without_gap_or_overlap(north):
    for number in range(7):
        add_customer(f"C{number}", in_days(10 if number < 5 else -40))
    rows = call_list(TODAY).rows
    seen, after = [], ""
    for _ in range(3):
        page = page_of(rows, after=after, size=3)
        seen += page.rows
        after = page.after
    assert seen == rows
    assert after == ""


def test_a_page_goes_on_after_a_row_that_has_left(north):
    for number in range(4):
        add_customer(f"C{number}", in_days(10 + number))
    rows = call_list(TODAY).rows
    assert page_of(rows[:1] + rows[2:], after=rows[1].cursor).rows == rows[2:]


def test_the_next_row_follows_and_the_last_has_none(north):
    first, last = add_customer("First", in_days(10)), add_customer("Last", in_days(-40))
    assert next_row(first, TODAY).customer_id == last.pk
    assert next_row(last, TODAY) is None
    assert next_row(north.customer, TODAY).customer_id == first.pk


@pytest.mark.parametrize("cursor", ["", "nonsense", "1", "1.x.y", "-1.2.z"])
def test_a_cursor_that_is_none_begins_at_the_front(north, cursor):
    add_customer("One", in_days(10))
    rows = call_list(TODAY).rows
    assert page_of(rows, after=cursor).rows == rows


def test_one_query_for_one_customer_and_for_many(north):
    add_customer("One", in_days(10))
    with CaptureQueriesContext(connection) as one:
        call_list(TODAY)
    for number in range(5):
        add_customer(f"More {number}", in_days(-40))
    with CaptureQueriesContext(connection) as many:
        call_list(TODAY)
    assert len(one) == len(many) == 1


def test_another_desks_customers_are_on_no_list(cast):
    with tenant(cast.south.tenant):
        add_customer("Theirs", in_days(-40))
    with tenant(cast.north.tenant):
        found = call_list(TODAY)
        assert names(found.rows + found.held_back) == ["Margaret Ellison"]


@pytest.mark.parametrize("after", ["²1.x", "².1.x", "1.².x", ".."])
def test_a_cursor_of_odd_figures_is_none(after):
    assert page_of([], after=after).rows == []
