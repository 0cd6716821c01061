"""A mail that comes in: whose it is, once, quietly where a machine wrote it, and kept whatever happens."""

import pytest

from cases.models import Duty, Interaction
from customers.models import Contact, Customer, TimelineEntry
from messaging import mail_in
from messaging.mail_in import OUR_OWN, take_mail
from messaging.models import DeliveryReport, Message, Reply
from messaging.replies import AUTOMATIC
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.messaging.conftest import make_message

HERS = "margaret@harbourletter.example"


@pytest.fixture
def north(cast, answers):
    with tenant(cast.north.tenant):
        yield cast.north


def mail(*lines, sender=HERS, number=1, words="It is loud"):
    head = (f"From: {sender}", f"Message-ID: <m{number}@h.example>", "Subject: Loud", *lines)
    return ("\n".join(head) + f"\n\n{words}").encode()


def test_the_same_mail_twice_is_one_contact_and_another_with_its_id_is_not_lost(north, now):
    first = take_mail(mail(), now=now)
    assert take_mail(mail("Received: by another way"), now=now) == first
    other = take_mail(mail(words="Another matter"), now=now)
    assert (other == first, Reply.objects.count(), Interaction.objects.count()) == (False, 2, 2)
    assert Duty.objects.open().count() == 2


def test_the_same_mail_at_once_by_two_ways_is_one(committed_cast, now):
    desk = committed_cast.north
    at_once(*[lambda: take_mail(mail(), now=now)] * 4, desk=desk)
    with tenant(desk.tenant):
        counts = [rows.objects.count() for rows in (Reply, Interaction, Duty, TimelineEntry)]
    assert counts == [1, 1, 1, 1]


def test_a_machines_mail_is_told_quietly_and_nobody_answers(north, now):
    reply = take_mail(mail("Auto-Submitted: auto-replied"), now=now)
    assert (reply.is_automatic, reply.outcome, reply.handled_at) == (True, AUTOMATIC, now)
    assert TimelineEntry.objects.get().title == "Automatic answer from Margaret Ellison"
    assert not (Duty.objects.exists() or Interaction.objects.exists() or Message.objects.exists())


def test_a_person_who_answers_through_a_list_is_heard(north, now):
    ours = make_message(north, now=now)
    answer = mail("List-Id: <all.h.example>", f"In-Reply-To: <{ours.key}@northgate>")
    assert take_mail(answer, now=now).is_automatic is False
    assert take_mail(mail("List-Id: <all.h.example>", number=2), now=now).is_automatic is True


def test_what_carries_our_own_marks_is_our_own(north, now):
    ours = make_message(north, now=now)
    for lines, number in ((("X-Desk: northgate",), 1), ((), 2)):
        raw = mail(*lines, number=number, sender="service@northgate.example")
        if number == 2:
            raw = raw.replace(b"m2@h.example", f"{ours.key}@northgate".encode())
        assert take_mail(raw, now=now).outcome == OUR_OWN
    assert not Duty.objects.exists()


def test_ids_of_two_customers_decide_nothing(north, now):
    other = Customer.objects.create(name="Her sister")
    theirs = Contact.objects.create(customer=other, email="sister@h.example")
    first = make_message(north, now=now, number=1)
    second = make_message(north, now=now, number=2, customer=other, contact=theirs)
    both = f"References: <{first.key}@northgate> <{second.key}@northgate>"
    assert take_mail(mail(both, sender="x@y.example"), now=now).customer is None
    closer = f"In-Reply-To: <{second.key}@northgate>"
    assert take_mail(mail(both, closer, sender="x@y.example", number=2), now=now).customer == other


def test_another_desks_ids_and_addresses_are_nobodys(cast, north, now):
    with tenant(cast.south.tenant):
        theirs = make_message(cast.south, now=now)
        Contact.objects.create(customer=cast.south.customer, email="only@south.example", phone="07700 900555")
    raw = mail(
        f"In-Reply-To: <{theirs.key}@southgate>", sender="only@south.example", words="x\n\n-- \n07700 900555"
    )
    with tenant(north.tenant):
        assert take_mail(raw, now=now).customer is None


def test_our_own_number_in_a_signature_is_nobodys(north, now):
    Contact.objects.create(customer=north.customer, name="By mistake", phone="01632 960118")
    words = "Hello\n\n-- \nNorthgate\n01632 960118"
    assert take_mail(mail(sender="x@y.example", words=words), now=now).customer is None


def test_a_bounce_of_a_mail_that_nobody_knows_is_heard_by_a_person(north, now):
    lines = ("X-Failed-Recipients: who@knows.example", "Return-Path: <>", "Auto-Submitted: auto-replied")
    reply = take_mail(mail(*lines, sender="mailer-daemon@mx.example"), now=now)
    assert (reply.customer, reply.is_automatic, DeliveryReport.objects.count()) == (None, False, 0)
    assert Duty.objects.open().count() == 1


def test_a_mail_that_trips_us_is_kept_as_it_came(north, now, monkeypatch):
    monkeypatch.setattr(mail_in, "_incoming", lambda *args, **values: 1 / 0)
    reply = take_mail(mail(), now=now)
    assert take_mail(mail(), now=now) == reply
    assert reply.text == "(This mail cannot be taken apart. Open the whole mail.)"
    with reply.original.content.open("rb") as whole:
        assert whole.read() == mail()
    assert Duty.objects.open().get().subject == reply.public_id


@pytest.mark.parametrize("tag", ["", "+x", "+" + "0" * 32])
def test_a_mark_that_is_none_of_ours_changes_nothing(north, now, tag):
    raw = mail(f"To: service{tag}@northgate.example")
    assert take_mail(raw, now=now).customer == north.customer
