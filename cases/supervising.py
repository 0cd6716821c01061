"""Who the supervisor is: the manager whom the desk names for a person; and their business hour."""

import datetime as dt

from cases.presence import away_at
from tenancy.calendars import calendar_of
from tenancy.models import Membership, Role, Tenant


def supervisor_of(person: Membership | None, *, now: dt.datetime | None = None) -> Membership | None:
    """The person's lead, if a manager; a manager for themselves; else any manager of the desk, or None.

    Nobody who has left the desk is named, and who is away at `now` only where nobody else is here.
    """
    named = [person.lead_id, person.pk] if person is not None else []
    known = sorted(
        _managers(), key=lambda manager: named.index(manager.pk) if manager.pk in named else len(named)
    )
    return _first_here(known, now)


def lead_of(person: Membership | None, *, now: dt.datetime) -> Membership | None:
    """Who hears when a person's promise was broken: their lead, else another manager, else themselves.

    Who is away is passed over while somebody is here. None: nobody leads at this desk.
    """
    lead = person.lead if person is not None else None
    known = [lead] if lead is not None and lead.ended_at is None else []
    known += [manager for manager in _managers() if manager not in known and manager != person]
    if person is not None and person.role == Role.MANAGER and person.ended_at is None:
        known.append(person)
    return _first_here(known, now)


def business_hours_after(desk: Tenant, working: dt.timedelta, *, now: dt.datetime) -> dt.datetime:
    """When so much of the desk's working time has passed; a desk without hours waits by the clock."""
    try:
        return calendar_of(desk).due_after(now, working)
    except ValueError:
        return now + working


def _managers() -> list[Membership]:
    managers = Membership.objects.filter(role=Role.MANAGER, ended_at__isnull=True)
    return list(managers.select_related("user").order_by("pk"))


def _first_here(known: list[Membership], now: dt.datetime | None) -> Membership | None:
    if now is None or not known:
        return known[0] if known else None
    away = away_at(known, start=now, end=now)
    return next((one for one in known if one.pk not in away), known[0])
