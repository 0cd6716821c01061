"""A technician without a signal, in a real browser that is killed and started again."""

import datetime as dt
import io

import pytest
from django.conf import settings
from PIL import Image
from playwright.sync_api import expect

from recommendations.models import RecommendationPhoto
from tenancy.models import StoredFile
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.journeys.phone_browser import call_without_a_signal
from visits.models import DeviceAction, Review, ServiceReport, Visit, VisitStep

pytestmark = pytest.mark.browser
HOUR = dt.timedelta(hours=1)


def test_a_whole_visit_without_a_signal_and_with_two_kills(phone, live_desk, visit, now):
    desk = live_desk.cast.north
    phone.keep_pages()
    phone.cut()
    phone.go()
    page = phone.page
    page.get_by_role("link", name="Call ahead by 13:30").click()
    expect(page.get_by_role("status").filter(has_text="No signal. All saved on this phone.")).to_be_visible()
    expect(page.get_by_text("Grey bands")).to_be_visible()
    page.get_by_text("I called ahead").click()
    page.get_by_role("button", name="Spoke to Margaret").click()
    page.get_by_role("button", name="2 to raise, read").click()
    expect(page.get_by_role("button", name="On my way")).to_be_visible()

    phone.kill()
    phone.go(f"{visit.public_id}/")
    page = phone.page
    page.get_by_role("button", name="On my way").click()
    page.get_by_role("button", name="Arrived").click()
    page.get_by_role("link", name="Finish").click()
    expect(page.locator("html[data-draft=ready]")).to_be_attached()
    page.get_by_role("button", name="2 recommendations left to review").click()
    page.get_by_text("Add a recommendation").click()
    page.get_by_label("What should be done").fill("Bare wire at the plug")
    page.get_by_text("Safety", exact=True).last.click()
    page.get_by_label("Photo").set_input_files(
        {"name": "p.jpg", "mimeType": "image/jpeg", "buffer": a_photo()}
    )
    expect(page.get_by_text("1 saved")).to_be_visible()

    # In the middle of the photo's recommendation: nothing was tapped yet, and nothing is gone.
    phone.kill()
    phone.go(f"{visit.public_id}/finish/")
    page = phone.page
    expect(page.get_by_text("1 saved")).to_be_visible()
    expect(page.get_by_label("What should be done")).to_have_value("Bare wire at the plug")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Bare wire at the plug")).to_be_visible()
    fuser = page.get_by_role("article").filter(has_text="Replace the fuser unit")
    fuser.get_by_text("Declined", exact=True).click()
    fuser.get_by_text("Too expensive").click()
    lead = page.get_by_role("article").filter(has_text="Move off the extension lead")
    lead.get_by_text("Nobody to ask").click()
    page.get_by_label("In your words").last.fill("Cleaned the rollers.")
    page.get_by_role("button", name="Finish visit").last.click()
    # What is missing is said without the server, in its words.
    expect(page.get_by_role("alert")).to_contain_text("Say whether it is fixed.")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("Say whether it is fixed.")
    expect(page.get_by_label("In your words").last).to_have_value("Cleaned the rollers.")
    page.get_by_text("Fixed first time").click()
    sign(page, "#pad")
    expect(page.locator("[data-signed-apart] li")).to_have_text(
        [
            "Replace the fuser unit: declined",
            "Move off the extension lead: nobody to ask",
            "Bare wire at the plug: new",
        ]
    )
    sign(page, "#pad-apart")
    page.reload()
    expect(page.locator("html[data-draft=ready]")).to_be_attached()
    expect(page.locator("#recommendations_signature")).not_to_have_value("")
    page.get_by_role("button", name="Finish visit").last.click()
    expect(page.get_by_text("Finished, waiting to send")).to_be_visible()
    with tenant(desk.tenant):
        assert not DeviceAction.objects.exists()

    phone.back()
    expect(page.get_by_role("status").filter(has_text="Sent ")).to_be_visible()
    with tenant(desk.tenant):
        kept = list(DeviceAction.objects.order_by("pk"))
        assert [one.kind for one in kept] == ["call", "read", "set-out", "arrive", "add", "finish"]
        assert [one.outcome for one in kept] == ["accepted"] * 6
        assert [one.order for one in kept] == sorted(one.order for one in kept)
        happened = [one.happened_at for one in kept]
        assert happened == sorted(happened)
        assert len(set(happened)) == 6
        steps = VisitStep.objects.filter(visit=visit).order_by("pk")
        assert [step.step for step in steps] == ["call ahead", "on the way", "arrived", "finished"]
        assert [step.device_at for step in steps] == [happened[n] for n in (0, 2, 3, 5)]
        assert Visit.objects.get(pk=visit.pk).state == "done"
        report = ServiceReport.objects.get(visit=visit)
        assert (report.signing, report.recommendations_signing) == ("drawn", "drawn")
        assert report.recommendations_signed_by == "Margaret Ellison"
        reviews = Review.objects.filter(visit=visit).values_list("recommendation__finding", "outcome")
        assert dict(reviews) == {
            "Replace the fuser unit": "declined by customer",
            "Move off the extension lead": "still valid",
            "Bare wire at the plug": "raised",
        }
        photo = RecommendationPhoto.objects.get().photo
        with photo.content.open("rb") as content:
            assert Image.open(content).size == (1600, 800)
        assert StoredFile.objects.count() == 3


