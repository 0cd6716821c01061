"""A promise made by hand: who hears of it, who is reminded, and what becomes of it (design 4.4)."""

import datetime as dt
import re
from html import unescape

import pytest
import time_machine
from django.utils.html import strip_tags

from cases.models import Promise
from messaging.judging import judge
from messaging.models import Message
from tenancy.scope import tenant
from tests.cast import make_visit

UTC = dt.UTC
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def north(cast, now):
    """Northgate with its messages on, at the tests' moment: 13:07 on Thursday 5 March."""
    desk = cast.north
    with tenant(desk.tenant):
        desk.tenant.messages_from = now - dt.timedelta(days=1)
        desk.tenant.save()
    with time_machine.travel(now, tick=False):
        yield desk


def check_url(desk):
    return desk.url(f"calls/{desk.customer.public_id}/")


def read(answer):
    return re.sub(r"\s+", " ", unescape(strip_tags(answer.content.decode())))


def promised(browser, desk, **data):
    answer = browser.post(
        f"{check_url(desk)}promise/", {"what": "Ring back", "by": "today", **data}, follow=True
    )
    assert answer.status_code == 200
    return answer, Promise.objects.by_hand().get()


def move_url(desk, promise):
    return f"{check_url(desk)}promises/{promise.public_id}/moved/"


def letters():
    return {
        message.kind: judge(message, now=message.send_after).outgoing.text
        for message in Message.objects.select_related("tenant", "contact", "colleague__user", "customer")
    }


def test_the_page_says_what_the_customer_reads_and_what_happens_by_itself(sales, north):
    page = read(sales.get(check_url(north)))
    assert "Text Margaret Ellison: “Jamie will ring you by 1:37 pm today.”" in page
    assert "“Jamie will ring you by 3 pm today.”" in page
    assert "“Jamie will ring you by 10 am tomorrow.”" in page
    assert "You are reminded by mail at 14:30 and 14:50. At 15:01 it goes to" in page


def test_a_promise_is_told_when_that_is_ticked_and_its_owner_reminded(sales, north, now):
    with tenant(north.tenant):
        answer, _ = promised(sales, north, tell="on")
        assert "(Margaret Ellison is told)" in read(answer)
        told = Message.objects.get(kind="promise made")
        first, second = Message.objects.filter(kind="promise reminder").order_by("send_after")
        assert (told.channel, told.contact, told.send_after) == ("sms", north.contact, now)
        assert [f"{one.send_after:%H:%M}" for one in (first, second)] == ["14:30", "14:50"]
        assert first.colleague == second.colleague == north.sales
        said = letters()
    assert said["promise made"] == "Northgate: Jamie will ring you by 3 pm today."
    assert "by 15:00: Ring back" in said["promise reminder"]


def test_without_the_tick_the_customer_hears_nothing(sales, north):
    with tenant(north.tenant):
        promised(sales, north)
        assert set(Message.objects.values_list("kind", flat=True)) == {"promise reminder"}


def test_nothing_is_offered_or_said_where_no_message_goes(sales, north):
    with tenant(north.tenant):
        north.tenant.messages_from = None
        north.tenant.save()
        page = read(sales.get(check_url(north)))
        assert "No message reaches this customer." in page
        assert "reminded" not in page and "At 15:01 it goes to" in page
        answer, _ = promised(sales, north, tell="on")
        assert "(nothing reaches them: not told)" in read(answer)
        assert not Message.objects.exists()


def test_a_promise_that_was_kept_is_told_and_reminded_of_no_more(sales, north, now):
    with tenant(north.tenant):
        _, promise = promised(sales, north, tell="on")
        sales.post(f"{check_url(north)}promises/{promise.public_id}/kept/", {"outcome": "Told the price"})
        for message in Message.objects.all():
            assert judge(message, now=now).state == Message.State.CANCELLED


def test_a_promise_is_moved_and_told_and_kept_late(sales, north, now):
    with tenant(north.tenant):
        _, promise = promised(sales, north)
        answer = sales.post(
            move_url(north, promise), {"day": "2026-03-05", "clock": "16:30", "tell": "on"}, follow=True
        )
        assert "Moved, now by 16:30: Ring back (Margaret Ellison is told)" in read(answer)
        promise.refresh_from_db()
        assert promise.due_at == dt.datetime(2026, 3, 5, 16, 30, tzinfo=UTC)
        moved = Message.objects.get(kind="promise moved")
        assert judge(moved, now=now).outgoing.text == (
            "Northgate: Jamie needs until 4:30 pm today to be sure, sorry to keep you. We will "
            "ring either way."
        )
        *old, third, fourth = Message.objects.filter(kind="promise reminder").order_by("send_after")
        assert {judge(each, now=each.send_after).state for each in old} == {Message.State.CANCELLED}
        for reminder in (third, fourth):
            assert judge(reminder, now=reminder.send_after).outgoing is not None
        sales.post(f"{check_url(north)}promises/{promise.public_id}/kept/", {"outcome": "Told the price"})
        promise.refresh_from_db()
        assert promise.state == Promise.State.KEPT_LATE


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"day": "", "clock": "16:30"}, "Choose the day."),
        ({"day": "2026-03-05", "clock": ""}, "Choose the time."),
        ({"day": "2026-03-05", "clock": "13:00"}, "Choose a time to come."),
    ],
)
def test_a_promise_is_moved_to_a_time_to_come_only(sales, north, typed, says):
    with tenant(north.tenant):
        _, promise = promised(sales, north)
        answer = sales.post(move_url(north, promise), typed)
        assert answer.status_code == 422
        assert says in read(answer)
        assert Promise.objects.get().due_at == promise.due_at


def test_what_was_due_is_moved_no_more(sales, north, now):
    with tenant(north.tenant):
        _, promise = promised(sales, north)
        Promise.objects.update(due_at=now - MINUTE)
        answer = sales.post(move_url(north, promise), {"day": "2026-03-05", "clock": "16:30"})
        assert answer.status_code == 409
        assert "This promise is due or settled already." in read(answer)


def test_the_list_speaks_of_the_renewal_not_of_what_a_visit_promises(sales, north, now):
    with tenant(north.tenant):
        north.contract.terms.update(starts_on=dt.date(2025, 4, 3), ends_on=dt.date(2026, 4, 2))
        make_visit(north, start=now + dt.timedelta(days=2), technician=north.lou)
        assert Promise.objects.open().exists()
    page = read(sales.get(north.url("calls/")))
    assert "Promised" not in page
    assert "unused, mention it" in page
    with tenant(north.tenant):
        promised(sales, north)
    assert "Promised by 15:00: Ring back" in read(sales.get(north.url("calls/")))
