"""The time line suits everybody: on a desk's screen, on a phone, in both themes, by keyboard alone."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from customers.models import TimelineEntry
from customers.timeline import add_line, add_lines
from recommendations.lifecycle import raise_recommendation
from tenancy.scope import tenant
from tests.browser import faults_of

pytestmark = pytest.mark.browser

Kind = TimelineEntry.Kind


@pytest.fixture
def path(live_desk, now):
    """Its address below the desk, with a line of every kind, long words, and more than a page."""
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        add_lines(
            TimelineEntry(
                customer=desk.customer,
                kind=list(Kind)[n % len(Kind)],
                title=f"{list(Kind)[n % len(Kind)].label} number {n}",
                detail="The feeder squeaks and stops. " * (n % 14),
                actor=desk.dispatcher if n % 3 else None,
                at=now - n * dt.timedelta(hours=19),
            )
            for n in range(60)
        )
        add_line(desk.customer, Kind.MAIL, "Mail from Margaret", at=now, detail="Verylongword" * 60)
        raise_recommendation(
            equipment=desk.sorter, finding="A new belt", severity=3, by=desk.technician, now=now
        )
    return f"customers/{desk.customer.public_id}/timeline/"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_suits_a_wide_screen_a_phone_and_a_technician(page_as, live_desk, path, theme):
    for role, width in (("dispatcher", 1440), ("dispatcher", 320), ("technician", 320)):
        page = page_as(role, width=width, theme=theme)
        page.goto(live_desk.url(path))
        page.get_by_text("All of it").first.click()
        assert faults_of(page) == [], (role, width)


def test_by_keyboard_it_is_filtered_read_on_and_left_for_a_thing(page_as, live_desk, path):
    page = page_as("dispatcher")
    page.goto(live_desk.url(f"{path}?kind=recommendation"))
    page.get_by_label("Words").focus()
    page.keyboard.type("belt")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("listitem").filter(has_text="Recommended: A new belt")).to_be_visible()
    page.get_by_role("link", name="Recommended: A new belt").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A new belt", level=1)).to_be_visible()
