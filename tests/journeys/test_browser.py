"""The browser stands before the real product: signed in, styled, at the tests' moment."""

import pytest
from playwright.sync_api import expect

from tests.browser import axe_violations, sideways_scroll


@pytest.mark.browser
def test_a_stranger_is_asked_to_sign_in(page_as, live_desk):
    page = page_as()
    page.goto(live_desk.url())
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0
