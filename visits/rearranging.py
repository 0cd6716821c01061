"""Rearranging visits so that it can be taken back: every move that somebody at the desk makes (R2.4).

What the customers hear of it waits for two minutes; undone until then, nobody hears anything.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from django.db import transaction

from tenancy.calendars import local_time, zone_of
from tenancy.models import Membership
from visits.booking import undo_booking
from visits.locks import hold_if_over
from visits.models import RearrangedVisit, Rearrangement, Technician, Visit
from visits.places import (
    UNDO_TIME,
    TooLateToUndo,
    VisitChanged,
    crews_of,
    hold_technicians,
    hold_visits,
    place,
    who_changed,
)
from visits.relocating import Change, relocate
from visits.second_miss import renew_backup
from visits.snapshots import follow_back, put_back, snapshot
from visits.sweeper import catch_up_first
from visits.visit_events import Kind as EventKind
from visits.visit_events import tell_of_visit
from visits.visit_lines import add_visit_line

Kind = Rearrangement.Kind
TITLES = {
    Kind.MOVE: "Visit moved to",
    Kind.SWAP: "Visit swapped to",
    Kind.INSERTION: "Visit moved for an emergency to",
    Kind.ORDER: "Visit moved for a better order to",
}


def rearrange(
    kind: str,
    changes: Iterable[Change],
    *,
    reason: str,
    by: Membership | None,
    now: dt.datetime,
    title: str = "",
    minutes_saved: int | None = None,
    metres_saved: int | None = None,
) -> Rearrangement | None:
    """Make all the changes in one transaction, or none, and remember how the visits stood.

    `title` begins the line on the time lines, which goes on with day, clock and names.
    None where `by` is: what a customer moves through their own link is told at once and not undone.
    Raises VisitChanged, PlaceTaken, NeedsAgreement, or MoveRefused for what cannot be moved at all.
    """
    changes = list(changes)
    concerned = _technicians_of(changes)
    with transaction.atomic():
        # The clock's part stays where the person's act is refused: a transaction of its own.
        hold_technicians(concerned)
        hold_if_over([change.visit.pk for change in changes], now=now)
        changes = [_caught_up(change, now) for change in changes]
    with transaction.atomic():
        hold_technicians(concerned)
        crews = crews_of(change.visit.pk for change in changes)
        visits = hold_visits(crews)
        _refuse_others(crews, visits, concerned)
        before = {key: snapshot(visits[key], crews[key]) for key in visits} if by else {}
        relocate(
            changes,
            visits=visits,
            crews=crews,
            title=title or TITLES[kind],
            reason=reason,
            by=by,
            now=now,
            tell_after=now + UNDO_TIME if by else None,
        )
        if by is None:
            return None
        made = Rearrangement.objects.create(
            kind=kind,
            made_at=now,
            made_by=by,
            held_until=now + UNDO_TIME,
            minutes_saved=minutes_saved,
            metres_saved=metres_saved,
        )
        RearrangedVisit.objects.bulk_create(
            [
                RearrangedVisit(
                    rearrangement=made, visit=visits[key], before=before[key], version=visits[key].version
                )
                for key in sorted(visits)
            ]
        )
    return made


def add_booking(rearrangement: Rearrangement, visit: Visit) -> None:
    """A visit that was booked by the same act: undoing it undoes the booking."""
    RearrangedVisit.objects.create(rearrangement=rearrangement, visit=visit, before={}, version=visit.version)


def latest_rearrangement(visit: Visit, *, now: dt.datetime) -> Rearrangement | None:
    """What the visit was moved by last, while it can be undone: nobody changed the visit since."""
    row = (
        RearrangedVisit.objects.select_related("rearrangement", "visit")
        .filter(visit=visit, rearrangement__held_until__gt=now, rearrangement__undone_at=None)
        .order_by("-pk")
        .first()
    )
    return row.rearrangement if row is not None and row.version == row.visit.version else None


def undo(rearrangement: Rearrangement, *, by: Membership, now: dt.datetime) -> Rearrangement:
    """Put every visit of it back as it stood, in one transaction; undoing twice changes nothing.

    Raises TooLateToUndo when the customers have been told, VisitChanged when somebody changed one of
    the visits since, and PlaceTaken when another visit stands in an old place.
    """
    with transaction.atomic():
        rows = list(rearrangement.visits.order_by("visit_id"))
        crews = crews_of(row.visit_id for row in rows)
        old = {key for row in rows for key in row.before.get("technicians", [])}
        hold_technicians({who.pk for crew in crews.values() for who in crew} | old)
        visits = hold_visits(crews)
        made = Rearrangement.objects.select_for_update().get(pk=rearrangement.pk)
        if made.undone_at is not None:
            return made
        if now >= made.held_until:
            raise TooLateToUndo("Two minutes are over: move the visit again, so that the customer hears.")
        for row in rows:
            if visits[row.visit_id].version != row.version:
                raise VisitChanged(who_changed(visits[row.visit_id]))
        _put_all_back(made, rows, visits, by=by, now=now)
        made.undone_at, made.undone_by = now, by
        made.save(update_fields=["undone_at", "undone_by"])
    return made


def _technicians_of(changes) -> set[int]:
    """Who comes to the visits, and who is to come."""
    now_there = crews_of(change.visit.pk for change in changes)
    return {who.pk for crew in now_there.values() for who in crew} | {
        who.pk for change in changes for who in change.technicians
    }


def _refuse_others(crews, visits, held):
    """Who came to a visit meanwhile is not held, and held out of order would be waited for in a circle."""
    for key, crew in crews.items():
        if not {who.pk for who in crew} <= held:
            raise VisitChanged(who_changed(visits[key]))


def _caught_up(change, now) -> Change:
    version = catch_up_first(change.visit, now=now, version=change.version)
    return change if version == change.version else replace(change, version=version)


def _put_all_back(made, rows, visits, *, by, now):
    booked = [visits[row.visit_id] for row in rows if not row.before]
    moved = [(visits[row.visit_id], row) for row in rows if row.before]
    for visit in booked:
        undo_booking(visit, by=by, now=now)
    everybody = Technician.objects.in_bulk({key for _, row in moved for key in row.before["technicians"]})
    for visit, row in moved:
        put_back(visit, row.before, now=now)
    place([(visit, [everybody[key] for key in row.before["technicians"]]) for visit, row in moved])
    for visit, row in moved:
        follow_back(visit, row.before, moved_at=made.made_at, by=by, now=now)
        renew_backup(visit, now=now)
        # It stands as an earlier move left it: that one can be undone again.
        RearrangedVisit.objects.filter(visit=visit, version=row.before["visit"]["version"]).exclude(
            pk=row.pk
        ).update(version=visit.version)
        _tell_timeline(visit, [everybody[key] for key in row.before["technicians"]], by=by, now=now)


def _tell_timeline(visit, crew, *, by, now):
    start = local_time(visit.planned_start, zone_of(visit.tenant))
    names = " and ".join(who.name for who in crew) or "nobody"
    add_visit_line(
        visit,
        f"Move undone: back to {start:%a} {start.day} {start:%b}, {start:%H:%M}, {names}",
        now=now,
        by=by,
        step=f"undone {visit.version}",
    )
    tell_of_visit(EventKind.VISIT_MOVED, visit, now=now)
