"""Asking after a visit: whom, when, once, and nobody who does not want to be asked."""

import datetime as dt

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.matters import open_case
from cases.models import Case
from customers.links import find_link
from customers.models import Contact, Customer
from messaging.delivery import deliver_due
from messaging.models import Message
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.visits.followed_scene import done_visit
from visits.daily_round import go_round
from visits.follow_up import KIND, OF_USE, ask_after_visits, asks_at
from visits.follow_up_answers import answer_follow_up
from visits.models import Visit
from visits.told import told_zone

pytestmark = pytest.mark.usefixtures("only_mail")
DAY, HOUR, SECOND = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(seconds=1)
SATURDAY_AT_TEN = dt.datetime(2026, 3, 7, 10, tzinfo=dt.UTC)


@pytest.fixture
def done(north, now):
    """Done on Thursday 5 March at 13:07; asked after on Saturday."""
    return done_visit(north, now)


def ask(desk, now, **fields):
    Tenant.objects.filter(pk=desk.tenant.pk).update(**fields or {"slug": desk.tenant.slug})
    desk.tenant.refresh_from_db()
    return ask_after_visits(desk.tenant, now=now)


def asked():
    rows = Message.objects.filter(kind=KIND).order_by("pk")
    return list(rows.values_list("subject", "channel", "send_after"))


def test_two_days_later_in_the_morning_and_once(north, done, now):
    rounds = [ask(north, now + hours * HOUR) for hours in range(0, 72, 3)]
    assert sum(rounds) == 1
    assert asked() == [(done.public_id, "mail", SATURDAY_AT_TEN)]
    # Twelve hours ahead, so that somebody can see it and hold it.
    assert rounds.index(1) == 33 // 3


def test_after_three_days_of_standstill_it_is_asked_and_after_fourteen_it_is_not(north, done):
    late = SATURDAY_AT_TEN + 3 * DAY
    assert ask(north, late) == 1
    assert asked() == [(done.public_id, "mail", late)]
    Message.objects.all().delete()
    assert ask(north, SATURDAY_AT_TEN + OF_USE) == 0
    assert ask(north, SATURDAY_AT_TEN + OF_USE - SECOND) == 1


@pytest.mark.parametrize(
    ("days", "due"),
    [
        (0, dt.datetime(2026, 3, 5, 13, 7, tzinfo=dt.UTC)),
        (1, dt.datetime(2026, 3, 6, 10, tzinfo=dt.UTC)),
        (14, dt.datetime(2026, 3, 19, 10, tzinfo=dt.UTC)),
    ],
)
def test_the_desk_says_after_how_many_days(north, done, days, due):
    assert ask(north, due - 12 * HOUR, follow_up_days=days) == 1
    assert [at for _, _, at in asked()] == [due]


def test_switched_off_nobody_is_asked_and_what_waits_does_not_leave(north, done, now):
    ask(north, SATURDAY_AT_TEN)
    Tenant.objects.update(follow_up_days=None)
    deliver_due(clock=lambda: SATURDAY_AT_TEN)
    assert mail.outbox == []
    assert Message.objects.get(kind=KIND).reason == "The desk asks after its visits no more."
    assert ask(north, SATURDAY_AT_TEN, follow_up_days=None) == 0


ZONES = ["Pacific/Auckland", "Europe/London", "America/Los_Angeles", "Asia/Kathmandu"]


@given(st.sampled_from(ZONES), st.integers(0, 500_000), st.integers(0, 14))
@settings(max_examples=200, deadline=None)
def test_it_is_in_the_morning_of_the_customers_own_day(zone, minutes, days):
    done_at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
    desk = Tenant(pk=1)
    visit = Visit(tenant=desk, customer=Customer(tenant=desk, time_zone=zone), completed_at=done_at)
    asked_at, was = (at.astimezone(told_zone(visit.customer)) for at in (asks_at(visit, days), done_at))
    assert (asked_at.date() - was.date()).days == days
    assert asked_at == was or (asked_at.hour, asked_at.minute) == (10, 0)
    assert asked_at >= was


def test_not_about_history_nor_what_was_not_done(north, now):
    done_visit(north, now, is_history=True)
    nobody_home = {"state": "no access", "arrived_at": now - DAY, "completed_at": None, "completed_on": None}
    done_visit(north, now - DAY, **nobody_home)
    assert ask(north, SATURDAY_AT_TEN) == 0


def test_not_about_what_was_done_before_the_messages_began(north, done, now):
    assert ask(north, SATURDAY_AT_TEN, messages_from=now + SECOND) == 0
    assert ask(north, SATURDAY_AT_TEN, messages_from=None) == 0
    assert ask(north, SATURDAY_AT_TEN, messages_from=now) == 1


