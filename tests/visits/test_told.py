"""The wall time that a customer is told is their own clock's."""

import datetime as dt

import pytest

from messaging.kinds import kind_of
from messaging.models import Message
from tests.cast import make_plain_visit
from visits.models import Visit
from visits.told import told, told_zone

START = dt.datetime(2026, 3, 10, 14, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def in_zone(north, name):
    north.customer.time_zone = name
    north.customer.save()


@pytest.mark.parametrize(
    ("zone", "day", "first", "last"),
    [
        ("", 10, 14, 15),
        # New York has changed its clock two days before, London has not yet.
        ("America/New_York", 10, 10, 11),
        ("Pacific/Auckland", 11, 3, 4),
    ],
)
def test_a_window_is_told_by_the_customers_clock(north, zone, day, first, last):
    in_zone(north, zone)
    assert told(north.customer, START, START + HOUR) == {
        "told_day": dt.date(2026, 3, day),
        "told_from": dt.time(first),
        "told_until": dt.time(last),
    }
    assert told_zone(north.customer).key == (zone or "Europe/London")


def said(north, visit, now, **values):
    message = Message(
        channel="mail",
        customer=north.customer,
        contact=north.contact,
        subject=visit.public_id,
        tenant=north.tenant,
        **values,
    )
    return kind_of(message).write(message, now=now).text


def test_letters_name_its_hours_and_arrivals_by_that_clock(north, now):
    in_zone(north, "America/New_York")
    visit = make_plain_visit(north, now=now, start=START)
    Visit.objects.filter(pk=visit.pk).update(**told(north.customer, START, START + HOUR))
    assert "Tue 10 March between 10 and 11 am" in said(north, visit, now, kind="booked")
    fields = {"expected_at": (START + dt.timedelta(minutes=10)).isoformat()}
    assert "expects to be with you at 10:10 am" in said(north, visit, now, kind="on the way", fields=fields)


def test_tomorrow_is_the_customers(north):
    in_zone(north, "Pacific/Auckland")
    visit = make_plain_visit(north, now=START, start=START)
    Visit.objects.filter(pk=visit.pk).update(**told(north.customer, START, START + HOUR))
    # Half past nine in the evening of the 9th in London is the 10th in Auckland: the visit is tomorrow.
    at = dt.datetime(2026, 3, 9, 21, 30, tzinfo=dt.UTC)
    assert "Does tomorrow, Wed 11 March, 3 to 4 am still suit you" in said(north, visit, at, kind="reminder")
