"""When a technician does not come: leave, training, illness; and whose visits that hits."""

import datetime as dt

from django.db import transaction

from tenancy.desk_settings import SettingRefused, may_set
from visits.models import Absence, Assignment, Technician, Visit

# An absence longer than this is a slip of the pen.
LONGEST = dt.timedelta(days=366)


@transaction.atomic
def add_absence(
    technician: Technician, *, starts_at: dt.datetime, ends_at: dt.datetime, reason: str, by, now: dt.datetime
) -> Absence:
    """Nobody is booked with them in that time any more; what is booked stays, and is for a person to move.

    Raises PermissionDenied, and SettingRefused for a time that is over, back to front, or a year long.
    """
    may_set(by)
    if ends_at <= starts_at:
        raise SettingRefused("last", "It ends before it begins.")
    if ends_at <= now:
        raise SettingRefused("last", "It is over already.")
    if ends_at - starts_at > LONGEST:
        raise SettingRefused("last", "Choose at most a year. Who works here no more is not active.")
    return Absence.objects.create(
        technician=technician, starts_at=starts_at, ends_at=ends_at, reason=reason.strip()[:120]
    )


@transaction.atomic
def end_absence(absence: Absence, *, by, now: dt.datetime) -> None:
    """They come again from now on; one that has not begun never was. Its history stays.

    Raises PermissionDenied.
    """
    may_set(by)
    locked = Absence.objects.select_for_update(of=("self",)).filter(pk=absence.pk).first()
    if locked is None or locked.ends_at <= now:
        return
    if locked.starts_at >= now:
        locked.delete()
    else:
        locked.ends_at = now
        locked.save(update_fields=["ends_at"])


def visits_hit(
    technician: Technician, *, start: dt.datetime, end: dt.datetime, now: dt.datetime
) -> list[Visit]:
    """Visits that still stand with a technician between two instants, the first first: one query."""
    return _booked(start, end, now, assignments__technician=technician)


def visits_on(start: dt.datetime, end: dt.datetime, *, now: dt.datetime) -> list[Visit]:
    """The same of all technicians: what a day off of the desk would hit. One query."""
    return _booked(start, end, now)


def _booked(start, end, now, **whose) -> list[Visit]:
    rows = Visit.objects.filter(
        assignments__state__in=Assignment.BLOCKING_STATES,
        assignments__starts_at__lt=end,
        assignments__ends_at__gt=max(start, now),
        state__in=Visit.WAITING_STATES,
        **whose,
    )
    return list(rows.select_related("customer", "site").order_by("planned_start", "pk").distinct())
