"""What a technician's calendar program reads, as icalendar understands it."""

import datetime as dt

import icalendar
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from tenancy.calendars import UTC, local_time, zone_named
from tests.cast import make_plain_visit
from visits.calendar_feed_file import Entry, TechniciansCalendar, calendar_of
from visits.models import Assignment, Technician, Visit

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "UTC",
)
YEAR = dt.datetime(2026, 1, 1, tzinfo=UTC)


def read(technician, now):
    """The technician's calendar as a program reads it."""
    return icalendar.Calendar.from_ical(calendar_at(technician, now).content())


def calendar_at(technician, now):
    return calendar_of(technician, address_of=lambda visit: f"https://desk.example/{visit.number}", now=now)


def events_of(technician, now):
    return read(technician, now).walk("VEVENT")


@pytest.fixture
def lou(north):
    """Northgate's technician, as a row."""
    return Technician.objects.select_related("tenant").get(pk=north.lou.pk)


def test_an_entry_says_where_when_and_whom_for_and_nothing_secret(north, lou, now):
    north.site.access_notes = "Gate 4711"
    north.site.save()
    visit = make_plain_visit(
        north, now=now, start=dt.datetime(2026, 3, 29, 13, tzinfo=UTC), problem="Alarm code 1234", version=3
    )
    (event,) = events_of(lou, now)
    assert (event["uid"], event["sequence"]) == (f"visit-{visit.public_id}-{lou.public_id}", 3)
    assert (event["dtstart"].dt, event["dtend"].dt) == (visit.planned_start, visit.planned_end)
    assert event["dtstart"].params["TZID"] == "Europe/London"
    assert event["dtstamp"].dt == event["last-modified"].dt == visit.changed_at
    assert (event["summary"], event["status"], event["transp"]) == (
        "Fault: The Harbour Letter",
        "TENTATIVE",
        "OPAQUE",
    )
    assert event["location"] == "3 Quay Lane, Eastmouth EM4 2QL"
    assert event["description"] == (
        "Not confirmed. Told the customer: 14:00 to 15:00.\nCorvane TC-240 copier\nhttps://desk.example/V-1"
    )
    whole = calendar_at(lou, now).content().decode()
    for secret in ("4711", "1234", "07700", "fuser", "Margaret", "margaret@", "METHOD", "Quay Lane\r\nX"):
        assert secret not in whole


