"""Changing a message that waits, and seeing to one that failed."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Duty
from messaging import faults, outbox
from messaging.keys import key_of
from messaging.models import Message
from tenancy.scope import tenant
from tests.messaging.conftest import make_message

State = Message.State


@pytest.fixture
def desk(cast, answers):
    with tenant(cast.north.tenant):
        yield cast.north


def failed(desk, now, **values):
    message = make_message(desk, now=now, state=State.FAILED, reason="550 no such user", **values)
    faults.report(message, now=now)
    return message


def duty():
    return Duty.objects.get()


def test_held_it_leaves_later(desk, now):
    message = make_message(desk, now=now)
    held = outbox.hold(message, until=now + dt.timedelta(hours=1), by=desk.dispatcher, now=now)
    assert (held.state, held.send_after) == (State.PLANNED, now + dt.timedelta(hours=1))


def test_it_cannot_be_held_into_the_past_or_until_it_is_useless(desk, now):
    message = make_message(desk, now=now, useless_after=now + dt.timedelta(hours=2))
    for until in (now, now + dt.timedelta(hours=2)):
        with pytest.raises(ValueError):
            outbox.hold(message, until=until, by=desk.dispatcher, now=now)


def test_it_cannot_be_held_for_more_than_a_year(desk, now):
    """The last day of the year 9999 lies in no year that can be read back."""
    message = make_message(desk, now=now)
    with pytest.raises(ValueError, match="within a year"):
        outbox.hold(message, until=now + dt.timedelta(days=367), by=desk.dispatcher, now=now)
    assert outbox.hold(message, until=now + dt.timedelta(days=365), by=desk.dispatcher, now=now)


def test_edited_it_says_a_persons_words(desk, now):
    message = outbox.edit(make_message(desk, now=now), title=" A\nB ", text=" Mine ", by=desk.dispatcher)
    fields = {"edited_by": "Dana Whitlock", "editor": desk.dispatcher.pk}
    assert (message.title, message.text, message.fields) == ("A B", "Mine", fields)
    with pytest.raises(ValueError):
        outbox.edit(message, title="", text=" ", by=desk.dispatcher)


def test_what_has_left_cannot_be_held_edited_or_dropped(desk, now):
    message = make_message(desk, now=now, state=State.SENDING)
    later = now + dt.timedelta(hours=1)
    for act in (
        lambda: outbox.hold(message, until=later, by=desk.dispatcher, now=now),
        lambda: outbox.edit(message, title="", text="Mine", by=desk.dispatcher),
        lambda: outbox.drop(message, by=desk.dispatcher),
        lambda: outbox.send_again(message, by=desk.dispatcher, now=now),
        lambda: outbox.send_otherwise(message, by=desk.dispatcher, now=now),
    ):
        with pytest.raises(outbox.NotWaiting):
            act()
    assert Message.objects.get().state == State.SENDING


def test_dropped_it_is_not_planned_again(desk, now):
    message = outbox.drop(make_message(desk, now=now), by=desk.dispatcher)
    assert (message.state, message.reason) == (State.SKIPPED, "Dropped by Dana Whitlock")
    assert outbox.plan([message], now=now) == 0


def wanted(desk, number, **values):
    return Message(
        **{
            "key": key_of("probe", number),
            "kind": "probe",
            "channel": "mail",
            "customer": desk.customer,
            "contact": desk.contact,
            "fields": {"number": number},
            "send_after": dt.datetime(2026, 3, 6, 9, 0, 0, 123456, tzinfo=dt.UTC),
            **values,
        }
    )


def test_many_are_planned_with_one_statement_exactly_as_they_were_given(desk, now):
    subject = uuid.uuid4()
    many = [wanted(desk, number) for number in range(300)]
    many[7] = wanted(
        desk, 7, subject=subject, subject_start=now, useless_after=now, fields={"said": "Zoë “1”"}
    )
    many[8] = wanted(desk, 8, customer=None, contact=None, colleague=desk.sales)
    with CaptureQueriesContext(connection) as queries:
        assert outbox.plan(many, now=now) == 300
    assert len(queries) == 1
    rows = list(Message.objects.order_by("pk"))
    assert [row.key for row in rows] == [message.key for message in many]
    assert {(row.state, row.planned_at, row.send_after) for row in rows} == {
        (State.PLANNED, now, many[0].send_after)
    }
    seventh = (rows[7].subject, rows[7].subject_start, rows[7].useless_after, rows[7].fields)
    assert seventh == (subject, now, now, {"said": "Zoë “1”"})
    assert (rows[8].customer, rows[8].contact, rows[8].colleague) == (None, None, desk.sales)
    assert outbox.plan(many, now=now) == 0
    assert outbox.plan([], now=now) == 0


def test_of_one_key_given_twice_the_first_is_planned(desk, now):
    assert outbox.plan([wanted(desk, 1), wanted(desk, 1, channel="sms")], now=now) == 1
    assert Message.objects.get().channel == "mail"


def test_only_a_cancelled_one_is_planned_anew(desk, now):
    outbox.plan([wanted(desk, number) for number in range(3)], now=now)
    for number, state in enumerate((State.CANCELLED, State.SKIPPED, State.SENT)):
        Message.objects.filter(key=key_of("probe", number)).update(state=state, sent_at=now, reason="So")
    later = now + dt.timedelta(days=1)
    assert outbox.plan([wanted(desk, number, send_after=later) for number in range(3)], now=later) == 1
    states = dict(Message.objects.values_list("key", "state"))
    assert [states[key_of("probe", n)] for n in range(3)] == [State.PLANNED, State.SKIPPED, State.SENT]
    anew = Message.objects.get(state=State.PLANNED)
    assert (anew.reason, anew.send_after, anew.planned_at) == ("", later, later)


def test_what_failed_is_sent_again_and_its_duty_is_done(desk, now):
    message = outbox.send_again(failed(desk, now, attempts=5), by=desk.dispatcher, now=now)
    assert (message.state, message.attempts, message.send_after) == (State.PLANNED, 0, now)
    assert (duty().closed_by, duty().outcome) == (desk.dispatcher, "Sent again by Dana Whitlock")


def test_failing_again_is_another_duty(desk, now):
    message = failed(desk, now)
    outbox.send_again(message, by=desk.dispatcher, now=now)
    faults.report(message, now=now + dt.timedelta(minutes=1))
    assert Duty.objects.open().count() == 1


def test_one_that_was_too_late_has_no_end_in_the_past_when_asked_for_again(desk, now):
    message = make_message(desk, now=now, state=State.MISSED, useless_after=now)
    assert outbox.send_again(message, by=desk.dispatcher, now=now).useless_after is None


def test_the_other_channel_takes_what_failed(desk, now):
    message = failed(desk, now, subject_start=now, fields={"edited_by": "Dana", "caller": "Dana"})
    instead = outbox.send_otherwise(message, by=desk.dispatcher, now=now)
    message.refresh_from_db()
    assert (message.state, message.reason) == (State.SKIPPED, "Sent by text instead (Dana Whitlock)")
    assert (instead.channel, instead.state, instead.fields) == ("sms", State.PLANNED, {"caller": "Dana"})
    assert (instead.contact, instead.subject_start) == (desk.contact, now)
    assert not Duty.objects.open().exists()


def test_without_another_address_there_is_no_other_channel(desk, now):
    desk.contact.phone = ""
    desk.contact.save()
    message = failed(desk, now)
    assert outbox.other_channel(message) == ""
    with pytest.raises(ValueError, match="Ring instead"):
        outbox.send_otherwise(message, by=desk.dispatcher, now=now)
    assert Message.objects.get().state == State.FAILED


def test_a_channel_that_the_contact_stopped_is_no_other_way(desk, now, answers):
    desk.contact.by_sms = False
    desk.contact.save()
    message = failed(desk, now)
    assert outbox.other_channel(message) == ""
    with pytest.raises(ValueError, match="Ring instead"):
        outbox.send_otherwise(message, by=desk.dispatcher, now=now)
    answers.overrules = True
    assert outbox.other_channel(message) == "sms"


def test_a_kind_that_nobody_answers_for_overrules_no_stop(desk, now):
    desk.contact.by_sms = False
    desk.contact.save()
    assert outbox.other_channel(failed(desk, now, kind="unheard of")) == ""


def test_somebody_rang_instead(desk, now):
    outbox.settle(failed(desk, now), by=desk.dispatcher, now=now, outcome="Rang them instead")
    assert Message.objects.get().reason == "Rang them instead (Dana Whitlock)"
    assert duty().outcome == "Rang them instead"


def test_a_duty_to_mend_is_due_before_the_visit(desk, now):
    failed(desk, now, subject_start=now + dt.timedelta(minutes=20))
    assert duty().due_at == now + dt.timedelta(minutes=20)


def test_cancelling_reaches_only_what_waits_about_the_thing(desk, now):
    about, other = desk.customer.public_id, desk.site.public_id
    make_message(desk, now=now, number=1, subject=about)
    make_message(desk, now=now, number=2, subject=about, state=State.SENT, sent_at=now)
    make_message(desk, now=now, number=3, subject=other)
    assert outbox.cancel_about(about, because="Moved.") == 1
    assert sorted(Message.objects.values_list("state", flat=True)) == ["cancelled", "planned", "sent"]


SECOND = dt.timedelta(seconds=1)


def test_a_message_waits_too_long_once_no_worker_can_be_at_it(desk, cast, now):
    make_message(desk, now=now)
    overdue = now + outbox.SENT_WITHIN
    assert outbox.waiting_too_long(desk.tenant, now=overdue - SECOND) == 0
    assert outbox.waiting_too_long(desk.tenant, now=overdue) == 1
    with tenant(cast.south.tenant):
        assert outbox.waiting_too_long(cast.south.tenant, now=overdue) == 0


@pytest.mark.parametrize("state", [State.PLANNED, State.SENDING])
def test_one_that_a_worker_holds_or_that_backs_off_waits_from_its_lease_on(desk, now, state):
    lease = now + dt.timedelta(hours=1)
    make_message(desk, now=now, state=state, leased_until=lease)
    assert outbox.waiting_too_long(desk.tenant, now=lease + outbox.SENT_WITHIN - SECOND) == 0
    assert outbox.waiting_too_long(desk.tenant, now=lease + outbox.SENT_WITHIN) == 1


def test_what_has_left_or_never_will_does_not_wait(desk, now):
    for number, state in enumerate(set(State) - {State.PLANNED, State.SENDING}):
        make_message(desk, now=now, number=number, state=state, sent_at=now)
    assert outbox.waiting_too_long(desk.tenant, now=now + dt.timedelta(days=3)) == 0


def test_where_messages_are_off_or_were_a_moment_ago_they_are_meant_to_wait(desk, now):
    make_message(desk, now=now)
    after = now + dt.timedelta(days=3)
    for switched_on, waiting in ((None, 0), (after - outbox.SENT_WITHIN + SECOND, 0), (now, 1)):
        desk.tenant.messages_from = switched_on
        assert outbox.waiting_too_long(desk.tenant, now=after) == waiting
