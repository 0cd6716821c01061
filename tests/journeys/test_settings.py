"""The settings in the browser: usable by everybody, and a day's hours set with the keyboard."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from cases.models import Duty
from tenancy.models import Closure, Role
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_visit
from visits.models import Absence, WorkType


@pytest.fixture
def desk(live_desk, now):
    """Northgate with a day off, an absence that hits a visit, and a work type with a long name."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        Closure.objects.create(day=now.date() + dt.timedelta(days=1), name="Stocktaking of the warehouse")
        make_visit(north, start=now + dt.timedelta(days=2), technician=north.lou)
        Absence.objects.create(
            technician=north.lou, starts_at=now, ends_at=now + dt.timedelta(days=5), reason="Leave"
        )
        WorkType.objects.create(
            visit_kind="tune-up",
            machine="TC-240",
            machine_key="tc-240",
            minutes=45,
            skills=["copier"],
            crew=2,
        )
    return north


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_everybody_can_use_them(live_desk, page_as, desk, theme, width):
    with tenant(desk.tenant):
        line = WorkType.objects.get()
    page = page_as(Role.MANAGER, theme=theme, width=width)
    found = {}
    for path in (
        "settings/",
        "settings/technicians/",
        "settings/technicians/new/",
        f"settings/technicians/{desk.lou.public_id}/",
        "settings/work-types/",
        f"settings/work-types/{line.public_id}/",
        f"customers/{desk.customer.public_id}/technicians/",
    ):
        answer = page.goto(live_desk.url(path))
        found[path] = (answer.status, axe_violations(page), sideways_scroll(page))
    assert {where: what for where, what in found.items() if what != (200, [], 0)} == {}


def test_hours_are_set_with_the_keyboard_and_their_consequence_is_read(live_desk, page_as, desk):
    page = page_as(Role.MANAGER)
    page.goto(live_desk.url("settings/"))
    page.get_by_label("Saturday, from", exact=True).focus()
    page.keyboard.type("0900AM")
    page.get_by_label("Saturday, until", exact=True).focus()
    page.keyboard.type("1200PM")
    page.get_by_role("button", name="Save the hours").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("A 4-hour promise made at 15:30 ends at")).to_be_visible()
    expect(page.get_by_label("Saturday, until", exact=True)).to_have_value("12:00")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_visits_that_stand_on_a_day_off_are_read_before_it_is_saved(
    live_desk, page_as, desk, now, theme, width
):
    with tenant(desk.tenant):
        make_visit(desk, start=now + dt.timedelta(days=4), technician=desk.marek, number="V-monday")
    page = page_as(Role.MANAGER, theme=theme, width=width)
    page.goto(live_desk.url("settings/"))
    # Of the days off; the place of the desk has a name as well.
    part = page.locator("#closures")
    part.locator("[name=day]").fill("2026-03-09")
    part.locator("[name=name]").fill("Fair")
    part.locator("[name=name]").press("Enter")
    shown = page.get_by_role("heading", name="1 visit stands on that day")
    expect(shown).to_be_visible()
    assert (axe_violations(page), sideways_scroll(page)) == ([], 0)
    page.get_by_role("button", name="Close the day all the same").press("Enter")
    expect(part.get_by_text("1 visit is booked on that day.")).to_be_visible()
    with tenant(desk.tenant):
        assert Duty.objects.open().filter(title__contains="the desk is closed on Mon 9 Mar").count() == 1
