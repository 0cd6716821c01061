"""Every purpose's pages on a small telephone, in both themes: axe, width, weight, no script, the keyboard."""

import pytest
from playwright.sync_api import expect

from customers.models import CustomerLink
from tests.browser import faults_of
from tests.portal.link_scenes import opened

pytestmark = pytest.mark.browser
Purpose = CustomerLink.Purpose
MOST_BYTES = 60_000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_every_purpose_fits_a_small_telephone(live_desk, page_as, now, theme):
    page, found = page_as(width=320, height=640, theme=theme), []
    weights, away = {}, []

    def weigh(response):
        weights[response.url] = len(response.body()) if response.status == 200 else 0

    page.on("response", weigh)
    page.on(
        "request", lambda asked: None if asked.url.startswith(live_desk.address) else away.append(asked.url)
    )
    # The offer's scene uses up what the contract's has to book: it comes last.
    for purpose in sorted(Purpose, key=lambda each: each == Purpose.OFFER):
        link = opened(purpose, live_desk.cast.north, now)
        for path in link.pages:
            if path.endswith((".ics", ".pdf")) or path.startswith("papers/"):
                continue
            weights.clear()
            page.goto(live_desk.address + link.at(path), wait_until="load")
            found += [(purpose, path, fault) for fault in faults_of(page)]
            assert page.locator("script").count() == 0
            assert 0 < sum(weights.values()) <= MOST_BYTES, (purpose, path)
    assert (found, away) == ([], [])


def test_by_keyboard_a_missing_answer_is_read_first_and_then_told(live_desk, page_as, now):
    page = page_as(width=390, height=844)
    page.goto(live_desk.address + opened(Purpose.VISIT, live_desk.cast.north, now).at("tell/"))
    page.locator("#words").evaluate("field => field.removeAttribute('required')")
    page.locator("#words").focus()
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page).to_have_title("Error: Tell Lou something · Northgate")
    expect(page.locator(".problems")).to_be_focused()
    expect(page.locator("#words-error")).to_have_text("Please write what they should know.")
    page.keyboard.press("Tab")
    with page.expect_navigation(url="**#words"):
        page.keyboard.press("Enter")
    page.locator("#words").focus()
    page.keyboard.type("The side door")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What you told Lou")).to_be_visible()
