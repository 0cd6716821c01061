"""When a technician does not come: leave, training, illness."""

import datetime as dt

from django.db import transaction

from cases.presence import knows_who_is_away
from cases.promise_owners import hand_on_from
from tenancy.desk_settings import SettingRefused, may_set
from visits.lost_places import AWAY, have_places_again, need_places, visits_hit
from visits.models import Absence, Technician

# An absence longer than this is a slip of the pen.
LONGEST = dt.timedelta(days=366)


knows_who_is_away(Absence, "technician__membership")


@transaction.atomic
def add_absence(
    technician: Technician, *, starts_at: dt.datetime, ends_at: dt.datetime, reason: str, by, now: dt.datetime
) -> Absence:
    """Nobody is booked with them in that time any more; what is booked stays until somebody moves it.

    For each visit in that time a dispatcher owes another technician (`lost_places`).

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
    cause, why = (AWAY, absence.public_id), f"{technician.name} is away"
    need_places(((cause, visit, why) for visit in _hit_by(absence, now)), now=now)
    if technician.membership is not None:
        # What they promised by hand for that time somebody else keeps.
        hand_on_from(technician.membership, now=now)
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
    cause, outcome = (AWAY, locked.public_id), f"{locked.technician.name} comes after all"
    have_places_again(((cause, visit) for visit in _hit_by(locked, now)), outcome=outcome, by=by, now=now)
    if locked.starts_at >= now:
        locked.delete()
    else:
        locked.ends_at = now
        locked.save(update_fields=["ends_at"])


def _hit_by(absence, now):
    return visits_hit(absence.technician, start=absence.starts_at, end=absence.ends_at, now=now)
