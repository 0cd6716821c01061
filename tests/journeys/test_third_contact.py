"""Story 4: a client of ten years rings for the third time about one matter, and need not fight."""

from playwright.sync_api import expect

from cases.models import Case
from tenancy.scope import tenant
from tests.browser import faults_of


def test_at_the_third_call_nothing_is_asked_again_and_a_supervisor_is_there(live_desk, page_as, matter_of):
    north = live_desk.cast.north
    matter_of(
        (9, "call", "It asks for a code"),
        (4, "call", "Still the same"),
        kind=Case.Kind.COMPLAINT,
        title="The copier still asks for a code",
        words="I have told you once",
        severity=Case.Severity.STANDS,
    )
    with tenant(north.tenant):
        assert Case.objects.get().supervisor is None

    page = page_as("dispatcher")
    page.goto(live_desk.url("find/?tel=07700900412"))
    expect(page.get_by_role("link", name="Open the case")).to_be_visible()
    page.keyboard.press("k")
    dialog = page.get_by_role("dialog", name="What is the matter")
    expect(dialog.get_by_label("Machine", exact=True)).to_have_value(str(north.copier.public_id))
    expect(dialog.get_by_label("Standing still", exact=True)).to_be_checked()
    expect(dialog.get_by_label("The copier still asks for a code")).to_be_checked()
    dialog.get_by_text("Complaint", exact=True).click()
    dialog.get_by_label("What it is about").fill("Third call, nobody rang back")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")

    page.get_by_role("link", name="Open the case").click()
    expect(page.get_by_text("Supervisor Robin Vale").first).to_be_visible()
    expect(page.get_by_text("3 contacts in 30 days").first).to_be_visible()
    expect(page.locator("ol.timeline").get_by_text("Third call, nobody rang back")).to_be_visible()
    assert faults_of(page) == []
    with tenant(north.tenant):
        assert Case.objects.get().supervisor == north.manager
