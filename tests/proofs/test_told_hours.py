"""The hour that a customer is told, at every change of every clock in the next five years.

As it is stored, as the mail and the text say it, as the calendar file has it (read by icalendar, and
by its own VTIMEZONE) and as the compiled zone says, read by hand. `PROOF=full` (make proof): every zone
that changes its clock, every change.
"""

import calendar
import datetime as dt
import io
import os
import re
import sys
from collections import Counter

import icalendar
import pytest
from dateutil.tz import tzical

from customers.models import Customer
from messaging.kinds import kind_of
from messaging.models import Message
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.proofs.tzif import compiled, names
from visits.calendar_file import calendar_file
from visits.models import Visit
from visits.told import told

FROM = dt.datetime(2026, 3, 5, tzinfo=dt.UTC)
UNTIL = FROM.replace(year=2031)
pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
# Of a visit's start from a change of the clock, in minutes: before, across, at it, in what is run twice.
AROUND = (-24 * 60, -90, -60, -30, 0, 30, 45, 60, 24 * 60)
# Shifts of half an hour, in both hemispheres, negative summer time, two steps, midnight, odd offsets.
SAMPLE = (
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/Santiago",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "America/Havana",
)
MONTHS = calendar.month_name
WEEKDAYS = calendar.day_abbr
HOUR = dt.timedelta(hours=1)


def zones():
    """Those that change their clock in these years, with the changes: all of them, or a sample."""
    found = [(zone := compiled(name), zone.changes_between(FROM, UNTIL)) for name in names()]
    found = [(zone, changes) for zone, changes in found if changes]
    return found if FULL else [(zone, changes[:3]) for zone, changes in found if zone.name in SAMPLE]


def starts(change, number):
    """When visits begin near a change; every third in turn, so that all come up in each zone."""
    return [change + dt.timedelta(minutes=minutes) for minutes in AROUND[number % 3 :: 3]]


@pytest.fixture
def desk(cast):
    """A desk that writes times as 14:00, in English."""
    Tenant.objects.filter(pk=cast.north.tenant.pk).update(country="NL")
    return cast.north


def test_every_way_of_telling_the_hour_agrees_with_the_compiled_zone(desk, now, capsys):
    counts, differences = Counter(), []
    with tenant(desk.tenant):
        visit = make_plain_visit(desk, now=now, machines=[])
        for number, (zone, changes) in enumerate(zones()):
            counts["zones"] += 1
            # Every other zone is the customer's, the desk being elsewhere.
            is_customers = number % 2 == 1
            live_in(desk, zone.name, is_customers=is_customers)
            for turn, change in enumerate(changes):
                counts["changes"] += 1
                for start in starts(change, turn):
                    differences += compare(visit, start, zone, counts)
    with capsys.disabled():
        said = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        sys.stdout.write(f"\ntold hours: {said}, {len(differences)} differences\n")
    assert differences == []
    assert counts["zones"] == len(SAMPLE) if not FULL else counts["zones"] > 150
    assert counts["hours compared"] >= 8 * counts["visits"] > 0


def live_in(desk, name, *, is_customers):
    """The desk's zone, or the customer's at a desk in Kathmandu, which never changes its clock."""
    Tenant.objects.filter(pk=desk.tenant.pk).update(time_zone="Asia/Kathmandu" if is_customers else name)
    Customer.objects.filter(pk=desk.customer.pk).update(time_zone=name if is_customers else "")


def compare(visit, start, zone, counts):
    """What differs from the compiled zone, of one visit that begins at `start`."""
    end = start + HOUR
    first, last = zone.wall(start), zone.wall(end)
    visit = store(visit, start, end)
    counts["visits"] += 1
    expected = (first, f"{first:%H:%M}", f"{last:%H:%M}")
    found = {"stored": (dt.datetime.combine(visit.told_day, visit.told_from), *stored_hours(visit))}
    for channel in ("mail", "sms"):
        text = text_of(visit, channel)
        found[channel] = (first_told(text, first), *hours_said(text))
    found["calendar"] = calendar_says(visit, zone, start, end, counts)
    counts["hours compared"] += 2 * len(found)
    return [
        f"{zone.name} {start:%Y-%m-%d %H:%MZ} {where}: {said} instead of {expected}"
        for where, said in found.items()
        if said != expected
    ]


def store(visit, start, end) -> Visit:
    """As booking and moving keep it."""
    visit = Visit.objects.select_related("customer__tenant").get(pk=visit.pk)
    values = told(visit.customer, start, end)
    Visit.objects.filter(pk=visit.pk).update(
        window_start=start, window_end=end, planned_start=start, planned_end=end, **values
    )
    visit.refresh_from_db()
    return visit


def stored_hours(visit):
    return f"{visit.told_from:%H:%M}", f"{visit.told_until:%H:%M}"


def written(visit, channel) -> Message:
    return Message(
        kind="booked",
        channel=channel,
        customer=visit.customer,
        contact=visit.contact,
        subject=visit.public_id,
        subject_start=visit.planned_start,
        tenant=visit.customer.tenant,
    )


def text_of(visit, channel) -> str:
    message = written(visit, channel)
    return kind_of(message).write(message, now=FROM).text


def hours_said(text):
    return re.search(r"between (\d\d:\d\d) and (\d\d:\d\d)", text).groups()


def first_told(text, first):
    """The start, if the message names its day; else what it says."""
    year = "" if first.year == FROM.year else f" {first.year}"
    day = f"{WEEKDAYS[first.weekday()]} {first.day} {MONTHS[first.month]}{year} between"
    return first if day in text else text


def calendar_says(visit, zone, start, end, counts):
    """The walls of the entry's ends, once both readers of the file have found the very instants."""
    content = calendar_file(written(visit, "mail"), now=FROM).content
    (event,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    walls = []
    for name, instant in (("DTSTART", start), ("DTEND", end)):
        parsed = event[name].dt
        by_itself = by_its_own_zone(content.decode(), name)
        counts["instants read from calendars"] += 2
        # In UTC: Python calls a wall time that comes twice unequal to any instant of another zone.
        if parsed.astimezone(dt.UTC) != instant or by_itself != instant:
            return f"{name} is {parsed} or {by_itself}, not {instant}"
        # The second run of a doubled hour is written in UTC.
        walls.append(zone.wall(parsed) if parsed.tzinfo.key == "UTC" else parsed.replace(tzinfo=None))
    return walls[0], f"{walls[0]:%H:%M}", f"{walls[1]:%H:%M}"


def by_its_own_zone(content, name) -> dt.datetime:
    """The instant of a property by the VTIMEZONE in the file, as dateutil reads it."""
    line = re.search(rf"{name}([^\r\n]*)", content.split("BEGIN:VEVENT")[1])[1]
    zone = dt.UTC if line.endswith("Z") else tzical(io.StringIO(content)).get()
    wall = dt.datetime(*map(int, re.search(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)", line).groups()), tzinfo=zone)
    return wall.astimezone(dt.UTC)
