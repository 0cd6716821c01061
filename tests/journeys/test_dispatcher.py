"""The dispatcher's call in a real browser, by keyboard alone: from a phone number to a booked visit."""

import re
import sys
import time

import pytest
from playwright.sync_api import expect

from customers.search_words import index_customer
from messaging.models import Message
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from visits.models import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(live_desk):
    """Northgate, whose customer can be found by name."""
    with tenant(live_desk.cast.north.tenant):
        index_customer(live_desk.cast.north.customer)
    return live_desk.cast.north


class Hands:
    """Somebody who only has a keyboard; a number typed in one go is one interaction, as a key is."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def press(self, key):
        self.count += 1
        self.page.keyboard.press(key)

    def type(self, text):
        self.count += 1
        self.page.keyboard.type(text)


def opened(page, name):
    """Wait until a page with this heading is there, with its keys."""
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.wait_for_load_state("load")


def test_a_phone_number_becomes_a_booked_visit_in_six_interactions(page_as, live_desk, desk):
    page = page_as("dispatcher")
    page.goto(live_desk.url("customers/"))
    hands, began = Hands(page), time.perf_counter()

    hands.press("/")
    hands.type("07700 900412")
    hands.press("Enter")
    opened(page, "Margaret Ellison")
    expect(page.get_by_text("On the phone with Margaret Ellison")).to_be_visible()
    hands.press("b")
    expect(page.get_by_role("heading", name="Book a visit")).to_be_focused()
    hands.press("1")
    expect(page.get_by_role("button", name=re.compile("^Book Lou, today 13:30 to 14:30"))).to_be_visible()
    hands.press("Control+Enter")
    expect(page.get_by_role("heading", name="Booked")).to_be_focused()
    seconds = time.perf_counter() - began
    sys.stdout.write(f"\nphone number to booked visit: {hands.count} interactions, {seconds:.1f} s of 15\n")
    assert hands.count <= 6

    with tenant(desk.tenant):
        visit = Visit.objects.get()
        assert visit.assignments.get().technician == desk.lou
        told = Message.objects.filter(subject=visit.public_id, kind="booked")
        assert set(told.values_list("channel", "state")) == {("sms", "planned"), ("mail", "planned")}
        assert {message.send_after for message in told} == {visit.held_until}


def test_a_booking_is_undone_by_a_key_and_nobody_is_told(page_as, live_desk, desk):
    page = page_as("dispatcher")
    page.goto(live_desk.url(f"customers/{desk.customer.public_id}/"))
    page.keyboard.press("b")
    expect(page.get_by_role("heading", name="Book a visit")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Booked")).to_be_focused()
    page.keyboard.press("z")
    expect(page.get_by_role("heading", name="Booking undone")).to_be_focused()
    with tenant(desk.tenant):
        assert Visit.objects.get().state == "cancelled by us"
        assert set(Message.objects.values_list("state", flat=True)) == {"cancelled"}


def test_the_name_stands_clear_of_the_buttons_with_the_panel_open(page_as, live_desk, desk):
    page = page_as("dispatcher")
    page.goto(live_desk.url(f"customers/{desk.customer.public_id}/"))
    page.keyboard.press("b")
    expect(page.get_by_role("heading", name="Book a visit")).to_be_focused()
    name = page.get_by_role("heading", level=1)
    assert name.evaluate("it => it.scrollWidth <= it.clientWidth && it.clientWidth > 200")
    over = page.locator("#book-button").bounding_box()
    box = name.bounding_box()
    assert over["y"] >= box["y"] + box["height"] or over["x"] >= box["x"] + box["width"]


def test_what_is_typed_stays_when_the_slot_went_meanwhile(page_as, live_desk, desk):
    pages = [page_as("dispatcher"), page_as("manager")]
    for page in pages:
        page.goto(live_desk.url(f"customers/{desk.customer.public_id}/"))
        page.keyboard.press("b")
        expect(page.get_by_role("heading", name="Book a visit")).to_be_focused()
    first, second = pages
    second.get_by_label("What is wrong").fill("Grey bands since Monday")
    first.keyboard.press("Control+Enter")
    expect(first.get_by_role("heading", name="Booked")).to_be_visible()
    second.keyboard.press("Control+Enter")
    expect(second.get_by_role("alert")).to_have_text(
        re.compile("Lou’s 13:30 was taken .+ ago. These are free:")
    )
    expect(second.get_by_label("What is wrong")).to_have_value("Grey bands since Monday")
    expect(second.get_by_role("button", name=re.compile("^Book Lou, today 15:00 to 16:00"))).to_be_visible()


def test_results_are_chosen_by_arrow_and_enter(page_as, live_desk, desk):
    page = page_as("dispatcher")
    page.goto(live_desk.url("customers/"))
    page.keyboard.press("/")
    page.keyboard.type("tc240")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    assert axe_violations(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Corvane TC-240 copier")


def test_an_unknown_number_is_added_from_the_list(page_as, live_desk, desk):
    page = page_as("dispatcher")
    page.goto(live_desk.url("customers/"))
    page.keyboard.press("/")
    page.keyboard.type("07700 900 999")
    expect(page.get_by_role("option", name="Add them with this number")).to_be_visible()
    assert axe_violations(page) == []
    page.keyboard.press("Enter")
    opened(page, "Add a customer")
    expect(page.get_by_label("Phone")).to_have_value("07700 900 999")
    page.get_by_label("Name").fill("Zoë Finch")
    page.keyboard.press("Control+Enter")
    opened(page, "Zoë Finch")
    expect(page.get_by_text("On the phone with Zoë Finch")).to_be_visible()


def test_two_keys_go_to_another_page(page_as, live_desk, desk):
    page = page_as("dispatcher")
    page.goto(live_desk.url(f"customers/{desk.customer.public_id}/"))
    page.keyboard.press("g")
    page.keyboard.press("c")
    opened(page, "Customers")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_technician_finds_with_a_thumb(page_as, live_desk, desk, theme):
    page = page_as("technician", width=390, height=844, theme=theme)
    page.goto(live_desk.url("find/?q=harbour"))
    expect(page.get_by_role("link", name=re.compile("Margaret Ellison"))).to_be_visible()
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0


def test_another_day_is_looked_for_by_a_key_and_what_is_chosen_stays(page_as, live_desk, desk):
    page = page_as("dispatcher")
    page.goto(live_desk.url(f"customers/{desk.customer.public_id}/"))
    page.keyboard.press("b")
    expect(page.get_by_role("heading", name="Book a visit")).to_be_focused()
    page.keyboard.press("0")
    page.get_by_label("Day", exact=True).fill("2026-03-09")
    page.get_by_label("Technician", exact=True).select_option("Marek Novak")
    expect(page.get_by_role("radio", name=re.compile("Marek, Mon 9 Mar 08:00 to 09:00"))).to_be_checked()
    expect(page.get_by_role("radio", name=re.compile("^LB"))).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Booked")).to_be_visible()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 320)])
def test_the_pages_of_a_call_pass_axe_and_never_scroll_sideways(page_as, live_desk, desk, theme, width):
    page = page_as("dispatcher", width=width, theme=theme)
    customer, book = desk.customer.public_id, f"customers/{desk.customer.public_id}/book/"
    for path in (
        "find/?q=harbour",
        "find/?q=07700900999",
        "customers/",
        "customers/new/",
        f"customers/{customer}/?tel=07700900412",
        book,
        f"{book}?kind=fault&more=1",
        f"customers/{customer}/promise/",
        f"equipment/{desk.copier.public_id}/",
    ):
        page.goto(live_desk.url(path))
        for reasons in page.get_by_text("Why these times?").all():
            reasons.click()
        assert axe_violations(page) == [], path
        assert sideways_scroll(page) == 0, path
    page.goto(live_desk.url(f"customers/{customer}/?tel=07700900412"))
    page.keyboard.press("b")
    expect(page.get_by_role("heading", name="Book a visit")).to_be_focused()
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Booked")).to_be_visible()
    assert axe_violations(page) == []
    with tenant(desk.tenant):
        visit = Visit.objects.get()
    page.goto(live_desk.url(f"visits/{visit.public_id}/"))
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0