@pytest.mark.parametrize(
    ("contact", "visit", "channel"),
    [
        ({}, {}, "mail"),
        ({"email": ""}, {}, "sms"),
        ({"by_mail": False}, {}, "sms"),
        ({"mail_stopped_at": "now"}, {}, "sms"),
        ({"mail_stopped_at": "now", "sms_stopped_at": "now"}, {}, None),
        ({"by_mail": False, "by_sms": False}, {}, None),
        ({}, {"tell_by_mail": False}, "sms"),
        ({}, {"tell_by_mail": False, "tell_by_sms": False}, None),
    ],
)
def test_by_their_own_channel_and_not_who_stopped(north, done, now, settings, contact, visit, channel):
    settings.SMS_URL = "https://texts.example/"
    Contact.objects.update(**{name: now if value == "now" else value for name, value in contact.items()})
    Visit.objects.filter(pk=done.pk).update(**visit or {"version": 1})
    assert ask(north, SATURDAY_AT_TEN) == (channel is not None)
    assert [by for _, by, _ in asked()] == ([channel] if channel else [])


def test_a_visit_without_a_contact_asks_the_customers_main_one(north, done):
    Visit.objects.filter(pk=done.pk).update(contact=None)
    ask(north, SATURDAY_AT_TEN)
    assert Message.objects.get(kind=KIND).contact == north.contact


def complaint(north, now):
    about = {"customer": north.customer, "by": north.dispatcher, "now": now}
    return open_case(kind=Case.Kind.COMPLAINT, title="Nobody rang back", **about)


def test_nobody_is_asked_whose_complaint_stands_open(north, done, now):
    case = complaint(north, now)
    assert ask(north, SATURDAY_AT_TEN) == 0
    Case.objects.filter(pk=case.pk).update(state="closed", closed_at=now, closed_on="word", outcome="Settled")
    assert ask(north, SATURDAY_AT_TEN) == 1


def test_a_complaint_that_comes_while_it_waits_keeps_it_back(north, done, now):
    ask(north, SATURDAY_AT_TEN - HOUR)
    complaint(north, now)
    deliver_due(clock=lambda: SATURDAY_AT_TEN)
    assert mail.outbox == []
    assert [ask(north, SATURDAY_AT_TEN + hours * HOUR) for hours in range(3)] == [0, 0, 0]


def test_the_visits_of_a_case_on_one_day_are_asked_after_once(north, now):
    case = open_case(customer=north.customer, kind="fault", title="Bands", by=north.dispatcher, now=now)
    first, last = (done_visit(north, now + hours * HOUR, case=case) for hours in (-3, 0))
    other = done_visit(north, now + DAY, case=case)
    for hours in range(0, 96, 3):
        ask(north, now + hours * HOUR)
    assert [subject for subject, _, _ in asked()] == [last.public_id, other.public_id]


def test_asked_at_once_the_second_visit_of_the_case_that_day_is_not(north, now):
    case = open_case(customer=north.customer, kind="fault", title="Bands", by=north.dispatcher, now=now)
    first = done_visit(north, now - 3 * HOUR, case=case)
    assert ask(north, now - 3 * HOUR, follow_up_days=0) == 1
    done_visit(north, now, case=case)
    assert ask(north, now, follow_up_days=0) == 0
    assert [subject for subject, _, _ in asked()] == [first.public_id]


def test_who_has_answered_is_not_asked(north, done, now):
    ask(north, SATURDAY_AT_TEN - HOUR)
    answer_follow_up(done, face=3, now=now)
    deliver_due(clock=lambda: SATURDAY_AT_TEN)
    assert mail.outbox == []


def test_what_it_says_and_where_it_leads(north, done):
    ask(north, SATURDAY_AT_TEN)
    deliver_due(clock=lambda: SATURDAY_AT_TEN)
    (letter,) = mail.outbox
    address = letter.body.split("what else you need:\n")[1].split("\n")[0]
    assert letter.subject == "How was our visit?"
    assert letter.body.split("\nNo more mail")[0] == (
        "Dear Margaret Ellison,\n\n"
        "Lou was with you on Thu 5 March.\n\n"
        "How was it? One tap answers, and there you can tell us what else you need:\n"
        f"{address}\n\n"
        "Or ring 01632 960 118; a person answers.\n\n"
        "Northgate\n"
    )
    found = find_link(address.rstrip("/").rsplit("/", 1)[1], now=SATURDAY_AT_TEN)
    assert (found.link.purpose, found.link.subject) == ("follow_up", done.public_id)
    assert found.link.expires_at == SATURDAY_AT_TEN + 30 * DAY


def test_the_quiet_hours_of_the_customer_hold(north, now):
    late = now.replace(hour=22, minute=0)
    done_visit(north, late)
    assert ask(north, late, follow_up_days=0) == 1
    deliver_due(clock=lambda: late)
    assert mail.outbox == []
    assert Message.objects.get(kind=KIND).send_after == now.replace(day=6, hour=8, minute=0)


def test_the_round_asks_at_every_desk_and_twice_does_nothing_more(cast, north, done, now):
    with tenant(cast.south.tenant):
        done_visit(cast.south, now)
    assert go_round(now=SATURDAY_AT_TEN).asked_after == 2
    assert go_round(now=SATURDAY_AT_TEN).asked_after == 0


def test_statements_do_not_grow_with_visits(north, now):
    def statements():
        with CaptureQueriesContext(connection) as seen:
            assert ask(north, SATURDAY_AT_TEN) > 0
        Message.objects.all().delete()
        return len(seen)

    done_visit(north, now, contact=None)
    one = statements()
    for hours in (3, 6, 9):
        done_visit(north, now - hours * HOUR, contact=None)
    assert statements() == one
