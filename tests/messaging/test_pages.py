"""The messages page: what waits, went and failed, and what can be done about it."""

import datetime as dt

import pytest

from cases.models import Duty
from messaging import faults, pages
from messaging.attachments import attached
from messaging.models import Message
from messaging.replies import Incoming, take_reply
from messaging.reports import Report, take_report
from tenancy.files import store_file
from tenancy.models import StoredFile, Tenant
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_plain_visit
from tests.messaging.conftest import make_message
from tests.messaging.delivering import again, planned
from tests.reading import is_shown_as_words
from visits.announcements import plan_visit_messages

State = Message.State


pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def north(cast, answers, client):
    client.force_login(cast.north.people["dispatcher"].user)
    return cast.north


def failed(desk, now, **values):
    with tenant(desk.tenant):
        message = make_message(desk, now=now, state=State.FAILED, reason="550 no such user", **values)
        faults.report(message, now=now)
    return message


def ids(response):
    return [message.pk for message in response.context["rows"]]


def test_each_tab_holds_its_own_and_nothing_of_the_other_desk(cast, north, client, now):
    waiting = [planned(north, now, number=1), planned(north, now, number=2, state=State.SENDING)]
    sent = [planned(north, now, number=3, state=State.SENT, sent_at=now)]
    faulty = [
        planned(north, now, number=n, state=s) for n, s in enumerate(("failed", "missed", "uncertain"), 4)
    ]
    planned(north, now, number=9, state=State.CANCELLED)
    for number, state in enumerate(("planned", "failed")):
        planned(cast.south, now, number=number, state=state)
    for tab, rows in (("waiting", waiting), ("sent", sent), ("failed", faulty)):
        response = client.get(north.url(f"messages/?tab={tab}"))
        assert sorted(ids(response)) == [message.pk for message in rows]
        assert [one.count for one in response.context["tabs"]] == ["2", "", "3", ""]


def test_the_page_asks_the_same_number_of_queries_for_one_row_and_for_three(
    north, client, now, django_assert_num_queries
):
    counts = []
    for number in (1, 2, 3):
        planned(north, now, number=number, state=State.FAILED)
        with django_assert_num_queries(17, exact=False) as asked:
            client.get(north.url("messages/?tab=failed"))
        counts.append(len(asked))
    assert counts[0] == counts[2]


