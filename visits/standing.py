"""The word for a visit right now: one pure function of the visit and the moment, for every page.

Stored is only what happened; everything that the clock alone decides (call-ahead due, at risk,
late, missed, running over) is computed here, the same for board, brief and caller screen.
"""

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from tenancy.models import Tenant
from visits.models import Visit

State = Visit.State
# The tray shows a call ahead from this long before it is due until it is logged.
CALL_SHOWN_BEFORE = dt.timedelta(minutes=30)


class Word(StrEnum):
    """What a person reads for a visit (design, section 3)."""

    NOT_ASSIGNED = "Not assigned"
    NOT_APPROVED = "Not approved"
    NOT_CONFIRMED = "Not confirmed"
    CONFIRMED = "Confirmed"
    CALL_DUE = "Call-ahead due"
    CALLED_AHEAD = "Called ahead"
    ON_THE_WAY = "On the way"
    ON_SITE = "On site"
    RUNNING_OVER = "Running over"
    AT_RISK = "At risk"
    LATE = "Late"
    MISSED = "Missed"
    DONE = "Done"
    DONE_LATE = "Done late"
    NO_ACCESS = "No access"
    CANCELLED_BY_US = "Cancelled by us"
    CANCELLED_BY_CUSTOMER = "Cancelled by the customer"
    BOOKING_UNDONE = "Booking undone"


# Per word: icon, tone of its pill, state of its block on the board.
LOOKS = {
    Word.NOT_ASSIGNED: ("inbox", "warn", "asked"),
    Word.NOT_APPROVED: ("circle-question-mark", "warn", "asked"),
    Word.NOT_CONFIRMED: ("circle-question-mark", "warn", "asked"),
    Word.CONFIRMED: ("check-check", "info", "confirmed"),
    Word.CALL_DUE: ("phone-outgoing", "warn", "call"),
    Word.CALLED_AHEAD: ("phone-call", "info", "called"),
    Word.ON_THE_WAY: ("truck", "info", "way"),
    Word.ON_SITE: ("wrench", "info", "onsite"),
    Word.RUNNING_OVER: ("wrench", "warn", "onsite"),
    Word.AT_RISK: ("triangle-alert", "warn", "risk"),
    Word.LATE: ("clock-alert", "bad", "late"),
    Word.MISSED: ("user-x", "solid", "missed"),
    Word.DONE: ("check", "good", "done"),
    Word.DONE_LATE: ("check", "bad", "missed"),
    Word.NO_ACCESS: ("user-x", "bad", "noaccess"),
    Word.CANCELLED_BY_US: ("x", "plain", "cancelled"),
    Word.CANCELLED_BY_CUSTOMER: ("x", "plain", "cancelled"),
    Word.BOOKING_UNDONE: ("x", "plain", "cancelled"),
}
OVER_WORDS = {
    State.MISSED: Word.MISSED,
    State.NO_ACCESS: Word.NO_ACCESS,
    State.CANCELLED_BY_US: Word.CANCELLED_BY_US,
    State.CANCELLED_BY_CUSTOMER: Word.CANCELLED_BY_CUSTOMER,
}


class Standing(NamedTuple):
    """A visit's word at one moment, and the instants that a page may want to name with it."""

    word: Word
    block: str
    # When the technician should be there as far as we know, for visits that nobody came to yet.
    expected_at: dt.datetime | None = None
    call_by: dt.datetime | None = None

    @property
    def icon(self) -> str:
        """The icon with the fixed meaning of the word."""
        return LOOKS[self.word][0]

    @property
    def tone(self) -> str:
        """The tone of the word's pill."""
        return LOOKS[self.word][1]


