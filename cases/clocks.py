"""The clocks of a case: until when it is answered and settled, at risk and late, in open hours (R2.5).

Waiting for the customer stops the clock of settling, not that of answering. What was missed before
the waiting began stays missed.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from cases.models import Case
from tenancy.calendars import Calendar, calendar_of
from tenancy.models import Tenant

# A matter is settled within this much of the desk's open time: a week of eight-hour days.
SETTLE_WITHIN = dt.timedelta(hours=40)


class Standing(StrEnum):
    """How one clock stands."""

    NONE = ""
    RUNNING = "running"
    AT_RISK = "at risk"
    LATE = "late"
    KEPT = "kept"
    MISSED = "missed"


@dataclass(frozen=True)
class Deadline:
    """Until when, and from when on three quarters of the time are used; both None: no such promise."""

    risk_at: dt.datetime | None = None
    due_at: dt.datetime | None = None


def deadline(start: dt.datetime, working: dt.timedelta, calendar: Calendar) -> Deadline:
    """What is due `working` open time after `start`; a desk without open hours has no such clock."""
    try:
        return Deadline(calendar.due_after(start, working * 3 / 4), calendar.due_after(start, working))
    except ValueError:
        return Deadline()


def deadline_at(start: dt.datetime, due_at: dt.datetime | None, calendar: Calendar) -> Deadline:
    """The same where the end is known, as a contract's hours gave it."""
    if due_at is None:
        return Deadline()
    used_up = calendar.working_time(start, due_at) * 3 / 4
    return Deadline(calendar.due_after(start, used_up) if used_up else due_at, due_at)


def clocks_from(now: dt.datetime, *, response_due_at: dt.datetime | None, calendar: Calendar) -> dict:
    """The fields of a case's clocks that begin now."""
    response = deadline_at(now, response_due_at, calendar)
    settling = deadline(now, SETTLE_WITHIN, calendar)
    return {
        "response_risk_at": response.risk_at,
        "response_due_at": response.due_at,
        "resolution_risk_at": settling.risk_at,
        "resolution_due_at": settling.due_at,
    }


def standing_of(until: Deadline, *, ended_at: dt.datetime | None, now: dt.datetime) -> Standing:
    """How a clock stands now; at the very end it is late, as at the very three quarters at risk."""
    if until.due_at is None:
        return Standing.NONE
    if ended_at is not None:
        return Standing.KEPT if ended_at <= until.due_at else Standing.MISSED
    if now >= until.due_at:
        return Standing.LATE
    return Standing.AT_RISK if until.risk_at is not None and now >= until.risk_at else Standing.RUNNING


def response_of(case: Case, *, now: dt.datetime) -> Standing:
    """Whether it is answered in time; it runs on while we wait, and closing ends it unanswered or not."""
    until = Deadline(case.response_risk_at, case.response_due_at)
    return standing_of(until, ended_at=case.responded_at or case.closed_at, now=now)


def settling_of(case: Case, *, now: dt.datetime) -> Standing:
    """Whether it is settled in time; while we wait for the customer it stands as it stood."""
    until = Deadline(case.resolution_risk_at, case.resolution_due_at)
    return standing_of(until, ended_at=case.closed_at, now=case.waiting_since or now)


def after_pause(
    until: Deadline,
    since: dt.datetime,
    back: dt.datetime,
    *,
    calendar: Calendar,
    counts_working_time: bool,
) -> Deadline:
    """The clock of settling after it stood still from `since` to `back`: what was left is left.

    What had been reached by then stays: an end that was missed is missed, three quarters used are used.
    With `counts_working_time` the open hours of the pause are given back, else all of its time.
    """
    if until.due_at is None or until.due_at <= since or back <= since:
        return until

    def given_back(at):
        if at is None or at <= since:
            return at
        if not counts_working_time:
            return calendar.due_after(at + (back - since), dt.timedelta())
        stood = calendar.working_time(since, back)
        return calendar.due_after(at, stood) if stood else at

    try:
        return Deadline(given_back(until.risk_at), given_back(until.due_at))
    except ValueError:
        # The desk has closed for good: nothing is due any more than it was.
        return until


def settling_after(case: Case, since: dt.datetime, back: dt.datetime, *, desk: Tenant) -> dict:
    """The fields of a case's clock of settling after a pause: two queries."""
    until = after_pause(
        Deadline(case.resolution_risk_at, case.resolution_due_at),
        since,
        back,
        calendar=calendar_of(desk),
        counts_working_time=desk.waiting_counts_working_time,
    )
    return {"resolution_risk_at": until.risk_at, "resolution_due_at": until.due_at}