def test_waiting_ones_come_soonest_first_and_a_page_ends_where_the_next_begins(
    north, client, now, monkeypatch
):
    monkeypatch.setattr(pages, "PAGE_LENGTH", 2)
    expected = [
        planned(north, now + dt.timedelta(minutes=number // 2), number=number, state=state).pk
        for number, state in enumerate(["planned", "sending", "planned", "planned", "sending"])
    ]
    seen, url = [], "?tab=waiting"
    while url:
        response = client.get(north.url(f"messages/{url}"))
        seen, url = seen + ids(response), response.context["next_url"]
    assert seen == expected


def test_failed_ones_come_newest_first_over_several_pages(north, client, now, monkeypatch):
    monkeypatch.setattr(pages, "PAGE_LENGTH", 2)
    expected = [
        planned(north, now - dt.timedelta(minutes=number), number=number, state=state).pk
        for number, state in enumerate(["failed", "missed", "failed", "uncertain", "missed"])
    ]
    seen, url = [], "?tab=failed"
    while url:
        response = client.get(north.url(f"messages/{url}"))
        seen, url = seen + ids(response), response.context["next_url"]
    assert seen == expected


def test_a_place_that_was_not_ours_shows_the_first_page(north, client, now):
    message = planned(north, now)
    assert ids(client.get(north.url("messages/?after=WyIyMDI2Il0:x:y"))) == [message.pk]


def test_empty_tabs_say_so(north, client):
    for tab, words in (
        ("waiting", "Nothing waits."),
        ("sent", "Nothing was sent yet."),
        ("failed", "Every message went out."),
    ):
        assert words in client.get(north.url(f"messages/?tab={tab}")).content.decode()


def test_a_desk_that_is_switched_off_reads_so(north, client):
    Tenant.objects.filter(pk=north.tenant.pk).update(messages_from=None)
    assert "messages are switched off" in client.get(north.url("messages/")).content.decode()


def test_a_failed_one_offers_again_the_other_channel_and_a_call(north, client, now):
    message = failed(north, now)
    text = client.get(north.url("messages/?tab=failed")).content.decode()
    for words in ("550 no such user", "Send again", "Send by text", "tel:07700 900412", "Rang them"):
        assert words in text
    response = client.post(north.url(f"messages/{message.public_id}/send-again/"))
    assert (response.status_code, response.url) == (302, north.url("messages/?tab=failed"))
    assert again(north, message).state == State.PLANNED
    with tenant(north.tenant):
        assert not Duty.objects.open().exists()


def test_the_other_channel_and_a_call_settle_it(north, client, now):
    one, other = failed(north, now), failed(north, now, number=2)
    client.post(north.url(f"messages/{one.public_id}/send-otherwise/"))
    client.post(north.url(f"messages/{other.public_id}/settle/"))
    assert (again(north, one).state, again(north, other).state) == (State.SKIPPED, State.SKIPPED)
    with tenant(north.tenant):
        assert Message.objects.get(state=State.PLANNED).channel == "sms"
        assert not Duty.objects.open().exists()


def test_a_waiting_one_shows_what_it_will_say_and_makes_no_link_for_it(north, client, now, answers):
    message = planned(north, now)
    response = client.get(north.url(f"messages/{message.public_id}/"))
    assert response.context["letter"].text == "Text: {link}"
    assert answers.links == []


def test_one_that_is_no_longer_due_says_why_it_will_not_be_sent(north, client, now, answers):
    answers.against = "The visit was moved."
    message = planned(north, now)
    response = client.get(north.url(f"messages/{message.public_id}/"))
    assert response.context["letter"].text == "It will not be sent: The visit was moved."


def test_it_is_held_in_the_desks_wall_time(north, client, now):
    message = planned(north, now)
    client.post(north.url(f"messages/{message.public_id}/hold/"), {"until": "2026-03-30T09:00"})
    assert again(north, message).send_after == dt.datetime(2026, 3, 30, 8, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize("until", ["", "tomorrow", "2026-03-05T13:07"])
def test_a_time_that_is_none_or_past_is_said_beside_the_field(north, client, now, until):
    message = planned(north, now)
    response = client.post(north.url(f"messages/{message.public_id}/hold/"), {"until": until})
    assert response.status_code == 422
    assert response.context["hold_errors"]
    assert (response.context["until"], again(north, message).send_after) == (until, now)


def test_it_is_edited_and_keeps_what_was_typed_when_refused(north, client, now):
    message = planned(north, now)
    url = north.url(f"messages/{message.public_id}/edit/")
    refused = client.post(url, {"title": "Mine", "text": " "})
    assert (refused.status_code, refused.context["values"]["title"]) == (422, "Mine")
    assert client.post(url, {"title": "Mine", "text": "Words {link}"}).status_code == 302
    assert (again(north, message).title, again(north, message).text) == ("Mine", "Words {link}")


def test_dropped_it_is_gone_from_what_waits(north, client, now):
    message = planned(north, now)
    client.post(north.url(f"messages/{message.public_id}/drop/"))
    assert again(north, message).state == State.SKIPPED


@pytest.mark.parametrize("act", ["drop", "send-again", "send-otherwise", "settle"])
def test_what_left_meanwhile_is_a_409_and_stays_as_it_is(north, client, now, act):
    message = planned(north, now, state=State.SENDING)
    assert client.post(north.url(f"messages/{message.public_id}/{act}/")).status_code == 409
    assert again(north, message).state == State.SENDING


@pytest.mark.parametrize("role", ["technician", "sales", "accounts"])
def test_only_dispatchers_and_managers_see_it(cast, client, role):
    client.force_login(cast.north.people[role].user)
    assert client.get(cast.north.url("messages/")).status_code == 403


def test_words_of_people_are_never_markup(north, client, now):
    message = planned(north, now, title="<b>T</b>", text="<script>x</script>", fields={"edited_by": "D"})
    assert is_shown_as_words("<script>x</script>", client.get(north.url(f"messages/{message.public_id}/")))


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 320])
def test_the_pages_pass_axe_and_fit_their_window(live_desk, page_as, answers, now, theme, width):
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        plan_visit_messages(make_plain_visit(desk, now=now), "booked", now=now)
        waiting = Message.objects.first()
        sent = {"state": State.SENT, "sent_at": now}
        make_message(desk, now=now, number=1, text="Northgate: Lou is on the way.", **sent)
        make_message(desk, now=now, number=2, state=State.FAILED, reason="The mail server answered 550")
        make_message(desk, now=now, number=3, state=State.MISSED, reason="Of no use any more.", channel="sms")
    page = page_as("dispatcher", width=width, theme=theme)
    for path in (*(f"messages/?tab={tab}" for tab in pages.TABS), f"messages/{waiting.public_id}/"):
        page.goto(live_desk.url(path))
        assert axe_violations(page) == []
        assert sideways_scroll(page) == 0


def test_a_message_names_the_files_that_go_with_it(north, client, now):
    with tenant(north.tenant):
        kind = StoredFile.Kind.DOCUMENT
        file = store_file(
            content=b"x", kind=kind, name="Offer.pdf", content_type="application/pdf", by=None, now=now
        )
    message = planned(north, now, fields=attached([file]))
    assert "Offer.pdf" in client.get(north.url(f"messages/{message.public_id}/")).content.decode()


def test_a_message_tells_what_was_reported_and_answered(north, client, now):
    message = planned(north, now, state=State.SENT, sent_at=now, channel="sms", provider_id="SM1")
    with tenant(north.tenant):
        report = Report("r-1", "failed", now, provider_id="SM1", detail="A landline")
        take_report(report, channel="sms", now=now)
        take_reply(Incoming("sms", "SM2", "07700 900412", "Four is better", ("SM1",)), now=now)
    text = client.get(north.url(f"messages/{message.public_id}/")).content.decode()
    for words in ("<b>Not delivered</b>", "A landline", "They answered", "Four is better"):
        assert words in text
