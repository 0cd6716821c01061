"""When a technician does not come: leave, training, illness; and whose visits that hits."""

import datetime as dt

from django.db import transaction

from cases.duties import close_duty, open_duties
from cases.models import Duty
from messaging.keys import key_of
from tenancy.desk_settings import SettingRefused, may_set
from tenancy.models import Role
from visits.models import Absence, Assignment, Technician, Visit

# An absence longer than this is a slip of the pen.
LONGEST = dt.timedelta(days=366)
FIND_WITHIN = dt.timedelta(days=1)


@transaction.atomic
def add_absence(
    technician: Technician, *, starts_at: dt.datetime, ends_at: dt.datetime, reason: str, by, now: dt.datetime
) -> Absence:
    """Nobody is booked with them in that time any more; what is booked stays until somebody moves it.

    For each visit in that time a dispatcher owes another technician, within a day or before it begins.

    Raises PermissionDenied, and SettingRefused for a time that is over, back to front, or a year long.
    """
    may_set(by)
    if ends_at <= starts_at:
        raise SettingRefused("last", "It ends before it begins.")
    if ends_at <= now:
        raise SettingRefused("last", "It is over already.")
    if ends_at - starts_at > LONGEST:
        raise SettingRefused("last", "Choose at most a year. Who works here no more is not active.")
    absence = Absence.objects.create(
        technician=technician, starts_at=starts_at, ends_at=ends_at, reason=reason.strip()[:120]
    )
    open_duties(_to_find(absence, visit, now) for visit in _hit_by(absence, now))
    return absence


@transaction.atomic
def end_absence(absence: Absence, *, by, now: dt.datetime) -> None:
    """They come again from now on; one that has not begun never was. Its history stays.

    Raises PermissionDenied.
    """
    may_set(by)
    locked = Absence.objects.select_for_update(of=("self",)).filter(pk=absence.pk).first()
    if locked is None or locked.ends_at <= now:
        return
    keys = [_key(locked, visit) for visit in _hit_by(locked, now)]
    for duty in Duty.objects.open().filter(key__in=keys):
        close_duty(duty, by=by, now=now, outcome=f"{locked.technician.name} comes after all")
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


def _hit_by(absence, now):
    return visits_hit(absence.technician, start=absence.starts_at, end=absence.ends_at, now=now)


def _key(absence, visit):
    return key_of("duty", "away", absence.public_id, visit.public_id)


def _to_find(absence, visit, now) -> Duty:
    return Duty(
        key=_key(absence, visit),
        kind=Duty.Kind.PLACE_VISIT,
        title=f"Find somebody for visit {visit.number}: {absence.technician.name} is away",
        due_at=max(now, min(now + FIND_WITHIN, visit.planned_start)),
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
