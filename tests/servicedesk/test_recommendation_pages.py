"""The register of recommendations, and acting on one of them."""

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case
from customers.models import Customer, Equipment, Site
from recommendations import lifecycle
from recommendations.answers import ask_by_customer
from recommendations.models import Recommendation, StateChange, WarnedFault
from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")
DAY = dt.timedelta(days=1)


@pytest.fixture
def desk(cast, client):
    """Northgate, signed in as its dispatcher; nothing is recommended but what a test raises."""
    client.force_login(cast.north.dispatcher.user)
    with tenant(cast.north.tenant):
        Recommendation.objects.update(state="invalid")
    return cast.north


def advise(desk, now, finding="New rollers", severity=2, **values):
    return lifecycle.raise_recommendation(
        equipment=values.pop("equipment", desk.copier),
        finding=finding,
        severity=severity,
        by=desk.technician,
        now=now,
        **values,
    )


def rows(client, desk, section="answer", **more):
    answer = client.get(desk.url("recommendations/"), {"section": section, **more})
    assert answer.status_code == 200
    return [item["row"].finding for item in answer.context["rows"]]


def tallies(client, desk):
    tabs = client.get(desk.url("recommendations/")).context["tabs"]
    return {parse_qs(urlsplit(url).query)["section"][0]: count for _, count, url, _ in tabs if count}


def act(client, desk, recommendation, name, seen=1, **more):
    address = desk.url(f"recommendations/{recommendation.public_id}/act/")
    return client.post(address, {"act": name, "seen": seen, **more})


def test_each_stands_where_somebody_has_to_act_the_worst_first(client, desk, now):
    by = {"by": desk.dispatcher, "now": now}
    with tenant(desk.tenant):
        advise(desk, now, "Soon")
        advise(desk, now - DAY, "Soon and older")
        advise(desk, now, "Unsafe", 4)
        ask_by_customer(advise(desk, now, "Asked"), now=now)
        lifecycle.accept(advise(desk, now, "Accepted"), **by)
        lifecycle.schedule(advise(desk, now, "Booked"), **by)
        lifecycle.decline(advise(desk, now, "Declined"), reason="Too dear", **by)
        lifecycle.defer(advise(desk, now, "Put off"), until=now.date() + DAY, reason="Later", **by)
        back = advise(desk, now, "Came back", 1)
        Recommendation.objects.filter(pk=back.pk).update(state="deferred", deferred_until=now.date())
        advise(desk, now, "To look at", 1, review_by=now.date() - DAY)
        WarnedFault.objects.create(
            case=Case.objects.create(customer=desk.customer, title="Jam", opened_at=now),
            recommendation=back,
            noticed_at=now,
        )
    assert tallies(client, desk) == {
        "answer": 5,
        "price": 1,
        "book": 1,
        "review": 1,
        "booked": 1,
        "put off": 1,
        "declined": 1,
        "warned": 1,
    }
    assert rows(client, desk) == ["Unsafe", "Soon and older", "Soon", "Came back", "To look at"]
    assert rows(client, desk, "price") == ["Asked"]
    assert rows(client, desk, "review") == ["To look at"]
    page = client.get(desk.url("recommendations/"), {"section": "warned"})
    said = "Jam 5 Mar 2026 Came back Corvane TC-240 copier, raised 5 Mar 2026"
    assert said in text(page)


def test_it_goes_page_by_page_without_loss(client, desk, now, monkeypatch):
    monkeypatch.setattr("servicedesk.recommendation_pages.PAGE", 2)
    with tenant(desk.tenant):
        for number in range(5):
            advise(desk, now - number % 2 * DAY, f"No {number}", 1 + number % 3)
    seen, query = [], {}
    while True:
        answer = client.get(desk.url("recommendations/"), {"section": "answer", **query})
        seen += [item["row"].finding for item in answer.context["rows"]]
        if not answer.context["next_url"]:
            break
        query = {"after": parse_qs(answer.context["next_url"][1:])["after"][0]}
    assert seen == ["No 2", "No 1", "No 4", "No 3", "No 0"]
    assert rows(client, desk, after="no-cursor") == ["No 2", "No 1"]


def test_as_many_queries_for_one_row_as_for_three(client, desk, now):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            rows(client, desk)
        return len(seen)

    with tenant(desk.tenant):
        advise(desk, now)
    queries()
    one = queries()
    with tenant(desk.tenant):
        for number in range(2):
            customer = Customer.objects.create(name=f"Other {number}")
            site = Site.objects.create(customer=customer, name="Here")
            advise(desk, now, equipment=Equipment.objects.create(site=site, kind="copier"))
    assert queries() == one


