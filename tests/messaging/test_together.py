"""Delivery of several messages of a desk at once: judged together, compared again as each begins."""

import datetime as dt

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging import kinds, together
from messaging.delivery import MOST_ATTEMPTS, deliver_due
from messaging.models import Message
from tenancy.scope import tenant
from tests.messaging.delivering import Answering, State, again, answering, planned


class Meanwhile(Answering):
    """Something happens while the first one leaves."""

    def __init__(self, act, *answers):
        super().__init__(*answers)
        self.act = act

    def send(self, outgoing):
        act, self.act = self.act, None
        if act is not None:
            act()
        return super().send(outgoing)


@pytest.fixture
def two(north, clock):
    return [planned(north, clock.now, number=number) for number in (1, 2)]


def states(desk, messages):
    return [again(desk, message).state for message in messages]


def statements(desk, clock, numbers):
    for number in numbers:
        planned(desk, clock.now, number=number)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert deliver_due(clock=clock) == {State.SENT: len(numbers)}
    return len(asked)


def test_one_more_costs_few_statements(north, clock):
    """Its end and the next one's beginning are one transaction."""
    one, ten = statements(north, clock, range(1)), statements(north, clock, range(10, 20))
    # A transaction's two and the desk's scope's two; begun, ended, the time line, reports.
    assert (ten - one) / 9 == 8


def test_cancelled_while_the_one_before_leaves_it_does_not_go(north, clock, two, monkeypatch):
    def cancel():
        with tenant(north.tenant):
            Message.objects.filter(pk=two[1].pk).update(state=State.CANCELLED, leased_until=None)

    channel = answering(monkeypatch, Meanwhile(cancel))
    assert deliver_due(clock=clock) == {State.SENT: 1, "taken by another": 1}
    assert (states(north, two), channel.took) == ([State.SENT, State.CANCELLED], [str(two[0].key)])


@pytest.mark.parametrize("change", [{"by_mail": False}, {"mail_stopped_at": True}])
def test_no_more_mail_said_while_the_one_before_leaves_holds(north, clock, two, monkeypatch, change):
    def stop():
        with tenant(north.tenant):
            for name, value in change.items():
                setattr(north.contact, name, clock.now if name.endswith("_at") else value)
            north.contact.save()

    answering(monkeypatch, Meanwhile(stop))
    assert deliver_due(clock=clock) == {State.SENT: 1, State.SKIPPED: 1}


def test_a_new_address_is_written_to(north, clock, two):
    def move():
        with tenant(north.tenant):
            north.contact.email = "new@harbourletter.example"
            north.contact.save()

    way = Meanwhile(move)
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        answering(patch, way)
        patch.setattr(Answering, "send", lambda self, outgoing: seen.append(outgoing.address) or "id")
        assert deliver_due(clock=clock) == {State.SENT: 2}
    assert seen == ["margaret@harbourletter.example", "new@harbourletter.example"]


def test_what_it_is_about_changed_and_it_is_judged_again(north, clock, two, answers, monkeypatch):
    def move():
        answers.against = "The visit was moved."

    monkeypatch.setitem(kinds._looks, "test", lambda message: not answers.against)
    answering(monkeypatch, Meanwhile(move))
    assert deliver_due(clock=clock) == {State.SENT: 1, State.CANCELLED: 1}


def test_judged_a_while_ago_it_is_judged_again(north, clock, two, answers, monkeypatch):
    def take_time():
        answers.against = "The visit was moved."
        clock.pass_time(seconds=2)

    answering(monkeypatch, Meanwhile(take_time))
    assert deliver_due(clock=clock) == {State.SENT: 1, State.CANCELLED: 1}


def test_a_slow_desk_lets_the_others_go(cast, north, clock, monkeypatch):
    class Slow(Answering):
        def send(self, outgoing):
            clock.pass_time(seconds=2)
            return super().send(outgoing) and outgoing.desk_slug

    channel = answering(monkeypatch, Slow())
    mine = [planned(north, clock.now - dt.timedelta(minutes=1), number=number) for number in range(3)]
    theirs = planned(cast.south, clock.now)
    assert deliver_due(clock=clock) == {State.SENT: 4}
    assert channel.took[1] == str(theirs.key)
    assert set(channel.took) == {str(each.key) for each in [*mine, theirs]}


def test_what_left_is_marked_though_the_next_cannot_begin(north, clock, two, monkeypatch, caplog):
    begin = together.begin

    def broken(message, decision, *, until):
        if message.pk == two[1].pk:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        return begin(message, decision, until=until)

    monkeypatch.setattr(together, "begin", broken)
    assert deliver_due(clock=clock) == {State.SENT: 2}
    assert [again(north, message).attempts for message in two] == [1, 1]
    assert len(mail.outbox) == 2
    assert "is marked alone: DataError" in caplog.text or "DivisionByZero" in caplog.text


def test_taken_over_while_it_left_it_is_not_marked(north, clock, two, monkeypatch):
    def take_over():
        with tenant(north.tenant):
            Message.objects.filter(pk=two[0].pk).update(leased_until=clock.now + dt.timedelta(hours=1))

    answering(monkeypatch, Meanwhile(take_over))
    assert deliver_due(clock=clock) == {State.SENT: 1, "taken by another": 1}
    assert states(north, two) == [State.SENDING, State.SENT]


def test_one_begun_too_often_is_given_up_among_others(north, clock, two):
    with tenant(north.tenant):
        Message.objects.filter(pk=two[0].pk).update(attempts=MOST_ATTEMPTS)
    assert deliver_due(clock=clock) == {State.UNCERTAIN: 1, State.SENT: 1}
    assert states(north, two) == [State.UNCERTAIN, State.SENT]
    assert len(mail.outbox) == 1
