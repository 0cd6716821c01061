"""Days on a contract as goodwill: asked for on the customer's page, given with one tap, told everywhere."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from cases.models import GoodwillItem, GoodwillLimit
from contracts.renewals import last_term
from contracts.wording import day_in_full
from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import faults_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 320)])
def test_days_are_asked_for_given_and_read_everywhere(live_desk, page_as, theme, width):
    desk, found = live_desk.cast.north, {}
    with tenant(desk.tenant):
        item = GoodwillItem.objects.create(name="Some weeks more", kind="extension", days=30)
        GoodwillLimit.objects.create(item=item, role=Role.DISPATCHER, days=14)
        ends_on = last_term(desk.contract).ends_on
    page = page_as(Role.DISPATCHER, width=width, theme=theme)
    page.goto(live_desk.url(f"customers/{desk.customer.public_id}/goodwill/"))
    found["asking"] = faults_of(page)
    page.get_by_label("Some weeks more").check()
    page.get_by_role("textbox", name="Days").fill("21")
    page.get_by_label("What it is for").select_option(label="They waited too long")
    page.get_by_label("Why, in your words").fill("Waited two weeks for a drum")
    with page.expect_navigation():
        page.get_by_role("button", name="Give it, or ask for it").click()
    expect(page.get_by_text("Waits for a yes from a colleague who may give it")).to_be_visible()

    lead = page_as(Role.MANAGER, width=width, theme=theme)
    for name, path in (("settings", "settings/goodwill/"), ("entry", "settings/goodwill/new/")):
        lead.goto(live_desk.url(path))
        found[name] = faults_of(lead)
    lead.goto(live_desk.url("overview/"))
    expect(lead.get_by_text("Some weeks more (21 days)")).to_be_visible()
    found["overview"] = faults_of(lead)
    lead.goto(live_desk.url("goodwill/"))
    found["waiting"] = faults_of(lead)
    with lead.expect_navigation():
        lead.get_by_role("button", name="Approve Some weeks more").click()
    lead.goto(live_desk.url("goodwill/?state=approved"))
    found["given"] = faults_of(lead)

    said, until = "Extended 21 days as goodwill: Waited two weeks for a drum", ends_on + dt.timedelta(days=21)
    page.goto(live_desk.url(f"contracts/{desk.contract.public_id}/"))
    expect(page.get_by_text(f"{said}, by Robin Vale, 5 Mar 2026")).to_be_visible()
    found["contract"] = faults_of(page)
    page.goto(live_desk.url(f"customers/{desk.customer.public_id}/"))
    expect(page.get_by_text(f"Active until {day_in_full(until)}").first).to_be_visible()
    expect(page.get_by_text(said).first).to_be_visible()
    found["caller"] = faults_of(page)
    assert {name: faults for name, faults in found.items() if faults} == {}
