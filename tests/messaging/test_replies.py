"""What customers answer: whose it is, who sees to it, and what came of it."""

import datetime as dt

import pytest

from cases.models import Duty
from customers.models import Contact, Customer, TimelineEntry
from messaging.models import Message, Reply
from messaging.replies import AlreadyHandled, Incoming, handle, take_reply
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.messaging.conftest import make_message

State = Message.State


def sent(desk, now, **values):
    own = {"state": State.SENT, "sent_at": now, "channel": "sms", **values}
    return make_message(desk, now=now, **own)


def text(words="Can you come at four?", *, number=1, sender="+447700900412", **values):
    return Incoming("sms", f"SM{number}", sender, words, **values)


def answering():
    return Duty.objects.filter(kind=Duty.Kind.ANSWER_REPLY)


def test_a_text_is_the_newest_messages_customers_and_has_an_owner(north, now):
    with tenant(north.tenant):
        sent(north, now - dt.timedelta(days=2), number=1)
        newest = sent(north, now - dt.timedelta(days=1), number=2)
        reply = take_reply(text(), now=now)
        assert (reply.message, reply.contact, reply.customer) == (newest, north.contact, north.customer)
        duty = answering().get()
        assert (duty.owner_role, duty.customer, duty.subject) == (
            "dispatcher",
            north.customer,
            reply.public_id,
        )
        assert duty.title == "Margaret Ellison wrote: Can you come at four?"
        assert duty.due_at == now + dt.timedelta(hours=1)
        line = TimelineEntry.objects.get()
        assert (line.customer, line.title, line.detail) == (
            north.customer,
            "Text from Margaret Ellison",
            "Can you come at four?",
        )


def test_the_duty_is_due_within_a_business_hour(north):
    evening = dt.datetime(2026, 3, 6, 19, 0, tzinfo=dt.UTC)
    with tenant(north.tenant):
        take_reply(text(), now=evening)
        due = answering().get().due_at
    assert due.date() == dt.date(2026, 3, 9)
    assert due > evening


def test_the_same_text_twice_is_one(north, now):
    with tenant(north.tenant):
        assert take_reply(text(), now=now) == take_reply(text(), now=now)
        assert (Reply.objects.count(), answering().count(), TimelineEntry.objects.count()) == (1, 1, 1)


def test_a_mail_names_what_it_answers_by_our_key_or_the_providers_id(north, now):
    with tenant(north.tenant):
        first = sent(north, now, number=1, channel="mail", provider_id="883953f4-6105-42a2-a16a-77a8eac79483")
        newest = sent(north, now + dt.timedelta(hours=1), number=2, channel="mail")
        for number, (answers, message) in enumerate(
            [
                ((f"{first.key}@northgate",), first),
                (("883953f4-6105-42a2-a16a-77a8eac79483@mtasv.net",), first),
                (("somebody@else.example",), newest),
                ((), newest),
            ]
        ):
            came = Incoming("mail", f"in-{number}", "Margaret@HarbourLetter.example", "Yes", answers)
            assert take_reply(came, now=now).message == message


def test_answered_from_another_address_it_is_still_the_customers(north, now):
    with tenant(north.tenant):
        message = sent(north, now, channel="mail")
        came = Incoming("mail", "in-1", "her.son@elsewhere.example", "Yes", (f"{message.key}@northgate",))
        reply = take_reply(came, now=now)
        assert (reply.customer, reply.contact) == (north.customer, north.contact)


def test_nobody_knows_the_number_and_somebody_sees_to_it_all_the_same(cast, north, now):
    with tenant(cast.south.tenant):
        Contact.objects.create(customer=cast.south.customer, phone="+44 7700 900999")
    with tenant(north.tenant):
        reply = take_reply(text(sender="+447700900999"), now=now)
        assert (reply.customer, reply.contact, reply.message) == (None, None, None)
        assert answering().get().title == "+447700900999 wrote: Can you come at four?"
        assert not TimelineEntry.objects.exists()


