"""A case's life: waiting, handing over, closing with an outcome, opening again (R6.7, R7.1).

Every act is told what the person saw (`seen_of`): of two at once the second hears of the first.
"""

import datetime as dt

from django.db import transaction
from django.db.models import F

from cases.case_lines import add_case_line
from cases.duties import close_duties_about, open_case_duty
from cases.interactions import Channel, Direction, come_back, note_interaction
from cases.models import Case, Duty, Interaction
from cases.reopening import open_again
from cases.supervising import business_hours_after
from tenancy.calendars import Calendar, calendar_of, instant_at, local_day
from tenancy.desk_settings import ChangedMeanwhile, version_of
from tenancy.models import Membership, Role

TRIES, TRIED_DAYS = 3, 5
ASKS_AFTER = dt.timedelta(days=7)
# Whoever is handed a case looks at it within this much open time.
LOOKS_WITHIN = dt.timedelta(hours=1)
MORNING = dt.time(10)
State, ClosedOn = Case.State, Case.ClosedOn
_SEEN = ("version", "state", "owner_id", "supervisor_id", "joined_into_id")


class CaseRefused(ValueError):
    """It cannot be done with this case; the text says why."""


def seen_of(case: Case) -> str:
    """What a person saw of a case, in a few letters: the same again while nobody acted on it."""
    return version_of(case, _SEEN)


def held(case: Case, seen: str | None) -> Case:
    """The case under lock. Raises ChangedMeanwhile where it is not as `seen`, None: it may be anyhow."""
    rows = Case.objects.select_for_update(of=("self",), no_key=True)
    row = rows.select_related("tenant", "customer", "owner__user", "equipment", "site").get(pk=case.pk)
    if seen is not None and seen != seen_of(row):
        raise ChangedMeanwhile("Somebody acted on this case meanwhile. Look at it again.")
    return row


@transaction.atomic
def wait_for_customer(case: Case, *, what: str, by: Membership, now: dt.datetime, seen: str) -> Case:
    """The customer has the next word: the clock of settling stands, that of answering does not.

    Raises CaseRefused without a word on what we wait for, and for a case that is not open; ChangedMeanwhile.
    """
    row = held(case, seen)
    what = _said(what, "Say what we wait for.")
    if row.state != State.OPEN:
        raise CaseRefused(f"It is {row.get_state_display().lower()} already.")
    _write(row, state=State.WAITING, waiting_since=now, waiting_for=what[:200])
    _tell(row, "Waiting for the customer", what, by=by, now=now)
    return row


@transaction.atomic
def end_waiting(case: Case, *, by: Membership, now: dt.datetime, seen: str) -> Case:
    """We wait no longer: it is our turn. Raises CaseRefused where we did not wait, and ChangedMeanwhile."""
    row = held(case, seen)
    if not come_back(row, now=now):
        raise CaseRefused("Nobody waits for the customer in this case.")
    _tell(row, "Our turn again", "", by=by, now=now)
    row.refresh_from_db()
    return row


@transaction.atomic
def hand_over(case: Case, *, to: Membership, note: str, by: Membership, now: dt.datetime, seen: str) -> Case:
    """Give the case to somebody with its whole thread; they hear of it by a duty, due in an open hour.

    Raises CaseRefused for who owns it already, who has left, and a closed case; and ChangedMeanwhile.
    """
    row = held(case, seen)
    if row.state == State.CLOSED:
        raise CaseRefused("A closed case is handed to nobody. Open it again first.")
    if to.ended_at is not None:
        raise CaseRefused(f"{to.name} works here no more.")
    if row.owner_id == to.pk:
        raise CaseRefused(f"{to.name} owns it already.")
    before = row.owner
    _write(row, owner=to)
    close_duties_about(row.public_id, Duty.Kind.TAKE_CASE, by=by, now=now, outcome=f"Handed to {to.name}")
    said = note.strip() or "No note."
    open_case_duty(
        row,
        "take case",
        now.isoformat(),
        kind=Duty.Kind.TAKE_CASE,
        title=f"Go on with {row.customer}: {row.title}",
        detail=f"From {by.name}: {said}",
        due_at=business_hours_after(row.tenant, LOOKS_WITHIN, now=now),
        now=now,
        owner=to,
        owner_role=to.role,
    )
    # What the old owner was to do on the matter goes along.
    if before is not None:
        Duty.objects.open().filter(case=row, owner=before).exclude(kind=Duty.Kind.TAKE_CASE).update(owner=to)
    _tell(row, f"{to.name} takes over", note.strip(), by=by, now=now)
    return row


def note_try(case: Case, *, channel: str, words: str, by: Membership, now: dt.datetime) -> Interaction:
    """Document that we tried to reach the customer about a case, and nobody answered."""
    return note_interaction(
        customer=case.customer,
        channel=channel,
        summary=words.strip() or "Nobody answered",
        direction=Direction.OUT,
        case=case,
        is_try=True,
        by=by,
        now=now,
    )