def test_the_calendar_names_itself_its_zone_and_when_to_come_again(lou, now):
    calendar = read(lou, now)
    assert calendar["x-wr-calname"] == "Northgate: Lou Baptiste"
    assert calendar["x-wr-timezone"] == "Europe/London"
    assert calendar["refresh-interval"].dt == HOUR
    assert calendar["x-published-ttl"] == "PT1H"
    assert [zone["tzid"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/London"]
    assert calendar.walk("VEVENT") == []


@pytest.mark.parametrize(
    ("state", "values", "status", "summary"),
    [
        ("confirmed", {}, "CONFIRMED", "Fault: The Harbour Letter"),
        ("cancelled by us", {}, "CANCELLED", "Cancelled: Fault: The Harbour Letter"),
        ("cancelled by the customer", {}, "CANCELLED", "Cancelled: Fault: The Harbour Letter"),
        ("missed by us", {"missed_at": True}, "CONFIRMED", "Missed: Fault: The Harbour Letter"),
    ],
)
def test_its_state_is_told_and_a_cancelled_one_stays(north, lou, now, state, values, status, summary):
    make_plain_visit(north, now=now, state=state, **dict.fromkeys(values, now))
    (event,) = events_of(lou, now)
    assert (event["status"], event["summary"]) == (status, summary)
    assert event["transp"] == ("TRANSPARENT" if status == "CANCELLED" else "OPAQUE")


def test_what_waits_for_approval_names_no_time_that_was_told(north, lou, now):
    make_plain_visit(north, now=now, approval_asked_at=now)
    (event,) = events_of(lou, now)
    assert event["description"].startswith("Waits for a supervisor’s approval.\n")


def test_who_comes_along_has_it_too_each_with_an_entry_of_their_own(north, lou, now):
    visit = make_plain_visit(north, now=now, crew=2)
    span = {"starts_at": visit.planned_start, "ends_at": visit.planned_end}
    Assignment.objects.create(visit=visit, technician=north.marek, **span)
    (of_lou,), (of_marek,) = events_of(lou, now), events_of(north.marek, now)
    assert of_lou["uid"] != of_marek["uid"]
    assert "\nWith Marek Novak\n" in of_lou["description"]
    assert "\nWith Lou Baptiste\n" in of_marek["description"]


def test_a_visit_given_to_another_goes_over_to_theirs(north, lou, now):
    visit = make_plain_visit(north, now=now)
    before = calendar_at(lou, now).edition
    visit.assignments.update(technician=north.marek)
    assert events_of(lou, now) == []
    assert len(events_of(north.marek, now)) == 1
    assert calendar_at(lou, now).edition != before


def test_from_fourteen_days_back_to_ninety_ahead_of_the_desks_today(north, lou, now):
    midnight = now.replace(hour=0, minute=0)
    # Ninety days ahead the desk's clock shows summer time.
    after = midnight + 91 * DAY - HOUR
    starts = {
        "too old": midnight - 14 * DAY - HOUR,
        "first": midnight - 14 * DAY,
        "last": after - HOUR,
        "too far": after,
    }
    for name, start in starts.items():
        make_plain_visit(north, now=now, start=start, number=name, length_minutes=45)
    found = [event["description"].split("/")[-1] for event in events_of(lou, now)]
    assert found == ["first", "last"]


def test_the_edition_is_the_same_until_something_would_be_read_otherwise(north, lou, now):
    visit = make_plain_visit(north, now=now)
    first = calendar_at(lou, now)
    assert calendar_at(lou, now + HOUR) == first
    assert calendar_at(lou, now + HOUR).content() == first.content()
    seen = {first.edition}
    north.customer.company = "The Harbour Herald"
    north.customer.save()
    seen.add(calendar_at(lou, now).edition)
    north.site.street = "4 Quay Lane"
    north.site.save()
    seen.add(calendar_at(lou, now).edition)
    Visit.objects.filter(pk=visit.pk).update(version=2, changed_at=now)
    seen.add(calendar_at(lou, now).edition)
    assert len(seen) == 4


def test_any_name_is_read_as_it_was_written(north, lou, now):
    name = 'Größte Bäckerei "Müller; Söhne", Zürich\\Oerlikon 面包店 ' + "Ä" * 120
    north.customer.company = name
    north.customer.save()
    north.site.street = "Straße, 1; Hof\nBEGIN:VEVENT"
    north.site.save()
    make_plain_visit(north, now=now)
    (event,) = events_of(lou, now)
    assert event["summary"] == f"Fault: {name}"
    assert event["location"].startswith("Straße, 1; Hof\nBEGIN:VEVENT")
    lines = calendar_at(lou, now).content().split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert sum(line == b"BEGIN:VEVENT" for line in lines) == 1


def test_it_costs_the_same_for_one_visit_and_three(north, lou, now):
    counts = []
    for days in (range(1), range(1, 3)):
        for day in days:
            make_plain_visit(north, now=now, start=now + day * DAY + HOUR)
        with CaptureQueriesContext(connection) as captured:
            calendar_at(lou, now)
        counts.append(len(captured))
    assert counts == [5, 5]


@given(
    zone=st.sampled_from(ZONES),
    passed=st.integers(0, 365 * 24 * 60),
    minutes=st.integers(5, 720),
)
def test_entries_are_at_the_visits_instants_in_every_zone(zone, passed, minutes):
    start = YEAR + dt.timedelta(minutes=passed)
    check(zone, start, start + dt.timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("zone", "first"),
    [("Europe/London", "2026-10-25T00:00"), ("America/New_York", "2026-11-01T05:00"),
     ("Australia/Lord_Howe", "2026-04-04T14:00")],
)  # fmt: skip
def test_both_runs_of_a_doubled_hour_are_told_apart(zone, first):
    first = dt.datetime.fromisoformat(first).replace(tzinfo=UTC)
    for quarter in range(10):
        start = first + quarter * dt.timedelta(minutes=15)
        check(zone, start, start + HOUR)


def check(zone, start, end):
    """Read back the instants are the same, also by whoever knows no second run of an hour."""
    entry = Entry("visit-1", 1, start, start, end, "CONFIRMED", "Fault", "", "")
    content = TechniciansCalendar("Lou", zone, 2026, (entry,)).content()
    (event,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    for name, instant in (("dtstart", start), ("dtend", end)):
        told = event[name].dt
        assert told.astimezone(UTC) == instant
        if str(told.tzinfo) != "UTC":
            wall = told.replace(tzinfo=None)
            assert wall.replace(tzinfo=zone_named(zone), fold=0).astimezone(UTC) == instant
            assert wall == local_time(instant, zone_named(zone)).replace(tzinfo=None)
