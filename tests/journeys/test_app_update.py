"""A new deployment while a phone holds pages, scripts and steps of the one before: all renewed, none lost."""

import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from servicedesk.settings import BASE_DIR
from tenancy.scope import tenant
from tests.browser import serving
from tests.journeys.phone_browser import call_without_a_signal
from visits.models import DeviceAction

pytestmark = pytest.mark.browser
OURS = Path(BASE_DIR) / "servicedesk/static"
# What the next deployment brings: other words, a worker that answers, a store more in the phone's database.
NEWER = {
    "js/technician-offline.js": ("`Sent ${clock(sentAt)}`", "`Sent anew ${clock(sentAt)}`"),
    "js/technician-queue.js": ("const STORES = {", 'const STORES = { notes: { keyPath: "name" },'),
    "js/technician-worker.js": (
        'self.addEventListener("message", (event) => {',
        'self.addEventListener("message", (event) => {\n'
        '  if (event.data === "version") event.source.postMessage({ version: 2 });',
    ),
}
VERSION = """async () => {
    const { serviceWorker } = navigator;
    const heard = new Promise((resolve) => {
        serviceWorker.addEventListener("message", ({ data: { version } }) => version && resolve(version));
    });
    const asks = setInterval(() => serviceWorker.controller?.postMessage("version"), 100);
    const late = new Promise((resolve) => { setTimeout(resolve, 60000, 1); });
    return Promise.race([heard, late]).finally(() => clearInterval(asks));
}"""
KEPT = """async () => {
    const cache = await caches.open("technician assets");
    return (await cache.keys()).map(({ url }) => new URL(url).pathname);
}"""


@pytest.fixture
def deploy(settings, tmp_path):
    """`deploy(phone, changes)`: the product with changed files, as production serves it, behind the phone."""
    servers = []
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "servicedesk.static_files.HashedModules"},
    }
    settings.WHITENOISE_USE_FINDERS = False

    def deployed(phone, changes=None):
        place = tmp_path / f"deployment {len(servers)}"
        shutil.copytree(OURS, place / "source")
        for name, (old, new) in (changes or {}).items():
            file = place / "source" / name
            assert old in file.read_text()
            file.write_text(file.read_text().replace(old, new))
        settings.STATICFILES_DIRS = [place / "source"]
        settings.STATIC_ROOT = place / "served"
        call_command("collectstatic", interactive=False, verbosity=0)
        server = serving()
        phone.signal.behind = ("127.0.0.1", int(server.__enter__().rsplit(":", 1)[1]))
        servers.append(server)

    yield deployed
    for server in servers:
        server.__exit__(None, None, None)


def test_a_new_deployment_replaces_pages_and_scripts_and_sends_the_old_ones_steps(
    phone, live_desk, visit, deploy
):
    desk = live_desk.cast.north
    deploy(phone)
    call_without_a_signal(phone, visit)
    page = phone.page
    old = set(page.evaluate(KEPT))
    assert all(len(Path(path).suffixes) > 1 for path in old if path.endswith(".js")), "a module without hash"

    # The steps of the old page meet the new scripts.
    page.goto("about:blank")
    deploy(phone, NEWER)
    phone.back()
    phone.go(f"{visit.public_id}/")
    expect(page.get_by_role("status").filter(has_text="Sent anew 13:")).to_be_visible()
    with tenant(desk.tenant):
        assert [one.outcome for one in DeviceAction.objects.all()] == ["accepted"]

    # Two days' pages again: nothing that is kept comes from the old deployment, and all of it works.
    page.evaluate("() => localStorage.clear()")
    phone.keep_pages()
    assert page.evaluate(VERSION) == 2
    kept = set(page.evaluate(KEPT))
    assert any(path.startswith("/static/js/technician-offline.") for path in kept)
    changed = [path for path in old - kept if "technician-" in path]
    assert {Path(path).name.split(".")[0] for path in changed} >= {"technician-offline", "technician-queue"}
    phone.cut()
    phone.go(f"{visit.public_id}/")
    page.get_by_role("button", name="2 to raise, read").click()
    expect(page.get_by_role("button", name="On my way")).to_be_visible()
    phone.back()
    expect(page.get_by_role("status").filter(has_text="Sent anew")).to_be_visible()
    with tenant(desk.tenant):
        kinds = DeviceAction.objects.order_by("order").values_list("kind", "outcome")
        assert list(kinds) == [("call", "accepted"), ("read", "accepted")]


def test_a_page_of_the_old_deployment_goes_on_beside_the_new_one(phone, live_desk, visit, deploy):
    """It stands open, its steps wait; a newer tab adds to the phone's database, and the old one writes on."""
    desk = live_desk.cast.north
    deploy(phone)
    call_without_a_signal(phone, visit)
    old = phone.page
    deploy(phone, NEWER)
    phone.signal.back()
    phone.context.set_offline(False)
    newer = phone.context.new_page()
    newer.goto(f"{phone.signal.address}{desk.url('today/waiting/')}")
    expect(newer.get_by_role("heading", name="Nothing is waiting")).to_be_visible()
    old.get_by_role("button", name="2 to raise, read").click()
    expect(old.get_by_role("button", name="On my way")).to_be_visible()
    with tenant(desk.tenant):
        kinds = DeviceAction.objects.order_by("order").values_list("kind", "outcome")
        assert list(kinds) == [("call", "accepted"), ("read", "accepted")]
