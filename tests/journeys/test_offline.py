"""A technician without a signal, in a real browser that is killed and started again."""

import datetime as dt
import io
import os
import shutil
import signal
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image
from playwright.sync_api import Error, expect

from recommendations.models import Recommendation, RecommendationPhoto
from tenancy.models import StoredFile
from tenancy.scope import tenant
from tests.browser import CHROMIUM_FLAGS, axe_violations, sideways_scroll
from tests.cast import make_visit
from visits.models import DeviceAction, Review, ServiceReport, Visit, VisitStep

pytestmark = pytest.mark.browser
HOUR = dt.timedelta(hours=1)


class Signal:
    """Stands between the phone and the server: while it is cut, nobody gets through."""

    def __init__(self, address):
        self.behind = ("127.0.0.1", int(address.rsplit(":", 1)[1]))
        self.is_cut, self.open = False, set()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """No signal from here on; what is under way breaks off."""
        self.is_cut = True
        for connection in list(self.open):
            _shut(connection)

    def back(self):
        """The signal is back."""
        self.is_cut = False

    def end(self):
        """No more connections."""
        self.cut()
        self.server.close()

    def _accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            if self.is_cut:
                near.close()
                continue
            far = socket.create_connection(self.behind)
            self.open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        try:
            while chunk := source.recv(65_536):
                sink.sendall(chunk)
        except OSError:
            pass
        for one in (source, sink):
            self.open.discard(one)
            _shut(one)


def _shut(connection):
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class PhoneBrowser:
    """A browser with a folder of its own, so that what it keeps outlives it, as on a phone."""

    def __init__(self, chromium, folder, desk, person):
        self.chromium, self.folder, self.desk, self.faults = chromium, folder, desk, []
        self.signal = Signal(desk.address)
        self.context = self.page = None
        client = Client()
        client.force_login(person.user)
        # By the browser's own clock, which is not the tests'.
        about = {"url": self.signal.address, "expires": 4_000_000_000}
        name = settings.SESSION_COOKIE_NAME
        self.cookie = {"name": name, "value": client.cookies[name].value} | about
        self.start()

    def start(self):
        """Open the browser over what it kept."""
        self.context = self.chromium.browser_type.launch_persistent_context(
            self.folder,
            executable_path=_program_of(),
            args=CHROMIUM_FLAGS,
            viewport={"width": 390, "height": 844},
            locale="en-GB",
            timezone_id="Europe/London",
            reduced_motion="reduce",
        )
        # A browser writes its cookies down every half minute; a phone is killed later than that.
        self.context.add_cookies([self.cookie])
        self.page = self.context.pages[0]
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def kill(self):
        """As a phone kills an app: at once, and nothing is said to it. It starts again without a signal."""
        self.page.wait_for_timeout(0)
        for process in _browsers_in(self.folder):
            os.kill(process, signal.SIGKILL)
        with suppress(Error):
            self.context.close()
        (Path(self.folder) / "SingletonLock").unlink(missing_ok=True)
        self.start()
        if self.signal.is_cut:
            self.context.set_offline(True)

    def cut(self):
        """No signal, and the phone knows it."""
        self.signal.cut()
        self.context.set_offline(True)

    def back(self):
        """The signal is back."""
        self.signal.back()
        self.context.set_offline(False)

    def go(self, path=""):
        """Open a page of the day, and wait until its queue is there."""
        self.page.goto(f"{self.signal.address}{self.desk.cast.north.url(f'today/{path}')}")
        expect(self.page.locator("html[data-queue=ready]")).to_be_attached()

    def keep_pages(self):
        """Today's page with a signal: what two days need is on the phone when it says so."""
        self.go()
        expect(self.page.locator("html[data-kept]")).to_be_attached(timeout=20_000)


def _program_of():
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))


def _browsers_in(folder):
    """Processes of the one browser that lives in this folder."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"--user-data-dir={folder}".encode() in words:
                yield int(entry.name)


@pytest.fixture
def visit(live_desk, now, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        Recommendation.objects.create(
            equipment=desk.sorter,
            finding="Move off the extension lead",
            severity=1,
            raised_at=now - 99 * HOUR,
        )
        return make_visit(desk, start=now.replace(hour=14, minute=0), technician=desk.lou)


@pytest.fixture
def phone(chromium, live_desk, visit, tmp_path):
    browser = PhoneBrowser(chromium, str(tmp_path / "browser"), live_desk, live_desk.cast.north.technician)
    yield browser
    browser.context.close()
    browser.signal.end()
    assert browser.faults == []


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
    page.get_by_text("Fixed first time").click()
    sign(page)
    page.get_by_role("button", name="Finish visit").last.click()
    expect(page.get_by_text("Finished, waiting to send")).to_be_visible()
    with tenant(desk.tenant):
        assert not DeviceAction.objects.exists()

    phone.back()
    expect(page.get_by_role("status").filter(has_text="Sent ")).to_be_visible(timeout=20_000)
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
        assert ServiceReport.objects.get(visit=visit).signing == "drawn"
        reviews = Review.objects.filter(visit=visit).values_list("recommendation__finding", "outcome")
        assert dict(reviews) == {
            "Replace the fuser unit": "declined by customer",
            "Move off the extension lead": "still valid",
            "Bare wire at the plug": "raised",
        }
        photo = RecommendationPhoto.objects.get().photo
        with photo.content.open("rb") as content:
            assert Image.open(content).size == (1600, 800)
        assert StoredFile.objects.count() == 2


def a_photo():
    out = io.BytesIO()
    Image.new("RGB", (3200, 1600), (90, 20, 20)).save(out, "JPEG")
    return out.getvalue()


def sign(page):
    pad = page.locator("[data-signature]")
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
    expect(page.get_by_text("1 step needs your answer.")).to_be_visible(timeout=20_000)
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
    expect(page.get_by_text("Signed out. 1 step kept on this phone.")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="Sign in").click()
    expect(page.locator("html[data-cleared]")).to_be_attached()
    kept = page.evaluate(
        "async () => (await caches.keys()).filter((name) => name.startsWith('technician /'))"
    )
    assert kept == []
    page.get_by_label("Mail address").fill("lou@northgate.example")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Sent ")).to_be_visible(timeout=20_000)
    with tenant(live_desk.cast.north.tenant):
        assert DeviceAction.objects.get().outcome == "accepted"


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


def call_without_a_signal(phone, visit):
    """One step is on the phone, and nothing of it at the desk."""
    phone.keep_pages()
    phone.cut()
    phone.go(f"{visit.public_id}/")
    phone.page.get_by_text("I called ahead").click()
    phone.page.get_by_role("button", name="Spoke to Margaret").click()
    expect(phone.page.get_by_role("button", name="2 to raise, read")).to_be_visible()
