"""A customer's own "no more": what it stops, what it does not, and who sees to the rest."""

import datetime as dt

import pytest
from django.core import mail

from cases.models import Duty
from customers.models import Contact, Customer, TimelineEntry
from messaging import opting_out, outbox
from messaging.delivery import deliver_due
from messaging.models import Message, OptOut
from messaging.opting_out import is_start, is_stop, stop_mail, stop_texts, want_texts
from tenancy.scope import tenant
from tests.messaging.conftest import make_message

State = Message.State
SMS, MAIL = "sms", "mail"


@pytest.fixture
def north(cast, answers, settings):
    settings.SMS_URL = "http://127.0.0.1:9/"
    return cast.north


def stopped(desk, now, *channels):
    with tenant(desk.tenant):
        if SMS in channels:
            stop_texts("07700 900412", now=now)
        if MAIL in channels:
            stop_mail("margaret@harbourletter.example", now=now)
        desk.contact.refresh_from_db()


def planned(desk, now, **values):
    with tenant(desk.tenant):
        return make_message(desk, now=now, **values)


def about_a_visit(now, **values):
    return {
        "subject_start": now + dt.timedelta(days=1),
        "subject": "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
        **values,
    }


def again(desk, message):
    with tenant(desk.tenant):
        return Message.objects.get(pk=message.pk)


@pytest.mark.parametrize(
    "words",
    ["STOP", "stop.", " Stop! ", "Stop please", "Unsubscribe", "Afmelden", "Stoppen", "STOPP", "Abmelden"]
    + ["Arrêt", "ARRETER", "Désabonner", "Désinscrire", "stop all", "Opt-out"],
)
def test_stop_in_four_languages_is_understood(words):
    assert is_stop(words)
    assert not is_start(words)


@pytest.mark.parametrize("words", ["START", "Unstop", "Aanmelden", "anmelden", "Reprendre"])
def test_start_is_understood(words):
    assert is_start(words)
    assert not is_stop(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Please stop by at four",
        "Cancel",
        "END",
        "non stop",
        "yes",
        "The bus stop is closed",
        "stop it now",
    ],
)
def test_what_says_more_or_may_mean_a_visit_is_read_by_a_person(words):
    assert not is_stop(words)
    assert not is_start(words)


def test_a_stop_holds_at_every_contact_with_the_number_and_at_no_other_desk(cast, north, now):
    with tenant(north.tenant):
        other = Customer.objects.create(name="Her son")
        Contact.objects.create(customer=other, phone2="+44 (0)7700 900412", name="Her son")
        Contact.objects.create(customer=other, phone="07700 900413")
        assert stop_texts("+447700900412", now=now) == 2
        assert stop_texts("+447700900412", now=now + dt.timedelta(hours=1)) == 0
        assert set(Contact.objects.values_list("sms_stopped_at", flat=True)) == {now, None}
        assert TimelineEntry.objects.filter(title="They stopped texts").count() == 2
        assert want_texts("07700900412", now=now) == 2
        assert not Contact.objects.filter(sms_stopped_at__isnull=False).exists()
    with tenant(cast.south.tenant):
        assert not Contact.objects.filter(sms_stopped_at__isnull=False).exists()


def test_a_stop_holds_for_who_is_entered_later_with_the_number_or_address(cast, north, now):
    stopped(north, now, SMS, MAIL)
    with tenant(north.tenant):
        other = Customer.objects.create(name="Her office")
        later = Contact.objects.create(customer=other, phone="+44 7700 900412")
        second = Contact.objects.create(
            customer=other, phone2="07700 900412", email="a@harbourletter.example"
        )
        mailed = Contact.objects.create(customer=other, email="Margaret@HarbourLetter.example")
        for contact in (later, second, mailed):
            contact.refresh_from_db()
        assert [(c.sms_stopped_at, c.mail_stopped_at) for c in (later, second, mailed)] == [
            (now, None),
            (now, None),
            (None, now),
        ]
        make_message(north, now=now, channel=SMS, contact=later, customer=other)
    with tenant(cast.south.tenant):
        theirs = Contact.objects.create(customer=cast.south.customer, phone="07700 900412")
        theirs.refresh_from_db()
        assert theirs.sms_stopped_at is None
    assert deliver_due(clock=lambda: now) == {State.SKIPPED: 1}


def test_a_contact_that_gets_the_number_is_stopped_and_stays_so_with_another(north, now):
    stopped(north, now, SMS)
    with tenant(north.tenant):
        other = Contact.objects.create(customer=north.customer, phone="07700 900413")
        for number in ("07700 900412", "07700 900414"):
            other.phone = number
            other.save()
            other.refresh_from_db()
            assert other.sms_stopped_at == now
        assert want_texts("07700 900414", now=now) == 1


def test_nobody_who_read_the_contact_before_writes_the_stop_away(north, now):
    with tenant(north.tenant):
        before = Contact.objects.get(pk=north.contact.pk)
        stop_texts("07700 900412", now=now)
        before.name = "Margaret E."
        before.save()
        before.refresh_from_db()
        assert (before.name, before.sms_stopped_at) == ("Margaret E.", now)


