"""A visit that a technician sets out to, and how far they are."""

import datetime as dt

import pytest

from cases.models import Promise
from messaging.models import Message
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from visits import fieldwork
from visits.commitments import make_promises

MINUTE = dt.timedelta(minutes=1)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def north(cast, settings):
    settings.SMS_URL = "https://sms.example/send"
    with tenant(cast.north.tenant):
        yield cast.north


@pytest.fixture
def visit(north, now):
    """Lou's visit from 14:00 to 15:00 on the day of the tests, which is at 13:07."""
    visit = make_plain_visit(
        north, now=now, start=now.replace(hour=14, minute=0), state="confirmed", confirmed_at=now
    )
    make_promises(visit, by=north.dispatcher, now=now - 60 * MINUTE)
    return visit


def on_the_way(visit, person, now):
    fieldwork.call_ahead(visit, result="spoke", by=person, now=now)
    fieldwork.read_brief(visit, by=person, now=now)
    return fieldwork.set_out(visit, by=person, now=now)


def on_site(visit, person, now):
    on_the_way(visit, person, now)
    return fieldwork.arrive(visit, by=person, now=now)


def promise(visit, kind):
    return Promise.objects.get(of_visit__visit=visit, kind=kind)


def waiting_texts(visit):
    waiting = Message.objects.filter(subject=visit.public_id, state="planned", channel="sms")
    return [(message.kind, message.fields["expected_at"]) for message in waiting]


def message_states(visit):
    return set(Message.objects.filter(subject=visit.public_id).values_list("state", flat=True))
