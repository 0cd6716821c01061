"""Every step without a signal, on a page that was loaded before any: skip, undo, arrival time, no access."""

import pytest
from playwright.sync_api import expect

from messaging.models import Message
from tenancy.scope import tenant
from visits.models import DeviceAction, Visit, VisitStep

pytestmark = pytest.mark.browser


def test_every_step_without_a_signal_from_a_page_that_knew_none(phone, live_desk, visit):
    desk = live_desk.cast.north
    phone.page.clock.install()
    phone.keep_pages()
    phone.cut()
    phone.go(f"{visit.public_id}/")
    page = phone.page
    page.get_by_text("Skip the call ahead").click()
    page.get_by_label("Why? The office sees it").locator("visible=true").fill("Next door already")
    page.get_by_role("button", name="Skip this step").locator("visible=true").click()
    expect(page.get_by_role("button", name="2 to raise, read")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("I called ahead")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    page.get_by_text("I called ahead").click()
    page.get_by_role("button", name="No answer").click()
    expect(page.get_by_role("link", name="Text Margaret instead")).to_be_visible()
    page.get_by_text("I tried again").click()
    page.get_by_role("button", name="Left a message").click()
    page.get_by_role("button", name="2 to raise, read").click()

    # The arrival that the customer is told: proposed by the right time, chosen, and changed.
    proposed = page.get_by_label("Margaret is told you will be there at")
    expect(proposed).to_have_value("14:00")
    proposed.fill("14:20")
    page.get_by_role("button", name="On my way").click()
    expect(page.get_by_text("Margaret expects you at 14:20")).to_be_visible()
    page.clock.fast_forward("01:01")
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    page.get_by_text("Change the arrival time").click()
    page.get_by_label("There at").fill("14:35")
    page.get_by_role("button", name="Tell Margaret").click()
    expect(page.get_by_text("Margaret expects you at 14:35")).to_be_visible()
    page.get_by_role("button", name="Arrived").click()

    page.get_by_text("I cannot get in").click()
    page.get_by_label("What kept you out?").fill("Gate locked")
    page.get_by_role("button", name="No access").click()
    expect(page.get_by_role("alert")).to_contain_text("Wait ten minutes for somebody to open: until 13:")
    page.clock.fast_forward("10:01")
    page.get_by_role("button", name="No access").click()
    expect(page.get_by_role("alert")).to_have_text("Ring the customer and log the call first.")
    page.get_by_role("button", name="No answer").locator("visible=true").click()
    expect(page.get_by_text("Rung from the door: once")).to_be_visible()
    page.get_by_role("button", name="No access").click()
    expect(page.get_by_text("Done here, waiting to send.")).to_be_visible()
    with tenant(desk.tenant):
        assert not DeviceAction.objects.exists()

    phone.back()
    expect(page.get_by_role("status").filter(has_text="Sent ")).to_be_visible()
    with tenant(desk.tenant):
        kinds = ["skip", "undo", "call", "call", "read", "set-out", "arrival", "arrive", "call", "no-access"]
        kept = list(DeviceAction.objects.order_by("order"))
        assert [(one.kind, one.outcome) for one in kept] == [(kind, "accepted") for kind in kinds]
        ended = Visit.objects.get(pk=visit.pk)
        assert (ended.state, ended.ended_because) == ("no access", "Gate locked")
        assert f"{ended.expected_at:%H:%M}" == "14:35"
        steps = VisitStep.objects.filter(visit=visit, undone_at=None).order_by("pk")
        assert [(step.step, step.result) for step in steps] == [
            ("call ahead", "no answer"),
            ("call ahead", "left a message"),
            ("on the way", ""),
            ("arrived", ""),
            ("call ahead", "no answer"),
            ("no access", ""),
        ]
        # Nobody is told of an arrival that is over.
        assert not Message.objects.filter(subject=visit.public_id, state="planned").exists()


def test_what_the_office_changed_is_seen_without_a_signal(phone, live_desk, visit):
    desk = live_desk.cast.north
    phone.go()
    with tenant(desk.tenant):
        Visit.objects.filter(pk=visit.pk).update(
            planned_start=visit.planned_start.replace(hour=15), planned_end=visit.planned_end.replace(hour=16)
        )
    phone.keep_pages()
    phone.cut()
    phone.go()
    page = phone.page
    page.get_by_role("button", name="Got it").click()
    expect(page.get_by_role("heading", name="The office changed your day")).to_be_hidden()
    phone.kill()
    phone.go()
    page = phone.page
    expect(page.get_by_role("link", name="See")).to_be_visible()
    expect(page.get_by_role("heading", name="The office changed your day")).to_be_hidden()
    phone.back()
    expect(page.get_by_role("status").filter(has_text="Sent ")).to_be_visible(timeout=20_000)
    phone.go()
    expect(page.get_by_role("heading", name="The office changed your day")).to_have_count(0)
    with tenant(desk.tenant):
        assert DeviceAction.objects.get().kind == "accept"
