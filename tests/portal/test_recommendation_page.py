"""A customer's page of a recommendation: opening it changes nothing, every answer counts once."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from cases.models import Duty, Promise
from customers.links import make_link, revoke_links
from customers.models import CustomerLink
from recommendations import lifecycle
from recommendations.models import Recommendation, StateChange
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_visit
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")
Purpose = CustomerLink.Purpose


def token_of(desk, subject, now, purpose=Purpose.RECOMMENDATION, expires_at=None):
    return make_link(desk.customer, purpose, subject, now=now, expires_at=expires_at)


@pytest.fixture
def advised(cast, now):
    """Northgate's recommendation with its price, and the token of its page."""
    with tenant(cast.north.tenant):
        Recommendation.objects.filter(pk=cast.north.recommendation.pk).update(
            estimate=240, risk="It may stop your printing."
        )
        cast.north.recommendation.refresh_from_db()
        return cast.north.recommendation, token_of(cast.north, cast.north.recommendation.public_id, now)


def answer(client, token, recommendation, said, **more):
    address = f"/v/{token}/recommendation/{recommendation.public_id}/answer/"
    return client.post(address, {"answer": said, **more}, follow=True)


def stands(cast, recommendation):
    with tenant(cast.north.tenant):
        recommendation.refresh_from_db()
        return recommendation.state


def changes(cast, recommendation):
    with tenant(cast.north.tenant):
        rows = StateChange.objects.filter(recommendation=recommendation).order_by("pk")
        return list(rows.values_list("after", "by_customer", "reason"))


def duties(cast):
    with tenant(cast.north.tenant):
        return list(Duty.objects.order_by("pk").values_list("kind", "title", "detail"))


def promises(cast):
    with tenant(cast.north.tenant):
        made = Promise.objects.exclude(kind__in=Promise.OF_VISITS).order_by("pk")
        return list(made.values_list("kind", "text", "state"))


def test_it_says_what_may_happen_and_what_it_costs_and_changes_nothing(client, cast, advised):
    recommendation, token = advised
    for address in (f"/v/{token}/", f"/v/{token}/recommendation/{recommendation.public_id}/"):
        page = client.get(address)
        assert page.status_code == 200
        for words in (
            "We recommend: Replace the fuser unit",
            "If nothing is done: It may stop your printing.",
            "It costs £240.00.",
            "Please know: It may stop your printing.",
            "This page is for Margaret Ellison only.",
        ):
            assert words in text(page)
    assert changes(cast, recommendation) == []
    assert duties(cast) == []


def test_yes_counts_once_and_a_person_rings_to_book(client, cast, advised):
    recommendation, token = advised
    for _ in range(2):
        page = answer(client, token, recommendation, "yes")
        assert "Thank you. You said yes. We will ring you" in text(page)
    assert changes(cast, recommendation) == [("accepted", True, "They accepted it on their page")]
    assert duties(cast) == [
        (
            "call customer",
            "Book a visit for Replace the fuser unit: Margaret Ellison",
            "They accepted it on their page",
        )
    ]
    assert promises(cast) == [("call back", "Ring them to book Replace the fuser unit", "open")]


def test_no_counts_once_with_why_and_may_become_a_yes(client, cast, advised):
    recommendation, token = advised
    for _ in range(2):
        page = answer(client, token, recommendation, "no", words="Too dear")
        assert "You said no to this" in text(page)
    assert changes(cast, recommendation) == [("declined", True, "Too dear")]
    answer(client, token, recommendation, "yes")
    assert stands(cast, recommendation) == "accepted"


def test_no_without_a_word_is_a_no(client, cast, advised):
    recommendation, token = advised
    answer(client, token, recommendation, "no")
    assert changes(cast, recommendation) == [("declined", True, "They declined it on their page")]


def test_ask_first_is_one_duty_with_the_question_and_leaves_it_open(client, cast, advised):
    recommendation, token = advised
    page = answer(client, token, recommendation, "ask", words="Can it wait until May?")
    assert "You asked first. A person tells you" in text(page)
    answer(client, token, recommendation, "ask", words="And the price?")
    assert duties(cast) == [
        (
            "give quote",
            "Tell Margaret Ellison what it costs: Replace the fuser unit",
            "Can it wait until May?",
        )
    ]
    assert stands(cast, recommendation) == "open"
    assert promises(cast) == [("answer", "Answer them: Replace the fuser unit", "open")]
    answer(client, token, recommendation, "no")
    assert promises(cast) == [("answer", "Answer them: Replace the fuser unit", "released")]


