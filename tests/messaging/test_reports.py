"""What providers report: kept once, counted by their time, and a failure gets an owner."""

import datetime as dt
import itertools

import pytest
from django.core import mail

from cases.models import Duty
from messaging import delivery, outbox
from messaging.delivery import LEASE, deliver_due
from messaging.models import DeliveryReport, Message
from messaging.reports import Report, say_it_arrived, take_report
from tenancy.scope import tenant
from tests.messaging.conftest import make_message

State = Message.State
What = DeliveryReport.What
MINUTE = dt.timedelta(minutes=1)


def made(desk, now, **values):
    own = {"state": State.SENT, "sent_at": now, "provider_id": "pm-1", **values}
    with tenant(desk.tenant):
        return make_message(desk, now=now, **own)


def say(desk, message, what, at, *, number=None, now=None, **values):
    report = Report(
        report_id=str(number if number is not None else next(NUMBERS)),
        what=what,
        at=at,
        key=str(message.key),
        provider_id=values.pop("provider_id", "pm-1"),
        detail=values.pop("detail", "550 no such user"),
        **values,
    )
    with tenant(desk.tenant):
        return take_report(report, channel=message.channel, now=now or at)


NUMBERS = itertools.count(1)


def again(desk, message):
    with tenant(desk.tenant):
        return Message.objects.get(pk=message.pk)


def duties(desk):
    with tenant(desk.tenant):
        return list(Duty.objects.open().filter(kind=Duty.Kind.MEND_MESSAGE).values_list("subject", flat=True))


def test_delivered_is_told_with_the_providers_time(north, now):
    message = made(north, now)
    assert say(north, message, What.DELIVERED, now + MINUTE, now=now + 2 * MINUTE)
    found = again(north, message)
    assert (found.state, found.delivered_at) == (State.DELIVERED, now + MINUTE)


@pytest.mark.parametrize("what", [What.BOUNCED, What.FAILED])
def test_what_was_not_delivered_fails_with_its_reason_and_an_owner(north, now, what):
    message = made(north, now)
    say(north, message, what, now + MINUTE)
    found = again(north, message)
    assert found.state == State.FAILED
    assert found.reason == f"{What(what).label}: 550 no such user"
    assert duties(north) == [message.public_id]


def test_the_same_report_twice_is_one(north, now):
    message = made(north, now)
    for _ in range(2):
        assert say(north, message, What.BOUNCED, now + MINUTE, number=7)
    with tenant(north.tenant):
        assert DeliveryReport.objects.count() == 1
    assert len(duties(north)) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    ("earlier", "later", "state"),
    [
        (What.BOUNCED, What.DELIVERED, State.DELIVERED),
        (What.DELIVERED, What.BOUNCED, State.FAILED),
        (What.ACCEPTED, What.DELIVERED, State.DELIVERED),
        (What.DELIVERED, What.ACCEPTED, State.DELIVERED),
        (What.DELIVERED, What.COMPLAINED, State.DELIVERED),
    ],
)
def test_of_a_mail_the_latest_by_the_providers_time_counts_in_whatever_order(
    north, now, earlier, later, state, order
):
    message = made(north, now)
    told = [(earlier, now + MINUTE), (later, now + 2 * MINUTE)]
    for place in order:
        say(north, message, *told[place], now=now + 3 * MINUTE)
    assert again(north, message).state == state
    assert duties(north) == ([message.public_id] if state == State.FAILED else [])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_text_that_a_telephone_has_is_delivered_whatever_else_is_said(north, now, order):
    message = made(north, now, channel="sms")
    told = [(What.DELIVERED, now + MINUTE), (What.FAILED, now + 2 * MINUTE)]
    for place in order:
        say(north, message, *told[place], now=now + 3 * MINUTE)
    assert again(north, message).state == State.DELIVERED
    assert duties(north) == []


def test_a_report_from_the_future_is_one_of_now(north, now):
    message = made(north, now)
    say(north, message, What.DELIVERED, now + dt.timedelta(days=9), now=now + MINUTE)
    assert again(north, message).delivered_at == now + MINUTE


@pytest.mark.parametrize("state", [State.UNCERTAIN, State.FAILED])
def test_what_arrived_after_all_is_no_fault_any_more(north, now, state):
    message = made(north, now, state=state, sent_at=None, provider_id="")
    with tenant(north.tenant):
        delivery.faults.report(Message.objects.select_related("customer").get(), now=now)
    say(north, message, What.DELIVERED, now + MINUTE)
    found = again(north, message)
    assert (found.state, found.sent_at, found.provider_id) == (State.DELIVERED, now + MINUTE, "pm-1")
    assert duties(north) == []
    with tenant(north.tenant):
        assert Duty.objects.get().outcome == "It arrived after all"


def test_what_was_accepted_is_certain(north, now):
    message = made(north, now, state=State.UNCERTAIN, sent_at=None, provider_id="")
    say(north, message, What.ACCEPTED, now + MINUTE)
    assert again(north, message).state == State.SENT


@pytest.mark.parametrize("state", [State.SKIPPED, State.CANCELLED, State.MISSED, State.PLANNED])
def test_what_a_person_or_the_truth_has_settled_stays(north, now, state):
    message = made(north, now, state=state, sent_at=None)
    say(north, message, What.BOUNCED, now + MINUTE)
    assert again(north, message).state == state
    with tenant(north.tenant):
        assert DeliveryReport.objects.count() == 1