def tried_in_vain(case: Case, *, now: dt.datetime, calendar: Calendar | None = None) -> tuple[int, int]:
    """How often we tried since the customer was last heard, and over how many business days.

    Tries of one day are one; the days count from the first try to the last, both included.
    """
    calendar = calendar or calendar_of(case.tenant)
    heard = case.interactions.filter(direction=Direction.IN, at__lte=now).order_by("-at").first()
    tries = case.interactions.filter(is_try=True, at__lte=now)
    if heard is not None:
        tries = tries.filter(at__gt=heard.at)
    days = sorted({local_day(at, calendar.zone) for at in tries.values_list("at", flat=True)})
    return len(days), business_days(days[0], days[-1], calendar) if days else 0


def business_days(first: dt.date, last: dt.date, calendar: Calendar) -> int:
    """How many days the desk works from one day to another, both included."""
    span = (first + dt.timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return sum(not calendar.is_closed(day) for day in span)


@transaction.atomic
def close_case(
    case: Case, *, on: str, outcome: str, by: Membership, now: dt.datetime, seen: str | None, word: str = ""
) -> Case:
    """Close a case with what came of it; of a complaint somebody asks seven days later whether all is well.

    `on` is a Case.ClosedOn. A complaint closes on the customer's `word`, which is kept as a contact, or
    after three documented tries over five business days (R6.7); the database refuses others too. Where
    no person looked at the case, `seen` is None. Raises CaseRefused and ChangedMeanwhile.
    """
    row = held(case, seen)
    outcome = _said(outcome, "Say what came of it: a case closes only with an outcome.")
    if row.state == State.CLOSED:
        raise CaseRefused("It is closed already.")
    if row.kind == Case.Kind.COMPLAINT and on == ClosedOn.OURS:
        raise CaseRefused("A complaint closes on the customer’s word, or after three tries over five days.")
    tried_days = None
    if on == ClosedOn.TRIES:
        tries, tried_days = tried_in_vain(row, now=now)
        if tries < TRIES or tried_days < TRIED_DAYS:
            raise CaseRefused(
                f"{tries} of {TRIES} days with a try, over {tried_days} of {TRIED_DAYS} business days. "
                "Note each try, and try again on another day."
            )
    if on == ClosedOn.WORD:
        word = _said(word, "Write what the customer said.")
        note_interaction(
            customer=row.customer,
            channel=Channel.CALL,
            direction=Direction.OUT,
            summary=word,
            case=row,
            by=by,
            now=now,
        )
    if row.state == State.WAITING:
        come_back(row, now=now)
    _write(
        row,
        state=State.CLOSED,
        waiting_since=None,
        waiting_for="",
        closed_at=now,
        closed_by=by,
        closed_on=on,
        tried_days=tried_days,
        outcome=outcome[:300],
    )
    about = (Duty.Kind.TAKE_CASE, Duty.Kind.OWN_CASE)
    close_duties_about(row.public_id, *about, by=by, now=now, outcome=f"The case is closed: {outcome}")
    if row.kind == Case.Kind.COMPLAINT:
        _ask_later(row, now=now)
    _tell(row, f"Closed: {row.title}", outcome, by=by, now=now)
    return row


@transaction.atomic
def reopen(case: Case, *, because: str, by: Membership, now: dt.datetime, seen: str) -> Case:
    """Open a closed case again, with a reason. Raises CaseRefused where it cannot be; ChangedMeanwhile."""
    row = held(case, seen)
    because = _said(because, "Say why it is open again.")
    if not open_again(row, by=by, now=now, because=because):
        raise CaseRefused(
            "It is not closed." if row.joined_into_id is None else "It is a part of another case."
        )
    return row


def _ask_later(case, *, now) -> None:
    calendar = calendar_of(case.tenant)
    day = local_day(now, calendar.zone) + ASKS_AFTER
    if calendar.is_closed(day):
        day = calendar.next_working_day(day)
    open_case_duty(
        case,
        "check call",
        now.isoformat(),
        kind=Duty.Kind.CHECK_CALL,
        title=f"Ask {case.customer} whether all is well: {case.title}",
        detail=f"Closed with: {case.outcome}",
        due_at=instant_at(day, MORNING, calendar.zone),
        now=now,
        owner=case.supervisor or case.owner,
        owner_role=Role.DISPATCHER,
    )


def _write(row, **fields) -> None:
    Case.objects.filter(pk=row.pk).update(**fields, version=F("version") + 1)
    row.refresh_from_db()


def _said(words, otherwise) -> str:
    if not words.strip():
        raise CaseRefused(otherwise)
    return words.strip()


def _tell(case, title, detail, *, by, now) -> None:
    add_case_line(case, title, step=f"{title[:12]} {now.isoformat()}", now=now, by=by, detail=detail)
