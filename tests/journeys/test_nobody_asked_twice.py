"""Story 5: a third contact on one matter, by mail, by telephone and by a link: nothing is asked twice."""

import datetime as dt
import re

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

from cases.models import Case, Duty, Interaction
from messaging.delivery import deliver_due
from messaging.mail_in import take_mail
from tenancy.scope import tenant
from tests.browser import faults_of
from visits.fieldwork import arrive, call_ahead, read_brief, set_out
from visits.follow_up import ask_after_visits
from visits.models import FollowUp, Visit

pytestmark = pytest.mark.browser
WORDS = "Grey bands down the right edge, worse on thick paper"
NEED = "A spare toner cartridge"
DAY = dt.timedelta(days=1)
SATURDAY_AT_TEN = dt.datetime(2026, 3, 7, 10, tzinfo=dt.UTC)


@pytest.fixture
def case(matter_of, live_desk, now, settings, tmp_path):
    """She rang nine days ago, and wrote a mail four days ago."""
    settings.MEDIA_ROOT = tmp_path
    settings.SMS_URL = ""
    case = matter_of((9, "call", WORDS), kind="fault", title="Grey bands", words=WORDS)
    wrote = "From: margaret@harbourletter.example\nMessage-ID: <m1@h.example>\nSubject: Bands\n\nStill grey"
    with tenant(live_desk.cast.north.tenant):
        take_mail(wrote.encode(), now=now - 4 * DAY)
        assert Interaction.objects.filter(case=case).count() == 2
    return case


def test_what_is_known_stands_on_every_form(live_desk, page_as, case):
    visit = call_and_book(live_desk, page_as("dispatcher"), case)
    go_there_and_finish(live_desk, page_as("technician", width=390, height=844), visit)
    with time_machine.travel(SATURDAY_AT_TEN, tick=True):
        answer_with_one_tap(live_desk, page_as(width=390, height=844), visit)
        see_to_the_need(live_desk, page_as("dispatcher"))


def call_and_book(live_desk, page, case) -> Visit:
    """The third contact: nobody asks who, where, on which machine and what is wrong."""
    north = live_desk.cast.north
    page.goto(live_desk.url("find/?tel=07700900412"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Margaret Ellison")
    expect(page.get_by_text("On the phone with Margaret Ellison")).to_be_visible()
    facts = page.locator(".facts-line")
    for known in ("07700 900412", "margaret@harbourletter.example", "3 Quay Lane", "Side door"):
        expect(facts).to_contain_text(known)
    page.wait_for_load_state("load")
    page.keyboard.press("n")
    note = page.get_by_role("dialog", name="Note")
    expect(note.get_by_label("Said in a call with the customer")).to_be_checked()
    expect(note.get_by_label("The call was about")).to_have_value(str(case.public_id))
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    page.keyboard.press("b")
    panel = page.get_by_role("complementary", name="Book a visit")
    expect(panel.get_by_label("What is wrong")).to_have_value(WORDS)
    expect(panel.get_by_label("Fault", exact=True)).to_be_checked()
    expect(panel.get_by_label("Corvane TC-240")).to_be_checked()
    expect(panel.get_by_label("Corvane SF-12")).not_to_be_checked()
    expect(panel.get_by_label("Another matter than “Grey bands”")).not_to_be_checked()
    expect(panel.get_by_label("Text", exact=True)).to_be_checked()
    expect(panel.get_by_label("Mail", exact=True)).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Booked")).to_be_focused()
    with tenant(north.tenant):
        visit = Visit.objects.get()
        assert (visit.customer, visit.site, visit.contact) == (north.customer, north.site, north.contact)
        assert (visit.case, visit.problem) == (case, WORDS)
        assert [one.equipment for one in visit.machines.all()] == [north.copier]
        assert Case.objects.get().interactions.count() == 3
    return visit


def go_there_and_finish(live_desk, page, visit):
    """The brief says all of it; the report asks for what was done, and for nothing that was said."""
    north = live_desk.cast.north
    page.goto(live_desk.url(f"today/{visit.public_id}/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Margaret Ellison")
    brief = page.get_by_role("main")
    for known in (WORDS, "3 Quay Lane", "Side door", "TC240-118-4471", "Replace the fuser unit"):
        expect(brief).to_contain_text(known)
    expect(page.get_by_role("link", name="Call", exact=True)).to_have_attribute(
        "href", re.compile("7700900412")
    )
    with tenant(north.tenant):
        step = {"by": north.technician, "now": timezone.now()}
        call_ahead(visit, result="spoke", **step)
        read_brief(visit, **step)
        set_out(visit, **step)
        arrive(visit, **step)
    page.goto(live_desk.url(f"today/{visit.public_id}/finish/"))
    expect(page.get_by_role("heading", name="Margaret signs")).to_be_visible()
    page.get_by_text("Accepted", exact=True).click()
    page.get_by_label("In your words").first.fill("Fitted the new fuser unit. Bands gone.")
    page.get_by_text("Fixed first time").click()
    page.get_by_text("Type a name", exact=True).click()
    page.get_by_label("Name of the person who signs").fill("Margaret Ellison")
    page.get_by_text("Margaret signs for these too").click()
    page.get_by_role("button", name="Finish visit").last.click()
    expect(page.get_by_text("Visit done: The Harbour Letter.")).to_be_visible()


def answer_with_one_tap(live_desk, page, visit):
    """Two days on: the mail names who came, its page asks nothing that we know."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        assert ask_after_visits(north.tenant, now=SATURDAY_AT_TEN) == 1
    deliver_due(clock=lambda: SATURDAY_AT_TEN)
    (letter,) = [each for each in mail.outbox if each.subject == "How was our visit?"]
    token = re.search(r"/v/([\w-]+)/", letter.body)[1]
    page.goto(f"{live_desk.address}/v/{token}/")
    expect(page.get_by_text(f"Lou was with you on Thu 5 March: {WORDS}")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="Very good").click()
    expect(page.get_by_role("heading", name="Thank you. You said: Very good.")).to_be_visible()
    page.get_by_label("What else do you need?").fill(NEED)
    with page.expect_navigation():
        page.get_by_role("button", name="Send what I added").click()
    expect(page.get_by_label("What else do you need?")).to_have_value(NEED)
    assert faults_of(page) == []
    with tenant(north.tenant):
        said = FollowUp.objects.get(visit=visit)
        assert (said.face, said.needs) == (FollowUp.Face.VERY_GOOD, NEED)


def see_to_the_need(live_desk, page):
    """It is in the tray with her number, and leads to booking with her words in it."""
    with tenant(live_desk.cast.north.tenant):
        duty = Duty.objects.open().get(kind=Duty.Kind.SEE_TO_NEED)
    page.goto(live_desk.url("board/"))
    expect(page.get_by_text(f"Margaret Ellison also needs: {NEED}").first).to_be_visible()
    page.goto(live_desk.url(f"duties/{duty.public_id}/"))
    expect(page.get_by_role("link", name="07700 900412")).to_be_visible()
    page.get_by_role("link", name="Book a visit for it").click()
    expect(page.get_by_label("What is wrong")).to_have_value(NEED)
