"""Who the supervisor is: the manager whom the desk names for a person; and their business hour."""

import datetime as dt

from cases.presence import away_at
from tenancy.calendars import calendar_of
from tenancy.models import Membership, Role, Tenant


def supervisor_of(person: Membership | None, *, now: dt.datetime | None = None) -> Membership | None:
    """The person's lead, if a manager; a manager for themselves; else any manager of the desk, or None.

    Nobody who has left the desk is named, and who is away at `now` only where nobody else is here.
    """
    managers = Membership.objects.filter(role=Role.MANAGER, ended_at__isnull=True).select_related("user")
    known = list(managers.order_by("pk"))
    named = [person.lead_id, person.pk] if person is not None else []
    known.sort(key=lambda manager: named.index(manager.pk) if manager.pk in named else len(named))
    if now is None or not known:
        return known[0] if known else None
    away = away_at(known, start=now, end=now)
    return next((manager for manager in known if manager.pk not in away), known[0])


def business_hours_after(desk: Tenant, working: dt.timedelta, *, now: dt.datetime) -> dt.datetime:
    """When so much of the desk's working time has passed; a desk without hours waits by the clock."""
    try:
        return calendar_of(desk).due_after(now, working)
    except ValueError:
        return now + working