def standing_of(
    visit: Visit,
    *,
    now: dt.datetime,
    desk: Tenant,
    assigned: bool | None = None,
    expected_at: dt.datetime | None = None,
    response_at_risk: bool = False,
) -> Standing:
    """The word for `visit` at `now`, with the desk's minutes.

    `visit` may be its plain values too, as a board reads them. `expected_at` is the arrival that the
    technician's other visits allow (see `arrivals`); without it the planned one counts.
    `response_at_risk`: most of the time promised for a first answer is used. `assigned` spares reading
    the assignments where they are known.
    """
    if visit.state in Visit.OVER_STATES or visit.state == State.ON_SITE:
        return _standing(visit, _word_once_there(visit, now))
    if assigned is None:
        assigned = bool(visit.assignments.all())
    told = visit.expected_at or visit.planned_start
    expected_at = told if expected_at is None else max(expected_at, told)
    is_at_risk = response_at_risk or expected_at > visit.window_end
    word = _word_while_waiting(visit, now, desk, assigned, is_at_risk)
    call_by = visit.planned_start - dt.timedelta(minutes=desk.call_ahead_minutes)
    return _standing(visit, word, expected_at=expected_at, call_by=call_by)


def arrivals(visits: Iterable[Visit], *, now: dt.datetime, travel: dt.timedelta) -> dict[int, dt.datetime]:
    """When one technician should reach each visit that is still to come, by the visit's key.

    A visit that runs over pushes the next one, and that one the next. Where nothing is late the
    planned time stands, however short the way: planning is not doubted, only delay is passed on.
    """
    expected, free_at = {}, None
    for visit in sorted(visits, key=lambda visit: (visit.planned_start, visit.pk)):
        if visit.state == State.ON_SITE:
            free_at = max(visit.planned_end, now) if now > visit.planned_end else None
        elif visit.state in Visit.WAITING_STATES:
            arrival = visit.expected_at or visit.planned_start
            if free_at is not None:
                arrival = max(arrival, free_at + travel)
            arrival = max(arrival, now)
            expected[visit.pk] = arrival
            delay = arrival - visit.planned_start
            free_at = visit.planned_end + delay if delay > dt.timedelta() else None
    return expected


def _standing(visit, word, **instants) -> Standing:
    # A miss stays red in its lane for ever, whoever came afterwards.
    block = "missed" if visit.missed_at is not None else LOOKS[word][2]
    return Standing(word=word, block=block, **instants)


def _word_once_there(visit, now):
    if visit.state == State.DONE:
        return Word.DONE_LATE if visit.missed_at is not None else Word.DONE
    if visit.state == State.ON_SITE:
        return Word.RUNNING_OVER if now > visit.planned_end else Word.ON_SITE
    if visit.was_undone:
        return Word.BOOKING_UNDONE
    return OVER_WORDS[State(visit.state)]


def _word_while_waiting(visit, now, desk, assigned, is_at_risk):
    """In the order in which they matter: the worst that is true is the word."""
    if now >= visit.window_end:
        given = dt.timedelta(minutes=desk.missed_after_minutes)
        return Word.MISSED if now >= visit.window_end + given else Word.LATE
    if not assigned:
        return Word.NOT_ASSIGNED
    if visit.awaits_approval:
        return Word.NOT_APPROVED
    if _call_is_due(visit, now, desk):
        return Word.CALL_DUE
    if is_at_risk:
        return Word.AT_RISK
    if visit.state == State.ON_THE_WAY:
        return Word.ON_THE_WAY
    if visit.called_ahead_at is not None:
        return Word.CALLED_AHEAD
    return Word.CONFIRMED if visit.state == State.CONFIRMED else Word.NOT_CONFIRMED


def _call_is_due(visit, now, desk):
    # Nought minutes: this desk promises no call.
    if not desk.call_ahead_minutes or visit.called_ahead_at or visit.state == State.ON_THE_WAY:
        return False
    call_by = visit.planned_start - dt.timedelta(minutes=desk.call_ahead_minutes)
    # Booked later than the call would have been due, nobody was promised one.
    return now >= call_by - CALL_SHOWN_BEFORE and visit.booked_at <= call_by
