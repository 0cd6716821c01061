"""The pages that act on contracts, in a real browser: evidence in two clicks, and each page accessible."""

import datetime as dt
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from contracts.cancelling import cancel
from contracts.models import Contract, ContractTerm, RenewalEvidence
from customers.models import Customer
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.journeys.test_sales import add_customer, address, scene

__all__ = ["scene"]


@pytest.mark.browser
def test_two_clicks_log_a_cheque_and_lead_back(page_as, scene):
    page = page_as("sales")
    page.goto(address(scene, "Weir House"))
    page.get_by_role("link", name="Log evidence").click()
    page.get_by_role("button", name="Log a cheque").click()
    expect(page).to_have_url(address(scene, "Weir House"))
    expect(page.get_by_role("status")).to_contain_text("Evidence logged: Cheque for N-")
    expect(page.get_by_role("heading", name="Renewal in review: cheque of 5 March")).to_be_visible()


@pytest.mark.browser
def test_enter_in_a_field_logs_nothing_by_chance(page_as, scene):
    page = page_as("sales")
    page.goto(address(scene, "Weir House"))
    page.get_by_role("link", name="Log evidence").click()
    page.get_by_label("Number or reference").fill("TRX 9")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Log evidence")).to_be_visible()
    page.get_by_role("button", name="Log a bank line").click()
    expect(page.get_by_role("status")).to_contain_text("Evidence logged: Bank line TRX 9")
    with tenant(scene.cast.north.tenant):
        assert RenewalEvidence.objects.filter(contract__customer__name="Weir House").count() == 1


@pytest.mark.browser
def test_a_technician_logs_what_the_customer_hands_over(page_as, scene):
    page = page_as("technician", width=390)
    with tenant(scene.cast.north.tenant):
        customer = Customer.objects.get(name="Weir House").public_id
    page.goto(scene.url(f"customers/{customer}/evidence/"))
    assert axe_violations(page) == []
    page.get_by_role("button", name="Log a photo").click()
    expect(page.get_by_role("status")).to_contain_text("Evidence logged: Photo")


@pytest.mark.browser
@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 320)])
def test_every_page_is_accessible(page_as, scene, now, theme, width):
    north = scene.cast.north
    with tenant(north.tenant):
        bare = Contract.objects.create(
            number="N-BARE", customer=north.customer, price=Decimal("1"), currency="GBP"
        )
        second = Contract.objects.create(
            number="N-20419", customer=north.customer, price=Decimal("480"), currency="GBP"
        )
        ContractTerm.objects.create(
            contract=second,
            starts_on=dt.date(2025, 4, 1),
            ends_on=dt.date(2026, 3, 31),
            price=second.price,
            created_at=now,
        )
        ended = add_customer("Cancelled Ltd", dt.date(2026, 3, 31)).contracts.get()
        day = dt.date(2026, 4, 1)
        cancel(
            ended, effective_on=day, given_on=now.date(), reason="Sold", by=north.people["manager"], now=now
        )
        lapsed = Customer.objects.get(name="Weir House").public_id
    customer, own = f"customers/{north.customer.public_id}", f"contracts/{north.contract.public_id}"
    both = f"contracts={north.contract.public_id}&contracts={second.public_id}"
    paths = [
        "renewals/",
        "renewals/?state=soon",
        "renewals/?state=renewed",
        "renewals/?state=offered",
        f"{customer}/evidence/",
        f"customers/{lapsed}/evidence/",
        f"{own}/",
        f"{own}/renew/",
        f"{own}/cancel/",
        f"{own}/settings/",
        f"contracts/{ended.public_id}/",
        f"contracts/{ended.public_id}/renew/",
        f"contracts/{ended.public_id}/cancel/",
        f"contracts/{bare.public_id}/first-term/",
        f"{customer}/contracts/new/",
        f"{customer}/end-together/",
        f"{customer}/end-together/?{both}&ends_on=2027-12-31",
        f"{customer}/end-together/?{both}&ends_on=2026-01-01",
        f"{customer}/",
    ]
    page = page_as("manager", theme=theme, width=width)
    for path in paths:
        page.goto(scene.url(path))
        assert axe_violations(page) == [], path
        assert sideways_scroll(page) == 0, path