def test_started_again_it_holds_for_nobody_any_more(north, now):
    with tenant(north.tenant):
        stop_texts("+447700900412", now=now)
        Contact.objects.all().delete()
        assert (want_texts("07700 900412", now=now), OptOut.objects.count()) == (0, 0)
        back = Contact.objects.create(customer=north.customer, phone="07700 900412")
        back.refresh_from_db()
        assert back.sms_stopped_at is None


def test_two_numbers_stopped_one_started_again_the_contact_stays_stopped(north, now):
    with tenant(north.tenant):
        Contact.objects.filter(pk=north.contact.pk).delete()
        both = Contact.objects.create(customer=north.customer, phone="07700 900412", phone2="07700 900413")
        for number in (both.phone, both.phone2):
            stop_texts(number, now=now)
        want_texts(both.phone2, now=now)
        both.refresh_from_db()
        assert both.sms_stopped_at == now


def test_a_stop_of_a_number_that_nobody_has_yet_is_kept(north, now):
    with tenant(north.tenant):
        assert stop_texts("07700 900499", now=now) == 0
        new = Contact.objects.create(customer=north.customer, phone="0044 7700 900499")
        new.refresh_from_db()
        assert new.sms_stopped_at == now


def test_an_empty_address_is_nobodys(north, now):
    with tenant(north.tenant):
        Contact.objects.create(customer=north.customer)
        assert (stop_texts("", now=now), stop_mail(" ", now=now)) == (0, 0)


@pytest.mark.parametrize("overrules", [True, False])
def test_a_text_about_a_visit_becomes_a_fault_instead_of_going(north, now, answers, overrules):
    answers.overrules = overrules
    stopped(north, now, SMS)
    message = planned(north, now, channel=SMS, **about_a_visit(now))
    assert deliver_due(clock=lambda: now) == {State.FAILED: 1}
    assert again(north, message).reason == "They stopped texts: ring them."
    with tenant(north.tenant):
        duty = Duty.objects.get()
    assert (duty.kind, duty.owner_role, duty.subject) == ("mend message", "dispatcher", message.public_id)


def test_told_by_mail_as_well_nobody_need_ring(north, now):
    stopped(north, now, SMS)
    text = planned(north, now, channel=SMS, **about_a_visit(now))
    planned(north, now, channel=MAIL, **about_a_visit(now))
    assert deliver_due(clock=lambda: now) == {State.SKIPPED: 1, State.SENT: 1}
    assert again(north, text).state == State.SKIPPED


def test_a_text_that_is_not_about_a_visit_is_left_out_quietly(north, now):
    stopped(north, now, SMS)
    planned(north, now, channel=SMS)
    assert deliver_due(clock=lambda: now) == {State.SKIPPED: 1}
    with tenant(north.tenant):
        assert not Duty.objects.exists()


def test_stopped_mail_still_tells_of_a_visit_and_of_nothing_else(north, now):
    stopped(north, now, MAIL)
    visit = planned(north, now, number=1, **about_a_visit(now))
    other = planned(north, now, number=2)
    deliver_due(clock=lambda: now)
    assert (again(north, visit).state, again(north, other).state) == (State.SENT, State.SKIPPED)
    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers


def test_the_desks_own_note_gives_way_to_a_visit_under_way_as_ever(north, now, answers):
    with tenant(north.tenant):
        Contact.objects.update(by_mail=False)
    planned(north, now, number=1, **about_a_visit(now))
    assert deliver_due(clock=lambda: now) == {State.SKIPPED: 1}
    answers.overrules = True
    planned(north, now, number=2, **about_a_visit(now))
    assert deliver_due(clock=lambda: now) == {State.SENT: 1}


def test_the_other_channel_is_not_offered_where_they_stopped_it(north, now, answers):
    answers.overrules = True
    failed = planned(north, now, state=State.FAILED, **about_a_visit(now))
    with tenant(north.tenant):
        assert outbox.other_channel(again(north, failed)) == SMS
    stopped(north, now, SMS)
    with tenant(north.tenant):
        assert outbox.other_channel(again(north, failed)) == ""
        assert not outbox.wants(north.contact, SMS)
        assert outbox.wants(north.contact, MAIL)


def test_the_address_of_one_click_is_for_this_contact_alone(cast, north, now):
    message, theirs = planned(north, now), planned(cast.south, now)
    with tenant(north.tenant):
        address = opting_out.address_for(Message.objects.select_related("tenant", "contact").get())
    token = address.rstrip("/").rsplit("/", 1)[1]
    assert opting_out.read_token(token) == ("northgate", north.contact.public_id)
    assert opting_out.read_token(token[:-1]) is None
    assert opting_out.read_token("northgate.x:y") is None
    with tenant(cast.south.tenant):
        there = opting_out.address_for(Message.objects.select_related("tenant", "contact").get())
    assert there != address
    assert message.key == theirs.key


def test_texts_colleagues_and_visits_have_no_such_address(north, now):
    with tenant(north.tenant):
        text = make_message(north, now=now, number=1, channel=SMS)
        visit = make_message(north, now=now, number=2, **about_a_visit(now))
        colleague = make_message(north, now=now, number=3, contact=None, colleague=north.technician)
        assert [opting_out.address_for(one) for one in (text, visit, colleague)] == ["", "", ""]