@pytest.mark.parametrize(
    ("name", "more", "state"),
    [
        ("quote", {"price": "240"}, "quoted"),
        ("accept", {}, "accepted"),
        ("schedule", {"reason": "V-104"}, "scheduled"),
        ("defer", {"until": "2026-04-01", "reason": "Budget"}, "deferred"),
        ("decline", {"reason": "Too dear"}, "declined"),
        ("worsen", {"severity": "4"}, "open"),
        ("done", {"reason": "By their own man"}, "done"),
        ("invalid", {"reason": "A mistake"}, "invalid"),
    ],
)
def test_each_act_leaves_a_line_with_person_and_reason(client, desk, now, name, more, state):
    with tenant(desk.tenant):
        recommendation = advise(desk, now)
    answer = act(client, desk, recommendation, name, **more)
    assert answer["Location"] == desk.url(f"recommendations/{recommendation.public_id}/")
    with tenant(desk.tenant):
        last = StateChange.objects.filter(recommendation=recommendation).last()
        assert (last.after, last.by, last.reason) == (state, desk.dispatcher, more.get("reason", ""))
    page = text(client.get(answer["Location"]))
    assert "Dana Whitlock" in page


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("", {}, "Choose what to do."),
        ("quote", {}, "Write the price."),
        ("quote", {"price": "ten"}, "Write the price in figures"),
        ("decline", {"reason": " "}, "Say why."),
        ("defer", {"reason": "Later"}, "Choose the day on which it comes back."),
        ("defer", {"reason": "Later", "until": "2026-03-05"}, "Choose a day after today."),
        ("defer", {"reason": "Later", "until": "2026-12-01"}, "Put off until 1 September 2026 at the latest"),
        ("worsen", {}, "Choose how bad it is."),
        ("done", {"reason": "x" * 301}, "Say it in 300 characters."),
    ],
)
def test_what_cannot_be_is_422_says_why_and_keeps_what_was_typed(client, desk, now, name, more, says):
    with tenant(desk.tenant):
        recommendation = advise(desk, now)
    answer = act(client, desk, recommendation, name, **more)
    assert answer.status_code == 422
    assert says in text(answer)
    assert more.get("reason", "").strip() in answer.content.decode()
    with tenant(desk.tenant):
        assert StateChange.objects.filter(recommendation=recommendation).count() == 1


def test_what_does_not_apply_any_more_is_refused(client, desk, now):
    with tenant(desk.tenant):
        recommendation = advise(desk, now)
        lifecycle.mark_done(recommendation, by=desk.technician, now=now)
    answer = act(client, desk, recommendation, "accept", seen=2)
    assert (answer.status_code, "It is done: this does not apply." in text(answer)) == (422, True)


def test_changed_meanwhile_is_409_and_says_by_whom(client, desk, now):
    with tenant(desk.tenant):
        recommendation = advise(desk, now)
        lifecycle.accept(recommendation, by=None, by_customer=True, now=now)
    answer = act(client, desk, recommendation, "decline", reason="No money")
    assert answer.status_code == 409
    assert "Meanwhile the customer has changed it: accepted." in text(answer)
    with tenant(desk.tenant):
        recommendation.refresh_from_db()
        assert recommendation.state == "accepted"


def test_technicians_see_one_but_act_at_the_visit_only(client, desk, now):
    with tenant(desk.tenant):
        recommendation = advise(desk, now)
    client.force_login(desk.people[Role.TECHNICIAN].user)
    page = client.get(desk.url(f"recommendations/{recommendation.public_id}/"))
    assert (page.status_code, "What comes of it" in text(page)) == (200, False)
    assert act(client, desk, recommendation, "accept").status_code == 403
    assert client.get(desk.url("recommendations/")).status_code == 403


def test_an_empty_section_says_so(client, desk):
    page = client.get(desk.url("recommendations/"), {"section": "declined"})
    assert "Nothing here: declined." in text(page)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_in_the_browser(live_desk, page_as, now, theme, width):
    north = live_desk.cast.north
    with tenant(north.tenant):
        recommendation = advise(north, now, "A finding with a rather long name that has to wrap somewhere", 4)
    page = page_as("dispatcher", theme=theme, width=width)
    page.goto(live_desk.url("recommendations/"))
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    page.goto(live_desk.url(f"recommendations/{recommendation.public_id}/"))
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    page.get_by_label("The customer says no").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Not saved").wait_for()
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    page.get_by_label("Why, or what they said").fill("Too dear")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="What happened").wait_for()
    assert page.get_by_text("Declined, Dana Whitlock").first.is_visible()
