"""What a person wrote goes, or comes back to them with the reason; never dropped in silence."""

import datetime as dt

import pytest

from cases.models import Duty
from messaging import outbox
from messaging.by_hand import written_by
from messaging.judging import Decision, judge
from messaging.models import Message
from tenancy.scope import tenant
from tests.messaging.conftest import make_message

State = Message.State
HOUR = dt.timedelta(hours=1)
WORDS = "Lou is twenty minutes behind."


@pytest.fixture
def desk(cast, answers, settings):
    settings.SMS_URL = "https://texts.example/send"
    with tenant(cast.north.tenant):
        yield cast.north


def written(desk, now, **values):
    """Dana's own words about a thing, waiting."""
    values = {"subject": desk.customer.public_id, "fields": written_by(desk.dispatcher, WORDS), **values}
    return make_message(desk, now=now, **values)


def called_off(desk, now):
    return outbox.call_off(desk.customer.public_id, because="The visit was moved.", now=now)


def test_called_off_it_comes_back_to_who_wrote_it(desk, now):
    message = written(desk, now, subject_start=now + HOUR / 2)
    make_message(desk, now=now, number=2, subject=desk.customer.public_id)
    assert called_off(desk, now) == 2
    assert list(Message.objects.order_by("pk").values_list("state", "reason")) == [
        ("failed", "The visit was moved."),
        ("cancelled", "The visit was moved."),
    ]
    duty = Duty.objects.get()
    assert (duty.kind, duty.owner, duty.subject) == ("mend message", desk.dispatcher, message.public_id)
    assert duty.title == "Margaret Ellison did not get what Dana Whitlock wrote"
    assert duty.detail == f"The visit was moved. “{WORDS}”"
    assert duty.due_at == now + HOUR / 2
    assert called_off(desk, now) == 0


def test_an_edited_one_comes_back_too(desk, now):
    message = make_message(desk, now=now, subject=desk.customer.public_id)
    outbox.edit(message, title="A", text="Ring the bell twice.", by=desk.manager)
    called_off(desk, now)
    duty = Duty.objects.get()
    assert (duty.owner, duty.detail) == (desk.manager, "The visit was moved. “Ring the bell twice.”")


def test_over_two_channels_it_comes_back_once(desk, now):
    for channel in Message.Channel.values:
        written(desk, now, channel=channel)
    assert called_off(desk, now) == 2
    assert sorted(Message.objects.values_list("state", flat=True)) == ["cancelled", "failed"]
    assert Duty.objects.count() == 1


def test_two_writings_come_back_each(desk, now):
    written(desk, now)
    written(desk, now, number=2, fields=written_by(desk.dispatcher, "And Marek comes along."))
    called_off(desk, now)
    assert Duty.objects.count() == 2


def test_of_who_has_left_the_dispatchers_hear(desk, now):
    written(desk, now)
    desk.dispatcher.ended_at = now
    desk.dispatcher.save()
    called_off(desk, now)
    duty = Duty.objects.get()
    assert (duty.owner, duty.owner_role, WORDS in duty.detail) == (None, "dispatcher", True)


def test_planned_again_it_waits_and_nothing_is_owed(desk, now):
    messages = [written(desk, now, channel=channel) for channel in Message.Channel.values]
    called_off(desk, now)
    assert outbox.plan_again([message.pk for message in messages], now=now) == 2
    assert set(Message.objects.values_list("state", "reason")) == {("planned", "")}
    assert Duty.objects.get().outcome == "It waits again: the change was undone"


def test_one_that_a_provider_refused_is_not_planned_again(desk, now):
    message = written(desk, now, state=State.FAILED, attempts=1, reason="550 no such user")
    assert outbox.plan_again([message.pk], now=now) == 0


def test_due_no_longer_it_is_a_fault_and_ours_is_not(desk, now, answers):
    answers.against = "The visit was moved."
    assert judge(make_message(desk, now=now), now=now) == Decision(State.CANCELLED, "The visit was moved.")
    message = written(desk, now, number=2)
    assert judge(message, now=now) == Decision(State.FAILED, "The visit was moved.")


def test_stopped_meanwhile_it_is_a_fault_unless_the_other_channel_tells_it(desk, now):
    message = written(desk, now)
    desk.contact.by_mail = False
    desk.contact.save()
    assert judge(message, now=now).state == State.FAILED
    written(desk, now, channel=Message.Channel.SMS, state=State.SENT, sent_at=now)
    assert judge(message, now=now).state == State.SKIPPED


def test_other_words_over_the_other_channel_are_not_the_same(desk, now):
    message = written(desk, now)
    desk.contact.by_mail = False
    desk.contact.save()
    other = written_by(desk.dispatcher, "Sorry.")
    written(desk, now, channel=Message.Channel.SMS, state=State.SENT, sent_at=now, fields=other)
    assert judge(message, now=now).state == State.FAILED


def test_too_late_is_said_as_too_late(desk, now):
    assert judge(written(desk, now, useless_after=now), now=now).state == State.MISSED
