"""Who comes along: a crew of two or more, one of them named to the customer (R2.4, R2.6)."""

import datetime as dt

from cases.models import Duty
from tenancy.models import Membership
from visits.models import Rearrangement, Technician, Visit
from visits.places import MoveRefused, crews_of
from visits.rearranging import rearrange
from visits.relocating import Change
from visits.visit_duties import open_visit_duty

MOST = 4
FIND_WITHIN = dt.timedelta(hours=1)


def add_member(
    visit: Visit, technician: Technician, *, reason: str = "", by: Membership, now: dt.datetime, version: int
) -> Rearrangement:
    """Let one more come along, for the whole visit; nobody else's place changes, and nobody is told.

    Raises PlaceTaken, VisitChanged, or MoveRefused when they come already or there are four.
    """
    crew = crews_of([visit.pk])[visit.pk]
    if technician in crew:
        raise MoveRefused(f"{technician.first_name} comes already.")
    if not crew:
        raise MoveRefused("Nobody comes yet: give the visit to somebody first.")
    if len(crew) >= MOST:
        raise MoveRefused(f"{MOST} come already: more cannot be sent.")
    return _recrew(
        visit,
        [*crew, technician],
        f"{technician.name} comes along on",
        reason,
        by=by,
        now=now,
        version=version,
    )


def remove_member(
    visit: Visit,
    technician: Technician,
    *,
    reason: str,
    by: Membership,
    now: dt.datetime,
    version: int,
    still_needed: bool = False,
    agreed: bool = False,
) -> Rearrangement:
    """Let one of a crew stay away; `still_needed` opens a duty to find somebody else.

    Where the one who was named stays away the next is named, and the customer is told. Once they have
    confirmed it needs their yes (`agreed`) or a manager's reason. Raises NeedsAgreement, VisitChanged,
    or MoveRefused when nobody would be left.
    """
    crew = crews_of([visit.pk])[visit.pk]
    rest = [who for who in crew if who != technician]
    if len(rest) == len(crew):
        raise MoveRefused(f"{technician.first_name} does not come anyway.")
    if not rest:
        raise MoveRefused("Nobody would be left: give the visit to somebody else instead.")
    made = _recrew(
        visit,
        rest,
        f"{technician.name} comes no more on",
        reason,
        by=by,
        now=now,
        version=version,
        agreed=agreed,
        tell=rest[0] != crew[0],
        size=None if still_needed else len(rest),
    )
    if still_needed:
        _find_another(visit, technician, by=by, now=now)
    return made


def _recrew(visit, crew, title, reason, *, by, now, version, agreed=False, tell=False, size=None):
    seen = Visit.objects.get(pk=visit.pk)
    change = Change(
        visit=visit,
        version=version,
        technicians=tuple(crew),
        start=seen.planned_start,
        length=seen.planned_end - seen.planned_start,
        agreed=agreed,
        tell=tell,
        crew=size,
    )
    return rearrange(Rearrangement.Kind.MOVE, [change], title=title, reason=reason, by=by, now=now)


def _find_another(visit, technician, *, by, now):
    visit = Visit.objects.select_related("customer", "case").get(pk=visit.pk)
    open_visit_duty(
        visit,
        "crew",
        visit.version,
        kind=Duty.Kind.PLACE_VISIT,
        title=f"Find somebody for visit {visit.number}: {technician.name} does not come",
        detail=f"It takes {visit.crew}.",
        due_at=max(now, min(now + FIND_WITHIN, visit.planned_start)),
        now=now,
        owner=by,
    )
