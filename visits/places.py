"""Technicians' time on the board: held while it is changed, given up and taken anew (R2.4).

Whoever changes who comes when holds first the technicians, in the order of their keys, then the
visits in the order of theirs: so nobody waits for each other in a circle (`visits.locks`). The
database refuses a technician in two places whatever this module thinks.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from django.db import connection

from tenancy.calendars import local_time, zone_of
from tenancy.constraints import told_as
from tenancy.models import Membership
from tenancy.prepared import Among, Keys, Prepared
from visits.hindrances import Hindrances
from visits.models import Assignment, Technician, Visit

# So long a booking, a move or a cancelling can be undone, and so long the customer hears nothing of it.
UNDO_TIME = dt.timedelta(minutes=2)


class MoveRefused(ValueError):
    """The visit was not moved; the text says why and what to do instead."""


class VisitChanged(MoveRefused):
    """Somebody else changed the visit since the mover saw it."""


class PlaceTaken(MoveRefused):
    """The technician has another visit at that time."""


class NeedsAgreement(MoveRefused):
    """The customer's yes is missing, or a supervisor's reason."""


class TooLateToUndo(ValueError):
    """The time for undoing is over: the customer has been told, or will be at any moment."""


def hold_technicians(keys: Iterable[int]) -> None:
    """Keep everybody else from changing the time of these technicians (primary keys) until the commit."""
    with connection.cursor() as cursor:
        for key in sorted(set(keys)):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('technician', %s))", [key])


def hold_visits(keys: Iterable[int]) -> dict[int, Visit]:
    """The rows of these visits (primary keys), locked in order; the technicians are held before."""
    return {visit.pk: visit for visit in Visit.objects.select_for_update().filter(pk__in=keys).order_by("pk")}


_WHO_COMES = Prepared(
    lambda visits: (
        Assignment.objects.filter(Among("visit", visits))
        .select_related("technician__membership")
        .order_by("pk")
    ),
    visits=Keys(),
)


def crews_of(keys: Iterable[int]) -> dict[int, list[Technician]]:
    """Who comes to each of these visits (primary keys), the one who is named to the customer first."""
    crews: dict[int, list[Technician]] = {key: [] for key in keys}
    for assignment in _WHO_COMES.rows(visits=list(crews)):
        crews[assignment.visit_id].append(assignment.technician)
    return crews


def place(placed: list[tuple[Visit, list[Technician]]]) -> None:
    """Give each visit these technicians for its planned time, all at once: nobody sees it half done.

    The first of each is the one named. Raises PlaceTaken with who stands in the way.
    """
    wanted = [
        Assignment(visit=visit, technician=who, starts_at=visit.planned_start, ends_at=visit.planned_end)
        for visit, crew in placed
        for who in crew
    ]
    with place_is_free(lambda: _taken_words(wanted)):
        # Two that change places would meet halfway: all leave before anybody comes.
        Assignment.objects.filter(visit__in=[visit for visit, _ in placed]).delete()
        Assignment.objects.bulk_create(wanted)


def place_is_free(else_says: Callable[[], str]) -> AbstractContextManager[None]:
    """Take technicians' time within; raises PlaceTaken with these words where one would be in two places."""
    return told_as(lambda: PlaceTaken(else_says()), constraint="assignment_never_in_two_places")


def who_changed(visit: Visit) -> str:
    """In words: who changed the visit last, and how it stands now."""
    zone = zone_of(visit.tenant)
    member = changed_by(visit)
    names = ", ".join(who.name for who in crews_of([visit.pk])[visit.pk]) or "nobody"
    start = local_time(visit.planned_start, zone)
    return (
        f"{member.name if member else 'Somebody'} changed this visit at "
        f"{local_time(visit.changed_at, zone):%H:%M}. It stands with {names} on "
        f"{start:%a} {start.day} {start:%b}, {start:%H:%M}. Look at it again."
    )


def changed_by(visit: Visit) -> Membership | None:
    """Who changed the visit last; None where the clock did, or a customer."""
    change = visit.history.order_by("-pgh_created_at", "-pk").first()
    user = (change.pgh_context or {}).get("user") if change else None
    return Membership.objects.select_related("user").filter(user_id=user).first() if user else None


def _taken_words(wanted):
    ours = [assignment.visit_id for assignment in wanted]
    hindrances = Hindrances(
        {assignment.technician for assignment in wanted},
        start=min(assignment.starts_at for assignment in wanted),
        end=max(assignment.ends_at for assignment in wanted),
        besides=ours,
    )
    for assignment in wanted:
        visit, who = assignment.visit, assignment.technician
        other = hindrances.visit(who, assignment.starts_at, assignment.ends_at)
        if other is not None:
            clock = local_time(other.planned_start, zone_of(visit.tenant))
            return f"{who.first_name} has another visit then, from {clock:%H:%M}. Choose another time."
    return "One of these technicians would have two visits at once. Choose another time."
