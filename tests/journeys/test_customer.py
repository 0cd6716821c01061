"""A customer with a link and a telephone's browser, no account."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from cases.models import Duty
from customers.links import make_link
from customers.models import CustomerLink
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_visit
from visits.models import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def link(live_desk, now):
    """The address of Margaret's page of a visit in two days."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        visit = make_visit(north, start=now.replace(minute=0) + dt.timedelta(hours=49), technician=north.lou)
        token = make_link(
            north.customer,
            CustomerLink.Purpose.VISIT,
            visit.public_id,
            now=now,
            expires_at=now + dt.timedelta(days=9),
        )
    return f"{live_desk.address}/v/{token}/", visit


def test_yes_another_time_ring_me_and_cancel(live_desk, page_as, link):
    address, visit = link
    page = page_as(width=390, height=844)
    page.goto(address)
    page.get_by_role("button", name="Yes, that suits me").click()
    expect(page.get_by_text("Thank you.")).to_be_visible()
    page.get_by_role("link", name="Change the time").click()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Move my visit").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("is coming")
    page.get_by_role("button", name="Please ring me").click()
    expect(page.get_by_text("We will ring you today by")).to_be_visible()
    page.get_by_role("link", name="Cancel my visit").click()
    page.get_by_role("button", name="Cancel my visit").click()
    expect(page.get_by_role("heading", name="Your visit is cancelled")).to_be_visible()
    with tenant(live_desk.cast.north.tenant):
        assert Visit.objects.get(pk=visit.pk).state == Visit.State.CANCELLED_BY_CUSTOMER
        assert Duty.objects.open().filter(kind=Duty.Kind.CALL_CUSTOMER).count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "change/", "cancel/"])
def test_every_page_is_accessible_at_320_pixels(page_as, link, theme, path):
    page = page_as(width=320, height=640, theme=theme)
    page.goto(link[0] + path)
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0
