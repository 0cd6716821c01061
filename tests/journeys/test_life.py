"""The life of a contract in a real browser: opened where it stands, or on a page of its own."""

import pytest
from playwright.sync_api import expect

from tests.browser import axe_violations, sideways_scroll


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 320])
def test_the_life_opens_where_it_stands_and_on_its_page(page_as, live_desk, theme, width):
    north = live_desk.cast.north
    page = page_as("sales", width=width, theme=theme)
    page.goto(live_desk.url(f"contracts/{north.contract.public_id}/"))
    page.get_by_text("Show every change of its state").press("Enter")
    life = page.get_by_role("region", name="Life of this contract")
    expect(life.get_by_role("cell", name="Active until")).to_be_visible()
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0

    page.goto(live_desk.url(f"contracts/{north.contract.public_id}/life/"))
    expect(page.get_by_role("heading", name="Life of contract N-20418")).to_be_visible()
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0