def test_the_price_given_ends_the_duty(client, cast, advised, now):
    recommendation, token = advised
    answer(client, token, recommendation, "ask")
    with tenant(cast.north.tenant):
        lifecycle.quote(recommendation, estimate=210, by=cast.north.dispatcher, now=now)
        assert not Duty.objects.open().exists()
    assert promises(cast) == [("answer", "Answer them: Replace the fuser unit", "kept")]
    assert "It costs £210.00." in text(client.get(f"/v/{token}/"))


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("scheduled", "You said yes to this already. Ring us if you have changed your mind."),
        ("done", "This is done. There is nothing more to decide."),
        ("invalid", "This does not need an answer any more."),
    ],
)
@pytest.mark.parametrize("said", ["yes", "no", "ask"])
def test_what_is_settled_is_409_with_why(client, cast, advised, state, says, said):
    recommendation, token = advised
    with tenant(cast.north.tenant):
        Recommendation.objects.filter(pk=recommendation.pk).update(state=state)
    page = answer(client, token, recommendation, said)
    assert page.status_code == 409
    assert says in text(page)
    assert changes(cast, recommendation) == []


def test_nonsense_is_422_and_keeps_what_was_typed(client, cast, advised):
    recommendation, token = advised
    assert answer(client, token, recommendation, "perhaps").status_code == 422
    long = answer(client, token, recommendation, "no", words="x" * 251)
    assert long.status_code == 422
    assert "x" * 251 in long.content.decode()
    assert changes(cast, recommendation) == []


def test_a_get_of_the_answer_is_405(client, advised):
    recommendation, token = advised
    address = f"/v/{token}/recommendation/{recommendation.public_id}/answer/"
    assert client.get(address).status_code == 405


def test_of_another_machine_or_desk_it_is_404(client, cast, advised, now):
    recommendation, token = advised
    with tenant(cast.north.tenant):
        other = lifecycle.raise_recommendation(
            equipment=cast.north.sorter, finding="Tray", severity=2, by=cast.north.technician, now=now
        )
    for subject in (other.public_id, cast.south.recommendation.public_id):
        assert client.get(f"/v/{token}/recommendation/{subject}/").status_code == 404
        assert (
            client.post(f"/v/{token}/recommendation/{subject}/answer/", {"answer": "yes"}).status_code == 404
        )


def test_a_link_that_has_ended_names_the_desk_only(client, cast, advised, now):
    recommendation, token = advised
    with tenant(cast.north.tenant):
        revoke_links(recommendation.public_id, now=now)
    page = client.get(f"/v/{token}/")
    assert page.status_code == 410
    assert "fuser" not in text(page)
    assert answer(client, token, recommendation, "yes").status_code == 410
    assert stands(cast, recommendation) == "open"


def test_ring_me_is_one_duty_a_day(client, cast, advised):
    recommendation, token = advised
    for _ in range(2):
        page = client.post(f"/v/{token}/call-me/", follow=True)
    assert "We will ring you today by 2:07 pm." in text(page)
    assert duties(cast) == [
        ("call customer", "Ring Margaret Ellison: they asked on their page", "About Replace the fuser unit")
    ]


def test_from_the_page_of_a_visit(client, cast, advised, now):
    recommendation, _ = advised
    with tenant(cast.north.tenant):
        visit = make_visit(cast.north, start=now + dt.timedelta(days=2))
        token = token_of(cast.north, visit.public_id, now, Purpose.VISIT)
    page = client.get(f"/v/{token}/")
    assert f"/v/{token}/recommendation/{recommendation.public_id}/" in page.content.decode()
    back = answer(client, token, recommendation, "yes")
    assert "Back to my visit" in text(back)
    assert "You said yes to this." in text(client.get(f"/v/{token}/"))


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 320)])
def test_in_the_browser(live_desk, page_as, now, theme, width):
    north = live_desk.cast.north
    with tenant(north.tenant):
        token = token_of(north, north.recommendation.public_id, now)
    page = page_as(theme=theme, width=width)
    page.goto(f"{live_desk.address}/v/{token}/")
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    page.get_by_text("No, thanks").click()
    page.get_by_text("Ask first").click()
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    page.get_by_role("button", name="Yes, please do it").click()
    expect(page.get_by_role("heading", name="Thank you. You said yes.")).to_be_visible()
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
