"""Photos of what is to be raised, on a phone without a signal; and on one that is full."""

import os

import pytest
from playwright.sync_api import expect

from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.servicedesk.photo_scene import add_photo

pytestmark = pytest.mark.browser
NAME = "Replace the fuser unit, photo 1"
DRAWN = "(picture) => picture.complete ? picture.naturalWidth : -1"
KEPT = """async () => {
    const name = (await caches.keys()).find((one) => one.startsWith("technician /"));
    return (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname);
}"""
# The phone takes no photo any more; nor a page while there is a photo.
NO_PHOTO = "url.includes('/photos/')"
NO_PAGE = f"{NO_PHOTO} || (await this.keys()).some(({{ url }}) => {NO_PHOTO})"
FULL = """() => {
    const put = Cache.prototype.put;
    Cache.prototype.put = async function (key, answer) {
        const url = String(key.url ?? key);
        if (%s) throw new DOMException("", "QuotaExceededError");
        return put.call(this, key, answer);
    };
}"""
KEEP_AGAIN = "() => { for (const name of Object.keys(localStorage)) localStorage.removeItem(name); }"


@pytest.fixture
def photo(live_desk, visit, now):
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        fuser = Recommendation.objects.get(finding="Replace the fuser unit")
        return add_photo(fuser, by=desk.technician, now=now)


@pytest.fixture
def address(live_desk, photo):
    return live_desk.cast.north.url(f"today/photos/{photo.public_id}/")


def test_a_photo_is_there_without_a_signal_after_a_kill_and_large_too(phone, visit, photo, address):
    phone.keep_pages()
    assert {address, f"{address}small/"} <= set(phone.page.evaluate(KEPT))
    phone.cut()
    phone.kill()
    phone.go(f"{visit.public_id}/")
    page = phone.page
    picture = page.get_by_role("img", name=NAME)
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate(DRAWN) == 264
    box = picture.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    assert (axe_violations(page), sideways_scroll(page)) == ([], 0)
    shoot(page, "brief-offline-photo")
    page.get_by_role("link", name=NAME).click()
    page.wait_for_url(f"**{address}")
    assert page.locator("img").evaluate(DRAWN) == 1600


def test_a_photo_goes_with_its_page_when_its_visit_is_over(phone, live_desk, visit, photo, address):
    phone.keep_pages()
    with tenant(live_desk.cast.north.tenant):
        visit.assignments.all().delete()
    phone.page.evaluate(KEEP_AGAIN)
    phone.keep_pages()
    desk = live_desk.cast.north
    assert sorted(phone.page.evaluate(KEPT)) == [
        desk.url("today/"),
        desk.url("today/kept-for"),
        desk.url("today/waiting/"),
    ]


@pytest.mark.parametrize("full", [NO_PHOTO, NO_PAGE])
def test_on_a_full_phone_pages_come_before_photos_and_it_says_so(phone, visit, photo, address, full):
    phone.keep_pages()
    if full == NO_PHOTO:
        phone.page.evaluate(
            """async () => {
                for (const name of await caches.keys()) {
                    const cache = await caches.open(name);
                    for (const request of await cache.keys()) {
                        if (request.url.includes("/photos/")) await cache.delete(request);
                    }
                }
            }"""
        )
    phone.context.service_workers[0].evaluate(FULL % full)
    phone.page.evaluate(KEEP_AGAIN)
    phone.keep_pages()
    page = phone.page
    expect(page.get_by_role("alert")).to_have_text(
        "This phone’s storage is full: not every photo of today and tomorrow is kept."
    )
    kept = set(page.evaluate(KEPT))
    path = address.split("photos/")[0]
    assert {path, f"{path}{visit.public_id}/", f"{path}{visit.public_id}/finish/"} <= kept
    assert address not in kept


def shoot(page, name):
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png", full_page=True)
