"""A machine: booked for from its label by whoever stands before it, and its pages at the desk."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from customers.documents import add_document
from customers.labels import print_labels
from customers.meters import record_reading
from customers.models import Equipment
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.customers.test_documents import PDF
from tests.reading import pdf_pages
from visits.models import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def label(live_desk, now):
    """The address behind the label on Northgate's copier, which has papers and readings."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        by = north.technician
        for days in (95, 40, 2):
            record_reading(
                north.copier,
                kind="pages",
                value=Decimal(48210 - 300 * days),
                read_at=now - dt.timedelta(days=days),
                by=by,
                now=now,
            )
        add_document(north.copier, SimpleUploadedFile("m.pdf", PDF), title="The manual", by=by, now=now)
        token = print_labels([north.copier], by=by, now=now)[0].address.rstrip("/").rpartition("/")[2]
    return f"{live_desk.address}/v/{token}/"


def book_from(page, address):
    """The three steps: the machine and what is wrong, a time, yes."""
    page.goto(address)
    page.get_by_label("What is wrong with it?").fill("Grey bands on every page")
    with page.expect_navigation():
        page.get_by_role("button", name="See free times").click()
    page.get_by_role("radio").first.check()
    with page.expect_navigation():
        page.get_by_role("button", name="Go on").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Yes, book this visit").click()


def test_a_visit_is_booked_from_the_label_in_three_steps_without_a_script(live_desk, chromium, label):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    book_from(page, label)
    expect(page.get_by_role("heading", level=1)).to_have_text("We are coming today between 1:30 and 2:30 pm")
    page.get_by_role("link", name="Back to the machine").click()
    expect(page.get_by_role("heading", name="Corvane TC-240 copier")).to_be_visible()
    context.close()
    with tenant(live_desk.cast.north.tenant):
        visit = Visit.objects.get()
        assert (visit.problem, visit.booked_by) == ("Grey bands on every page", None)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_steps_from_a_label_are_accessible_at_320_pixels(page_as, label, theme):
    page = page_as(width=320, height=640, theme=theme)

    def look():
        assert axe_violations(page) == []
        assert sideways_scroll(page) == 0

    page.goto(label)
    look()
    page.goto(f"{label}book/?problem=")
    look()
    page.goto(f"{label}book/?problem=Noise")
    look()
    page.get_by_role("radio").first.check()
    with page.expect_navigation():
        page.get_by_role("button", name="Go on").click()
    look()
    with page.expect_navigation():
        page.get_by_role("button", name="Yes, book this visit").click()
    look()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 320)])
def test_a_machines_pages_are_accessible(live_desk, page_as, label, theme, width):
    page = page_as("dispatcher", width=width, theme=theme)
    machine = f"equipment/{live_desk.cast.north.copier.public_id}/"
    for path in ("", "details/", "readings/", "documents/", "labels/end/", "../labels/"):
        page.goto(live_desk.url(machine + path))
        assert axe_violations(page) == [], path
        assert sideways_scroll(page) == 0, path
    with page.expect_navigation():
        page.get_by_role("button", name="Make the labels").click()
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0


def test_staff_who_scan_a_label_come_to_the_machine_and_read_its_counter(page_as, label):
    page = page_as("technician", width=390, height=844)
    page.goto(label)
    expect(page.get_by_role("heading", name="Corvane TC-240 copier", level=1)).to_be_visible()
    page.get_by_role("link", name="All readings").click()
    page.get_by_label("It shows").fill("12")
    with page.expect_navigation():
        page.get_by_role("button", name="Keep the reading").click()
    page.get_by_label("Yes, the counter was replaced or set back").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Keep the reading").click()
    expect(page.get_by_text("counter replaced")).to_be_visible()


def test_a_sheet_of_labels_prints_24_to_a_page_of_a4(live_desk, page_as, label):
    north = live_desk.cast.north
    with tenant(north.tenant):
        for number in range(24):
            Equipment.objects.create(
                site=north.site, make="Corvane", model="TC-240", serial_number=f"S{number}"
            )
    page = page_as("dispatcher")
    page.goto(live_desk.url("equipment/labels/"))
    with page.expect_navigation():
        page.get_by_role("button", name="Make the labels").click()
    page.emulate_media(media="print")
    box = page.locator(".label").first.bounding_box()
    # 70 by 37 mm, from the corner of the paper.
    assert [round(box[side]) for side in ("x", "y", "width", "height")] == [0, 0, 265, 140]
    sheets = pdf_pages(page.pdf(prefer_css_page_size=True))
    assert [sheet.count("Scan to book a visit") for sheet in sheets] == [24, 1]
