"""What a phone page may cost: bytes, taps, and fingers' room on every part that can be tapped."""

import datetime as dt
import sys

import pytest
from playwright.sync_api import expect

from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_plain_visit
from tests.servicedesk.photo_scene import add_photo
from visits.commitments import make_promises
from visits.models import Part, PartUse, Review, ServiceReport, VanStock, Visit

pytestmark = pytest.mark.browser
DAY = dt.timedelta(days=1)
LIMIT = 100_000
TARGET = 44
# Every file once, with what the scripts import.
WEIGHT = """async () => {
    const size = async (url) => (await (await fetch(url)).arrayBuffer()).byteLength;
    const kinds = { html: await size(location.href), css: 0, js: 0 };
    for (const { href } of document.querySelectorAll("link[rel=stylesheet]")) kinds.css += await size(href);
    const scripts = new Set([...document.scripts].map((script) => script.src));
    for (const url of scripts) {
        const text = await (await fetch(url)).text();
        for (const [, name] of text.matchAll(/(?:from|import) "(\\.\\/[^"]+)"/g)) {
            scripts.add(new URL(name, url).href);
        }
        kinds.js += new Blob([text]).size;
    }
    return { ...kinds, files: scripts.size };
}"""
SMALL = """(least) => {
    const found = [];
    const parts = "a[href], button, summary, input:not([type=hidden]), select, textarea, label:has(input)";
    for (const part of document.querySelectorAll(parts)) {
        if (!part.checkVisibility({ visibilityProperty: true, opacityProperty: false })) continue;
        if (part.matches(".skip, .vh")) continue;
        // What lies over or around a field is tapped for it.
        const around = part.matches("input") ? (part.closest("label") ?? part) : part;
        let { width, height } = around.getBoundingClientRect();
        const over = getComputedStyle(around, "::after");
        if (over.position === "absolute" && over.content !== "none") {
            width = Math.max(width, parseFloat(over.width) || 0);
            height = Math.max(height, parseFloat(over.height) || 0);
        }
        if (width < least - .5 || height < least - .5) {
            const what = part.innerText?.trim() || part.name;
            found.push(`${part.tagName} ${what} ${Math.round(width)}x${Math.round(height)}`);
        }
    }
    return found;
}"""


@pytest.fixture
def visit(live_desk, now, settings, tmp_path):
    """Lou's visit at 14:00: one open recommendation, parts, a history, long words."""
    settings.MEDIA_ROOT = tmp_path
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        fuser = Part.objects.create(number="FU-240", name="Fuser unit")
        blade = Part.objects.create(number="CB-9", name="Cleaning blade")
        VanStock.objects.create(part=fuser, technician=desk.lou, quantity=2)
        VanStock.objects.create(part=blade, place="depot shelf 14", quantity=1)
        for days in (20, 40, 60, 80, 100):
            at = now - days * DAY
            past = make_plain_visit(
                desk,
                now=at,
                start=at,
                state="done",
                is_history=True,
                completed_at=at,
                completed_on=at.date(),
                problem="Paper jams at the second tray, and streaks on every page",
            )
            for part in (fuser, blade):
                PartUse.objects.create(visit=past, part=part, quantity=1)
        visit = make_plain_visit(
            desk,
            now=now,
            start=now.replace(hour=14, minute=0),
            problem="Grey bands",
            booked_by=desk.dispatcher,
        )
        make_promises(visit, by=desk.dispatcher, now=now - dt.timedelta(hours=1))
    return visit


def test_the_brief_weighs_less_than_100_kb_with_all_its_docks(page_as, live_desk, visit, now, capsys):
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        found = Recommendation.objects.create(
            equipment=desk.copier,
            finding="Move off the extension lead",
            risk="The lead warms up under load; it may trip the whole floor, and nobody can print or ring.",
            severity=2,
            raised_at=now - 99 * DAY,
        )
        for _ in range(2):
            add_photo(found, by=desk.technician, now=now)
    page = page_as("technician", width=390, height=844)
    page.goto(live_desk.url(f"today/{visit.public_id}/"))
    expect(page.locator("html[data-queue=ready]")).to_be_attached()
    assert page.locator("template[data-dock]").count() == 5
    assert page.locator(".pictures img").count() == 2
    expect(page.get_by_role("button", name="Take Cleaning blade")).to_be_visible()
    kinds = page.evaluate(WEIGHT)
    assert kinds.pop("files") > 5
    total = sum(kinds.values())
    with capsys.disabled():
        sys.stdout.write(f"\nbrief: {total:,} bytes uncompressed ({kinds})\n")
    assert total < LIMIT


