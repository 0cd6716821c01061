"""Praise is kept until its person has read it, and its lead hears of it."""

import datetime as dt
from functools import partial

import pytest
from django.core import mail

from customers.models import TimelineEntry
from messaging.delivery import deliver_due
from messaging.models import Message
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.at_once import at_once
from visits.praising import read_praise, record_praise, unread_praise

HOUR = dt.timedelta(hours=1)


def record(north, now, person=None, words="Most patient on the phone"):
    return record_praise(
        north.customer, person=person or north.technician, words=words, by=north.sales, now=now
    )


def test_it_waits_for_whom_it_is_for_until_they_have_read_it(cast, north, now):
    praise = record(north, now)
    assert unread_praise(north.technician) == [praise]
    assert unread_praise(north.dispatcher) == []
    for _ in range(2):
        read_praise(praise, now=now)
    assert unread_praise(north.technician) == []
    line = TimelineEntry.objects.get(subject=praise.public_id)
    assert (line.title, line.detail, line.actor) == (
        "Praise for Lou Baptiste",
        "Most patient on the phone",
        north.sales,
    )


def test_the_lead_hears_by_mail_and_who_has_no_days_page_does_too(north, now):
    record(north, now, person=north.dispatcher)
    deliver_due(clock=lambda: now)
    assert sorted(letter.to[0] for letter in mail.outbox) == [
        "dana@northgate.example",
        "robin@northgate.example",
    ]
    assert mail.outbox[0].subject == "Praise for Dana Whitlock"
    assert mail.outbox[0].body == (
        "Margaret Ellison, The Harbour Letter about Dana Whitlock:\n\n"
        "“Most patient on the phone”\n\nNorthgate\n"
    )


def test_what_was_taken_back_does_not_leave(north, now):
    praise = record(north, now)
    praise.withdrawn_at = now
    praise.save()
    deliver_due(clock=lambda: now)
    assert mail.outbox == []
    assert unread_praise(north.technician) == []


def test_a_desk_whose_messages_are_off_keeps_it_all_the_same(north, now):
    Tenant.objects.update(messages_from=None)
    north.customer.tenant.refresh_from_db()
    record(north, now)
    assert len(unread_praise(north.technician)) == 1
    assert not Message.objects.exists()


def test_noted_twice_it_is_one_and_the_day_after_another(north, now):
    first = record(north, now)
    assert record(north, now + HOUR) == first
    assert Message.objects.count() == 1
    assert record(north, now + 24 * HOUR) != first


def test_two_presses_at_once_are_one_praise(committed_cast, now):
    north = committed_cast.north
    first, second = at_once(*[partial(record, north, now)] * 2, desk=north)
    assert first == second
    with tenant(north.tenant):
        assert Message.objects.count() == 1


def test_without_a_word_there_is_none(north, now):
    with pytest.raises(ValueError, match="Write down what was said"):
        record(north, now, words=" ")
