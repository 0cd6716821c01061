"""A real browser in front of the whole product: Chromium by Playwright, the server in a thread.

Server and pages live at the tests' own moment: a page says "today" of the day that the cast
lives in. What a page's script raises, or the content security policy refuses, fails the test.
"""

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.cast import Cast, Desk

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A refused answer (409, 422) is part of a page's work; Chromium logs it all the same.
# So is a request of htmx that a newer one replaced.
EXPECTED_LOGS = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")

# Only a guard: a busy machine takes its time.
expect.set_options(timeout=20_000)


@dataclass
class LiveDesk:
    """The product at an address, over the committed cast."""

    address: str
    cast: Cast

    def url(self, path: str = "", desk: Desk | None = None) -> str:
        """The full address of a page of a desk (Northgate unless said otherwise)."""
        return f"{self.address}{(desk or self.cast.north).url(path)}"


@dataclass
class Tabs:
    """Opens pages for people, and remembers what went wrong in them."""

    browser: Browser
    desk: LiveDesk
    now: dt.datetime
    contexts: list = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def open(self, role=None, *, desk=None, width=1440, height=900, theme="light", scale=1) -> Page:
        """A page signed in as the person with `role` at `desk`; nobody is signed in without a role."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            device_scale_factor=scale,
            locale="en-GB",
            timezone_id="Europe/London",
            # A colour halfway to the next is no colour to judge.
            reduced_motion="reduce",
        )
        self.contexts.append(context)
        # Scripts see the moment that the server sees; their timers run on.
        context.clock.install(time=self.now)
        if role is not None:
            self._sign_in(context, (desk or self.desk.cast.north).people[role].user)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._listen)
        return page

    def close(self) -> None:
        """Close every page that was opened."""
        for context in self.contexts:
            context.close()

    def _sign_in(self, context, user):
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.desk.address}])

    def _listen(self, message):
        if message.type == "error" and not message.text.startswith(EXPECTED_LOGS):
            self.faults.append(message.text)


def axe_violations(page: Page) -> list[str]:
    """What axe finds wrong with a page, one line for each rule that is broken."""
    # Not before its styles are there: a page may be read and not yet be drawn.
    page.wait_for_load_state()
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: " + "; ".join(node["html"][:160] for node in rule["nodes"]) for rule in found]


def faults_of(page: Page) -> list[str]:
    """What is wrong with a page as it stands: what axe finds, and whether it scrolls sideways."""
    return [*axe_violations(page), *(["scrolls sideways"] if sideways_scroll(page) else [])]


def sideways_scroll(page: Page) -> int:
    """By how many pixels the page is wider than its window; it never may be."""
    return page.evaluate("() => Math.max(0, document.documentElement.scrollWidth - innerWidth)")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; without one they are skipped, unless REQUIRE_BROWSER=1."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("REQUIRE_BROWSER=1, and there is no Chromium on this machine.")
    if program is None:
        pytest.skip("No Chromium on this machine: install the package chromium to run browser tests.")
    with pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop in this thread; Django would refuse its queries there.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
            yield browser
            browser.close()


@pytest.fixture
def live_desk(committed_cast, now) -> Iterator[LiveDesk]:
    """The product on a free port, over the committed cast, at the moment `now`."""
    with time_machine.travel(now, tick=True), serving() as address:
        yield LiveDesk(address=address, cast=committed_cast)


@pytest.fixture
def page_as(chromium, live_desk, now) -> Iterator[Callable[..., Page]]:
    """`page_as("dispatcher", width=1440, theme="dark")`: a page signed in as that person of Northgate."""
    tabs = Tabs(chromium, live_desk, now)
    yield tabs.open
    tabs.close()
    assert not tabs.faults, tabs.faults


@contextmanager
def serving() -> Iterator[str]:
    """The product as the settings are now, on a free port: its address."""
    thread = LiveServerThread("127.0.0.1", static_handler=lambda _: WSGIHandler())
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    try:
        yield f"http://{thread.host}:{thread.port}"
    finally:
        thread.terminate()
