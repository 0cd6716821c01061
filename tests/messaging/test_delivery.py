"""Delivery: each way a message can end."""

import datetime as dt

import time_machine
from django.core import mail
from django.db import connection

from cases.models import Duty
from customers.models import TimelineEntry
from messaging.delivery import claim, deliver_due
from messaging.kinds import Letter
from messaging.providers import reports_address, save_provider
from servicedesk.tasks import deliver_messages
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.messaging.delivering import Answering, State, again, answering, planned
from tests.messaging.fakes.postmark import TOKEN, FakePostmark


def test_a_due_message_is_sent_and_told_on_the_time_line(north, clock):
    message = planned(north, clock.now)
    assert deliver_due(clock=clock) == {State.SENT: 1}
    sent = again(north, message)
    assert (sent.state, sent.sent_at, sent.attempts, sent.leased_until) == (State.SENT, clock.now, 1, None)
    assert sent.address == "margaret@harbourletter.example"
    assert (letter := mail.outbox[0]).to == ["margaret@harbourletter.example"]
    assert letter.extra_headers["Message-ID"] == f"<{message.key}@northgate>" == sent.provider_id
    assert letter.extra_headers["X-Desk"] == "northgate"
    stop = letter.extra_headers["List-Unsubscribe"].strip("<>")
    assert letter.body == f"Text: https://desk.example/v/token-1/\n\nNo more mail of this sort: {stop}\n"
    with tenant(north.tenant):
        assert TimelineEntry.objects.get().detail == "Text: (their link)"


def test_the_token_of_a_link_is_not_kept(north, clock):
    message = planned(north, clock.now)
    deliver_due(clock=clock)
    assert again(north, message).text == "Text: {link}"


def test_delivering_twice_sends_once(north, clock):
    planned(north, clock.now)
    deliver_due(clock=clock)
    assert deliver_due(clock=clock) == {}
    assert len(mail.outbox) == 1


def test_a_way_out_that_breaks_holds_nobody_up(cast, north, clock, monkeypatch, caplog):
    """What is wrong with one desk's provider is no other desk's trouble, and stands in no log."""
    channel = answering(monkeypatch, Answering(ValueError("Invalid header b's3cret'")))
    messages = [(desk, planned(desk, clock.now)) for desk in (cast.north, cast.south)]
    assert deliver_due(clock=clock) == {"again later": 1, State.SENT: 1}
    states = {again(desk, message).state for desk, message in messages}
    assert (states, len(channel.took)) == ({State.SENDING, State.SENT}, 1)
    assert "ValueError" in caplog.text
    assert "s3cret" not in caplog.text


def test_what_breaks_in_the_database_while_it_is_written_holds_nobody_up(cast, answers, clock):
    def write(message, *, now):
        if message.tenant_id == cast.north.tenant.pk:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        return Letter("A title", "Text")

    answers.write = write
    messages = [(desk, planned(desk, clock.now)) for desk in (cast.north, cast.south)]
    assert deliver_due(clock=clock) == {State.FAILED: 1, State.SENT: 1}
    assert [again(desk, message).state for desk, message in messages] == [State.FAILED, State.SENT]


def test_what_is_not_due_yet_waits(north, clock):
    planned(north, clock.now + dt.timedelta(seconds=1))
    assert deliver_due(clock=clock) == {}
    clock.pass_time(seconds=1)
    assert deliver_due(clock=clock) == {State.SENT: 1}


def test_what_is_no_longer_due_is_cancelled_with_its_reason(north, clock, answers):
    answers.against = "The visit was moved."
    message = planned(north, clock.now)
    assert deliver_due(clock=clock) == {State.CANCELLED: 1}
    assert again(north, message).reason == "The visit was moved."
    assert mail.outbox == []


def test_of_no_use_any_more_it_is_missed_and_somebody_is_told(north, clock):
    message = planned(north, clock.now, useless_after=clock.now)
    assert deliver_due(clock=clock) == {State.MISSED: 1}
    with tenant(north.tenant):
        duty = Duty.objects.get()
    assert (duty.kind, duty.subject, duty.owner_role) == ("mend message", message.public_id, "dispatcher")
    assert duty.due_at == clock.now + dt.timedelta(hours=1)


def test_a_replaced_one_is_skipped_and_no_fault(north, clock, answers):
    answers.is_fault = False
    planned(north, clock.now, useless_after=clock.now)
    assert deliver_due(clock=clock) == {State.SKIPPED: 1}
    with tenant(north.tenant):
        assert not Duty.objects.exists()


def test_an_unknown_kind_fails_and_holds_up_nobody(north, clock):
    message = planned(north, clock.now, kind="no such kind")
    planned(north, clock.now, number=2)
    assert deliver_due(clock=clock) == {State.FAILED: 1, State.SENT: 1}
    assert "no such kind" in again(north, message).reason


