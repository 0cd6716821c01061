"""The recipient's night: in their own zone, on the days when its clock changes too."""

import datetime as dt

import pytest

from messaging.judging import judge, recipient_zone
from messaging.models import Message
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.messaging.conftest import make_message


@pytest.fixture
def north(cast, answers):
    with tenant(cast.north.tenant):
        yield cast.north


def judged(north, zone, at, now):
    north.customer.time_zone = zone
    north.customer.save()
    made = make_message(north, now=now)
    message = Message.objects.select_related("tenant", "customer", "contact").get(pk=made.pk)
    found = judge(message, now=at)
    made.delete()
    return found


def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


# Quiet from 21:00 to 08:00. Where the clock goes forward the night is an hour shorter, and the other way.
NIGHTS = [
    ("", utc(2026, 3, 28, 21, 30), utc(2026, 3, 29, 7, 0)),
    ("", utc(2026, 10, 24, 20, 30), utc(2026, 10, 25, 8, 0)),
    ("America/New_York", utc(2026, 3, 8, 3, 0), utc(2026, 3, 8, 12, 0)),
    ("America/New_York", utc(2026, 11, 1, 2, 0), utc(2026, 11, 1, 13, 0)),
    ("Australia/Lord_Howe", utc(2026, 10, 3, 12, 0), utc(2026, 10, 3, 21, 0)),
    ("Australia/Lord_Howe", utc(2026, 4, 4, 11, 0), utc(2026, 4, 4, 21, 30)),
    # Cairo goes forward at midnight, Beirut too.
    ("Africa/Cairo", utc(2026, 4, 23, 19, 30), utc(2026, 4, 24, 5, 0)),
    ("Asia/Kathmandu", utc(2026, 3, 5, 15, 30), utc(2026, 3, 6, 2, 15)),
]


@pytest.mark.parametrize(("zone", "at", "until"), NIGHTS)
def test_a_message_waits_for_the_recipients_morning(north, now, zone, at, until):
    assert judged(north, zone, at, now).send_after == until


@pytest.mark.parametrize(("zone", "at", "until"), NIGHTS)
def test_it_leaves_at_the_first_instant_of_the_morning_and_not_a_second_before(north, now, zone, at, until):
    assert judged(north, zone, until, now).outgoing is not None
    assert judged(north, zone, until - dt.timedelta(seconds=1), now).send_after == until


def test_what_is_night_at_the_desk_is_day_where_they_are(north, now):
    at = utc(2026, 3, 5, 23, 0)
    assert judged(north, "America/New_York", at, now).outgoing is not None
    assert judged(north, "", at, now).outgoing is None


def test_a_desk_without_quiet_hours_sends_at_any_time(north, now):
    Tenant.objects.filter(pk=north.tenant.pk).update(quiet_from=dt.time(0), quiet_until=dt.time(0))
    assert judged(north, "", utc(2026, 3, 5, 23, 0), now).outgoing is not None


def test_a_colleague_is_at_the_desk(north, now):
    message = make_message(north, now=now)
    message.customer = None
    assert recipient_zone(message).key == "Europe/London"


def test_the_language_of_the_words_is_kept_with_the_decision(north, now):
    assert judged(north, "", now, now).language == "en"
