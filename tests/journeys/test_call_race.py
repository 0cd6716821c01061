"""Money comes in while a sales rep works on the call list: nobody who paid hears a lapse call (R1.7)."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from cases.models import Interaction
from contracts.matching import match_payments
from contracts.models import Contract, Payment
from customers.models import Customer, TimelineEntry
from tenancy.scope import tenant
from tests.journeys.test_sales import address, press, scene

__all__ = ["scene"]

LAPSED = "Weir House"


def pay(scene, name, now):
    """Money that names the customer's contract exactly is taken in and matched."""
    with tenant(scene.cast.north.tenant):
        contract = Contract.objects.get(customer__name=name)
        payment = Payment.objects.create(
            customer=contract.customer,
            contract_written=contract.number,
            paid_on=dt.date(2026, 3, 4),
            amount=contract.price,
            currency="GBP",
            recorded_at=now,
        )
        matched = match_payments([payment], by=scene.cast.north.people["accounts"], now=now)
        assert matched.renewed == [payment]


def calls_logged(scene):
    """How many calls about a lapse were kept, as an interaction or in the time line."""
    with tenant(scene.cast.north.tenant):
        return (
            Interaction.objects.count() + TimelineEntry.objects.filter(title__contains="has lapsed").count()
        )


@pytest.mark.browser
def test_a_row_clicked_after_the_money_came_is_greyed_out_with_the_reason(page_as, scene, now):
    page = page_as("sales")
    page.goto(scene.url("calls/"))
    row = page.get_by_role("row").filter(has_text=LAPSED)
    expect(row).to_contain_text("Ended 31 Jan 2026, no payment found")
    pay(scene, LAPSED, now)
    # The list stands as it was when it was asked for; opening the row asks again.
    with page.expect_navigation():
        row.get_by_role("link", name=LAPSED, exact=True).click()
    expect(page.get_by_role("heading", name="Active until 31 Jan 2027")).to_be_visible()
    gone = page.locator(".queue li[data-gone]")
    expect(gone).to_contain_text("Weir House")
    expect(gone).to_contain_text("Not in the list: Active until 31 Jan 2027")
    shown, others = (
        locator.evaluate("node => getComputedStyle(node).color")
        for locator in (gone, page.locator(".queue li a").first)
    )
    assert shown != others
    expect(page.locator(".queue li a", has_text=LAPSED)).to_have_count(0)
    for pitch in ("Log the call", "Skip", "Customer says it is renewed"):
        expect(page.get_by_role("button", name=pitch, exact=True)).to_have_count(0)
    expect(page.get_by_text("the next term is")).to_have_count(0)
    # Nobody is asked to ring about it any more.
    page.goto(scene.url("calls/?state=lapsed"))
    expect(page.get_by_role("link", name=LAPSED, exact=True)).to_have_count(0)


@pytest.mark.browser
def test_a_call_about_a_lapse_is_refused_where_the_money_came_after_the_page(page_as, scene, now):
    page = page_as("sales")
    page.goto(address(scene, LAPSED))
    expect(page.get_by_role("heading", name="Ended 31 Jan 2026, no payment found")).to_be_visible()
    page.get_by_label("What was said").fill("They ask for a price")
    pay(scene, LAPSED, now)
    with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        page.get_by_role("button", name="Log the call").click()
    assert posted.value.status == 409
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("Not logged")
    expect(refusal).to_contain_text("Active until 31 Jan 2027")
    # What was said is not lost with the refusal.
    expect(refusal).to_contain_text("They ask for a price")
    expect(page.locator(".queue li[data-gone]")).to_contain_text("Not in the list: Active until 31 Jan 2027")
    expect(page.get_by_label("What was said")).to_have_count(0)
    assert calls_logged(scene) == 0


@pytest.mark.browser
def test_without_the_money_the_same_call_is_logged(page_as, scene):
    page = page_as("sales")
    page.goto(address(scene, LAPSED))
    page.get_by_label("What was said").fill("They ask for a price")
    page.get_by_role("button", name="Log the call").click()
    expect(page.get_by_role("status")).to_contain_text("Call logged.")
    assert calls_logged(scene) == 2


@pytest.mark.browser
def test_the_keys_pass_over_whoever_paid_meanwhile(page_as, scene, now):
    page = page_as("sales")
    page.goto(address(scene, "Pell Street Studio"))
    pay(scene, "Abbot Hall", now)
    # J leads where the page said; there the list is asked again and goes on from its front.
    press(page, "j")
    expect(page.get_by_role("heading", level=1)).to_have_text("Abbot Hall")
    expect(page.locator(".queue li[data-gone]")).to_contain_text("Not in the list: Active until 22 Mar 2027")
    press(page, "j")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pell Street Studio")
    press(page, "j")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ogden Tax Advisers")
    press(page, "k")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pell Street Studio")
    press(page, "x")
    expect(page.get_by_label("Skip until")).to_be_focused()
    page.get_by_label("Skip until").fill("2026-04-01")
    page.get_by_role("textbox", name="Why").fill("In April")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ogden Tax Advisers")
    with tenant(scene.cast.north.tenant):
        skipped = Customer.objects.get(name="Pell Street Studio").call_skips.get()
        assert skipped.reason == "In April"
