"""The replies: listed, read, and closed with what came of them."""

import datetime as dt

import pytest

from cases.models import Duty
from messaging import pages
from messaging.models import Message, Reply
from messaging.replies import Incoming, handle, take_reply
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.messaging.conftest import make_message
from tests.reading import is_shown_as_words

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def north(cast, answers, client):
    client.force_login(cast.north.people["dispatcher"].user)
    return cast.north


def came(desk, now, number=1, *, handled=False, words="Four is better", sender="+447700900412"):
    with tenant(desk.tenant):
        reply = take_reply(Incoming("sms", f"SM{number}", sender, words), now=now)
        if handled:
            handle(reply, outcome="Rang her", by=desk.dispatcher, now=now)
        return reply


def shown(response):
    return [reply.pk for reply in response.context["rows"]]


def test_what_nobody_has_seen_to_comes_first_and_the_newest_of_each_before(
    cast, north, client, now, monkeypatch
):
    monkeypatch.setattr(pages, "PAGE_LENGTH", 2)
    hours = dt.timedelta(hours=1)
    replies = [came(north, now - number * hours, number, handled=number in (0, 2, 3)) for number in range(6)]
    came(cast.south, now)
    expected = [replies[number].pk for number in (1, 4, 5, 0, 2, 3)]
    seen, url = [], "?tab=replies"
    while url:
        response = client.get(north.url(f"messages/{url}"))
        seen, url = seen + shown(response), response.context["next_url"]
    assert seen == expected
    assert [one.count for one in response.context["tabs"]] == ["", "", "", "3"]


def test_the_tab_asks_the_same_number_of_queries_for_one_row_and_for_three(
    north, client, now, django_assert_max_num_queries
):
    asked = []
    for number in (1, 2, 3):
        with tenant(north.tenant):
            make_message(north, now=now, number=number, channel="sms", state="sent", sent_at=now)
        came(north, now, number)
        with django_assert_max_num_queries(20) as queries:
            client.get(north.url("messages/?tab=replies"))
        asked.append(len(queries))
    assert asked[0] == asked[2]


def test_an_empty_tab_and_a_strange_place_say_so(north, client, now):
    assert "Nobody has answered yet." in client.get(north.url("messages/?tab=replies")).content.decode()
    reply = came(north, now)
    assert shown(client.get(north.url("messages/?tab=replies&after=WyJ4Il0:x:y"))) == [reply.pk]


def test_who_is_unknown_reads_so_and_can_be_looked_for(north, client, now):
    reply = came(north, now, sender="+447700900999")
    assert "<b>Unknown</b>" in client.get(north.url("messages/?tab=replies")).content.decode()
    text = client.get(north.url(f"replies/{reply.public_id}/")).content.decode()
    assert "We do not know whose this is." in text
    assert north.url(f"replies/{reply.public_id}/place/") in text


def test_it_stands_beside_what_it_answers(north, client, now):
    with tenant(north.tenant):
        make_message(north, now=now, channel="sms", state="sent", sent_at=now, text="Lou comes: {link}")
    reply = came(north, now)
    text = client.get(north.url(f"replies/{reply.public_id}/")).content.decode()
    assert text.index("Lou comes: (their link)") < text.index("Four is better")


def test_it_closes_with_an_outcome_and_its_duty_with_it(north, client, now):
    reply = came(north, now)
    url = north.url(f"replies/{reply.public_id}/done/")
    refused = client.post(url, {"outcome": " "})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["outcome"])
    done = client.post(url, {"outcome": "Rang her, four suits"})
    assert (done.status_code, done.url) == (302, north.url("messages/?tab=replies"))
    assert client.post(url, {"outcome": "Me too"}).status_code == 409
    with tenant(north.tenant):
        assert Reply.objects.get().outcome == "Rang her, four suits"
        assert not Duty.objects.open().exists()


@pytest.mark.parametrize("role", ["technician", "sales", "accounts"])
def test_only_dispatchers_and_managers_may(cast, client, now, role):
    reply = came(cast.north, now)
    client.force_login(cast.north.people[role].user)
    assert client.get(cast.north.url(f"replies/{reply.public_id}/")).status_code == 403
    assert (
        client.post(cast.north.url(f"replies/{reply.public_id}/done/"), {"outcome": "x"}).status_code == 403
    )


def test_another_desks_reply_is_not_found(cast, north, client, now):
    reply = came(cast.south, now)
    assert client.get(north.url(f"replies/{reply.public_id}/")).status_code == 404


def test_words_of_people_are_never_markup(north, client, now):
    reply = came(north, now, words="<script>x</script>")
    for path in ("messages/?tab=replies", f"replies/{reply.public_id}/"):
        assert is_shown_as_words("<script>x</script>", client.get(north.url(path)))


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 320])
def test_the_pages_pass_axe_and_fit_their_window(live_desk, page_as, answers, now, theme, width):
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        make_message(desk, now=now, channel="sms", state=Message.State.SENT, sent_at=now, text="Lou comes.")
    open_one, handled = came(desk, now, 1), came(desk, now, 2, handled=True)
    unknown = came(desk, now, 3, sender="+447700900999")
    page = page_as("dispatcher", width=width, theme=theme)
    for path in (
        "messages/?tab=replies",
        *(f"replies/{one.public_id}/" for one in (open_one, handled, unknown)),
        "replies/unknown/",
        f"replies/{unknown.public_id}/place/?q=07700+900412",
    ):
        page.goto(live_desk.url(path))
        assert axe_violations(page) == []
        assert sideways_scroll(page) == 0
