"""A better order for a day in the browser: led to from the board, applied by one button, undone by one."""

import pytest
from playwright.sync_api import expect

from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.visits.order_scene import make_day_to_and_fro
from visits.models import Visit


@pytest.fixture
def desk(live_desk, now):
    """Lou drives to and fro on one day."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        make_day_to_and_fro(north, now)
    return north


def starts(north):
    with tenant(north.tenant):
        return list(Visit.objects.order_by("pk").values_list("planned_start", flat=True))


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_everybody_can_use_it(live_desk, page_as, desk, theme, width):
    page = page_as(Role.DISPATCHER, theme=theme, width=width)
    found = {}
    for day in ("2026-03-10", "2026-03-11", "2020-01-01"):
        page.goto(live_desk.url(f"board/order/?day={day}"))
        found[day] = (axe_violations(page), sideways_scroll(page))
    assert {where: what for where, what in found.items() if what != ([], 0)} == {}


def test_the_boards_menu_leads_to_it_and_the_board_takes_it_back(live_desk, page_as, desk):
    before = starts(desk)
    page = page_as(Role.DISPATCHER)
    page.goto(live_desk.url("board/?day=2026-03-10"))
    page.get_by_label("More for this day").click()
    page.get_by_role("link", name="Put this day in a better order").click()
    page.get_by_role("button", name="Apply this order").click()
    expect(page.get_by_role("heading", name="Tuesday 10 March")).to_be_visible()
    assert starts(desk) != before
    # The key is heard once the page's scripts have run.
    page.wait_for_load_state("load")
    page.keyboard.press("z")
    expect(page.get_by_role("button", name="Undo the move")).to_have_count(0)
    expect(page.get_by_text("visits stand as before")).to_be_visible()
    assert starts(desk) == before
