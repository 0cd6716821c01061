"""A technician's visit in a real browser: sign in, today, brief, the four steps, the gate, the report."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from cases.models import Duty, Promise
from messaging.models import Message
from recommendations.lifecycle import mark_done
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_plain_visit
from visits.commitments import make_promises
from visits.models import Part, PartUse, Review, ServiceReport, VanStock, Visit, WorkLeft

pytestmark = pytest.mark.browser
DAY = dt.timedelta(days=1)


@pytest.fixture
def visit(live_desk, now, settings, tmp_path):
    """Lou's visit at 14:00, with a part in the van that such visits usually take."""
    settings.MEDIA_ROOT = tmp_path
    settings.SMS_URL = "https://sms.example/send"
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        fuser = Part.objects.create(number="FU-240", name="Fuser unit")
        VanStock.objects.create(part=fuser, technician=desk.lou, quantity=2)
        for days in (20, 40):
            at = now - days * DAY
            past = make_plain_visit(
                desk, now=at, start=at, state="done", is_history=True, completed_at=at, completed_on=at.date()
            )
            PartUse.objects.create(visit=past, part=fuser, quantity=1)
        visit = make_plain_visit(desk, now=now, start=now.replace(hour=14, minute=0), problem="Grey bands")
        make_promises(visit, by=desk.dispatcher, now=now - dt.timedelta(hours=1))
    return visit


def test_from_signing_in_to_the_signed_report(page_as, live_desk, visit):
    desk = live_desk.cast.north
    page = page_as(width=390, height=844)
    page.goto(live_desk.url("today/"))
    page.get_by_label("Mail address").fill("lou@northgate.example")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Sign in").click()

    # Today: the next visit with its one button.
    expect(page.get_by_role("heading", name="Thursday 5 March")).to_be_visible()
    expect(page.get_by_text("1 to raise")).to_be_visible()
    page.get_by_role("link", name="Call ahead by 13:30").click()

    # The brief: two taps for the call, two for the way, one for the arrival.
    expect(page.get_by_text("Nobody mentioned it on the 2 visits since.")).to_be_visible()
    page.get_by_text("I called ahead").click()
    page.get_by_role("button", name="Spoke to Margaret").click()
    page.get_by_role("button", name="1 to raise, read").click()
    page.get_by_role("button", name="On my way").click()
    page.get_by_role("button", name="Arrived").click()
    page.get_by_role("link", name="Finish").click()
    page.wait_for_load_state()

    # The gate: the button says what is left, leads there, and lets nothing through.
    blocked = page.get_by_role("button", name="1 recommendation left to review")
    expect(blocked).to_be_enabled()
    blocked.click()
    expect(page.get_by_role("radio", name="Accepted")).to_be_focused()
    with tenant(desk.tenant):
        assert Visit.objects.get(pk=visit.pk).state == "on site"
    page.get_by_text("Accepted", exact=True).click()
    expect(page.get_by_text("All answered")).to_be_visible()
    page.get_by_label("In your words").first.fill("Fitted the new fuser unit. Bands gone.")
    page.get_by_text("Fixed first time").click()
    page.get_by_role("button", name="One more Fuser unit").click()
    expect(page.locator("[data-signed] li")).to_have_text(
        ["1 × Fuser unit", "Replace the fuser unit: accepted"]
    )
    _sign(page)
    page.get_by_text("Margaret signs for these too").click()
    page.get_by_role("button", name="Finish visit").last.click()

    expect(page.get_by_text("Visit done: The Harbour Letter.")).to_be_visible()
    with tenant(desk.tenant):
        done = Visit.objects.get(pk=visit.pk)
        report = ServiceReport.objects.select_related("signature").get(visit=visit)
        assert done.state == "done"
        assert report.work_done == "Fitted the new fuser unit. Bands gone."
        assert (report.signing, report.signature.kind) == ("drawn", "signature")
        assert report.recommendations_signed_by == "Margaret Ellison"
        assert Review.objects.get(visit=visit).outcome == "done"
        assert PartUse.objects.get(visit=visit).quantity == 1
        assert VanStock.objects.get().quantity == 1
        kept = Promise.objects.filter(of_visit__visit=visit, kind__in=["window", "call ahead"])
        assert set(kept.values_list("state", flat=True)) == {"kept"}
        # Told nobody by a wrong tap: the text waits for the undo time, and is of no use after the arrival.
        planned = Message.objects.filter(subject=visit.public_id, state="planned")
        assert set(planned.values_list("kind", flat=True)) == {"visit report"}
        assert not Duty.objects.exists()


