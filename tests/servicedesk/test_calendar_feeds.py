"""The pages that make and end a technician's calendar address, and what stands at the address."""

import datetime as dt
import re
import uuid

import icalendar
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.guessing import MOST
from servicedesk.request_log import RequestLog
from tenancy.scope import tenant
from tests.browser import faults_of
from tests.cast import make_plain_visit
from tests.reading import text
from visits.calendar_feed import find_feed, make_feed
from visits.models import CalendarFeed, Technician

ADDRESS = re.compile(r'<textarea id="feed-address"[^>]*>([^<]+)<')
HOUR = dt.timedelta(hours=1)


def url(desk, technician, act=""):
    return desk.url(f"technicians/{technician.public_id}/calendar-feed/{act}")


@pytest.fixture
def feed(north, now):
    """Lou's feed with its address, made by the dispatcher."""
    made, token = make_feed(
        north.lou, attempt=uuid.uuid4(), replaces=None, by=north.dispatcher, now=now - HOUR
    )
    made.path = f"/calendar/{token}.ics"
    return made


def address_on(page) -> str:
    return ADDRESS.search(page.text)[1]


# The pages


def test_a_technician_makes_their_own_and_reads_it(lou, client, north, now, settings):
    settings.PUBLIC_URL = "https://desk.example"
    visit = make_plain_visit(north, now=now)
    assert url(north, north.lou) in client.get(north.url("today/")).text
    page = client.get(url(north, north.lou))
    assert "none yet" in page.text
    attempt = re.search(r'name="attempt" value="([^"]+)"', page.text)[1]
    answer = client.post(url(north, north.lou), {"attempt": attempt})
    assert (answer.status_code, answer.url) == (302, url(north, north.lou, "made/"))
    shown = client.get(answer.url)
    address = address_on(shown)
    assert "no-store" in shown["Cache-Control"]
    assert f'href="webcal://{address.partition("://")[2]}"' in shown.text
    again = client.get(answer.url)
    assert (again.status_code, again.url) == (302, url(north, north.lou))
    page = client.get(again.url)
    assert "Made today 13:07 by Lou Baptiste. Read last: never." in text(page)
    assert address not in page.text
    read = Client().get(address.removeprefix("https://desk.example"))
    (event,) = icalendar.Calendar.from_ical(read.content).walk("VEVENT")
    assert event["description"].endswith(f"\nhttps://desk.example/d/northgate/today/{visit.public_id}/")
    assert "Read last: today 13:07." in text(client.get(again.url))


def test_pressed_twice_the_address_of_the_first_is_shown(dispatcher, north):
    sent = {"attempt": str(uuid.uuid4())}
    answers = [dispatcher.post(url(north, north.marek), sent) for _ in range(2)]
    assert {(one.status_code, one.url) for one in answers} == {(302, url(north, north.marek, "made/"))}
    token = address_on(dispatcher.get(answers[1].url)).rpartition("/")[2].removesuffix(".ics")
    assert find_feed(token).feed == CalendarFeed.objects.get()


def test_another_in_its_place_and_the_end(manager, north, feed):
    client = Client()
    page = manager.get(url(north, north.lou)).text
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)[1]
    sent = {"attempt": attempt, "replaces": str(feed.public_id)}
    answer = manager.post(url(north, north.lou), sent)
    second = "/calendar/" + address_on(manager.get(answer.url)).rpartition("/")[2]
    assert (client.get(feed.path).status_code, client.get(second).status_code) == (404, 200)
    stale = manager.post(url(north, north.lou), {**sent, "attempt": str(uuid.uuid4())})
    assert (stale.status_code, "This address has ended meanwhile." in stale.text) == (409, True)
    late = manager.post(url(north, north.lou), {})
    assert (late.status_code, "There is an address already." in late.text) == (409, True)
    own = {"feed": str(CalendarFeed.objects.get(revoked_at=None).public_id)}
    assert manager.post(url(north, north.lou, "end/"), own).status_code == 302
    assert client.get(second).status_code == 404
    late = manager.post(url(north, north.lou, "end/"), own)
    assert (late.status_code, "This address has ended meanwhile." in late.text) == (409, True)


def test_who_works_here_no_more_has_none_and_gets_none(dispatcher, north):
    Technician.objects.filter(pk=north.lou.pk).update(is_active=False)
    page = dispatcher.get(url(north, north.lou))
    assert "works here no more" in page.text and "Make the address" not in page.text
    assert dispatcher.post(url(north, north.lou)).status_code == 409


def test_to_a_technician_there_is_nobody_but_themselves(lou, client, north, feed):
    other = make_feed(north.marek, attempt=uuid.uuid4(), replaces=None, by=north.manager, now=feed.made_at)[0]
    assert client.get(url(north, north.marek)).status_code == 404
    assert client.post(url(north, north.marek)).status_code == 404
    for whose in (north.marek, north.lou):
        assert client.post(url(north, whose, "end/"), {"feed": str(other.public_id)}).status_code == 404
    assert client.get(north.url("calendar-feeds/")).status_code == 403
    assert CalendarFeed.objects.filter(revoked_at=None).count() == 2