def test_a_routine_visit_is_finished_in_nine_taps_and_a_signature(page_as, live_desk, visit, now, capsys):
    desk = live_desk.cast.north
    stand(desk, visit, now, "finish")
    page = page_as("technician", width=390, height=844)
    page.add_init_script("""addEventListener("pointerdown", ({ target }) => {
        if (!target.closest?.("[data-signature]")) sessionStorage.taps = Number(sessionStorage.taps ?? 0) + 1;
    }, true);""")
    page.goto(live_desk.url(f"today/{visit.public_id}/"))
    expect(page.locator("html[data-queue=ready]")).to_be_attached()
    page.get_by_role("link", name="Finish").click()
    expect(page.locator("html[data-draft=ready]")).to_be_attached()
    page.get_by_text("Accepted", exact=True).click()
    page.get_by_label("In your words").first.click()
    page.keyboard.type("Fitted the new fuser unit.")
    page.get_by_text("Fixed first time").click()
    page.get_by_role("button", name="One more Fuser unit").click()
    page.get_by_text("Type a name", exact=True).click()
    page.get_by_label("Name of the person who signs").click()
    page.keyboard.type("Margaret Ellison")
    page.get_by_text("Margaret signs for these too").click()
    page.get_by_role("button", name="Finish visit").last.click()
    expect(page.get_by_text("Visit done: The Harbour Letter.")).to_be_visible()
    taps = int(page.evaluate("() => sessionStorage.taps"))
    with capsys.disabled():
        sys.stdout.write(f"\nroutine visit: {taps} taps with a typed name\n")
    # From the brief on; a drawn signature has no field to open and to tap.
    assert taps == 9
    with tenant(desk.tenant):
        report = ServiceReport.objects.get(visit=visit)
        assert (report.signing, report.recommendations_signed_by) == ("typed", "Margaret Ellison")
        assert Review.objects.get(visit=visit).outcome == "done"
        assert PartUse.objects.get(visit=visit).quantity == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_part_has_room_for_a_finger_and_axe_finds_nothing(page_as, live_desk, visit, now, theme):
    """At 320 px, in every dock and with everything open; also at 390 px in one theme."""
    desk = live_desk.cast.north
    widths = [page_as("technician", width=320, height=720, theme=theme)]
    if theme == "light":
        widths.append(page_as("technician", width=390, height=844))
    found = {}
    for step in ("call", "no answer", "read", "set out", "arrive", "finish"):
        stand(desk, visit, now, step)
        for page in widths:
            paths = ("today/", "") if step in ("call", "finish") else ("",)
            for path in paths:
                look(page, live_desk, path or f"today/{visit.public_id}/", step, found)
    for page in widths:
        look(page, live_desk, f"today/{visit.public_id}/finish/", "finish", found)
        look(page, live_desk, "today/waiting/", "", found)
    assert {at: wrong for at, wrong in found.items() if wrong != ([], [], 0)} == {}
    assert len(found) >= 9 * len(widths)


def look(page, live_desk, path, step, found):
    """With everything opened: what is too small for a finger, what axe says, what is too wide."""
    page.goto(live_desk.url(path))
    expect(page.locator("html[data-queue=ready]")).to_be_attached()
    page.evaluate("""() => {
        document.querySelectorAll("details:not(.dock__ask)").forEach((part) => { part.open = true; });
        const hidden = document.querySelectorAll("[data-when], [data-unfixed]");
        hidden.forEach((part) => { part.style.display = "grid"; });
        for (const kind of document.querySelectorAll("template[id$=-card]")) {
            const card = kind.content.firstElementChild.cloneNode(true);
            for (const link of card.querySelectorAll("a")) link.href = "#";
            const words = "13:07 On my way, Margaret Ellison";
            for (const head of card.querySelectorAll("[data-fill]")) head.textContent = words;
            document.getElementById("waiting-list").append(card);
        }
    }""")
    at = (page.viewport_size["width"], path.rsplit("/", 2)[-2], step)
    small = page.evaluate(SMALL, TARGET)
    ask = page.locator("details.dock__ask")
    if ask.count():
        ask.evaluate("(part) => { part.open = true; }")
        small += page.evaluate(SMALL, TARGET)
    found[at] = (small, axe_violations(page), sideways_scroll(page))


def stand(desk, visit, now, step):
    """The visit where its next step is this one."""
    done = {"no answer": 0, "call": 0, "read": 1, "set out": 2, "arrive": 3, "finish": 4}[step]
    minute = dt.timedelta(minutes=1)
    with tenant(desk.tenant):
        if step == "no answer":
            visit.steps.create(step="call ahead", result="no answer", at=now, by=desk.technician)
        Visit.objects.filter(pk=visit.pk).update(
            called_ahead_at=now if done >= 1 else None,
            brief_read_at=now if done >= 2 else None,
            on_the_way_at=now if done >= 3 else None,
            expected_at=now + 60 * minute if done >= 3 else None,
            arrived_at=now if done >= 4 else None,
            state={3: "on the way", 4: "on site"}.get(done, "booked"),
        )
