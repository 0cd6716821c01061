"""What was paid for gets used, in a browser: found on the list, booked with two presses."""

import datetime as dt

import pytest

from contracts.models import Entitlement
from tenancy.scope import tenant
from tests.browser import faults_of
from visits.daily_round import see_to
from visits.maintenance import make_plan
from visits.models import MaintenancePlan, PlannedService, Visit

pytestmark = pytest.mark.browser

DAY = dt.timedelta(days=1)


@pytest.fixture
def plan(live_desk, now):
    """A plan whose first service nobody has booked, beside the granted visits of the cast."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        plan = make_plan(
            MaintenancePlan(
                customer=north.customer,
                site=north.site,
                equipment=north.copier,
                contract=north.contract,
                title="Quarterly tune-up",
                counts_from="calendar",
                every=3,
                unit="months",
                starts_on=now.date() + 4 * DAY,
            ),
            by=north.dispatcher,
            now=now,
        )
        see_to(north.tenant, now=now)
    return plan


@pytest.fixture
def paths(live_desk, plan):
    north = live_desk.cast.north
    with tenant(north.tenant):
        granted, service = Entitlement.objects.get(), PlannedService.objects.order_by("due_on")[0]
    return [
        "unused/",
        f"unused/{granted.public_id}/give-up/",
        f"plans/{plan.public_id}/",
        f"customers/{north.customer.public_id}/plans/",
        f"customers/{north.customer.public_id}/plans/new/",
        f"services/{service.public_id}/leave-out/",
        f"equipment/{north.copier.public_id}/",
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(live_desk, page_as, paths, theme, width):
    page, found = page_as("dispatcher", width=width, height=800, theme=theme), {}
    for path in paths:
        page.goto(live_desk.url(path))
        faults = faults_of(page)
        if faults:
            found[path] = faults
    assert found == {}


def test_a_planned_service_is_booked_from_the_list_with_two_presses(live_desk, page_as, plan):
    page = page_as("dispatcher")
    page.goto(live_desk.url("unused/"))
    page.get_by_role("link", name="Book Lou, Mon 9 Mar 08:00 for Margaret Ellison").press("Enter")
    page.get_by_role("button", name="Book Lou, Mon 9 Mar 08:00 to 09:00").press("Enter")
    page.get_by_role("button", name="Undo").wait_for()
    with tenant(live_desk.cast.north.tenant):
        visit = Visit.objects.get()
        assert PlannedService.objects.get(visit=visit).state == "booked"
        assert visit.entitlement == Entitlement.objects.get()


def test_a_plan_is_made_and_stopped_by_keyboard(live_desk, page_as):
    north = live_desk.cast.north
    page = page_as("dispatcher")
    page.goto(live_desk.url(f"equipment/{north.copier.public_id}/"))
    page.get_by_role("link", name="New plan").press("Enter")
    page.get_by_label("What is done").fill("Spring clean")
    page.get_by_label("First due on").fill("2026-03-16")
    page.get_by_role("button", name="Make the plan").press("Enter")
    page.get_by_role("heading", name="Spring clean").wait_for()
    page.locator("#stop-why").fill("Machine sold")
    page.get_by_role("button", name="Stop the plan").press("Enter")
    page.get_by_text("Stopped after 5 Mar 2026 by Dana Whitlock: Machine sold").wait_for()
    with tenant(north.tenant):
        assert MaintenancePlan.objects.get().equipment == north.copier
