"""Two visits that change technicians, or change places altogether, in one act (R2.4, R2.6)."""

import datetime as dt
from collections.abc import Collection

from tenancy.models import Membership
from visits.models import Rearrangement, Visit
from visits.places import MoveRefused, crews_of
from visits.rearranging import rearrange
from visits.relocating import Change


def swap_visits(
    first: Visit,
    second: Visit,
    *,
    versions: tuple[int, int],
    reason: str,
    by: Membership,
    now: dt.datetime,
    agreed: Collection[Visit] = (),
    tell: bool = True,
    swap_times: bool = False,
) -> Rearrangement:
    """Give each visit the technicians of the other; with `swap_times` the other's start as well.

    `versions` are those that the one who swaps saw, `agreed` the visits whose customers said yes. Each
    keeps its own length. A confirmed visit needs its customer's yes or a manager's reason, as in a
    move. Raises VisitChanged, PlaceTaken, NeedsAgreement, or MoveRefused.
    """
    if first.pk == second.pk:
        raise MoveRefused("Choose another visit to swap it with.")
    crews = crews_of([first.pk, second.pk])
    if not crews[first.pk] or not crews[second.pk]:
        raise MoveRefused("One of them is with nobody yet: move it instead.")
    if crews[first.pk] == crews[second.pk] and not swap_times:
        raise MoveRefused("The same technician comes to both: swap their times instead.")
    seen = Visit.objects.in_bulk([first.pk, second.pk])
    return rearrange(
        Rearrangement.Kind.SWAP,
        [
            Change(
                visit=visit,
                version=version,
                technicians=tuple(crews[other.pk]),
                start=seen[other.pk if swap_times else visit.pk].planned_start,
                length=seen[visit.pk].planned_end - seen[visit.pk].planned_start,
                agreed=visit.pk in {yes.pk for yes in agreed},
                tell=tell,
            )
            for visit, other, version in ((first, second, versions[0]), (second, first, versions[1]))
        ],
        reason=reason,
        by=by,
        now=now,
    )
