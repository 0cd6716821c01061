"""What a technician's calendar program reads: their visits of the last and the next weeks (RFC 5545).

It leaves our house for a calendar provider's: each entry says where, when, whom for and on what machine, and
nothing else. What people wrote (problem, notes, findings) may hold a gate's code, so none of it goes out;
neither do telephone numbers and prices. The rest stands behind the entry's link, where one signs in.
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from icalendar import Calendar, Event
from icalendar.prop import vDuration, vText

from tenancy.calendars import UTC, day_bounds, local_day, local_time, zone_named, zone_of
from visits.calendar_file import CANCELLED, PRODUCT, zone_rules
from visits.models import Assignment, Technician, Visit

# Of the desk's days around today.
DAYS_BACK, DAYS_AHEAD = 14, 90
# How soon a calendar program may come again; some come less often whatever we say.
COME_AGAIN = dt.timedelta(hours=1)
# Another one whenever the same visits are to be written otherwise: who has read them reads them anew.
FORMAT = 1
State = Visit.State
# A calendar may show a cancelled entry like any other: the words say it, too.
SAID_FIRST = {**dict.fromkeys(CANCELLED, "Cancelled: "), State.MISSED: "Missed: "}


@dataclass(frozen=True)
class Entry:
    """One visit as it stands in a technician's calendar; instants in UTC."""

    uid: str
    version: int
    changed_at: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    state: str
    summary: str
    place: str
    words: str


@dataclass(frozen=True)
class TechniciansCalendar:
    """A technician's entries, on the clock of a zone; `year` is the desk's present one."""

    name: str
    zone: str
    year: int
    entries: tuple[Entry, ...]

    @property
    def edition(self) -> str:
        """A word that is another one as soon as anything would be read otherwise; cheaper than the file."""
        return hashlib.sha256(repr((FORMAT, self)).encode()).hexdigest()[:32]

    def content(self) -> bytes:
        """The file."""
        calendar = Calendar()
        calendar.add("prodid", PRODUCT)
        calendar.add("version", "2.0")
        # icalendar takes what it does not know as it is: these say of which type they are.
        calendar.add("x-wr-calname", vText(self.name))
        calendar.add("x-wr-timezone", vText(self.zone))
        calendar.add("refresh-interval", COME_AGAIN, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", vDuration(COME_AGAIN))
        calendar.add_component(zone_rules(self.zone, self.year))
        for entry in self.entries:
            calendar.add_component(_event(entry, zone_named(self.zone)))
        return calendar.to_ical()


def calendar_of(
    technician: Technician, *, address_of: Callable[[Visit], str], now: dt.datetime
) -> TechniciansCalendar:
    """A technician's visits from 14 days back to 90 ahead, the cancelled among them: three queries.

    `address_of` gives the full address at which a visit is opened.
    """
    zone = zone_of(technician.tenant)
    today = local_day(now, zone)
    start, _ = day_bounds(today - dt.timedelta(days=DAYS_BACK), zone)
    _, end = day_bounds(today + dt.timedelta(days=DAYS_AHEAD), zone)
    rows = Assignment.objects.filter(technician=technician, starts_at__gte=start, starts_at__lt=end)
    rows = rows.select_related("visit__customer", "visit__site").order_by("starts_at", "pk")
    rows = rows.prefetch_related("visit__assignments__technician", "visit__machines__equipment")
    return TechniciansCalendar(
        name=f"{technician.tenant.name}: {technician.name}",
        zone=zone.key,
        year=today.year,
        entries=tuple(_entry(row, technician, zone, address_of(row.visit)) for row in rows),
    )


def _entry(assignment, technician, zone, address) -> Entry:
    visit = assignment.visit
    who = visit.customer.short_name
    return Entry(
        uid=f"visit-{visit.public_id}-{technician.public_id}",
        version=visit.version,
        changed_at=local_time(visit.changed_at, UTC),
        starts_at=local_time(assignment.starts_at, UTC),
        ends_at=local_time(assignment.ends_at, UTC),
        state=_status(visit.state),
        summary=f"{SAID_FIRST.get(visit.state, '')}{visit.get_kind_display()}: {who}",
        place=visit.site.address,
        words="\n".join(_words(visit, technician, zone, address)),
    )


def _status(state) -> str:
    if state in CANCELLED:
        return "CANCELLED"
    return "TENTATIVE" if state == State.BOOKED else "CONFIRMED"


def _words(visit, technician, zone, address):
    if visit.awaits_approval:
        yield "Waits for a supervisor’s approval."
    else:
        first, last = (local_time(at, zone) for at in (visit.window_start, visit.window_end))
        yield f"{visit.get_state_display()}. Told the customer: {first:%H:%M} to {last:%H:%M}."
    if machines := sorted(each.equipment.name for each in visit.machines.all()):
        yield "; ".join(machines)
    crew = (each.technician for each in visit.assignments.all())
    if others := sorted(other.name for other in crew if other != technician):
        yield f"With {', '.join(others)}"
    yield address


def _event(entry, zone) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.version)
    # Of the visit, not of the asking: what has not changed is read as the same bytes.
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("dtstart", _on_the_clock(entry.starts_at, zone))
    event.add("dtend", _on_the_clock(entry.ends_at, zone))
    event.add("summary", entry.summary)
    event.add("status", entry.state)
    # Who is cancelled on is free.
    event.add("transp", "TRANSPARENT" if entry.state == "CANCELLED" else "OPAQUE")
    if entry.place:
        event.add("location", entry.place)
    event.add("description", entry.words)
    return event


def _on_the_clock(instant, zone) -> dt.datetime:
    """In the zone, but the second run of a doubled hour in UTC: there its wall time means the first."""
    local = local_time(instant, zone)
    return local_time(instant, UTC) if local.fold else local
