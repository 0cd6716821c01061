"""The page after a visit: opening it changes nothing, one tap answers, and a word may follow."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from cases.models import Duty
from customers.links import make_link
from customers.models import CustomerLink
from tenancy.scope import tenant
from tests.browser import faults_of
from tests.reading import text
from tests.visits.followed_scene import done_visit
from visits.models import FollowUp

pytestmark = pytest.mark.usefixtures("moment")
DAY = dt.timedelta(days=1)


def token_of(desk, now, purpose=CustomerLink.Purpose.FOLLOW_UP):
    """Of the page for a visit of two days ago; the desk's scope is open."""
    visit = done_visit(desk, now - 2 * DAY)
    return make_link(desk.customer, purpose, visit.public_id, now=now, expires_at=now + DAY)


@pytest.fixture
def token(cast, now):
    with tenant(cast.north.tenant):
        return token_of(cast.north, now)


def said(cast):
    with tenant(cast.north.tenant):
        return list(FollowUp.objects.values_list("face", "words", "needs"))


def press(client, token, **typed):
    return client.post(f"/v/{token}/how-it-was/", typed, follow=True)


def test_opening_it_changes_nothing(client, cast, token):
    for _ in range(3):
        page = client.get(f"/v/{token}/")
        assert "Lou was with you on Tue 3 March: Streaks on every page" in text(page)
    assert said(cast) == []
    assert client.get(f"/v/{token}/how-it-was/").status_code == 405


def test_one_tap_answers_and_a_word_may_follow(client, cast, token):
    for _ in range(2):
        assert "Thank you. You said: Very good." in text(press(client, token, face=5, words="", needs=""))
    assert said(cast) == [(5, "", "")]
    page = press(client, token, words="So quick", needs="Toner")
    assert said(cast) == [(5, "So quick", "Toner")]
    assert "What else you need: a person sees to it and tells you, tomorrow by 11:37 am." in text(page)
    # What they said stands in the fields: nobody writes it again; a field that is sent empty is emptied.
    assert ">So quick</textarea>" in page.content.decode()
    assert ">Toner</textarea>" in page.content.decode()
    press(client, token, face=4, words="")
    assert said(cast) == [(4, "", "Toner")]


def test_a_poor_answer_says_by_when_a_person_rings(client, cast, token):
    page = press(client, token, face=1, words="Nobody came on time")
    assert "We are sorry. A person rings you today by 2:07 pm." in text(page)
    with tenant(cast.north.tenant):
        assert Duty.objects.get().detail == "Nobody came on time"


def test_words_without_a_face_say_by_when_a_person_answers(client, token):
    page = press(client, token, words="It leaks again")
    assert "A person reads your words and answers you, tomorrow by 11:37 am." in text(page)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({}, "Tap a face, or write a word."),
        ({"face": "6", "words": "Kept"}, "Tap one of the five faces."),
        ({"face": "5", "words": "Kept" + "x" * 1000}, "Please say it in plain letters, 1000 at most."),
        ({"face": "5", "words": "Kept\x00"}, "Please say it in plain letters, 1000 at most."),
    ],
)
def test_nonsense_is_422_and_keeps_what_was_typed(client, cast, token, typed, says):
    page = press(client, token, **typed)
    assert page.status_code == 422
    assert says in text(page)
    assert "Kept" in page.content.decode() or not typed
    assert said(cast) == []


def test_a_link_for_another_purpose_does_not_answer(client, cast, now):
    with tenant(cast.north.tenant):
        other = token_of(cast.north, now, CustomerLink.Purpose.VISIT)
    assert press(client, other, face=5).status_code == 404
    assert said(cast) == []


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 320)])
def test_in_the_browser_without_a_script(live_desk, page_as, now, theme, width):
    with tenant(live_desk.cast.north.tenant):
        token = token_of(live_desk.cast.north, now)
    page = page_as(theme=theme, width=width)
    sizes = []
    page.on("response", lambda answer: sizes.append(len(answer.body()) if answer.ok else 0))
    page.goto(f"{live_desk.address}/v/{token}/", wait_until="networkidle")
    assert 0 < sum(sizes) <= 60_000
    assert faults_of(page) == []
    assert page.locator("script[src]").count() == 0
    with page.expect_navigation():
        page.get_by_role("button", name="Very poor").click()
    expect(page.get_by_role("heading", name="Thank you. You said: Very poor.")).to_be_visible()
    assert faults_of(page) == []
