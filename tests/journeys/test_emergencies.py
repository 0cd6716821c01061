"""An emergency put in between, from the booking panel: who goes, whom it delays, what was said."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_visit
from visits.models import TechnicianPreference, Visit, WorkType

TEN = dt.datetime(2026, 3, 6, 10, tzinfo=dt.UTC)


@pytest.fixture
def desk(live_desk):
    """It takes two, and one skill that neither has; both have somebody tomorrow at ten."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        TechnicianPreference.objects.all().delete()
        WorkType.objects.create(visit_kind="fault", minutes=75, crew=2, skills=["drums"])
        for who in (north.lou, north.marek):
            make_visit(
                north, start=TEN, technician=who, number=who.name, machines=(),
                state=Visit.State.CONFIRMED, confirmed_at=TEN - dt.timedelta(days=2),
            )  # fmt: skip
    return north


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_two_are_sent_and_their_customers_words_are_noted(live_desk, page_as, desk, theme, width):
    page = page_as(Role.DISPATCHER, theme=theme, width=width)
    page.goto(live_desk.url(f"customers/{desk.customer.public_id}/between/?kind=fault&problem=Smoke"))
    page.get_by_label("Technician").select_option("Lou Baptiste")
    page.get_by_label("Comes along").select_option("Marek Novak")
    page.get_by_label("Day").fill("2026-03-06")
    page.get_by_label("Starts").fill("09:30")
    page.get_by_role("button", name="Whom does it delay?").click()
    expect(page.get_by_role("heading", name="Whom it delays")).to_be_visible()
    expect(page.get_by_text("Together they lack: drums.")).to_be_visible()
    assert (axe_violations(page), sideways_scroll(page)) == ([], 0)
    page.get_by_label("agreed to 09:30 with Lou and Marek").check()
    for one in page.get_by_label("It must be, though nobody asked").all():
        one.check()
    page.get_by_label("Why").fill("Smoke in the shop")
    page.get_by_role("button", name="Put it in with Lou and Marek").press("Enter")
    expect(page.get_by_text("Lou and Marek, Friday 09:30. 2 visits begin later.")).to_be_visible()
    with tenant(desk.tenant):
        booked = Visit.objects.get(problem="Smoke")
        assert (booked.state, booked.assignments.count()) == ("confirmed", 2)
