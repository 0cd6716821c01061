"""The call list (R1.7, design 4.4)."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.duties import open_duty
from cases.models import Duty
from contracts.evidence import log_claim
from contracts.holds import set_hold
from contracts.models import Payment
from contracts.verifying import ask_to_judge
from tenancy.calendars import calendar_of
from tenancy.scope import tenant
from tests.reading import text
from tests.servicedesk.calls_scene import TODAY, add_customer, check_url, north, set_end

pytestmark = pytest.mark.usefixtures("moment")

__all__ = ["north"]


def test_the_list_names_who_may_be_called_and_counts_who_is_held_back(sales, north, now):
    with tenant(north.tenant):
        add_customer(north, "Active", dt.date(2027, 1, 1))
        claimed = add_customer(north, "Claimed", dt.date(2026, 1, 1))
        log_claim(contract=claimed.contracts.get(), by=north.sales, now=now)
    read = text(sales.get(north.url("calls/")))
    assert "The Harbour Letter N-20418 Ended 1 Jan 2026, no payment found" in read
    assert "2 held back: 1 active, 1 in review." in read
    assert "Claimed" not in read
    assert "Renewal due 0" in read
    assert "Lapsed 1" in read


def test_who_is_held_back_can_be_read_with_the_reason(sales, north, now):
    with tenant(north.tenant):
        held = add_customer(north, "Held", dt.date(2026, 1, 1))
        set_hold(customer=held, source="manager", reason="In court", by=north.manager, now=now)
    read = text(sales.get(north.url("calls/?show=held")))
    assert "Held K-Held Ended 1 Jan 2026, no payment found In court" in read
    assert "The Harbour Letter" not in read
    assert "Nobody is held back here" in text(sales.get(north.url("calls/?show=held&state=review")))


def test_a_state_narrows_the_list(sales, north):
    with tenant(north.tenant):
        add_customer(north, "Due", dt.date(2026, 3, 20))
    read = text(sales.get(north.url("calls/?state=due")))
    assert "Ends in 15 days" in read
    assert "The Harbour Letter" not in read


def test_an_empty_list_says_why(sales, north):
    with tenant(north.tenant):
        set_end(north, dt.date(2027, 1, 1))
    assert "Nobody to call: every contract is active, in review or held back" in text(
        sales.get(north.url("calls/"))
    )


def test_the_list_is_paged_by_key(sales, north, monkeypatch):
    monkeypatch.setattr("servicedesk.calls.PAGE", 2)
    with tenant(north.tenant):
        for number in range(4):
            add_customer(north, f"Row{number}", dt.date(2026, 3, 20))
    seen, address = [], north.url("calls/")
    while address:
        body = sales.get(address).content.decode()
        seen += re.findall(r'<th scope="row"[^>]*><a[^>]*>([^<]+)<', body)
        following = re.search(r'href="\?([^"]*after=[^"]*)"', body)
        address = north.url(f"calls/?{following[1].replace('&amp;', '&')}") if following else None
    assert sorted(seen[:4]) == ["Row0", "Row1", "Row2", "Row3"]
    assert seen[4:] == ["The Harbour Letter"]


def test_the_list_costs_the_same_for_one_row_and_for_more(sales, north):
    sales.get(north.url("calls/"))
    with CaptureQueriesContext(connection) as one:
        sales.get(north.url("calls/"))
    with tenant(north.tenant):
        for number in range(3):
            add_customer(north, f"Row{number}", dt.date(2026, 3, 20))
    with CaptureQueriesContext(connection) as more:
        sales.get(north.url("calls/"))
    assert len(more) == len(one)


def test_accounts_read_what_waits_for_them(client, north, now):
    with tenant(north.tenant):
        claim = log_claim(contract=north.contract, by=north.sales, now=now)
    client.force_login(north.people["accounts"].user)
    body = client.get(north.url("calls/"))
    assert "Verify the renewal of N-20418: The customer's word of 5 Mar 2026" in text(body).replace(
        "&#x27;", "'"
    )
    assert f"contracts/{north.contract.public_id}/evidence/{claim.public_id}/" in body.content.decode()


def test_accounts_read_which_money_is_unmatched_and_who_asks(client, north, now):
    with tenant(north.tenant):
        payment = Payment.objects.create(
            customer=north.customer,
            paid_on=TODAY,
            amount=Decimal("612"),
            currency="GBP",
            recorded_at=now,
        )
        open_duty(
            "unmatched money",
            payment.public_id,
            kind=Duty.Kind.MATCH_PAYMENT,
            title="Match £612.00",
            due_at=now - dt.timedelta(hours=1),
            now=now - dt.timedelta(days=1),
            owner_role="accounts",
            customer=north.customer,
            subject=payment.public_id,
        )
        ask_to_judge(contract=north.contract, calendar=calendar_of(north.tenant), by=north.sales, now=now)
    client.force_login(north.people["accounts"].user)
    body = client.get(north.url("calls/")).content.decode()
    assert f'<a href="{north.url(f"payments/{payment.public_id}/")}">Match £612.00</a>' in body
    contract = north.url(f"contracts/{north.contract.public_id}/")
    assert f'<a href="{contract}">Is N-20418 renewed? Jamie Mercer asks</a>' in body
    assert body.index("Match £612.00") < body.index("Is N-20418 renewed?")


@pytest.mark.parametrize("role", ["technician", "dispatcher"])
def test_the_call_list_is_for_sales(client, north, role):
    client.force_login(north.people[role].user)
    assert client.get(north.url("calls/")).status_code == 403
    assert client.get(check_url(north)).status_code == 403
