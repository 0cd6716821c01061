"""A promise is logged in three interactions from where a customer is met, and its pages suit everybody."""

import datetime as dt
import time

import pytest
from playwright.sync_api import expect

from cases.matters import open_case
from cases.models import Promise
from cases.promising import break_promise
from tenancy.scope import tenant
from tests.browser import faults_of
from tests.cast import a_promise, make_visit

pytestmark = pytest.mark.browser

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture
def desk(live_desk):
    """Northgate."""
    return live_desk.cast.north


def logged(page, keys):
    """Press the keys; how long it took until the promise was said to be there."""
    began = time.perf_counter()
    for key in keys[:-1]:
        page.keyboard.press(key)
        if key == "p":
            expect(page.get_by_role("heading", name="Log a promise")).to_be_visible()
            page.wait_for_load_state("load")
    with page.expect_navigation():
        page.keyboard.press(keys[-1])
    expect(page.get_by_text("Promised by")).to_be_visible()
    return time.perf_counter() - began


def test_three_interactions_and_eight_seconds_from_each_screen(page_as, live_desk, desk, now):
    with tenant(desk.tenant):
        visit = make_visit(desk, start=now + HOUR, technician=desk.lou)
        case = open_case(customer=desk.customer, kind="question", title="What is it", by=desk.sales, now=now)
    customer = desk.customer.public_id
    places = (
        ("dispatcher", f"customers/{customer}/", ("p", "2", "Control+Enter")),
        ("dispatcher", f"today/{visit.public_id}/", ("p", "2", "Control+Enter")),
        ("accounts", f"visits/{visit.public_id}/", ("p", "2", "Control+Enter")),
        ("sales", f"calls/{customer}/", ("p", "Control+Enter")),
        ("technician", f"visits/{visit.public_id}/", ("p", "Control+Enter")),
        ("manager", f"cases/{case.public_id}/", ("p", "Control+Enter")),
    )
    for role, path, keys in places:
        page = page_as(role)
        page.goto(live_desk.url(path))
        assert len(keys) <= 3
        assert logged(page, keys) < 8
        # From a case one comes back to it.
        assert role != "manager" or page.url == live_desk.url(path)
        page.close()
    with tenant(desk.tenant):
        made = {
            promise.owner.role: f"{promise.due_at:%H:%M}"
            for promise in Promise.objects.by_hand().order_by("pk")
        }
    half_an_hour = dict.fromkeys(("sales", "technician", "manager"), "13:37")
    assert made == {"dispatcher": "15:00", "accounts": "15:00", **half_an_hour}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("role", "width"), [("manager", 1440), ("manager", 320), ("technician", 320)])
def test_its_pages_suit_everybody(page_as, live_desk, desk, now, role, width, theme):
    with tenant(desk.tenant):
        wanted = {"owner": desk.people[role], "by": desk.sales}
        made = a_promise(desk, now=now, text="Say when the drum arrives", **wanted)
        late = a_promise(
            desk, now=now - 9 * HOUR, due_at=now - HOUR, text="Send the price for a feeder", **wanted
        )
        break_promise(late, now=now, evidence="Its time passed and nobody had kept it")
    page = page_as(role, width=width, theme=theme)
    for path in (
        "promises/",
        "promises/?state=open",
        "promises/?state=duties&whose=all",
        f"promises/{made.public_id}/",
        f"promises/{late.public_id}/",
        f"promises/new/?customer={desk.customer.public_id}",
        *(["settings/usual-promises/"] if role == "manager" else []),
    ):
        page.goto(live_desk.url(path))
        assert faults_of(page) == [], path
