"""Customers who may be one, in the browser: usable by everybody, and merged with the keyboard."""

import pytest
from playwright.sync_api import expect

from customers.adding import add_customer
from customers.models import DuplicateProposal
from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll


@pytest.fixture
def pair(live_desk, now):
    """A second row of Margaret Ellison with a long name, proposed."""
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        other = add_customer(
            name="Ms Margaret Euphemia Ellison-Featherstonehaugh",
            company="The Harbour Letter Printing and Stationery Company",
            phone="07700 900412",
            email="margaret.ellison@harbour-letter.example",
            by=desk.dispatcher,
            now=now,
        )
        DuplicateProposal.objects.create(
            first=desk.customer, second=other, reason="Same phone number", proposed_at=now
        )
    return desk, other


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_use_them(live_desk, page_as, pair, theme):
    desk, _ = pair
    paths = ("customers/duplicates/", f"customers/{desk.customer.public_id}/same-as/?q=ellison")
    found = {}
    for width in (1280, 320):
        page = page_as(Role.DISPATCHER, theme=theme, width=width)
        for path in paths:
            page.goto(live_desk.url(path))
            found[path, width] = (axe_violations(page), sideways_scroll(page))
    assert {where: what for where, what in found.items() if what != ([], 0)} == {}


def test_a_pair_is_merged_and_parted_with_the_keyboard(live_desk, page_as, pair):
    desk, other = pair
    page = page_as(Role.DISPATCHER)
    page.goto(live_desk.url("customers/duplicates/"))
    page.get_by_role("button", name="Same, keep Margaret Ellison").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Margaret Ellison")
    page.goto(live_desk.url(f"customers/{other.public_id}/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Margaret Ellison")
    page.goto(live_desk.url("customers/duplicates/"))
    page.get_by_role("button", name="Part them").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(other.name)
