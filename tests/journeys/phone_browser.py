"""A technician's phone: a browser with a folder of its own, and a signal that can be cut."""

import os
import shutil
import signal
import socket
import threading
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.test import Client
from playwright.sync_api import Error, expect

from tests.browser import CHROMIUM_FLAGS


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
        expect(self.page.locator("html[data-kept]")).to_be_attached()


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


def call_without_a_signal(phone, visit):
    """One step is on the phone, and nothing of it at the desk."""
    phone.keep_pages()
    phone.cut()
    phone.go(f"{visit.public_id}/")
    phone.page.get_by_text("I called ahead").click()
    phone.page.get_by_role("button", name="Spoke to Margaret").click()
    expect(phone.page.get_by_role("button", name="2 to raise, read")).to_be_visible()
