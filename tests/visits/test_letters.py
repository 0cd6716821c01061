"""Letters about visits, read for several at once: they say what each would say alone."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.delivery import claim, deliver_due
from messaging.judging import judge
from messaging.models import Message
from messaging.together import judged
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.messaging.delivering import Answering, answering
from visits import calendar_file
from visits.models import Visit
from visits.reminders import plan_reminders

pytestmark = pytest.mark.usefixtures("only_mail")

State = Message.State
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
TOKEN = re.compile(r"/v/[\w-]{22}/")


@pytest.fixture
def north(cast):
    return cast.north


@pytest.fixture
def visits(north, now):
    """Three of the next day, each reminded of now."""
    with tenant(north.tenant):
        made = [
            make_plain_visit(north, now=now, start=now + DAY + 2 * number * HOUR, booked_at=now - 30 * DAY)
            for number in range(3)
        ]
        Visit.objects.filter(pk=made[2].pk).update(state=Visit.State.CONFIRMED, confirmed_at=now)
    plan_reminders(now=now)
    return made


def said(decision):
    going = decision.outgoing
    return going.title, TOKEN.sub("/v/its link/", going.text), going.attachments, going.address, decision.text


def test_read_together_they_say_what_each_says_alone(north, visits, now):
    at = now + 3 * HOUR
    claims = claim(now=at)
    with tenant(north.tenant):
        together = {
            message.pk: said(decision)
            for message, decision in judged(
                [one.message_id for one in claims], claims[0].leased_until, now=at
            )
        }
        alone = {
            message.pk: said(judge(message, now=at)) for message in Message.objects.filter(pk__in=together)
        }
    assert together == alone
    assert len(alone) == 3


def test_three_are_read_with_as_many_statements_as_one(north, visits, now):
    with tenant(north.tenant):
        keys = list(Message.objects.filter(useless_after__gt=now + 3 * HOUR).values_list("pk", flat=True))
        Message.objects.update(leased_until=now + DAY)
        counts = []
        for wanted in (keys[:1], keys):
            with CaptureQueriesContext(connection) as asked:
                assert len(list(judged(wanted, now + DAY, now=now + 3 * HOUR))) == len(wanted)
            counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_visit_that_changes_while_the_one_before_leaves_is_read_again(north, visits, now, monkeypatch):
    class Meanwhile(Answering):
        def send(self, outgoing):
            with tenant(north.tenant):
                left = Message.objects.get(key=outgoing.key).subject
                Visit.objects.exclude(public_id=left).update(state=Visit.State.CANCELLED_BY_US)
            return super().send(outgoing)

    answering(monkeypatch, Meanwhile())
    assert deliver_due(clock=lambda: now + 3 * HOUR) == {State.SENT: 1, State.CANCELLED: 2, State.SKIPPED: 1}


def test_a_calendar_of_kept_rules_is_the_one_written_at_once(north, visits, now):
    with tenant(north.tenant):
        visit = Visit.objects.get(pk=visits[0].pk)
        first, again = calendar_file.entry_of(visit, now=now), calendar_file.entry_of(visit, now=now)
    assert first == again
    assert (first.count(b"BEGIN:VCALENDAR"), first.count(b"END:VCALENDAR")) == (1, 1)
    assert mail.outbox == []
