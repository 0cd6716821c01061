"""A case in words: its clock, its state, whom it waits for."""

import datetime as dt

from cases.clocks import Standing, response_of, settling_of
from cases.models import Case
from servicedesk.moments import due_word, span_word
from tenancy.calendars import local_day

TONES = {Standing.LATE: "bad", Standing.AT_RISK: "warn", Standing.MISSED: "bad", Standing.KEPT: "good"}
ICONS = {
    Standing.LATE: "clock-alert",
    Standing.AT_RISK: "triangle-alert",
    Standing.MISSED: "clock-alert",
    Standing.KEPT: "circle-check",
}
KIND_ICONS = {
    Case.Kind.FAULT: "wrench",
    Case.Kind.COMPLAINT: "message-square-warning",
    Case.Kind.QUESTION: "circle-question-mark",
    Case.Kind.RENEWAL_CLAIM: "file-check",
}


def clocks_of(case: Case, *, now: dt.datetime, zone) -> list[dict]:
    """Both clocks in words, those that a case has: "Answer by 16:41", "Answered 22 min late"."""
    return [
        clock
        for clock in (
            _clock(
                response_of(case, now=now),
                case.response_due_at,
                case.responded_at or case.closed_at,
                ("Answer", "Answered"),
                now=now,
                zone=zone,
            ),
            _clock(
                settling_of(case, now=now),
                case.resolution_due_at,
                case.closed_at,
                ("Settle", "Settled"),
                now=case.waiting_since or now,
                zone=zone,
            ),
        )
        if clock
    ]


def urgent_clock(case: Case, *, now: dt.datetime, zone) -> dict | None:
    """The one clock that a list shows: what is late before what is at risk, then what is due first."""
    found = clocks_of(case, now=now, zone=zone)
    order = (Standing.LATE, Standing.AT_RISK, Standing.RUNNING, Standing.MISSED, Standing.KEPT)
    return min(found, key=lambda clock: order.index(clock["standing"]), default=None)


def chip_state(case: Case, *, now: dt.datetime, zone) -> str:
    """How it is drawn among what is owed: late, due (at risk), open."""
    clock = urgent_clock(case, now=now, zone=zone)
    return {Standing.LATE: "late", Standing.AT_RISK: "due"}.get(clock and clock["standing"], "open")


def _clock(standing, due_at, ended_at, verbs, *, now, zone) -> dict | None:
    if standing == Standing.NONE:
        return None
    due = due_word(due_at, zone=zone, today=local_day(now, zone))
    words = {
        Standing.RUNNING: f"{verbs[0]} by {due}",
        Standing.AT_RISK: f"{verbs[0]} by {due}, at risk",
        Standing.LATE: f"{verbs[0]} by {due}: {span_word(now - due_at)} late",
        Standing.KEPT: f"{verbs[1]} in time",
        Standing.MISSED: f"{verbs[1]} {span_word(ended_at - due_at)} late" if ended_at else "",
    }
    return {
        "standing": standing,
        "words": words[standing],
        "tone": TONES.get(standing, "plain"),
        "icon": ICONS.get(standing, "clock"),
    }
