"""How far a visit has come, and the one step that comes next: a pure reading of what was tapped."""

from dataclasses import dataclass
from enum import StrEnum

from tenancy.models import Tenant
from visits.models import Visit, VisitStep

Step = VisitStep.Step


class Next(StrEnum):
    """What the technician's one large button does."""

    CALL = "call"
    READ = "read"
    SET_OUT = "set out"
    ARRIVE = "arrive"
    FINISH = "finish"
    NOTHING = ""


@dataclass(frozen=True)
class Mark:
    """One of the four steps as it stands: done, now, skipped or still to come (empty)."""

    label: str
    state: str


@dataclass(frozen=True)
class Progress:
    """The four steps and what comes next."""

    steps: tuple[Mark, ...]
    next: Next
    no_answer: VisitStep | None = None

    @property
    def can_be_skipped(self) -> str:
        """The step that may be left out with a reason; empty where none may."""
        return {Next.CALL: Step.CALL_AHEAD, Next.SET_OUT: Step.ON_THE_WAY}.get(self.next, "")


def progress_of(visit: Visit, *, steps: list[VisitStep], desk: Tenant, unread: int) -> Progress:
    """Where the visit stands; `steps` its own in order of time, `unread` how many to read."""
    standing = [step for step in steps if step.undone_at is None]
    skipped = {step.step for step in standing if step.skipped_because}
    called = visit.called_ahead_at is not None or not desk.call_ahead_minutes
    done = (
        visit.called_ahead_at is not None,
        visit.on_the_way_at is not None,
        visit.arrived_at is not None,
        visit.state == Visit.State.DONE,
    )
    coming = _next(visit, skipped, called, unread)
    now = {Next.CALL: 0, Next.READ: 1, Next.SET_OUT: 1, Next.ARRIVE: 2, Next.FINISH: 3}.get(coming)
    marks = []
    for place, (label, name) in enumerate(LABELS):
        left_out = name in skipped or (place == 0 and not desk.call_ahead_minutes)
        state = "done" if done[place] else "skipped" if left_out else "now" if place == now else ""
        marks.append(Mark(label, state))
    calls = [step for step in standing if step.step == Step.CALL_AHEAD and not step.skipped_because]
    failed = calls[-1] if calls and coming == Next.CALL else None
    return Progress(steps=tuple(marks), next=coming, no_answer=failed)


LABELS = (
    ("Call ahead", Step.CALL_AHEAD),
    ("On my way", Step.ON_THE_WAY),
    ("Arrived", Step.ARRIVED),
    ("Finished", Step.FINISHED),
)


def _next(visit, skipped, called, unread) -> Next:
    if visit.state == Visit.State.ON_SITE:
        return Next.FINISH
    if visit.state in Visit.OVER_STATES and visit.state != Visit.State.MISSED:
        return Next.NOTHING
    if visit.on_the_way_at is not None or Step.ON_THE_WAY in skipped:
        return Next.ARRIVE
    if not called and Step.CALL_AHEAD not in skipped:
        return Next.CALL
    return Next.READ if unread else Next.SET_OUT
