"""When a step was taken by the phone, beside when we heard of it.

Our clock rules states and promises: a miss stays a miss. But a technician who stood at the door without a
signal was there, and whoever judges the miss has to read so: "Arrived 13:55 by Lou's phone, sent 15:40".
"""

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from tenancy.calendars import local_time
from visits.models import Visit, VisitStep

Step = VisitStep.Step
# Sooner than this it is no wait for a signal.
SENT_LATER = dt.timedelta(minutes=1)


def done_at(step: VisitStep) -> dt.datetime:
    """When it happened: the phone's corrected time where it told one, else ours."""
    return step.device_at or step.at


def arrival_of(steps: Iterable[VisitStep]) -> VisitStep | None:
    """The arrival that stands, if there is one, of a visit's steps in order of time."""
    standing = [each for each in steps if each.step == Step.ARRIVED and each.undone_at is None]
    return next((each for each in reversed(standing) if not each.skipped_because), None)


def came_in_time(visit: Visit, steps: Iterable[VisitStep]) -> VisitStep | None:
    """The arrival that lies within the window by the phone, and reached us after it; None for none."""
    for step in steps:
        if step.step != Step.ARRIVED or step.undone_at or step.device_at is None:
            continue
        if step.device_at <= visit.window_end < step.at:
            return step
    return None


def was_sent_later(step: VisitStep) -> bool:
    """Whether the step waited on the phone before it reached us."""
    return step.device_at is not None and step.at - step.device_at >= SENT_LATER


def in_words(step: VisitStep, zone: ZoneInfo) -> str:
    """ "Arrived 13:55 by Lou's phone, sent 15:40", with its day where that is another one."""
    tapped, sent = local_time(step.device_at, zone), local_time(step.at, zone)
    day = "" if sent.date() == tapped.date() else f"{sent.day} {sent:%B}, "
    whose = f"{step.by.name.split()[0]}’s" if step.by else "the"
    return f"{step.get_step_display()} {tapped:%H:%M} by {whose} phone, sent {day}{sent:%H:%M}"


def speaks_for(visit: Visit, steps: Iterable[VisitStep], zone: ZoneInfo) -> str:
    """What whoever judges a late or missed visit has to read; empty where the phone says nothing of it."""
    step = came_in_time(visit, steps)
    return in_words(step, zone) if step else ""
