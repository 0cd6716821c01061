"""Delivery tries again: ways out that fail, workers that die, messages in doubt."""

import datetime as dt

from django.core import mail

from cases.models import Duty
from messaging import delivery
from messaging.channels import NotSent, Refused, Unsure
from messaging.delivery import BACK_OFF, LEASE, MOST_ATTEMPTS, claim, deliver_due
from messaging.models import Message
from messaging.providers import Ways
from tenancy.scope import tenant
from tests.messaging.delivering import Answering, Asked, State, again, answering, begun, planned


def test_not_sent_is_tried_again_later_and_later_until_it_fails(north, clock, monkeypatch):
    channel = answering(monkeypatch, Answering(*[NotSent("No answer.")] * MOST_ATTEMPTS))
    message = planned(north, clock.now)
    for pause in BACK_OFF:
        assert deliver_due(clock=clock) == {"again later": 1}
        waiting = again(north, message)
        assert (waiting.state, waiting.send_after) == (State.PLANNED, clock.now + pause)
        assert deliver_due(clock=clock) == {}
        clock.now = waiting.send_after
    assert deliver_due(clock=clock) == {State.FAILED: 1}
    assert (channel.took, again(north, message).reason) == ([], "No answer.")
    with tenant(north.tenant):
        assert Duty.objects.get().detail == "No answer."


def test_a_try_that_would_come_too_late_is_a_fault_at_once(north, clock, monkeypatch):
    answering(monkeypatch, Answering(NotSent("No answer.")))
    planned(north, clock.now, useless_after=clock.now + BACK_OFF[0])
    assert deliver_due(clock=clock) == {State.FAILED: 1}


def test_refused_it_fails_at_once(north, clock, monkeypatch):
    answering(monkeypatch, Answering(Refused("550 no such user")))
    message = planned(north, clock.now)
    assert deliver_due(clock=clock) == {State.FAILED: 1}
    assert (again(north, message).attempts, again(north, message).reason) == (1, "550 no such user")


def test_silence_while_it_went_is_tried_again_under_the_same_key(north, clock, monkeypatch):
    channel = answering(monkeypatch, Answering(Unsure("Silence.")))
    message = planned(north, clock.now)
    assert deliver_due(clock=clock) == {"again later": 1}
    assert again(north, message).state == State.SENDING
    clock.pass_time(minutes=2)
    assert deliver_due(clock=clock) == {State.SENT: 1}
    assert channel.took == [str(message.key)]


def test_never_heard_it_is_uncertain_and_somebody_is_told(north, clock, monkeypatch):
    answering(monkeypatch, Answering(*[Unsure("Silence.")] * MOST_ATTEMPTS))
    message = planned(north, clock.now)
    for _ in range(MOST_ATTEMPTS):
        deliver_due(clock=clock)
        clock.pass_time(hours=1)
    assert again(north, message).state == State.UNCERTAIN
    with tenant(north.tenant):
        assert Duty.objects.count() == 1


def test_a_worker_killed_before_it_sent_leaves_a_lease_that_runs_out(north, clock):
    message = planned(north, clock.now)
    assert len(claim(now=clock.now)) == 1
    assert deliver_due(clock=clock) == {}
    clock.now += LEASE
    assert deliver_due(clock=clock) == {State.SENT: 1}
    assert again(north, message).attempts == 1


def test_a_worker_killed_while_it_sent_doubles_once_with_the_same_message_id(north, clock):
    message = begun(north, clock.now)
    assert deliver_due(clock=clock) == {}
    clock.now += LEASE
    assert deliver_due(clock=clock) == {State.SENT: 1}
    assert mail.outbox[0].extra_headers["Message-ID"] == f"<{message.key}@northgate>"
    assert again(north, message).attempts == 2


def test_a_provider_that_can_be_asked_is_asked_and_gets_it_once(north, clock, monkeypatch):
    channel = answering(monkeypatch, Asked(knows="sm-7"))
    message = begun(north, clock.now)
    clock.now += LEASE
    assert deliver_due(clock=clock) == {State.SENT: 1}
    assert (channel.took, again(north, message).provider_id) == ([], "sm-7")


def test_what_the_provider_never_saw_is_sent(north, clock, monkeypatch):
    channel = answering(monkeypatch, Asked(knows=None))
    message = begun(north, clock.now)
    clock.now += LEASE
    assert deliver_due(clock=clock) == {State.SENT: 1}
    assert channel.took == [str(message.key)]


def test_a_provider_that_does_not_answer_is_asked_again(north, clock, monkeypatch):
    channel = answering(monkeypatch, Asked(knows=NotSent("No answer.")))
    message = begun(north, clock.now)
    clock.now += LEASE
    assert deliver_due(clock=clock) == {"again later": 1}
    assert (again(north, message).state, channel.took) == (State.SENDING, [])


def test_in_doubt_and_no_longer_due_it_is_uncertain(north, clock, answers):
    message = begun(north, clock.now)
    answers.against = "The visit was moved."
    clock.now += LEASE
    assert deliver_due(clock=clock) == {State.UNCERTAIN: 1}
    assert again(north, message).reason == "It may have gone before we knew: The visit was moved."


def test_one_that_kills_each_worker_is_given_up(north, clock):
    message = begun(north, clock.now)
    with tenant(north.tenant):
        Message.objects.update(attempts=MOST_ATTEMPTS)
    clock.now += LEASE
    assert deliver_due(clock=clock) == {State.UNCERTAIN: 1}
    assert mail.outbox == []
    assert again(north, message).state == State.UNCERTAIN


def test_a_lease_taken_over_by_another_worker_is_not_used(north, clock, monkeypatch):
    message = planned(north, clock.now)
    first = claim(now=clock.now)
    clock.now += LEASE
    claim(now=clock.now)
    monkeypatch.setattr(delivery, "claim", lambda now: first if first else [])
    assert delivery._deliver(first[0], Ways(), clock) == "taken by another"
    assert (mail.outbox, again(north, message).attempts) == ([], 0)


def test_dropped_after_it_was_claimed_it_does_not_leave(north, clock):
    message = planned(north, clock.now)
    (one,) = claim(now=clock.now)
    with tenant(north.tenant):
        Message.objects.update(state=State.CANCELLED, leased_until=None)
    assert delivery._deliver(one, Ways(), clock) == "taken by another"
    assert again(north, message).state == State.CANCELLED


def test_a_turn_ends_and_gives_back_what_it_did_not_reach(north, clock, monkeypatch):
    class Slow(Answering):
        def send(self, outgoing):
            clock.pass_time(seconds=10)
            return super().send(outgoing)

    answering(monkeypatch, Slow())
    for number in range(5):
        planned(north, clock.now, number=number)
    assert deliver_due(clock=clock, turn=dt.timedelta(seconds=15)) == {State.SENT: 2}
    assert len(claim(now=clock.now)) == 3
