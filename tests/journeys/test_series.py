"""Visits that come again, in a real browser: from the panel to the booked series, by keyboard."""

import datetime as dt

import pytest

from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import faults_of
from visits.models import Absence, Visit

pytestmark = pytest.mark.browser

DAY = dt.timedelta(days=1)


@pytest.fixture
def north(live_desk):
    """Lou is away on the second Friday."""
    north = live_desk.cast.north
    away = dt.datetime(2026, 3, 12, tzinfo=dt.UTC)
    with tenant(north.tenant):
        Absence.objects.create(technician=north.lou, starts_at=away, ends_at=away + 2 * DAY)
    return north


def look(page, live_desk, north) -> None:
    """From the booking panel to the days of a series on Fridays."""
    page.goto(live_desk.url(f"customers/{north.customer.public_id}/book/?kind=tune-up"))
    page.get_by_role("button", name="It comes again").click()
    page.wait_for_url("**/series/?*")
    page.fill("#series-day", "2026-03-06")
    page.fill("#series-start", "10:00")
    page.fill("#series-every_weeks", "1")
    page.fill("#series-times", "3")
    # The page is ready for keys when its scripts are.
    with page.expect_navigation():
        page.get_by_role("button", name="Show the days").click()
    page.get_by_role("heading", name="2 of 3 days can be").wait_for()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 320)])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(live_desk, page_as, north, theme, width):
    page = page_as(Role.DISPATCHER, width=width, height=800, theme=theme)
    look(page, live_desk, north)
    found = {"looked at": faults_of(page)}
    page.get_by_role("button", name="Book all that can be").click()
    page.get_by_role("heading", name="2 visits").wait_for()
    found["booked"] = faults_of(page)
    page.fill("#rest-because", "Sold it")
    page.get_by_label("The customer").check()
    page.get_by_role("button", name="Cancel these visits").click()
    page.get_by_text("2 visits cancelled.").wait_for()
    found["given up"] = faults_of(page)
    page.locator(".timeline a").first.click()
    page.get_by_role("button", name="Put it back").wait_for()
    found["a visit of it"] = faults_of(page)
    assert {state: faults for state, faults in found.items() if faults} == {}


def test_by_keyboard_alone_the_other_day_is_taken_and_all_is_booked(live_desk, page_as, north):
    page = page_as(Role.DISPATCHER)
    look(page, live_desk, north)
    page.get_by_label("Mon 16 Mar 10:00 instead").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="3 visits").wait_for()
    with tenant(north.tenant):
        days = Visit.objects.order_by("planned_start").values_list("told_day", flat=True)
        assert [day.isoformat() for day in days] == ["2026-03-06", "2026-03-16", "2026-03-20"]
