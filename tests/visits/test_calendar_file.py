"""A visit in the customer's calendar: made when the mail leaves, following the visit."""

import datetime as dt

import icalendar
import pytest
from django.core import mail

from messaging.delivery import deliver_due
from messaging.models import Message
from messaging.providers import save_provider
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from visits.announcements import plan_visit_messages
from visits.calendar_file import calendar_file
from visits.models import Visit

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def north(cast, settings):
    settings.SMS_URL = ""
    settings.DEFAULT_FROM_EMAIL = "Service desk <post@desk.example>"
    Tenant.objects.filter(pk=cast.north.tenant.pk).update(email="help@northgate.example")
    cast.north.tenant.refresh_from_db()
    return cast.north


def sent(now):
    """The last mail's calendar, and the type it says it has."""
    mail.outbox.clear()
    deliver_due(clock=lambda: now)
    (letter,) = mail.outbox
    (part,) = [part for part in letter.message().walk() if part.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    return icalendar.Calendar.from_ical(content), part, content.decode()


def event_of(calendar):
    (event,) = calendar.walk("VEVENT")
    return event


def test_a_booking_carries_the_visit_as_it_is_told(north, now):
    start = dt.datetime(2026, 3, 29, 13, 0, tzinfo=dt.UTC)
    with tenant(north.tenant):
        visit = make_plain_visit(north, now=now, start=start)
        plan_visit_messages(visit, "booked", now=now)
    calendar, part, text = sent(now)
    event = event_of(calendar)
    assert (part.get_param("method"), part.get_filename()) == ("REQUEST", "visit.ics")
    assert (calendar["method"], event["status"]) == ("REQUEST", "CONFIRMED")
    assert (event["uid"], event["sequence"]) == (f"visit-{visit.public_id}", 1)
    assert "DTSTART;TZID=Europe/London:20260329T140000" in text
    assert "DTEND;TZID=Europe/London:20260329T150000" in text
    assert event["dtstart"].dt == start and event["dtend"].dt == start + HOUR
    assert event["summary"] == "Visit by Northgate"
    assert event["location"] == "3 Quay Lane, Eastmouth EM4 2QL"
    assert event["organizer"] == "mailto:help@northgate.example"
    assert event["organizer"].params["SENT-BY"] == "mailto:post@desk.example"
    assert event["attendee"] == "mailto:margaret@harbourletter.example"
    assert (event["attendee"].params["PARTSTAT"], event["attendee"].params["RSVP"]) == (
        "NEEDS-ACTION",
        "FALSE",
    )
    assert event["description"] == (
        "Lou comes. To confirm, move or cancel, use the link in our mail or ring 01632 960 118. Answering "
        "this calendar entry changes nothing."
    )
    assert "/v/" not in text and "{link}" not in text


def test_it_is_sent_by_the_address_that_the_desks_own_mail_leaves_from(north, now):
    values = {"from_address": "visits@northgate.example"}
    with tenant(north.tenant):
        visit = make_plain_visit(north, now=now, start=now + HOUR * 48)
        save_provider("mail", kind="postmark", values=values, secret="s3cret", by=None, now=now)
        message = Message(kind="booked", subject=visit.public_id, contact=north.contact, tenant=north.tenant)
        calendar = icalendar.Calendar.from_ical(calendar_file(message, now=now).content)
    organizer = event_of(calendar)["organizer"]
    assert (organizer, organizer.params["SENT-BY"]) == (
        "mailto:help@northgate.example",
        "mailto:visits@northgate.example",
    )


def test_a_move_changes_the_same_entry_and_a_cancellation_cancels_it(north, now):
    with tenant(north.tenant):
        visit = make_plain_visit(north, now=now)
        plan_visit_messages(visit, "booked", now=now)
    first = event_of(sent(now)[0])
    with tenant(north.tenant):
        Visit.objects.filter(pk=visit.pk).update(
            planned_start=visit.planned_start + HOUR,
            planned_end=visit.planned_end + HOUR,
            window_start=visit.window_start + HOUR,
            window_end=visit.window_end + HOUR,
            told_from=(dt.datetime.combine(visit.told_day, visit.told_from) + HOUR).time(),
            told_until=(dt.datetime.combine(visit.told_day, visit.told_until) + HOUR).time(),
            version=2,
        )
        visit.refresh_from_db()
        plan_visit_messages(visit, "moved", now=now)
    second = event_of(sent(now)[0])
    assert (first["uid"], first["sequence"]) == (second["uid"], second["sequence"] - 1)
    assert second["dtstart"].dt == first["dtstart"].dt + HOUR
    with tenant(north.tenant):
        Visit.objects.filter(pk=visit.pk).update(state=Visit.State.CANCELLED_BY_US, version=3)
        visit.refresh_from_db()
        plan_visit_messages(visit, "cancelled", now=now)
    calendar, part, _ = sent(now)
    gone = event_of(calendar)
    assert (calendar["method"], part.get_param("method"), gone["status"]) == ("CANCEL", "CANCEL", "CANCELLED")
    assert (gone["uid"], gone["sequence"]) == (first["uid"], 3)


def test_it_is_made_from_the_visit_as_it_is_when_the_mail_leaves(north, now):
    with tenant(north.tenant):
        visit = make_plain_visit(north, now=now)
        plan_visit_messages(visit, "booked", now=now)
        Visit.objects.filter(pk=visit.pk).update(version=7, confirmed_at=now, state="confirmed")
    event = event_of(sent(now)[0])
    assert (event["sequence"], event["attendee"].params["PARTSTAT"]) == (7, "ACCEPTED")


def test_words_that_a_person_wrote_carry_it_too_and_a_text_never_does(north, now):
    with tenant(north.tenant):
        visit = make_plain_visit(north, now=now)
        plan_visit_messages(visit, "booked", now=now)
        Message.objects.update(title="T", text="Mine", fields={"edited_by": "Dana"})
    assert event_of(sent(now)[0])["summary"] == "Visit by Northgate"


@pytest.mark.parametrize("kind", ["late", "missed", "on the way", "delayed", "not called"])
def test_what_is_no_appointment_has_none(north, now, kind):
    with tenant(north.tenant):
        visit = make_plain_visit(north, now=now)
        states = {"missed": "missed by us", "on the way": "on the way"}
        Visit.objects.filter(pk=visit.pk).update(
            state=states.get(kind, "booked"), on_the_way_at=now, missed_at=now if kind == "missed" else None
        )
        visit.refresh_from_db()
        plan_visit_messages(visit, kind, now=now)
    deliver_due(clock=lambda: now)
    (letter,) = mail.outbox
    assert letter.attachments == []


def entry(north, visit, now):
    with tenant(north.tenant):
        message = Message(
            kind="booked", channel="mail", customer=visit.customer, contact=None, subject=visit.public_id
        )
        return calendar_file(message, now=now).content.decode()


def told_at(north, now, hour):
    """A visit at 13:00 UTC on 1 July, told as that hour until the next."""
    start = dt.datetime(2026, 7, 1, 13, 0, tzinfo=dt.UTC)
    with tenant(north.tenant):
        return make_plain_visit(
            north, now=now, start=start, told_from=dt.time(hour), told_until=dt.time(hour + 1)
        )


def test_in_the_language_and_on_the_clock_of_the_customer(north, now):
    with tenant(north.tenant):
        north.customer.language, north.customer.time_zone = "de", "America/New_York"
        north.customer.save()
    text = entry(north, told_at(north, now, 9), now)
    assert "DTSTART;TZID=America/New_York:20260701T090000" in text
    assert "SUMMARY:Besuch von Northgate" in text


def test_told_by_the_desks_clock_it_stays_so_when_the_customers_zone_is_written_down_later(north, now):
    with tenant(north.tenant):
        visit = make_plain_visit(north, now=now, start=dt.datetime(2026, 7, 1, 13, 0, tzinfo=dt.UTC))
        north.customer.time_zone = "America/New_York"
        north.customer.save()
    assert "DTSTART;TZID=Europe/London:20260701T140000" in entry(north, visit, now)


def test_what_was_told_holds_when_the_rules_of_the_zone_change(north, now):
    text = entry(north, told_at(north, now, 13), now)
    assert "DTSTART;TZID=Europe/London:20260701T130000" in text
    assert "DTEND;TZID=Europe/London:20260701T140000" in text


def test_the_second_run_of_a_doubled_hour_is_given_in_utc(north, now):
    with tenant(north.tenant):
        visit = make_plain_visit(north, now=now, start=dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC))
    text = entry(north, visit, now)
    assert visit.told_from == dt.time(1, 30)
    assert "DTSTART:20261025T013000Z" in text
    assert "DTEND;TZID=Europe/London:20261025T023000" in text


def test_the_zone_is_spelled_out_by_the_clock_of_before_each_change(north, now):
    with tenant(north.tenant):
        visit = make_plain_visit(north, now=now)
    zone = entry(north, visit, now).split("BEGIN:VTIMEZONE")[1].split("END:VTIMEZONE")[0]
    changes = [tuple(rule.split("\r\n")[:4]) for rule in zone.split("BEGIN:DAYLIGHT\r\n")[1:]]
    assert ("DTSTART:20260329T010000", "TZNAME:BST", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0100") in changes


def test_the_visit_of_another_desk_makes_none(cast, north, now):
    with tenant(cast.south.tenant):
        visit = make_plain_visit(cast.south, now=now)
    with tenant(north.tenant), pytest.raises(Visit.DoesNotExist):
        message = Message(kind="booked", channel="mail", subject=visit.public_id)
        calendar_file(message, now=now)