def a_photo():
    out = io.BytesIO()
    Image.new("RGB", (3200, 1600), (90, 20, 20)).save(out, "JPEG")
    return out.getvalue()


def sign(page, where):
    pad = page.locator(where)
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 130, box["y"] + 80, steps=4)
    page.mouse.up()


def test_a_visit_moved_meanwhile_shows_both_versions_and_asks(phone, live_desk, visit):
    desk = live_desk.cast.north
    call_without_a_signal(phone, visit)
    with tenant(desk.tenant):
        Visit.objects.filter(pk=visit.pk).update(
            planned_start=visit.planned_start + HOUR, planned_end=visit.planned_end + HOUR
        )
    phone.back()
    page = phone.page
    expect(page.get_by_text("1 step needs your answer.")).to_be_visible()
    page.get_by_role("link", name="See").click()
    expect(page.get_by_text("Thursday 5 March, 14:00, Lou Baptiste")).to_be_visible()
    expect(page.get_by_text("Thursday 5 March, 15:00, Lou Baptiste")).to_be_visible()
    assert (axe_violations(page), sideways_scroll(page)) == ([], 0)
    with tenant(desk.tenant):
        assert not VisitStep.objects.filter(visit=visit).exists()
    page.get_by_role("button", name="I did it. Send it all the same").click()
    expect(page.get_by_role("heading", name="Nothing is waiting")).to_be_visible()
    with tenant(desk.tenant):
        assert VisitStep.objects.get(visit=visit).result == "spoke"


def test_signed_out_the_queue_is_kept_the_pages_go_and_signing_in_sends_it(phone, live_desk, visit):
    call_without_a_signal(phone, visit)
    phone.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    phone.back()
    page = phone.page
    expect(page.get_by_text("Signed out. 1 step kept on this phone.")).to_be_visible()
    page.get_by_role("link", name="Sign in").click()
    expect(page.locator("html[data-cleared]")).to_be_attached()
    kept = page.evaluate(
        "async () => (await caches.keys()).filter((name) => name.startsWith('technician /'))"
    )
    assert kept == []
    page.get_by_label("Mail address").fill("lou@northgate.example")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Sent ")).to_be_visible()
    with tenant(live_desk.cast.north.tenant):
        assert DeviceAction.objects.get().outcome == "accepted"


def test_only_what_two_days_need_is_kept(phone, live_desk, visit):
    """A picture of another day, looked at once, goes with the next keeping, as that day's page does."""
    phone.keep_pages()
    desk = live_desk.cast.north
    kept = phone.page.evaluate(
        """async ([name, ...paths]) => {
            const cache = await caches.open(name);
            for (const path of paths) await cache.put(path, new Response("old"));
            const worker = await navigator.serviceWorker.ready;
            const done = new Promise((resolve) => {
                navigator.serviceWorker.addEventListener("message", ({ data }) => data.kept && resolve());
            });
            worker.active.postMessage({ keep: [location.pathname] });
            await done;
            return (await cache.keys()).map(({ url }) => new URL(url).pathname);
        }""",
        [f"technician {desk.url('today/')}", desk.url("files/old.jpg"), desk.url("today/old/")],
    )
    assert sorted(kept) == [desk.url("today/"), desk.url("today/kept-for")]


def test_a_full_phone_says_that_a_step_was_not_saved(phone, live_desk, visit):
    phone.go(f"{visit.public_id}/")
    page = phone.page
    full = "throw new DOMException('', 'QuotaExceededError')"
    page.evaluate(f"() => {{ IDBObjectStore.prototype.add = () => {{ {full}; }}; }}")
    page.get_by_text("I called ahead").click()
    page.get_by_role("button", name="Spoke to Margaret").click()
    expect(page.get_by_role("alert")).to_contain_text("This phone’s storage is full, and this was not saved.")
    expect(page.get_by_role("button", name="Spoke to Margaret")).to_be_visible()
    with tenant(live_desk.cast.north.tenant):
        assert not VisitStep.objects.exists()
