"""What a customer's new details do to visits to come and to messages that wait."""

import datetime as dt

import pytest
from django.core import mail

from customers.editing import save_contact, seen_of
from customers.models import Contact, Customer
from messaging.delivery import deliver_due
from messaging.models import Message
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from visits.customer_details import change_details, let_contact_go
from visits.models import Visit
from visits.reminders import plan_reminders

pytestmark = pytest.mark.usefixtures("only_mail")

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


@pytest.fixture
def north(cast):
    return cast.north


@pytest.fixture
def visit(north, now):
    """In eight days at 14:00 in London, as the customer was told."""
    start = now.replace(hour=14, minute=0) + 8 * DAY
    with tenant(north.tenant):
        return make_plain_visit(north, now=now, start=start)


def change(desk, now, **values):
    with tenant(desk.tenant):
        customer = Customer.objects.get(pk=desk.customer.pk)
        given = ("name", "company", "notes", "language", "time_zone")
        change_details(
            customer,
            seen=seen_of(customer),
            by=desk.dispatcher,
            now=now,
            **{**{field: getattr(customer, field) for field in given}, **values},
        )


def next_mail(now) -> str:
    """The text of the one mail that leaves within a day."""
    mail.outbox.clear()
    plan_reminders(now=now)
    deliver_due(clock=lambda: now + DAY)
    (letter,) = mail.outbox
    return letter.body


def test_a_reminder_that_waits_already_is_written_in_the_new_language(north, visit, now):
    at = visit.planned_start - 7 * DAY - 2 * HOUR
    assert plan_reminders(now=at) == 1
    change(north, at + HOUR, language="de")
    assert "zwischen 14:00 und 15:00 Uhr" in next_mail(at + HOUR)
    with tenant(north.tenant):
        assert Message.objects.get(kind="reminder").language == "de"


def test_the_contacts_own_language_comes_before_the_customers(north, visit, now):
    change(north, now, language="de")
    with tenant(north.tenant):
        contact = Contact.objects.get(pk=north.contact.pk)
        fields = ("name", "phone", "phone2", "email", "site", "by_sms", "by_mail", "is_main")
        given = {field: getattr(contact, field) for field in fields}
        seen = seen_of(contact)
        save_contact(north.customer, contact, seen=seen, by=north.dispatcher, now=now, language="nl", **given)
    assert "tussen 14:00 en 15:00" in next_mail(visit.planned_start - 7 * DAY - HOUR)


def test_in_another_zone_the_next_message_names_its_hours(north, visit, now):
    at = visit.planned_start - 7 * DAY - 2 * HOUR
    assert plan_reminders(now=at) == 1
    change(north, at, time_zone="Europe/Paris")
    assert "between 3 and 4 pm" in next_mail(at)
    with tenant(north.tenant):
        kept = Visit.objects.get(pk=visit.pk)
    assert (kept.told_from, kept.told_until) == (dt.time(15), dt.time(16))
    assert (kept.planned_start, kept.window_start) == (visit.planned_start, visit.window_start)
    assert (kept.version, kept.changed_at) == (visit.version + 1, at)


def test_its_quiet_hours_are_those_of_the_new_zone(north, visit, now):
    north.tenant.quiet_from, north.tenant.quiet_until = dt.time(21), dt.time(8)
    north.tenant.save(update_fields=["quiet_from", "quiet_until"])
    change(north, now, time_zone="America/Los_Angeles")
    # 14:00 in London is 07:00 there, before the clock changes on 8 March; it waits until eight.
    due = visit.planned_start - 7 * DAY
    plan_reminders(now=due - HOUR)
    deliver_due(clock=lambda: due)
    with tenant(north.tenant):
        waiting = Message.objects.get(kind="reminder")
    assert waiting.state == Message.State.PLANNED
    assert waiting.send_after == dt.datetime(2026, 3, 6, 16, tzinfo=dt.UTC)


def test_what_is_over_stays_as_it_was_told(north, now):
    with tenant(north.tenant):
        over = make_plain_visit(north, now=now, start=now - 2 * DAY, state=Visit.State.MISSED, missed_at=now)
    change(north, now, time_zone="Europe/Paris")
    with tenant(north.tenant):
        assert Visit.objects.get(pk=over.pk).told_from == over.told_from


def test_a_zone_with_the_same_clock_touches_no_visit(north, visit, now):
    change(north, now, time_zone="Europe/Lisbon")
    with tenant(north.tenant):
        assert Visit.objects.get(pk=visit.pk).version == visit.version


def test_visits_and_messages_of_who_left_go_to_the_main_contact(north, now):
    with tenant(north.tenant):
        ned = Contact.objects.create(customer=north.customer, name="Ned", email="ned@example.com")
        visit = make_plain_visit(north, now=now, start=now + 7 * DAY + 2 * HOUR, contact=ned)
    assert plan_reminders(now=now) == 1
    with tenant(north.tenant):
        assert let_contact_go(ned, by=north.dispatcher, now=now) is True
        assert Visit.objects.get(pk=visit.pk).contact == north.contact
    deliver_due(clock=lambda: now + 3 * HOUR)
    (letter,) = mail.outbox
    assert letter.to == ["margaret@harbourletter.example"]
    with tenant(north.tenant):
        assert let_contact_go(ned, by=north.dispatcher, now=now) is False
