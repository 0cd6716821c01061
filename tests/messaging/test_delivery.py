"""Delivery: each way a message can end, and what a killed worker leaves behind."""

import datetime as dt

import pytest
import time_machine
from django.core import mail
from django.db import connection

from cases.models import Duty
from customers.models import TimelineEntry
from messaging import delivery, providers
from messaging.attachments import attached
from messaging.channels import NotSent, Refused, Unsure
from messaging.delivery import BACK_OFF, LEASE, MOST_ATTEMPTS, claim, deliver_due
from messaging.kinds import Letter
from messaging.mail_channel import Mail
from messaging.models import Message
from messaging.providers import Ways, reports_address, save_provider
from servicedesk.tasks import deliver_messages
from tenancy.files import store_file
from tenancy.models import StoredFile, Tenant
from tenancy.scope import tenant
from tests.messaging.conftest import make_message
from tests.messaging.fakes.postmark import TOKEN, FakePostmark

State = Message.State


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def pass_time(self, **parts):
        self.now += dt.timedelta(**parts)
        return self.now


class Answering(Mail):
    """A channel that answers as told, in order, and then takes everything."""

    def __init__(self, *answers):
        super().__init__()
        self.answers, self.took = list(answers), []

    def send(self, outgoing):
        if self.answers and (answer := self.answers.pop(0)) is not None:
            raise answer
        self.took.append(outgoing.key)
        return f"id-{len(self.took)}"


class Asked(Answering):
    """A provider that can be asked what it took."""

    can_be_asked = True

    def __init__(self, *answers, knows=None):
        super().__init__(*answers)
        self.knows = knows

    def ask(self, outgoing):
        if isinstance(self.knows, Exception):
            raise self.knows
        return self.knows


@pytest.fixture
def clock(now):
    return Clock(now)


@pytest.fixture
def north(cast, answers):
    return cast.north


def answering(monkeypatch, channel):
    monkeypatch.setattr(providers, "of_the_installation", lambda name: channel)
    return channel


def planned(desk, now, **values):
    with tenant(desk.tenant):
        return make_message(desk, now=now, **values)


def again(desk, message):
    with tenant(desk.tenant):
        return Message.objects.get(pk=message.pk)


def begun(desk, now, **values):
    """What a worker killed while it sent leaves behind."""
    return planned(desk, now, state=State.SENDING, attempts=1, leased_until=now + LEASE, **values)


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
    assert again(north, message).reason == "There is no e-mail address any more."


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


QUIET = [
    # Instant (UTC), zone of the customer, when it may leave (UTC).
    ("2026-03-05T20:59", "", "2026-03-05T20:59"),
    ("2026-03-05T21:00", "", "2026-03-06T08:00"),
    ("2026-03-06T03:00", "", "2026-03-06T08:00"),
    ("2026-03-06T08:00", "", "2026-03-06T08:00"),
    # New York is five hours behind until 8 March, then four.
    ("2026-03-05T08:00", "America/New_York", "2026-03-05T13:00"),
    ("2026-03-05T21:30", "America/New_York", "2026-03-05T21:30"),
    ("2026-03-08T04:00", "America/New_York", "2026-03-08T12:00"),
    # London's clocks go forward in the night to 29 March.
    ("2026-03-28T23:30", "", "2026-03-29T07:00"),
    ("2026-03-05T11:30", "Asia/Tokyo", "2026-03-05T11:30"),
    ("2026-03-05T12:00", "Asia/Tokyo", "2026-03-05T23:00"),
]


@pytest.mark.parametrize(("at", "zone", "leaves"), QUIET)
def test_quiet_hours_are_the_recipients(north, at, zone, leaves):
    at, leaves = (dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC) for moment in (at, leaves))
    with tenant(north.tenant):
        north.customer.time_zone = zone
        north.customer.save()
    message = planned(north, at)
    clock = Clock(at)
    deliver_due(clock=clock)
    if leaves != at:
        assert (again(north, message).state, again(north, message).send_after) == (State.PLANNED, leaves)
        clock.now = leaves
        deliver_due(clock=clock)
    assert again(north, message).sent_at == leaves


def test_a_visit_that_depends_on_it_breaks_the_quiet_hours(north, answers):
    answers.disturbs = True
    clock = Clock(dt.datetime(2026, 3, 5, 23, 0, tzinfo=dt.UTC))
    planned(north, clock.now)
    assert deliver_due(clock=clock) == {State.SENT: 1}


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


def test_in_doubt_it_stays_so_through_the_quiet_hours(north, answers):
    clock = Clock(dt.datetime(2026, 3, 5, 20, 59, tzinfo=dt.UTC))
    message = begun(north, clock.now)
    clock.now += LEASE
    assert deliver_due(clock=clock) == {"later": 1}
    assert again(north, message).state == State.SENDING
    clock.now = dt.datetime(2026, 3, 6, 8, 0, tzinfo=dt.UTC)
    assert deliver_due(clock=clock) == {State.SENT: 1}


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


def test_a_noisy_desk_does_not_starve_a_quiet_one(cast, north, now):
    for number in range(60):
        planned(north, now - dt.timedelta(hours=2), number=number)
    for number in range(3):
        planned(cast.south, now, number=number)
    claims = claim(now=now, share=10, most=12)
    assert [one.tenant_id for one in claims].count(cast.south.tenant.pk) == 3
    assert len(claims) == 12
    assert len(claim(now=now, share=10, most=40)) == 10


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


def test_each_desk_is_written_to_in_its_own_name(cast, north, clock):
    planned(north, clock.now)
    planned(cast.south, clock.now)
    deliver_due(clock=clock)
    assert sorted((m.from_email, m.extra_headers["X-Desk"]) for m in mail.outbox) == [
        ('"Northgate" <service@desk.invalid>', "northgate"),
        ('"Southgate" <service@desk.invalid>', "southgate"),
    ]


def stored(desk, now):
    with tenant(desk.tenant):
        return store_file(
            content=b"%PDF-1.7",
            kind=StoredFile.Kind.DOCUMENT,
            name="Offer.pdf",
            content_type="application/pdf",
            by=None,
            now=now,
        )


@pytest.mark.parametrize("edited", [{}, {"edited_by": "Dana"}])
def test_the_files_of_a_message_go_with_it_whoever_wrote_the_words(north, clock, edited):
    planned(north, clock.now, fields={**attached([stored(north, clock.now)]), **edited}, text="Mine")
    assert deliver_due(clock=clock) == {State.SENT: 1}
    assert [tuple(file) for file in mail.outbox[0].attachments] == [
        ("Offer.pdf", b"%PDF-1.7", "application/pdf")
    ]


def test_a_text_carries_no_files(north, clock, settings, monkeypatch):
    settings.SMS_URL = "http://127.0.0.1:9/"
    took = []

    class Texts(Answering):
        def send(self, outgoing):
            took.append(outgoing.attachments)
            return super().send(outgoing)

    answering(monkeypatch, Texts())
    planned(north, clock.now, channel="sms", fields=attached([stored(north, clock.now)]))
    assert deliver_due(clock=clock) == {State.SENT: 1}
    assert took == [()]


def test_another_desks_file_never_goes_and_makes_no_link(cast, north, clock, answers):
    message = planned(north, clock.now, fields=attached([stored(cast.south, clock.now)]))
    assert deliver_due(clock=clock) == {State.FAILED: 1}
    assert (mail.outbox, answers.links) == ([], [])
    assert again(north, message).reason == (
        "The message could not be written: A file that goes with it is not there"
    )


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
