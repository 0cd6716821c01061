"""The promises that a desk gives often, each with the time it is usually for."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from cases.models import Promise, PromiseTemplate
from tenancy.calendars import Calendar, instant_at, local_day
from tenancy.desk_settings import SettingRefused, may_set
from tenancy.models import Membership

MOST = 8


@dataclass(frozen=True)
class Usual:
    """A usual promise as of now: its key in a form, what is promised, and by when."""

    key: str
    text: str
    kind: str
    due_at: dt.datetime


def ours() -> list[PromiseTemplate]:
    """What a desk has that never wrote its own (unsaved)."""
    back, answer = Promise.Kind.CALL_BACK, Promise.Kind.ANSWER
    return [
        PromiseTemplate(text="Ring back", kind=back, minutes=30, position=0),
        PromiseTemplate(text="Ring back", kind=back, days=0, clock=dt.time(15), position=1),
        PromiseTemplate(text="Ring back", kind=back, days=1, clock=dt.time(10), position=2),
        PromiseTemplate(text="Send the price in writing", kind=answer, days=1, clock=dt.time(17), position=3),
    ]


def templates() -> list[PromiseTemplate]:
    """The desk's own in their order, else ours: one query."""
    return list(PromiseTemplate.objects.order_by("position", "pk")) or ours()


def due_of(template: PromiseTemplate, *, calendar: Calendar, now: dt.datetime) -> dt.datetime | None:
    """When it would be due, promised now; None for an hour of today that is over.

    "The next working day" skips weekends, holidays and closures.
    """
    if template.minutes is not None:
        return now + dt.timedelta(minutes=template.minutes)
    day = local_day(now, calendar.zone)
    for _ in range(template.days):
        day = calendar.next_working_day(day)
    due_at = instant_at(day, template.clock, calendar.zone)
    return due_at if due_at > now else None


def usual_promises(*, calendar: Calendar, now: dt.datetime) -> list[Usual]:
    """What can be promised with one choice now, in the desk's order."""
    found = []
    for number, template in enumerate(templates()):
        due_at = due_of(template, calendar=calendar, now=now)
        if due_at is not None:
            found.append(Usual(f"usual-{number}", template.text, template.kind, due_at))
    return found


@transaction.atomic
def add_template(
    *,
    text: str,
    kind: str,
    by: Membership,
    minutes: int | None = None,
    days: int | None = None,
    clock: dt.time | None = None,
) -> PromiseTemplate:
    """Another usual promise: so many minutes from now, or an hour of a day; at the end of the list.

    Raises PermissionDenied, and SettingRefused for one without words or time, one too many, or a second one
    of the same.
    """
    may_set(by)
    if not text.strip():
        raise SettingRefused("text", "Write what is promised.")
    if (minutes is None) == (days is None or clock is None):
        raise SettingRefused("minutes", "Give either the minutes, or the day and the time.")
    own = _own()
    if len(own) >= MOST:
        raise SettingRefused("text", f"{MOST} are enough to choose from. Remove one first.")
    wanted = (text.strip(), minutes, days if minutes is None else None, clock if minutes is None else None)
    if wanted in [(one.text, one.minutes, one.days, one.clock) for one in own]:
        raise SettingRefused("text", "There is this one already.")
    return PromiseTemplate.objects.create(
        text=wanted[0],
        kind=kind,
        minutes=wanted[1],
        days=wanted[2],
        clock=wanted[3],
        position=max((one.position for one in own), default=-1) + 1,
    )


@transaction.atomic
def remove_template(place: int, *, by: Membership) -> None:
    """Take away the one at a place of the list; without any, the desk has ours again.

    Raises PermissionDenied, and SettingRefused (of "place") where there is none.
    """
    may_set(by)
    own = _own()
    if not 0 <= place < len(own):
        raise SettingRefused("place", "It is gone already.")
    own[place].delete()


def _own() -> list[PromiseTemplate]:
    """The desk's own, ours written down first where it has none."""
    if not PromiseTemplate.objects.exists():
        PromiseTemplate.objects.bulk_create(ours())
    return list(PromiseTemplate.objects.select_for_update().order_by("position", "pk"))