def test_a_number_of_two_customers_is_whose_was_written_to_last(north, now):
    with tenant(north.tenant):
        other = Customer.objects.create(name="Her sister")
        sister = Contact.objects.create(customer=other, name="Her sister", phone="+44 7700 900412")
        assert take_reply(text(number=1), now=now).customer is None
        sent(north, now, contact=sister, customer=other)
        assert take_reply(text(number=2), now=now).customer == other


def test_an_absence_note_needs_nobody(north, now):
    with tenant(north.tenant):
        came = Incoming("mail", "in-1", "margaret@harbourletter.example", "I am away", is_automatic=True)
        reply = take_reply(came, now=now)
        assert (reply.handled_at, reply.outcome) == (now, "An automatic answer")
        assert not answering().exists()


def test_stop_and_start_are_kept_and_need_nobody(north, now):
    with tenant(north.tenant):
        reply = take_reply(text("  STOP. "), now=now)
        north.contact.refresh_from_db()
        assert (reply.outcome, north.contact.sms_stopped_at) == ("They stopped texts", now)
        reply = take_reply(text("Start", number=2), now=now)
        north.contact.refresh_from_db()
        assert (reply.outcome, north.contact.sms_stopped_at) == ("They want texts again", None)
        assert not answering().exists()


def test_a_stop_that_the_provider_has_understood_counts_whatever_the_words(north, now):
    with tenant(north.tenant):
        take_reply(text("END", wants="stop"), now=now)
        north.contact.refresh_from_db()
        assert north.contact.sms_stopped_at == now
        take_reply(text("Yes", number=2, wants="start"), now=now)
        north.contact.refresh_from_db()
        assert north.contact.sms_stopped_at is None


@pytest.mark.parametrize(("words", "wants"), [("Yes", "start"), ("Cancel", "stop"), ("END", "stop")])
def test_what_a_provider_takes_for_stop_or_start_may_be_an_answer_about_a_visit(north, now, words, wants):
    """Twilio understands "Yes" as start and "Cancel" as stop: a person reads what they meant."""
    with tenant(north.tenant):
        reply = take_reply(text(words, wants=wants), now=now)
        assert (reply.outcome, reply.handled_at) == ("", None)
        assert answering().get().subject == reply.public_id


@pytest.mark.parametrize("words", ["Please stop by tomorrow", "не stop", "stop 2 pm", "Can't stop"])
def test_a_text_that_says_more_than_stop_stops_nothing(north, now, words):
    with tenant(north.tenant):
        take_reply(text(words), now=now)
        north.contact.refresh_from_db()
        assert north.contact.sms_stopped_at is None
        assert answering().count() == 1


def test_stop_in_a_mail_is_read_by_a_person(north, now):
    with tenant(north.tenant):
        take_reply(Incoming("mail", "in-1", "margaret@harbourletter.example", "stop"), now=now)
        north.contact.refresh_from_db()
        assert north.contact.sms_stopped_at is None
        assert answering().count() == 1


def test_it_closes_with_an_outcome_once_and_its_duty_with_it(north, now):
    with tenant(north.tenant):
        reply = take_reply(text(), now=now)
        with pytest.raises(ValueError, match="Say what came of it"):
            handle(reply, outcome="  ", by=north.dispatcher, now=now)
        handle(reply, outcome="Rang her, four suits", by=north.dispatcher, now=now)
        assert (reply.handled_by, reply.outcome) == (north.dispatcher, "Rang her, four suits")
        duty = answering().get()
        assert (duty.closed_at, duty.closed_by, duty.outcome) == (
            now,
            north.dispatcher,
            "Rang her, four suits",
        )
        with pytest.raises(AlreadyHandled):
            handle(reply, outcome="Me too", by=north.dispatcher, now=now)


def test_a_desk_whose_messages_are_off_hears_its_customers_all_the_same(north, now):
    Tenant.objects.filter(pk=north.tenant.pk).update(messages_from=None)
    with tenant(north.tenant):
        take_reply(text(), now=now)
        assert answering().count() == 1
