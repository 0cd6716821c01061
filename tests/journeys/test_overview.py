"""The overview in a browser: in both themes, on a phone and on paper, and what it asks for is done."""

import io

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tenancy.scope import tenant
from tests.browser import faults_of
from tests.servicedesk.test_overview import DAY, fill, promise


@pytest.fixture
def busy(live_desk, now):
    """Northgate with rows behind every figure, and enough promises for a line of weeks."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        fill(north, now, 2)
        for week in range(7):
            for number in range(4):
                promise(north, due_at=now - (week * 7 + number) * DAY, kept=number > 0)
    return live_desk


def test_a_manager_comes_home_to_it_says_yes_there_and_takes_it_along_on_two_pages(busy, page_as):
    page = page_as("manager")
    page.goto(busy.url())
    expect(page.get_by_role("heading", level=1)).to_have_text("Are we keeping our word?")
    expect(page.get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")
    for name in ("Overdue promises and escalations", "Waiting for your yes"):
        heading = page.get_by_role("heading", name=name).bounding_box()
        assert heading["y"] + heading["height"] < 900
    assert faults_of(page) == []
    assert len(PdfReader(io.BytesIO(page.pdf(format="A4"))).pages) == 2
    page.get_by_role("button", name="Approve Credit for").first.click()
    expect(page.get_by_text("Credit given to")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Are we keeping our word?")
    page.get_by_role("link", name="Quarter").click()
    expect(page.get_by_role("link", name="Quarter")).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="promises kept on time: the rows").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Promises kept on time")


def test_it_is_read_in_the_dark_and_at_320_pixels(busy, page_as):
    for width, theme in ((1440, "dark"), (320, "light")):
        page = page_as("manager", width=width, theme=theme)
        for path in ("overview/", "overview/missed/?only=all"):
            page.goto(busy.url(path))
            page.wait_for_load_state()
            assert faults_of(page) == [], (width, path)