@pytest.mark.parametrize("role", ["sales", "accounts"])
def test_sales_and_accounts_have_none_of_it(client, north, feed, role):
    client.force_login(north.people[role].user)
    for path in (url(north, north.lou), url(north, north.lou, "made/"), north.url("calendar-feeds/")):
        assert client.get(path).status_code == 403
    assert client.post(url(north, north.lou)).status_code == 403
    assert client.post(url(north, north.lou, "end/"), {"feed": str(feed.public_id)}).status_code == 403


def test_the_list_tells_whose_is_read_and_costs_the_same_for_one_and_three(dispatcher, north, feed, now):
    CalendarFeed.objects.update(last_fetched_at=now)
    counts = []
    for names in ((), ("Ann", "Bo")):
        for name in names:
            who = Technician.objects.create(name=name)
            make_feed(who, attempt=uuid.uuid4(), replaces=None, by=north.dispatcher, now=now)
        with CaptureQueriesContext(connection) as captured:
            page = dispatcher.get(north.url("calendar-feeds/"))
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert "Lou Baptiste made today 12:07 by Dana Whitlock today 13:07 Marek Novak none" in text(page)


# The address


def test_what_a_program_reads_and_that_it_is_read_again_only_when_it_changed(client, north, feed, now):
    visit = make_plain_visit(north, now=now)
    first = client.get(feed.path)
    assert (first.status_code, first["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert first["Cache-Control"] == "private, no-cache"
    asked = {"headers": {"If-None-Match": first["ETag"]}}
    same = client.get(feed.path, **asked)
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
    visit.state = "cancelled by us"
    visit.save(update_fields=["state"])
    changed = client.get(feed.path, **asked)
    assert (changed.status_code, changed["ETag"] != first["ETag"]) == (200, True)
    head = client.head(feed.path)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", changed["ETag"])


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_it_is_read_and_nothing_else(client, feed, method):
    assert getattr(client, method)(feed.path).status_code == 405


def test_reading_changes_nothing_but_the_hour_in_which_it_was_read(client, north, feed, now, moment):
    lines = feed.history.count()
    for passed, noted in ((0, 0), (59, 0), (60, 60)):
        moment.move_to(now + dt.timedelta(minutes=passed), tick=False)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(feed.path).status_code == 200
        said = [query["sql"].split()[0] for query in captured]
        written = [word for word in said if word in {"INSERT", "UPDATE", "DELETE"}]
        assert len(written) == (passed == noted)
        feed.refresh_from_db()
        assert feed.last_fetched_at == now + dt.timedelta(minutes=noted)
    assert feed.history.count() == lines


def test_one_desks_address_reads_that_desks_visits_only(cast, client, feed, now):
    with tenant(cast.south.tenant):
        cast.south.customer.company = "Southern Times"
        cast.south.customer.save()
        make_plain_visit(cast.south, now=now)
        _, token = make_feed(
            cast.south.lou, attempt=uuid.uuid4(), replaces=None, by=cast.south.manager, now=now
        )
    assert "Southern Times" not in client.get(feed.path).text
    theirs = client.get(f"/calendar/{token}.ics").text
    assert "Southern Times" in theirs and "Northgate" not in theirs


def test_who_guesses_waits_and_who_has_one_never_does(client, feed):
    tried = [client.get(f"/calendar/{number:043}.ics").status_code for number in range(MOST + 1)]
    assert tried == [404] * MOST + [429]
    refused = client.get(f"/calendar/{'B' * 43}.ics")
    assert (refused.status_code, refused["Retry-After"]) == (429, "600")
    assert client.get(feed.path).status_code == 200
    # An ended one is no guess: its calendar program goes on asking.
    CalendarFeed.objects.update(revoked_at=feed.made_at)
    assert client.get(feed.path).status_code == 404


def test_no_token_stands_in_the_log(rf):
    assert RequestLog.format_request(rf.get(f"/calendar/{'A' * 43}.ics?x=1")) == "GET /calendar/…"


@pytest.mark.parametrize(
    ("role", "width", "theme"),
    [("technician", 320, "dark"), ("dispatcher", 320, "light")],
)
def test_the_pages_in_a_browser(page_as, live_desk, role, width, theme):
    page = page_as(role, width=width, theme=theme)
    lou = live_desk.cast.north.lou
    if role == "technician":
        page.goto(live_desk.url("today/"))
        with page.expect_navigation():
            page.get_by_role("link", name="My visits in my own calendar").click()
    else:
        page.goto(live_desk.url("calendar-feeds/"))
        assert faults_of(page) == []
        with page.expect_navigation():
            page.get_by_role("link", name=lou.name).click()
    assert faults_of(page) == []
    with page.expect_navigation():
        page.get_by_role("button", name="Make the address").click()
    assert "/calendar/" in page.get_by_role("textbox", name="Address of the calendar").input_value()
    assert faults_of(page) == []
    with page.expect_navigation():
        page.get_by_role("link", name="I have kept it").click()
    assert faults_of(page) == []
    with page.expect_navigation():
        page.get_by_role("button", name="End the address").click()
    assert faults_of(page) == []