def test_a_text_that_cannot_be_written_fails_and_holds_up_nobody(north, clock, answers):
    def fail(message, *, now):
        raise KeyError("day")

    answers.write = fail
    message = planned(north, clock.now)
    planned(north, clock.now, number=2, fields={"edited_by": "Dana"}, title="T", text="Mine")
    assert deliver_due(clock=clock) == {State.FAILED: 1, State.SENT: 1}
    assert again(north, message).reason.startswith("The message could not be written")


def test_without_an_address_it_fails_where_a_person_sees_it(north, clock):
    with tenant(north.tenant):
        north.contact.email = ""
        north.contact.save()
    message = planned(north, clock.now)
    assert deliver_due(clock=clock) == {State.FAILED: 1}
    assert again(north, message).reason == "There is no mail address any more."


def test_stop_is_respected_unless_overruled(north, clock, answers):
    with tenant(north.tenant):
        north.contact.by_mail = False
        north.contact.save()
    planned(north, clock.now)
    assert deliver_due(clock=clock) == {State.SKIPPED: 1}
    answers.overrules = True
    planned(north, clock.now, number=2)
    assert deliver_due(clock=clock) == {State.SENT: 1}


def test_a_persons_words_leave_instead_of_ours(north, clock):
    planned(north, clock.now, title="Mine", text="My words: {link}", fields={"edited_by": "Dana"})
    deliver_due(clock=clock)
    assert (mail.outbox[0].subject, mail.outbox[0].body.split("\n\n")[0]) == (
        "Mine",
        "My words: https://desk.example/v/token-1/",
    )


def test_nothing_due_before_the_desk_switched_on_is_sent(north, clock):
    message = planned(north, clock.now - dt.timedelta(minutes=1))
    Tenant.objects.filter(pk=north.tenant.pk).update(messages_from=clock.now)
    assert deliver_due(clock=clock) == {State.SKIPPED: 1}
    assert again(north, message).reason == "It was due before the desk's messages were switched on."


def test_a_desk_that_is_switched_off_sends_nothing(north, clock):
    message = planned(north, clock.now)
    Tenant.objects.filter(pk=north.tenant.pk).update(messages_from=None)
    assert deliver_due(clock=clock) == {}
    assert again(north, message).state == State.PLANNED


def test_a_noisy_desk_does_not_starve_a_quiet_one(cast, north, now):
    for number in range(60):
        planned(north, now - dt.timedelta(hours=2), number=number)
    for number in range(3):
        planned(cast.south, now, number=number)
    claims = claim(now=now, share=10, most=12)
    assert [one.tenant_id for one in claims].count(cast.south.tenant.pk) == 3
    assert len(claims) == 12
    assert len(claim(now=now, share=10, most=40)) == 10


def test_each_desk_is_written_to_in_its_own_name(cast, north, clock):
    planned(north, clock.now)
    planned(cast.south, clock.now)
    deliver_due(clock=clock)
    assert sorted((m.from_email, m.extra_headers["X-Desk"]) for m in mail.outbox) == [
        ('"Northgate" <service@desk.invalid>', "northgate"),
        ('"Southgate" <service@desk.invalid>', "southgate"),
    ]


def test_the_workers_own_task_sends_through_the_desks_provider_and_a_bounce_becomes_a_duty(
    north, now, client, settings
):
    """Busy, then taken, then sent back: nobody has to remember the customer who did not hear."""
    with FakePostmark(troubles=[429]) as postmark, time_machine.travel(now, tick=False) as moment:
        settings.POSTMARK_URL = postmark.url
        with tenant(north.tenant):
            values = {"from_address": "hello@northgate.example"}
            provider = save_provider("mail", kind="postmark", values=values, secret=TOKEN, by=None, now=now)
            path = reports_address(provider).removeprefix("http://127.0.0.1:8000")
        message = planned(north, now)
        assert deliver_messages.apply().get() == 1
        assert (again(north, message).state, postmark.took) == (State.PLANNED, [])
        moment.shift(dt.timedelta(minutes=1))
        assert deliver_messages.apply().get() == 1
        assert again(north, message).state == State.SENT
        bounce = {
            "RecordType": "Bounce",
            "ID": 1,
            "Type": "HardBounce",
            "MessageID": postmark.took[0]["MessageID"],
            "Metadata": postmark.took[0]["Metadata"],
            "BouncedAt": (now + dt.timedelta(minutes=1)).isoformat(),
            "Description": "No such mailbox",
        }
        assert client.post(path, bounce, content_type="application/json").status_code == 200
    assert again(north, message).state == State.FAILED
    with tenant(north.tenant):
        assert Duty.objects.open().get().detail == "Bounced: HardBounce: No such mailbox"
