"""Giving visits another place on the board: one function for every way in (R2.4, R2.6, R4.3).

A move, a swap, a crew that changes, an emergency put in between and a better order are all some
changes made in one transaction, each of them allowed or none. The caller holds the technicians
and the visits, see `visits.places`.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from cases.duties import close_duties_about
from cases.models import Duty, Promise
from messaging import outbox
from tenancy.calendars import local_time, zone_of
from tenancy.models import Membership, Role
from visits.announcements import cancel_visit_messages, plan_visit_messages, waits_to_be_told
from visits.commitments import keep_promise, renew_promises, reword_promises
from visits.fitting import fit
from visits.models import Technician, Visit
from visits.places import MoveRefused, NeedsAgreement, PlaceTaken, VisitChanged, place, who_changed
from visits.second_miss import renew_backup
from visits.told import told
from visits.visit_events import Kind as EventKind
from visits.visit_events import tell_of_visit
from visits.visit_lines import add_visit_line


@dataclass(frozen=True)
class Change:
    """Where one visit is to stand. Of the technicians the first is the one named to the customer."""

    visit: Visit
    # As the one who changes it saw it.
    version: int
    technicians: tuple[Technician, ...]
    start: dt.datetime
    length: dt.timedelta
    # The customer's yes to it; whether they are told.
    agreed: bool = False
    tell: bool = True
    # The window stays as promised, and the new start lies in it: they are told of another person only.
    keeps_window: bool = False
    # How many technicians it takes from now on; None: as many as before, or as come.
    crew: int | None = None


@dataclass(frozen=True)
class _Step:
    """A change beside the visit as it stands, under lock."""

    change: Change
    visit: Visit
    before: list[Technician]

    @property
    def is_new_time(self) -> bool:
        return self.change.start != self.visit.planned_start

    @property
    def is_new_person(self) -> bool:
        """Another one is named to the customer, or somebody who was to come does not."""
        before, after = self.before, self.change.technicians
        return list(after[:1]) != before[:1] or not set(before) <= set(after)

    @property
    def keeps_window(self) -> bool:
        change = self.change
        return self.is_new_time and (change.keeps_window or not (change.tell or change.agreed))

    @property
    def window_moves_by(self) -> dt.timedelta:
        return dt.timedelta() if self.keeps_window else self.change.start - self.visit.planned_start


@dataclass(frozen=True)
class _News:
    """What is new in a step; taken before it is written, when old and new are still apart."""

    is_new_time: bool
    is_new_window: bool
    is_new_person: bool

    @classmethod
    def of(cls, step: _Step) -> "_News":
        """Of one step."""
        return cls(step.is_new_time, step.is_new_time and not step.keeps_window, step.is_new_person)


def relocate(
    changes: Iterable[Change],
    *,
    visits: dict[int, Visit],
    crews: dict[int, list[Technician]],
    title: str,
    reason: str,
    by: Membership | None,
    now: dt.datetime,
    tell_after: dt.datetime | None = None,
) -> None:
    """Make the changes; `visits` and `crews` are how they stand, under lock, and are changed along.

    `title` begins the line on each time line. Customers hear of it at `tell_after`, else at once.
    Raises VisitChanged, PlaceTaken, NeedsAgreement, or MoveRefused for what cannot be moved at all.
    """
    steps = [_Step(change, visits[change.visit.pk], crews[change.visit.pk]) for change in changes]
    for step in steps:
        _check_it_may_move(step.visit, step.change.version)
    for step in steps:
        _check_fit(step, now, [other.visit.pk for other in steps], reason)
        _check_agreement(step, reason=reason, by=by, now=now)
    news = [(step, _News.of(step)) for step in steps]
    for step in steps:
        _write(step, now)
    place([(step.visit, list(step.change.technicians)) for step in steps])
    for step, what in news:
        _follow_up(step, what, title, reason, by=by, now=now, tell_after=tell_after)


def _check_it_may_move(visit, version):
    if visit.missed_at is not None:
        raise MoveRefused("This visit was missed. Record what came of it, and book a new one.")
    if visit.state not in Visit.WAITING_STATES:
        raise MoveRefused(f"This visit is {visit.get_state_display().lower()}: it cannot be moved any more.")
    if visit.version != version:
        raise VisitChanged(who_changed(visit))


def _check_fit(step, now, leaving, reason):
    change = step.change
    verdict = fit(
        step.visit,
        crew=change.technicians,
        start=change.start,
        length=change.length,
        now=now,
        besides=leaving,
    )
    if not verdict.fits:
        raise (PlaceTaken if verdict.is_taken else MoveRefused)(verdict.says)
    if verdict.lacks and not reason.strip():
        raise NeedsAgreement(f"{verdict.lacks} Say why it has to be.")


def _check_agreement(step, *, reason, by, now):
    visit, change = step.visit, step.change
    if step.is_new_time and visit.window_end <= now and not change.agreed:
        raise NeedsAgreement(
            "Its window is over: a new time needs the customer’s yes. Else it becomes a miss."
        )
    if step.keeps_window and not visit.window_start <= change.start <= visit.window_end:
        promised = f"{visit.told_from:%H:%M} to {visit.told_until:%H:%M}"
        raise NeedsAgreement(
            f"The customer was promised {promised}. Tell them the new time, or say that they agreed."
        )
    by_supervisor = by is not None and by.role == Role.MANAGER and bool(reason.strip())
    changes_person = step.is_new_person and bool(step.before)
    if changes_person and visit.was_confirmed and not change.agreed and not by_supervisor:
        raise NeedsAgreement(
            "This visit was confirmed: another technician needs the customer’s yes, or a manager’s reason."
        )


def _write(step, now):
    visit, change = step.visit, step.change
    window, is_new_time, is_new_person = step.window_moves_by, step.is_new_time, step.is_new_person
    if visit.late_at is not None and window > dt.timedelta():
        # The broken promise stays; the visit itself has a new window to keep.
        visit.late_at = None
    visit.planned_start, visit.planned_end = change.start, change.start + change.length
    visit.window_start += window
    visit.window_end += window
    for name, value in told(visit.customer, visit.window_start, visit.window_end).items():
        setattr(visit, name, value)
    visit.needs_placing = False
    if visit.awaits_approval:
        # Whatever the customer agrees to, it is a supervisor's to approve first.
        visit.state, visit.confirmed_at = Visit.State.BOOKED, None
    elif change.agreed and (is_new_time or is_new_person or visit.state == Visit.State.BOOKED):
        visit.state, visit.confirmed_at = Visit.State.CONFIRMED, now
        visit.first_confirmed_at = visit.first_confirmed_at or now
    elif window:
        visit.first_confirmed_at = visit.first_confirmed_at or visit.confirmed_at
        visit.state, visit.confirmed_at = Visit.State.BOOKED, None
    elif visit.state == Visit.State.ON_THE_WAY and (is_new_time or is_new_person):
        visit.state = Visit.State.CONFIRMED if visit.confirmed_at else Visit.State.BOOKED
    if is_new_time or is_new_person:
        visit.on_the_way_at = visit.expected_at = None
    if is_new_time:
        visit.called_ahead_at = None
    if is_new_person:
        visit.brief_read_at = None
    visit.crew = change.crew or max(visit.crew, len(change.technicians))
    visit.version += 1
    visit.changed_at = now
    visit.save(update_fields=WRITTEN)


# What a change writes, and what undoing it writes back.
WRITTEN = [
    "planned_start",
    "planned_end",
    "window_start",
    "window_end",
    "told_day",
    "told_from",
    "told_until",
    "needs_placing",
    "crew",
    "state",
    "confirmed_at",
    "first_confirmed_at",
    "late_at",
    "on_the_way_at",
    "expected_at",
    "called_ahead_at",
    "brief_read_at",
    "version",
    "changed_at",
]


def _follow_up(step, news, title, reason, *, by, now, tell_after):
    """Promises, messages, duties and the time line, in the transaction of the change."""
    visit, change = step.visit, step.change
    renew_backup(visit, now=now)
    # A visit that nobody had yet is news to the customer too: a name.
    tell = change.tell and (news.is_new_window or news.is_new_person)
    if news.is_new_time:
        is_told = change.tell and news.is_new_window
        renew_promises(visit, by=by, now=now, agreed_by_customer=change.agreed, told=is_told)
        # What waits to tell the time is replaced: it would not be told at all.
        tell = tell or waits_to_be_told(visit)
        cancel_visit_messages(visit, now=now)
        # The call that was waited for is promised for another time now.
        close_duties_about(visit.public_id, Duty.Kind.CALL_AHEAD, by=by, now=now, outcome="Moved")
        if change.agreed or (tell and news.is_new_window):
            # Before the move is planned: whom nothing reaches is rung about it.
            said = "A new time was agreed or told"
            close_duties_about(visit.public_id, Duty.Kind.TELL_CUSTOMER, by=by, now=now, outcome=said)
    elif news.is_new_person:
        reword_promises(visit, by=by)
        # Written when they leave, all others name who comes then; these were true of the one before.
        outbox.call_off(
            visit.public_id, because="Somebody else comes", now=now, kinds=["on the way", "delayed"]
        )
    if change.agreed and not news.is_new_time:
        keep_promise(visit, Promise.Kind.CONFIRMATION, now=now, evidence="Agreed to the change", by=by)
    if tell:
        plan_visit_messages(visit, "moved", now=now, send_after=tell_after)
    names = " and ".join(who.name for who in change.technicians)
    if len(change.technicians) >= visit.crew:
        close_duties_about(
            visit.public_id, Duty.Kind.PLACE_VISIT, by=by, now=now, outcome=f"Placed with {names}"
        )
    start = local_time(visit.planned_start, zone_of(visit.tenant))
    add_visit_line(
        visit,
        f"{title} {start:%a} {start.day} {start:%b}, {start:%H:%M}, {names}",
        now=now,
        detail=reason,
        by=by,
        step=f"moved {visit.version}",
    )
    tell_of_visit(EventKind.VISIT_MOVED, visit, now=now)
