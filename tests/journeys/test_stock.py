"""Parts in a real browser: the technician takes one along with one tap, the office finds and moves them."""

import datetime as dt
import os

import pytest
from playwright.sync_api import expect

from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_plain_visit
from visits.models import Part, PartUse
from visits.stock import Place, receive_part

pytestmark = pytest.mark.browser
DAY = dt.timedelta(days=1)
# A finger's width, in pixels.
TARGET = 44


@pytest.fixture
def visit(live_desk, now):
    """Lou's visit at 14:00: two parts are on the van, the blade lies at the depot."""
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        act = {"by": desk.dispatcher, "now": now - DAY}
        parts = []
        for number, name in (("FU-240", "Fuser unit"), ("RK-2", "Roller kit"), ("CB-9", "Cleaning blade")):
            parts.append(Part.objects.create(number=number, name=name))
            place = Place(name="depot shelf 14") if number == "CB-9" else Place(desk.lou)
            receive_part(parts[-1], 1, target=place, **act)
        for days in range(20, 25):
            at = now - days * DAY
            past = make_plain_visit(
                desk, now=at, start=at, state="done", is_history=True, completed_at=at,
                completed_on=at.date(), problem="Grey bands",
            )  # fmt: skip
            for part in parts[: 25 - days]:
                PartUse.objects.create(visit=past, part=part, quantity=1)
        return make_plain_visit(desk, now=now, start=now.replace(hour=14, minute=0), problem="Grey bands")


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (320, "dark")])
def test_a_part_is_taken_along_and_put_back(page_as, live_desk, visit, width, theme):
    page = page_as("technician", width=width, height=844, theme=theme)
    page.goto(live_desk.url(f"today/{visit.public_id}/"))
    bring = page.get_by_role("region", name="Bring")
    expect(bring.get_by_role("heading")).to_have_text("Bring, 2 of 3 on the van")
    for name in ("Take", "Undo"):
        button = bring.get_by_role("button", name=name)
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= TARGET
        assert axe_violations(page) == []
        assert sideways_scroll(page) == 0
        shoot(page, bring, f"bring-{name.lower()}-{width}")
        with page.expect_navigation():
            button.click()
        taken = 3 if name == "Take" else 2
        expect(bring.get_by_role("heading")).to_have_text(f"Bring, {taken} of 3 on the van")
    with page.expect_navigation():
        bring.get_by_role("link", name="All that is on my van").click()
    expect(page.get_by_role("heading", name="2 parts on the van")).to_be_visible()
    summary = page.locator("summary").first
    assert summary.bounding_box()["height"] >= TARGET
    summary.click()
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0
    shoot(page, page.locator("body"), f"van-{width}")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (320, "dark")])
def test_the_office_finds_and_moves_a_part(page_as, live_desk, visit, width, theme):
    page = page_as("dispatcher", width=width, theme=theme)
    page.goto(live_desk.url("stock/"))
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0
    shoot(page, page.locator("body"), f"stock-{width}")
    page.get_by_label("Number or name of a part").fill("blade")
    with page.expect_navigation():
        page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    with page.expect_navigation():
        page.get_by_role("link", name="CB-9").click()
    page.get_by_label("To", exact=True).first.select_option(label="Marek’s van")
    with page.expect_navigation():
        page.get_by_role("button", name="Move").click()
    expect(page.get_by_text("1 moved from depot shelf 14 to Marek’s van")).to_be_visible()
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0
    shoot(page, page.locator("body"), f"part-{width}")


def shoot(page, place, name):
    if os.environ.get("SHOTS"):
        place.screenshot(path=f"{os.environ['SHOTS']}/{name}.png")
