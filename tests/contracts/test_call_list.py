"""The call list is a query: who may be called, who is held back and why (R1.7)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.call_list import call_list, neighbourhood, next_row, place_of
from contracts.calling import skip_until
from contracts.evidence import log_claim, reject_evidence
from contracts.holds import set_hold
from contracts.models import Cancellation, Contract, Payment
from customers.models import Customer
from tenancy.scope import tenant
from tests.contracts.call_list_scene import TODAY, add_contract, add_customer, in_days, names, rows_of


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


def around(customer):
    near = neighbourhood(Customer(pk=customer), TODAY, before=2, after=3)
    assert near.place == place_of(Customer(pk=customer), TODAY)
    return near


def test_the_rows_around_a_place(north):
    for number in range(9):
        add_customer(f"C{number}", in_days(10 + number))
    rows = rows_of()
    near = around(rows[4].customer_id)
    assert near.list.rows == rows[2:7]
    assert (near.previous, near.following, near.list.after) == (rows[3], rows[5], rows[6].cursor)
    first = around(rows[0].customer_id)
    assert (first.list.rows, first.previous, first.following) == (rows[:5], None, rows[1])
    last = around(rows[8].customer_id)
    assert (last.list.rows, last.following, last.list.after) == (rows[6:], None, "")
    outside = around(north.customer.pk)
    assert (outside.list.rows, outside.previous, outside.following) == (rows[:5], None, rows[0])
    assert near.list.states == outside.list.states == {"renewal due": 9}


def test_the_queries_do_not_grow_with_the_customers(north):
    def queries():
        with CaptureQueriesContext(connection) as found:
            call_list(TODAY)
            place_of(north.customer, TODAY)
            next_row(north.customer, TODAY)
            neighbourhood(first, TODAY, before=4, after=12)
        return len(found)

    first = add_customer("One", in_days(10))
    one = queries()
    for number in range(5):
        add_customer(f"More {number}", in_days(-40))
    assert queries() == one == 5


def test_another_desks_customers_are_on_no_list(cast):
    with tenant(cast.south.tenant):
        add_customer("Theirs", in_days(-40))
    with tenant(cast.north.tenant):
        assert names(rows_of() + rows_of(held_back=True)) == ["Margaret Ellison"]
