"""The bring list without a signal: taken along, put back, killed, sent once, asked about where it is gone."""

import os

import pytest
from playwright.sync_api import expect

from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.servicedesk.parts_scene import SHELF, lying, make_blade
from visits.models import DeviceAction, StockMove
from visits.stock import Place, disagreements, move_part

pytestmark = pytest.mark.browser


@pytest.fixture
def blade(live_desk, visit, now):
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        return make_blade(desk, now)


def bring_of(phone, visit):
    """The bring list of the kept brief."""
    phone.go(f"{visit.public_id}/")
    return phone.page.get_by_role("region", name="Bring")


def test_a_part_taken_without_a_signal_stands_there_after_a_kill_and_is_moved_once(
    phone, live_desk, visit, blade
):
    desk = live_desk.cast.north
    phone.keep_pages()
    phone.cut()
    bring = bring_of(phone, visit)
    bring.get_by_role("button", name="Take Cleaning blade").click()
    expect(bring.get_by_text("Taken along, waiting to send")).to_be_visible()
    bring.get_by_role("button", name="Undo taking Cleaning blade").click()
    expect(bring.get_by_text("Put back, waiting to send")).to_be_visible()
    expect(bring.get_by_role("heading")).to_have_text("Bring, 0 of 1 on the van")
    bring.get_by_role("button", name="Take Cleaning blade").click()
    expect(bring.get_by_role("heading")).to_have_text("Bring, 1 of 1 on the van")

    phone.kill()
    bring = bring_of(phone, visit)
    expect(bring.get_by_text("Taken along, waiting to send")).to_be_visible()
    expect(bring.get_by_role("heading")).to_have_text("Bring, 1 of 1 on the van")
    expect(bring.get_by_role("checkbox")).to_be_checked()
    assert (axe_violations(phone.page), sideways_scroll(phone.page)) == ([], 0)
    shoot(phone.page, "brief-offline-taken")
    # The day's next step is what it was.
    phone.go()
    expect(phone.page.get_by_role("link", name="Call ahead by 13:30")).to_be_visible()
    expect(phone.page.get_by_text("3 waiting to send")).to_be_visible()

    phone.back()
    expect(phone.page.get_by_role("status").filter(has_text="Sent ")).to_be_visible()
    with tenant(desk.tenant):
        kept = DeviceAction.objects.order_by("order").values_list("kind", "outcome")
        assert list(kept) == [("take", "accepted"), ("put-back", "accepted"), ("take", "accepted")]
        assert StockMove.objects.filter(kind="moved").count() == 3
        assert lying(blade) == {"depot shelf 14": 0, "Lou’s van": 1}
    bring = bring_of(phone, visit)
    expect(bring.get_by_text("1 on the van", exact=True)).to_be_visible()
    expect(bring.get_by_role("button", name="Undo taking Cleaning blade")).to_be_visible()


def test_the_last_one_that_somebody_else_took_is_asked_about(phone, live_desk, visit, blade, now):
    desk = live_desk.cast.north
    phone.keep_pages()
    phone.cut()
    bring_of(phone, visit).get_by_role("button", name="Take Cleaning blade").click()
    expect(phone.page.get_by_text("Taken along, waiting to send")).to_be_visible()
    with tenant(desk.tenant):
        move_part(blade, 1, source=SHELF, target=Place(desk.marek), by=desk.dispatcher, now=now)
    phone.back()
    page = phone.page
    expect(page.get_by_text("1 step needs your answer.")).to_be_visible()
    page.get_by_role("link", name="See").click()
    expect(page.get_by_role("heading", name="Taken along: Cleaning blade CB-9")).to_be_visible()
    expect(page.get_by_text("Cleaning blade CB-9, depot shelf 14: at least 1")).to_be_visible()
    expect(page.get_by_text("Cleaning blade CB-9, depot shelf 14: none left.")).to_be_visible()
    assert (axe_violations(page), sideways_scroll(page)) == ([], 0)
    shoot(page, "part-conflict")
    page.get_by_role("button", name="I did it. Send it all the same").click()
    expect(page.get_by_role("heading", name="Nothing is waiting")).to_be_visible()
    with tenant(desk.tenant):
        assert DeviceAction.objects.get().outcome == "accepted"
        assert lying(blade) == {"depot shelf 14": 0, "Marek’s van": 1, "Lou’s van": 1}
        assert not disagreements().exists()


def shoot(page, name):
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png", full_page=True)
