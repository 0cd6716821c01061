"""Health in the browser: readable by everybody, well or not, and reached from the settings."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from cases.duties import open_duty
from cases.models import Duty
from messaging.models import Message
from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_plain_visit
from tests.messaging.conftest import make_message

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 320), ("dark", 320)])
def test_everybody_can_read_it_well_or_not(live_desk, page_as, now, theme, width):
    north = live_desk.cast.north
    page = page_as(Role.MANAGER, theme=theme, width=width)
    page.goto(live_desk.url("settings/"))
    with page.expect_navigation():
        page.get_by_role("link", name="Health").press("Enter")
    expect(page.get_by_role("heading", name="All is well")).to_be_visible()
    assert (axe_violations(page), sideways_scroll(page)) == ([], 0)
    with tenant(north.tenant):
        make_plain_visit(north, now=now, start=now - dt.timedelta(days=2))
        make_message(north, now=now, state=Message.State.FAILED)
        open_duty(
            "health",
            kind=Duty.Kind.CALL_CUSTOMER,
            title="Ring",
            due_at=now - dt.timedelta(hours=1),
            now=now,
            owner_role=Role.DISPATCHER,
        )
    page.reload()
    expect(page.get_by_role("heading", name="3 of 6 need somebody")).to_be_visible()
    assert page.get_by_text("Not well", exact=True).count() == 2
    assert (axe_violations(page), sideways_scroll(page)) == ([], 0)
