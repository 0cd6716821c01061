"""What the desk's settings lead to, in sentences with real days and times (design 4.7)."""

import datetime as dt

from cases.clocks import Deadline, after_pause
from servicedesk.moments import moment_word
from tenancy.calendars import Calendar, in_quiet_hours, instant_at, local_day, local_time
from tenancy.models import Tenant
from visits.follow_up import LEAVES_AT

PROMISED = dt.timedelta(hours=4)
AFTERNOON, EARLY_AFTERNOON, MORNING = dt.time(15, 30), dt.time(14, 0), dt.time(9, 0)
KILOMETRES = 10
FRIDAY = 4


def of_zone(calendar: Calendar, now: dt.datetime) -> str:
    """What the desk's clock shows."""
    here = local_time(now, calendar.zone)
    return f"At the desk it is {here:%H:%M} now, on {here:%A}."


def of_hours(calendar: Calendar, now: dt.datetime) -> str:
    """When a promise of four working hours ends that is made in the afternoon of the next working day."""
    try:
        day = calendar.next_working_day(local_day(now, calendar.zone) - dt.timedelta(days=1))
    except ValueError:
        return "The desk works on no day of the year that follows: no promise can be reckoned."
    made = instant_at(day, AFTERNOON, calendar.zone)
    due = calendar.due_after(made, PROMISED)
    ends_on, following = local_day(due, calendar.zone), calendar.next_working_day(day)
    if ends_on == day:
        when = "the same day"
    elif ends_on == following:
        when = "on the next working day"
    else:
        when = f"on the {ends_on:%A} after"
    return (
        f"A 4-hour promise made at {AFTERNOON:%H:%M} ends at {local_time(due, calendar.zone):%H:%M} {when}."
    )


def of_visits(desk: Tenant) -> str:
    """What a customer is told of a visit, and what the board keeps free for it."""
    start = dt.datetime.combine(dt.date.min, MORNING)
    window = start + dt.timedelta(minutes=desk.window_minutes)
    end = start + dt.timedelta(minutes=desk.visit_minutes)
    minutes = round(KILOMETRES * 60 / desk.travel_kmh)
    return (
        f"A visit planned for {start:%H:%M} is promised for {start:%H:%M} to {window:%H:%M} and keeps the "
        f"technician until {end:%H:%M}. {KILOMETRES} km on the road count as {minutes} minutes; where no "
        f"place is known, every way takes {desk.travel_minutes}."
    )


def of_promises(desk: Tenant, calendar: Calendar, now: dt.datetime) -> str:
    """By when each promise of one visit is due."""
    start, today = _visit_at(EARLY_AFTERNOON, calendar, now)
    ends = start + dt.timedelta(minutes=desk.window_minutes)

    def said(instant):
        return moment_word(instant, zone=calendar.zone, today=today)

    return (
        f"A visit planned for {said(start)}: confirmed by {said(_before(start, desk.confirmation_minutes))}, "
        f"called ahead by {said(_before(start, desk.call_ahead_minutes))}, late from {said(ends)}, "
        f"missed by us at {said(ends + dt.timedelta(minutes=desk.missed_after_minutes))}."
    )


def of_reminders(desk: Tenant, calendar: Calendar, now: dt.datetime) -> str:
    """When the reminders of one visit are due, and which of them fall into the quiet hours."""
    if not desk.reminder_minutes:
        return "No reminder is sent: only the confirmation at booking."
    start, today = _visit_at(MORNING, calendar, now)
    said = []
    for minutes in sorted(desk.reminder_minutes, reverse=True):
        at = _before(start, minutes)
        quiet = in_quiet_hours(
            at, zone=calendar.zone, quiet_from=desk.quiet_from, quiet_until=desk.quiet_until
        )
        said.append(
            moment_word(at, zone=calendar.zone, today=today) + (" (in the quiet hours)" if quiet else "")
        )
    visit = moment_word(start, zone=calendar.zone, today=today)
    return f"Of a visit planned for {visit} the customer is reminded {', '.join(said)}."


def of_follow_up(desk: Tenant, calendar: Calendar, now: dt.datetime) -> str:
    """When the customer of a visit is asked that is done now."""
    if desk.follow_up_days is None:
        return "Nobody is asked how a visit was."
    today = local_day(now, calendar.zone)
    asked = today + dt.timedelta(days=desk.follow_up_days)
    by_clock = f"from {LEAVES_AT:%H:%M} on by the customer’s clock"
    when = "today" if asked == today else f"on {asked:%A} {asked.day} {asked:%B}"
    return f"The customer of a visit that is done today is asked {when}, {by_clock}."


def of_waiting(desk: Tenant, calendar: Calendar, now: dt.datetime) -> str:
    """Until when a matter is settled that waited for its customer over a weekend."""
    today = local_day(now, calendar.zone)
    friday = today + dt.timedelta(days=(FRIDAY - today.weekday()) % 7)
    asked, answered, due = (
        instant_at(friday + dt.timedelta(days=days), clock, calendar.zone)
        for days, clock in ((0, dt.time(16)), (3, dt.time(10)), (4, dt.time(12)))
    )
    until = after_pause(
        Deadline(due_at=due),
        asked,
        answered,
        calendar=calendar,
        counts_working_time=desk.waiting_counts_working_time,
    )
    said = [moment_word(at, zone=calendar.zone, today=today) for at in (due, asked, answered, until.due_at)]
    return "A matter to be settled by {}, that waits for the customer from {} to {}, is due {}.".format(*said)


def length_in_words(minutes: int) -> str:
    """ "2 hours", "7 days", "90 minutes": as the reminders' field takes it."""
    for unit, size, least in (("day", 24 * 60, 2), ("hour", 60, 1)):
        if minutes % size == 0 and minutes // size >= least:
            count = minutes // size
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{minutes} minutes"


def _visit_at(clock: dt.time, calendar: Calendar, now: dt.datetime) -> tuple[dt.datetime, dt.date]:
    """A planned arrival ten days from now, and the desk's today."""
    today = local_day(now, calendar.zone)
    return instant_at(today + dt.timedelta(days=10), clock, calendar.zone), today


def _before(instant: dt.datetime, minutes: int) -> dt.datetime:
    return instant - dt.timedelta(minutes=minutes)
