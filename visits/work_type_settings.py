"""Saying what a kind of visit takes on a kind of machine. How it counts: `work_types`."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from customers.searchkeys import folded
from tenancy.constraints import told_as
from tenancy.desk_settings import SettingRefused, may_set
from visits.models import VisitKind, WorkType
from visits.technicians import skill_list

SHORTEST, LONGEST, LARGEST_CREW = 5, 720, 4


@transaction.atomic
def save_work_type(
    work_type: WorkType | None,
    *,
    visit_kind: str,
    machine: str,
    minutes: int,
    skills: Iterable[str],
    crew: int,
    by,
    now: dt.datetime,
) -> WorkType:
    """Enter a line (None), or change one; visits that are booked keep their length.

    `visit_kind` empty means any kind, `machine` empty any machine. Raises PermissionDenied, and
    SettingRefused for a value that cannot be or a line that is there already.
    """
    may_set(by)
    if not SHORTEST <= minutes <= LONGEST:
        raise SettingRefused("minutes", f"From {SHORTEST} to {LONGEST} minutes.")
    if not 1 <= crew <= LARGEST_CREW:
        raise SettingRefused("crew", f"From 1 to {LARGEST_CREW} technicians.")
    work_type = work_type or WorkType()
    work_type.visit_kind, work_type.machine = visit_kind, " ".join(machine.split())
    work_type.machine_key = folded(machine)
    work_type.minutes, work_type.skills, work_type.crew = minutes, skill_list(skills), crew
    there_is = f"There is a line for {in_words(work_type)} already."
    with told_as(lambda: SettingRefused("machine", there_is), constraint="worktype_once"):
        work_type.save()
    return work_type


@transaction.atomic
def remove_work_type(work_type: WorkType, *, by) -> None:
    """The next exact line counts instead. Raises PermissionDenied."""
    may_set(by)
    work_type.delete()


def in_words(work_type: WorkType) -> str:
    """ "Tune-up on any copier", "Any visit on any machine": what a line is about."""
    kind = VisitKind(work_type.visit_kind).label if work_type.visit_kind else "Any visit"
    return f"{kind} on {work_type.machine or 'any machine'}"