def test_what_came_in_meanwhile_is_asked_and_the_signature_stays(page_as, live_desk, visit, now):
    desk = live_desk.cast.north
    _be_on_site(desk, visit, now)
    page = page_as("technician", width=390, height=844)
    page.goto(live_desk.url(f"today/{visit.public_id}/finish/"))
    page.get_by_text("Nobody to ask").click()
    page.get_by_label("In your words").first.fill("Cleaned the rollers.")
    page.get_by_text("Fixed first time").click()
    _sign(page)
    with tenant(desk.tenant):
        desk.recommendation.__class__.objects.create(
            equipment=desk.copier, finding="Bare wire", severity=4, raised_at=now
        )
    page.get_by_role("button", name="Finish visit").last.click()
    expect(page.get_by_role("alert")).to_contain_text("“Bare wire” came in while this page was open.")
    page.get_by_role("article").filter(has_text="Bare wire").get_by_text("Nobody to ask").click()
    expect(page.get_by_label("In your words").first).to_have_value("Cleaned the rollers.")
    page.get_by_role("button", name="Finish visit").last.click()
    expect(page.get_by_text("Visit done: The Harbour Letter.")).to_be_visible()
    with tenant(desk.tenant):
        assert ServiceReport.objects.get(visit=visit).signing == "drawn"
        assert Duty.objects.get().kind == "mail recommendation"


def test_above_the_pad_stands_all_that_is_signed_for(page_as, live_desk, visit, now):
    desk = live_desk.cast.north
    _be_on_site(desk, visit, now)
    with tenant(desk.tenant):
        past = Visit.objects.filter(is_history=True).first()
        WorkLeft.objects.create(visit=past, words="Fit the drum", left_at=now - 20 * DAY)
    page = page_as("technician", width=390, height=844)
    page.goto(live_desk.url(f"today/{visit.public_id}/finish/"))
    expect(page.locator("html[data-draft=ready]")).to_be_attached()
    signed, apart = page.locator("[data-signed] li"), page.locator("[data-signed-apart] li")
    expect(apart).to_have_text(["Replace the fuser unit"])
    page.get_by_role("button", name="One more Fuser unit").click()
    page.get_by_text("Add a part", exact=True).click()
    page.get_by_label("Part number").fill("CB-9")
    page.get_by_label("How many").fill("2")
    page.get_by_text("Still left").click()
    page.get_by_text("Not fixed").click()
    page.get_by_label("Why not?").fill("No drum")
    page.get_by_label("Part number").focus()
    rest = ["Fit the drum: still left", "Still to do: No drum"]
    expect(signed).to_have_text(["1 × Fuser unit", "2 × CB-9", *rest])
    page.get_by_label("What comes next, and when?").fill("Order the drum")
    page.get_by_text("Add a recommendation").click()
    page.get_by_label("What should be done").fill("Bare wire")
    page.get_by_label("Part number").focus()
    rest = ["Fit the drum: still left", "Still to do: Order the drum"]
    expect(signed).to_have_text(["1 × Fuser unit", "2 × CB-9", "Bare wire: new", *rest])
    page.get_by_text("Safety", exact=True).last.click()
    page.context.set_offline(True)
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Bare wire")).to_be_visible()
    page.get_by_label("What should be done").fill("Dust in the vent")
    page.get_by_label("Part number").fill("")
    page.get_by_label("Part number").blur()
    expect(signed).to_have_text(["1 × Fuser unit", "Bare wire: new", "Dust in the vent: new", *rest])
    expect(apart).to_have_text(["Bare wire: new", "Dust in the vent: new", "Replace the fuser unit"])


