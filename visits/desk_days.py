"""When the desk works at all: days off and hours, with what becomes of the visits that stand then."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable

from django.db import transaction

from tenancy.calendars import calendar_of, day_bounds, local_day, zone_of
from tenancy.desk_settings import add_closure, remove_closure, set_hours
from tenancy.models import Closure, Tenant
from tenancy.weekly_hours import Span
from visits.lost_places import (
    CLOSED,
    have_places_again,
    mind_hours,
    need_places,
    refuse_unless_known,
    visits_on,
)
from visits.models import Technician, Visit


@transaction.atomic
def close_day(
    desk: Tenant, *, day: dt.date, name: str, by, now: dt.datetime, known: Collection[uuid.UUID] = ()
) -> Closure:
    """Close the desk on a day; for each visit that stands then a dispatcher owes another place.

    Raises PermissionDenied, SettingRefused, and VisitsHit unless all of them (by public id) are `known`.
    """
    zone = zone_of(desk)
    closure = add_closure(day=day, name=name, by=by, today=local_day(now, zone))
    hit = visits_on(*day_bounds(day, zone), now=now)
    refuse_unless_known(hit, known)
    why = f"the desk is closed on {day:%a} {day.day} {day:%b}"
    need_places((((CLOSED, closure.public_id), visit, why) for visit in hit), now=now)
    return closure


@transaction.atomic
def open_day(desk: Tenant, closure: Closure, *, by, now: dt.datetime) -> None:
    """The desk works on that day after all, and nothing is owed for it. Raises PermissionDenied."""
    cause = (CLOSED, closure.public_id)
    stands = visits_on(*day_bounds(closure.day, zone_of(desk)), now=now)
    remove_closure(closure, by=by)
    outcome = "The desk works on that day after all"
    have_places_again(((cause, visit) for visit in stands), outcome=outcome, by=by, now=now)


@transaction.atomic
def set_desk_hours(
    desk: Tenant, spans: Iterable[Span], *, seen: str, by, now: dt.datetime, known: Collection[uuid.UUID] = ()
) -> list[Visit]:
    """The desk's hours from now on; which visits lose their place by them, and are owed another.

    Those of technicians with hours of their own stay. Raises what `set_hours` does, and VisitsHit
    unless all of them (by public id) are `known`.
    """
    before = calendar_of(desk)
    set_hours(desk, spans, seen=seen, by=by, now=now)
    without_own = Technician.objects.filter(is_active=True, working_hours=None)
    after = calendar_of(desk)
    return mind_hours(without_own, (before, ()), (after, ()), by=by, now=now, known=known)