@pytest.mark.parametrize(("what", "state"), [(What.DELIVERED, "delivered"), (What.BOUNCED, "failed")])
def test_a_report_before_our_own_attempt_has_ended_waits_and_then_counts(
    north, now, monkeypatch, what, state
):
    """The provider is quicker than our commit."""
    message = made(north, now, state=State.PLANNED, sent_at=None, provider_id="")

    class Quick(delivery.Ways):
        def of(self, desk, channel):
            way = super().of(desk, channel)
            send = way.send

            def and_report(outgoing):
                provider_id = send(outgoing)
                say(north, message, what, now, provider_id=provider_id)
                assert again(north, message).state == State.SENDING
                return provider_id

            way.send = and_report
            return way

    monkeypatch.setattr(delivery, "Ways", Quick)
    deliver_due(clock=lambda: now)
    assert again(north, message).state == state
    assert len(duties(north)) == (state == "failed")


def test_after_a_crash_a_report_says_that_it_went_and_it_does_not_go_again(north, now):
    message = made(
        north, now, state=State.SENDING, sent_at=None, provider_id="", attempts=1, leased_until=now + LEASE
    )
    say(north, message, What.DELIVERED, now + MINUTE)
    deliver_due(clock=lambda: now + LEASE)
    found = again(north, message)
    assert (found.state, found.provider_id, mail.outbox) == (State.DELIVERED, "pm-1", [])


def test_a_report_of_an_earlier_attempt_says_nothing_of_this_one(north, now):
    message = made(north, now)
    say(north, message, What.BOUNCED, now + MINUTE)
    with tenant(north.tenant):
        later = now + dt.timedelta(hours=1)
        Message.objects.update(state=State.PLANNED, send_after=later, sent_at=None)
    deliver_due(clock=lambda: later)
    assert again(north, message).state == State.SENT
    assert len(mail.outbox) == 1


def sent_again(desk, message, now, *, provider_id="pm-2"):
    """Bounced, sent again by a person, and taken by the provider under another id."""
    say(desk, message, What.BOUNCED, now + MINUTE)
    with tenant(desk.tenant):
        outbox.send_again(again(desk, message), by=desk.dispatcher, now=now + 2 * MINUTE)
        Message.objects.update(state=State.SENT, sent_at=now + 3 * MINUTE, provider_id=provider_id)


@pytest.mark.parametrize("by_key", [True, False])
def test_a_late_report_of_an_earlier_attempt_is_kept_and_does_not_count(north, now, by_key):
    message = made(north, now)
    sent_again(north, message, now)
    late = Report(
        "late", What.BOUNCED, now + 4 * MINUTE, key=str(message.key) if by_key else "", provider_id="pm-1"
    )
    with tenant(north.tenant):
        assert take_report(late, channel="mail", now=now + 5 * MINUTE)
    assert (again(north, message).state, again(north, message).provider_id) == (State.SENT, "pm-2")
    with tenant(north.tenant):
        assert list(message.reports.order_by("at").values_list("provider_id", flat=True)) == ["pm-1", "pm-1"]
        assert not Duty.objects.open().exists()
    say(north, message, What.DELIVERED, now + 6 * MINUTE, provider_id="pm-2")
    assert again(north, message).state == State.DELIVERED


def test_of_two_attempts_the_second_may_bounce_after_the_first_is_delivered_late(north, now):
    message = made(north, now)
    sent_again(north, message, now)
    say(north, message, What.BOUNCED, now + 4 * MINUTE, provider_id="pm-2")
    say(north, message, What.DELIVERED, now + 5 * MINUTE, provider_id="pm-1")
    assert again(north, message).state == State.FAILED


def test_while_it_goes_again_a_late_report_does_not_say_that_it_arrived(north, now):
    message = made(north, now)
    sent_again(north, message, now, provider_id="")
    with tenant(north.tenant):
        Message.objects.update(state=State.SENDING, leased_until=now + LEASE)
    say(north, message, What.DELIVERED, now + 4 * MINUTE)
    with tenant(north.tenant):
        assert not say_it_arrived(Message.objects.get(provider_id=""))
    say(north, message, What.DELIVERED, now + 5 * MINUTE, provider_id="pm-2")
    with tenant(north.tenant):
        assert say_it_arrived(Message.objects.get(provider_id="pm-2"))


def test_one_id_for_every_attempt_is_told_by_the_time(north, now):
    message = made(north, now)
    sent_again(north, message, now, provider_id="pm-1")
    say(north, message, What.DELIVERED, now + 4 * MINUTE)
    assert again(north, message).state == State.DELIVERED


def test_it_is_found_by_the_providers_id_where_our_key_is_not_named(cast, north, now):
    message = made(north, now)
    made(cast.south, now)
    with tenant(north.tenant):
        for key, provider_id, known in (("", "pm-1", True), ("no uuid", "pm-1", True), ("", "pm-2", False)):
            report = Report(str(next(NUMBERS)), What.DELIVERED, now, key=key, provider_id=provider_id)
            assert take_report(report, channel="mail", now=now) is known
        report = Report("x", What.DELIVERED, now, provider_id="pm-1")
        assert not take_report(report, channel="sms", now=now)
    assert again(north, message).state == State.DELIVERED
    with tenant(cast.south.tenant):
        assert Message.objects.get().state == State.SENT


def test_spam_and_a_stop_at_the_provider_are_their_own_word(north, now):
    message = made(north, now)
    say(north, message, What.COMPLAINED, now, address="Margaret@harbourletter.example")
    with tenant(north.tenant):
        north.contact.refresh_from_db()
        assert north.contact.mail_stopped_at == now
    say(north, message, What.STOPPED, now, address="margaret@harbourletter.example", wanted_again=True)
    with tenant(north.tenant):
        north.contact.refresh_from_db()
        assert north.contact.mail_stopped_at is None
