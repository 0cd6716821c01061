"""Moving a visit: another time, another technician, another length (R2.4, R2.6, R4.3)."""

import datetime as dt
from collections.abc import Iterable

from tenancy.models import Membership
from visits.models import Rearrangement, Technician, Visit
from visits.places import crews_of
from visits.rearranging import rearrange
from visits.relocating import Change


def move_visit(
    visit: Visit,
    *,
    technician: Technician,
    start: dt.datetime,
    reason: str,
    by: Membership | None,
    now: dt.datetime,
    version: int,
    minutes: int | None = None,
    agreed_by_customer: bool = False,
    tell_customer: bool = True,
    others: Iterable[Technician] | None = None,
) -> Visit:
    """Give a waiting visit to `technician` from the instant `start`, for `minutes` (as long as before).

    `by` is None where the customer moves it through their own link. The window moves with the
    block, and the customer is told, two minutes later when somebody at the desk moves it: until then
    `rearranging.undo` takes it back (`rearranging.latest_rearrangement` finds it). Where nobody tells
    them, and they have not agreed, the window stays as promised and the new start must lie in it. Of a
    crew the technician takes the place of the first, and the rest come along, unless `others` are to.
    Raises VisitChanged, PlaceTaken, NeedsAgreement, or MoveRefused for what cannot be moved at all.
    """
    seen = Visit.objects.get(pk=visit.pk)
    crew = with_first(crews_of([visit.pk])[visit.pk], technician)
    if others is not None:
        crew = tuple(dict.fromkeys([technician, *others]))
    rearrange(
        Rearrangement.Kind.MOVE,
        [
            Change(
                visit=visit,
                version=version,
                technicians=crew,
                start=start,
                length=dt.timedelta(minutes=minutes) if minutes else seen.planned_end - seen.planned_start,
                agreed=agreed_by_customer,
                tell=tell_customer,
            )
        ],
        reason=reason,
        by=by,
        now=now,
    )
    return Visit.objects.get(pk=visit.pk)


def with_first(crew: list[Technician], technician: Technician) -> tuple[Technician, ...]:
    """The crew with the technician in the place of the first, or as it is when they belong to it."""
    return tuple(crew) if technician in crew else (technician, *crew[1:])
