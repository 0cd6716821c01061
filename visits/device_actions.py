"""What a phone kept while it had no signal: taken in once, in its order, by the rules of every page.

The phone numbers its actions and gives each an id of its own. One that was answered is answered the
same again. One that meets a visit that is not as it was seen (`visits.seen_plans`), or a part that is
not where it was seen (`visits.part_conflicts`), is not played: both versions go back and the technician
decides (never "last one wins"); what follows at that visit waits meanwhile.

Times: `device_at` is the phone's word. Its clock may be wrong, so the difference to ours at the moment
of sending is added; the order is always the queue's own.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from tenancy.calendars import zone_of
from visits.fieldwork import BriefNotRead, StepRefused, take_visit, write_visit
from visits.locks import hold_if_over
from visits.models import DeviceAction, Visit
from visits.part_conflicts import WORDS, both_versions
from visits.seen_plans import Plan, plan_of
from visits.stock import NotEnough, StockRefused

Outcome = DeviceAction.Outcome
# Not stored: nothing was decided yet, the same action comes again.
CONFLICT, HELD = "conflict", "held"
# The field by which somebody says that a part was in their hand, whatever the books say.
IN_HAND = "in_hand"
ONCE = "visits_deviceaction_tenant_public_id"
NO_SUCH_VISIT = "There is no such visit at this desk any more. Ring the office."
NOT_YOURS = "This visit is not yours any more. Ring the office."


@dataclass(frozen=True)
class PhoneAction:
    """One action as the phone sends it.

    `visit`: None for what is done with the day as a whole. `seen`: the plan that the phone showed.
    `read_at`: to when the technician has read what came in, where an answer asked for that.
    `is_left_out`: taken back after a conflict.
    """

    id: uuid.UUID
    device: uuid.UUID
    order: int
    kind: str
    visit: uuid.UUID | None
    device_at: dt.datetime
    seen: Plan | None = None
    read_at: dt.datetime | None = None
    is_left_out: bool = False


@dataclass(frozen=True)
class Answer:
    """What became of one action; for a conflict, what was seen and what is so now.

    `agreed` are the fields by which the phone says that the technician did it all the same.
    """

    id: uuid.UUID
    outcome: str
    words: str = ""
    seen: str = ""
    now: str = ""
    plan: Plan | None = None
    agreed: tuple[tuple[str, str], ...] = ()


class _Conflict(Exception):
    def __init__(self, answer: Answer):
        super().__init__(answer.words)
        self.answer = answer


# Plays one action at its visit (None: with the day), at the instant at which it happened.
# Raises StepRefused and StockRefused.
Play = Callable[[PhoneAction, Visit | None, dt.datetime], None]


def take_actions(
    sent: Iterable[PhoneAction], *, sent_at: dt.datetime, play: Play, by, now: dt.datetime
) -> list[Answer]:
    """Take in what a phone sent, in its own order; `sent_at` is its clock at the moment of sending."""
    offset = now - sent_at
    answers, waiting = [], set()
    for action in sorted(sent, key=lambda action: action.order):
        if action.visit in waiting:
            answers.append(Answer(action.id, HELD))
            continue
        try:
            with transaction.atomic():
                answer = _take(action, offset=offset, play=play, by=by, now=now)
        except _Conflict as conflict:
            answer = conflict.answer
            waiting.add(action.visit)
        answers.append(answer)
    return answers


def read_brief_as_of(visit: Visit, *, read_at: dt.datetime, by, now: dt.datetime) -> None:
    """The technician has read what was to be raised at `read_at`; what came in later is not read."""
    with transaction.atomic():
        fresh = take_visit(visit, by, now=now)
        read_at = min(read_at, now)
        if fresh.brief_read_at is None or fresh.brief_read_at < read_at:
            write_visit(fresh, now, brief_read_at=read_at)


def _take(action, *, offset, play, by, now) -> Answer:
    visit = None
    if action.visit is not None:
        visit = Visit.objects.filter(public_id=action.visit).select_related("tenant").first()
    happened_at = _happened(action, offset, now)
    try:
        with transaction.atomic():
            # Whoever sends the same at the same moment waits here until we are through.
            row = DeviceAction.objects.create(
                public_id=action.id,
                device=action.device,
                order=action.order,
                kind=action.kind,
                visit=visit,
                by=by,
                device_at=action.device_at,
                clock_offset=offset,
                happened_at=happened_at,
                received_at=now,
                outcome=Outcome.LEFT_OUT if action.is_left_out else Outcome.ACCEPTED,
            )
    except IntegrityError as twice:
        if ONCE not in str(twice):
            raise
        return _answered_before(action, by)
    if action.visit is None:
        return _play_with_day(action, row, play, happened_at)
    if visit is None:
        return _refuse(row, NO_SUCH_VISIT)
    if action.is_left_out:
        return Answer(action.id, row.outcome)
    # From here on nobody moves it.
    hold_if_over([visit.pk], now=now)
    locked = Visit.objects.select_for_update(of=("self",)).select_related("tenant", "site", "contact")
    visit = locked.prefetch_related("assignments__technician", "machines__equipment").get(pk=visit.pk)
    _compare(action, visit, now)
    try:
        with transaction.atomic():
            if action.read_at is not None:
                read_brief_as_of(visit, read_at=action.read_at, by=by, now=now)
            play(action, visit, happened_at)
    except BriefNotRead as unread:
        raise _Conflict(
            Answer(action.id, CONFLICT, words=_came_in(unread), plan=plan_of(visit, now=now))
        ) from None
    except NotEnough as short:
        raise _Conflict(_ask_for_part(action, short, visit)) from None
    except (StepRefused, StockRefused) as refused:
        return _refuse(row, str(refused))
    except PermissionDenied:
        return _refuse(row, NOT_YOURS)
    return Answer(action.id, row.outcome)


def _play_with_day(action, row, play, happened_at) -> Answer:
    try:
        play(action, None, happened_at)
    except StepRefused as refused:
        return _refuse(row, str(refused))
    return Answer(action.id, row.outcome)


def _happened(action, offset, now) -> dt.datetime:
    """The phone's time by our clock; nothing happened later than now."""
    try:
        return min(action.device_at + offset, now)
    except OverflowError:
        return now


def _answered_before(action, by) -> Answer:
    row = DeviceAction.objects.get(public_id=action.id)
    if row.by_id != by.pk:
        return Answer(action.id, Outcome.REFUSED, words="Somebody else sent this. Ring the office.")
    return Answer(action.id, row.outcome, words=row.words)


def _refuse(row, words) -> Answer:
    row.outcome, row.words = Outcome.REFUSED, words[:600]
    row.save(update_fields=["outcome", "words"])
    return Answer(row.public_id, row.outcome, words=row.words)


def _compare(action, visit, now) -> None:
    plan = plan_of(visit, now=now)
    if action.seen is None or action.seen.is_as(plan):
        return
    zone = zone_of(visit.tenant)
    raise _Conflict(
        Answer(
            action.id,
            CONFLICT,
            words="The office changed this visit while you had no signal.",
            seen=action.seen.in_words(zone, plan),
            now=plan.in_words(zone, action.seen),
            plan=plan,
        )
    )


def _ask_for_part(action, short: NotEnough, visit) -> Answer:
    versions = both_versions(short, zone_of(visit.tenant))
    return Answer(
        action.id, CONFLICT, words=WORDS, seen=versions.seen, now=versions.now, agreed=((IN_HAND, "yes"),)
    )


def _came_in(unread: BriefNotRead) -> str:
    return f"{unread} It came in while you had no signal."