def test_without_recommendations_there_is_one_pad_until_one_is_found(page_as, live_desk, visit, now):
    desk = live_desk.cast.north
    _be_on_site(desk, visit, now)
    with tenant(desk.tenant):
        mark_done(desk.recommendation, by=desk.technician, now=now)
    page = page_as("technician", width=390, height=844)
    page.goto(live_desk.url(f"today/{visit.public_id}/finish/"))
    expect(page.locator("html[data-draft=ready]")).to_be_attached()
    expect(page.locator("#pad")).to_be_visible()
    expect(page.locator("#pad-apart")).to_be_hidden()
    page.get_by_text("Add a recommendation").click()
    page.get_by_label("What should be done").fill("Bare wire")
    page.get_by_label("What should be done").blur()
    expect(page.locator("#pad-apart")).to_be_visible()
    _sign(page, "pad-apart", "recommendations_signature")
    page.get_by_role("button", name="Clear the signature for the recommendations").click()
    expect(page.locator("#recommendations_signature")).to_have_value("")
    expect(page.locator("#signature")).to_have_value("")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(page_as, live_desk, visit, now, theme):
    desk = live_desk.cast.north
    found = {}
    for width in (390, 320):
        page = page_as("technician", width=width, height=844, theme=theme)
        for path in ("today/", f"today/{visit.public_id}/"):
            page.goto(live_desk.url(path))
            found[width, path] = (axe_violations(page), sideways_scroll(page))
    _be_on_site(desk, visit, now)
    for width in (390, 320):
        page = page_as("technician", width=width, height=844, theme=theme)
        page.goto(live_desk.url(f"today/{visit.public_id}/finish/"))
        page.get_by_text("Not now", exact=True).click()
        page.get_by_text("Add a recommendation").click()
        found[width, "finish"] = (axe_violations(page), sideways_scroll(page))
        page.locator("#finish").evaluate("form => form.submit()")
        expect(page.get_by_role("alert")).to_be_visible()
        found[width, "finish, errors"] = (axe_violations(page), sideways_scroll(page))
    assert found == dict.fromkeys(found, ([], 0))


def test_all_steps_by_keyboard(page_as, live_desk, visit):
    page = page_as("technician", width=390, height=844)
    page.goto(live_desk.url(f"today/{visit.public_id}/"))
    _press(page, "I called ahead")
    for name in ("Spoke to Margaret", "1 to raise, read", "On my way", "Arrived"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
        _press(page, name)
    expect(page.get_by_role("link", name="Finish")).to_be_visible()


def test_without_javascript_everything_works(page_as, live_desk, visit, chromium, now):
    desk = live_desk.cast.north
    signed_in = page_as("technician", width=390, height=844)
    state = signed_in.context.storage_state()
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    context.add_cookies(state["cookies"])
    page = context.new_page()
    page.goto(live_desk.url(f"today/{visit.public_id}/"))
    page.get_by_text("I called ahead").click()
    page.get_by_role("button", name="Left a message").click()
    page.get_by_role("button", name="1 to raise, read").click()
    page.get_by_role("button", name="On my way").click()
    page.get_by_role("button", name="Arrived").click()
    page.get_by_role("link", name="Finish").click()
    page.get_by_role("button", name="1 recommendation left to review").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose an answer.")
    page.get_by_text("Declined", exact=True).click()
    page.get_by_text("Not needed").click()
    page.get_by_label("In your words").first.fill("Cleaned.")
    page.get_by_text("Fixed first time").click()
    page.get_by_text("Type a name", exact=True).click()
    page.get_by_label("Name of the person who signs").fill("M. Ellison")
    page.get_by_role("button", name="Add a part").or_(
        page.get_by_text("Add a part", exact=True)
    ).first.click()
    page.get_by_label("Part number").fill("FU-240")
    page.get_by_label("Part number").press("Enter")
    expect(page.get_by_text("Visit done: The Harbour Letter.")).to_be_visible()
    context.close()
    with tenant(desk.tenant):
        assert Review.objects.get(visit=visit).outcome == "declined by customer"
        assert PartUse.objects.get(visit=visit).quantity == 1


def _be_on_site(desk, visit, now):
    with tenant(desk.tenant):
        Visit.objects.filter(pk=visit.pk).update(state="on site", arrived_at=now)


def _sign(page, pad="pad", field="signature"):
    pad = page.locator(f"#{pad}")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 30 + step * 25, box["y"] + 60 + (-1) ** step * 20)
    page.mouse.up()
    expect(page.locator(f"#{field}")).not_to_have_value("")


def _press(page, name):
    """Reach the thing with the tabulator and press it: nothing needs a pointer."""
    for _ in range(80):
        page.keyboard.press("Tab")
        words = page.evaluate("() => document.activeElement.innerText ?? ''")
        if words.strip() == name:
            break
    else:
        raise AssertionError(f"“{name}” cannot be reached with the keyboard.")
    page.keyboard.press("Enter")
