"""Visits whose place is gone: who was to come is away, has left, or works not then any more (R2.4, R4.1).

The customer was promised the visit, so it stays booked. A dispatcher owes it another technician or
another time, once for each cause, until somebody places it or the cause is gone.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable

from cases.models import Duty
from messaging.keys import key_of
from tenancy.calendars import Calendar, local_day
from tenancy.models import Membership, Role
from visits.availability import Hours, working_spans
from visits.models import Assignment, Technician, Visit

FIND_WITHIN = dt.timedelta(days=1)
# Nobody books a visit further ahead.
FAR_AHEAD = dt.timedelta(days=1830)
# What takes a place; with whose or which one it is, it makes a cause.
AWAY, LEFT, HOURS, CLOSED = "away", "left", "hours", "closed"
Cause = tuple
# A cause, the visit, and why in words that follow its number in the title.
Loss = tuple[Cause, Visit, str]


class VisitsHit(Exception):
    """It would take the place of these visits, and the caller does not know of all of them."""

    def __init__(self, visits: list[Visit]):
        super().__init__(f"{len(visits)} visits would lose their place.")
        self.visits = visits


def refuse_unless_known(hit: list[Visit], known: Collection[uuid.UUID]) -> None:
    """Nothing takes the place of a visit (by its public id) before somebody knows. Raises VisitsHit."""
    if any(visit.public_id not in known for visit in hit):
        raise VisitsHit(hit)


def visits_hit(
    technician: Technician, *, start: dt.datetime, end: dt.datetime, now: dt.datetime
) -> list[Visit]:
    """Visits that still stand with a technician between two instants, the first first: one query."""
    return _booked(start, end, now, assignments__technician=technician)


def visits_on(start: dt.datetime, end: dt.datetime, *, now: dt.datetime) -> list[Visit]:
    """The same of all technicians: what a day off of the desk would hit. One query."""
    return _booked(start, end, now)


def visits_of(technician: Technician, *, now: dt.datetime) -> list[Visit]:
    """Every visit that still stands with a technician: one query."""
    return visits_hit(technician, start=now, end=now + FAR_AHEAD, now=now)


def need_places(lost: Iterable[Loss], *, now: dt.datetime) -> int:
    """Owe each visit another technician or time, within a day or before it begins; how many are new.

    What was settled before for the same cause is owed again. Four statements, however many they are.
    """
    wanted = {_key(cause, visit): (visit, why) for cause, visit, why in lost}
    known = {duty.key: duty for duty in Duty.objects.filter(key__in=wanted)}
    again = [duty for duty in known.values() if duty.closed_at is not None]
    for duty in again:
        duty.opened_at, duty.due_at = now, _due_at(wanted[duty.key][0], now)
        duty.closed_at, duty.closed_by, duty.outcome = None, None, ""
    Duty.objects.bulk_update(again, ["opened_at", "due_at", "closed_at", "closed_by", "outcome"])
    new = [_duty(key, visit, why, now) for key, (visit, why) in wanted.items() if key not in known]
    Duty.objects.bulk_create(new, ignore_conflicts=True)
    return len(again) + len(new)


def have_places_again(
    found: Iterable[tuple[Cause, Visit]], *, outcome: str, by: Membership, now: dt.datetime
) -> int:
    """A cause is gone: nobody owes its visits another place for it any more; how many were owed one."""
    owed = Duty.objects.open().filter(key__in=[_key(cause, visit) for cause, visit in found])
    return owed.update(closed_at=now, closed_by=by, outcome=outcome[:300])


def mind_hours(
    technicians: Iterable[Technician],
    before: tuple[Calendar, Hours],
    after: tuple[Calendar, Hours],
    *,
    by: Membership,
    now: dt.datetime,
    known: Collection[uuid.UUID],
) -> list[Visit]:
    """Other hours: which visits lose their place by them and are owed another, in their order.

    Hours are the technician's own, none: the calendar's. What stood outside the hours before was put
    there by a person, and loses nothing. Raises VisitsHit unless all of them are `known`.
    """
    rows = Assignment.objects.filter(
        technician__in=technicians,
        state__in=Assignment.BLOCKING_STATES,
        visit__state__in=Visit.WAITING_STATES,
        ends_at__gt=now,
    ).select_related("technician", "visit__customer", "visit__case")
    lost, found = [], []
    for row in rows.order_by("starts_at", "pk"):
        was, becomes = (_works(row, calendar, hours) for calendar, hours in (before, after))
        who = row.technician
        cause = (HOURS, who.public_id)
        if was and not becomes:
            lost.append((cause, row.visit, f"{who.name} does not work then any more"))
        elif becomes and not was:
            found.append((cause, row.visit))
    hit = list({visit.pk: visit for _, visit, _ in lost}.values())
    refuse_unless_known(hit, known)
    need_places(lost, now=now)
    have_places_again(found, outcome="The hours hold it again", by=by, now=now)
    return hit


def _works(row, calendar, hours) -> bool:
    day = local_day(row.starts_at, calendar.zone)
    spans = working_spans(day, calendar, hours, row.technician.subdivision)
    return any(opens <= row.starts_at and row.ends_at <= closes for opens, closes in spans)


def _key(cause, visit):
    return key_of("duty", *cause, visit.public_id)


def _due_at(visit, now) -> dt.datetime:
    return max(now, min(now + FIND_WITHIN, visit.planned_start))


def _duty(key, visit, why, now) -> Duty:
    return Duty(
        key=key,
        kind=Duty.Kind.PLACE_VISIT,
        title=f"Find somebody for visit {visit.number}: {why}"[:200],
        due_at=_due_at(visit, now),
        opened_at=now,
        owner_role=Role.DISPATCHER,
        customer=visit.customer,
        case=visit.case,
        subject=visit.public_id,
    )


def _booked(start, end, now, **whose) -> list[Visit]:
    rows = Visit.objects.filter(
        assignments__state__in=Assignment.BLOCKING_STATES,
        assignments__starts_at__lt=end,
        assignments__ends_at__gt=max(start, now),
        state__in=Visit.WAITING_STATES,
        **whose,
    )
    return list(rows.select_related("customer", "site", "case").order_by("planned_start", "pk").distinct())
