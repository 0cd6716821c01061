"""The people of a played week: they come, are late, never come, forget to ring, move and cancel.

What they did is noted on the visit as it was played; what the product refuses did not happen.
"""

import datetime as dt
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from tenancy.models import Membership, Tenant
from tenancy.scope import tenant
from visits import fieldwork
from visits.access import no_access
from visits.approval import ApprovalRefused
from visits.booking import SlotTaken
from visits.confirming import CannotConfirm, confirm_visit
from visits.gate import Completion, Report, complete_visit
from visits.models import Technician, Visit
from visits.moving import move_visit
from visits.outcomes import OutcomeRefused, Whose, cancel_visit, cannot_come, close_miss, nobody_came
from visits.places import MoveRefused, TooLateToUndo
from visits.rearranging import latest_rearrangement, undo
from visits.restoring import restore_visit

DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
WINDOW = HOUR
CLOCKS = tuple(dt.time(*clock) for clock in ((10, 0), (11, 30), (13, 0), (14, 30), (16, 0)))
BEHAVIOUR = {
    "comes": 30, "forgets to ring": 8, "nobody answers": 4, "comes late": 8, "comes after the miss": 5,
    "never comes": 14, "stand-in": 6, "cannot come": 4, "they say nobody came": 5, "no access": 4,
    "they cancel": 5, "we cancel": 5, "they move": 6, "we move": 6,
}  # fmt: skip
REFUSALS = (
    fieldwork.StepRefused,
    MoveRefused,
    OutcomeRefused,
    CannotConfirm,
    ApprovalRefused,
    SlotTaken,
    TooLateToUndo,
)
FIXED = Completion(Report("Cleaned it.", fixed_first_time=True, signing="typed", signed_by="A. Customer"), ())


@dataclass
class Desk:
    """One desk as the player knows it."""

    tenant: Tenant
    zone: ZoneInfo
    dispatcher: Membership
    manager: Membership
    crew: list[Technician] = field(default_factory=list)
    customers: list[tuple] = field(default_factory=list)


@dataclass
class Played:
    """One visit as it was played: the only source of what is expected."""

    desk: Desk
    visit: Visit
    customer_zone: ZoneInfo
    start: dt.datetime
    told_at: dt.datetime
    booked_by: Membership | None
    asked: bool
    approved: bool
    behaviour: str
    is_waiting: bool = True
    out: bool = False
    arrived_at: dt.datetime | None = None
    ended: str = ""
    said_missed: bool = False
    # What became of the promise to come in the window; None: none was made. "open" until it is settled.
    promise: str | None = None
    by_us: bool = False
    plan: int = 0

    @property
    def window_end(self) -> dt.datetime:
        """When the customer has waited long enough."""
        return self.start + WINDOW


class People:
    """What the people of a `Week` do; it has their clock, their chance and their plans."""

    def _plan_acts(self, played):
        played.plan += 1
        start, late = played.start, played.window_end
        before = played.told_at + self.random.random() * max(
            dt.timedelta(), start - played.told_at - 5 * MINUTE
        )
        some = self.random.random
        acts = {
            "they cancel": [(before, self._cancel, Whose.CUSTOMER)],
            "we cancel": [(before, self._cancel, Whose.US)],
            "they move": [(before, self._move, True)],
            "we move": [(before, self._move, False)],
            "cannot come": [(start + some() * 59 * MINUTE, self._cannot_come)],
            "they say nobody came": [(late + some() * 25 * MINUTE, self._nobody_came)],
            "never comes": [],
            "stand-in": [(start - 30 * MINUTE, self._stand_in), *self._trip(start, 5 + some() * 50)],
            "comes late": self._trip(start, 61 + some() * 28),
            "comes after the miss": self._trip(start, 91 + some() * 200),
            "no access": [
                *self._trip(start, some() * 30)[:-1],
                (start + 35 * MINUTE, self._rings_at_the_door),
                (start + 46 * MINUTE, self._no_access),
            ],
        }.get(played.behaviour)
        if acts is None:
            acts = self._trip(start, 1 + some() * 55)
        if played.behaviour in ("comes", "nobody answers"):
            result = "spoke" if played.behaviour == "comes" else "no answer"
            acts = [(start - 35 * MINUTE, self._ring, result), *acts]
        if self.random.random() < 0.4:
            acts = [(before, self._confirm), *acts]
        for at, act, *arguments in acts:
            if at >= self.now:
                self._at(at, self._unless_planned_anew, played, played.plan, act, *arguments)

    def _trip(self, start, minutes):
        there = start + minutes * MINUTE
        return [
            (there - 20 * MINUTE, self._set_out),
            (there, self._arrive),
            (there + 40 * MINUTE, self._done),
        ]

    def _unless_planned_anew(self, played, plan, act, *arguments):
        if played.plan == plan:
            act(played, *arguments)

    def _ring(self, played, result):
        self._try(played, lambda v: fieldwork.call_ahead(v, result=result, **self._by(played)))

    def _set_out(self, played):
        def go(visit):
            if visit.called_ahead_at is None and visit.arrived_at is None:
                fieldwork.skip_step(visit, "call ahead", because="No time", **self._by(played))
            fieldwork.set_out(visit, **self._by(played))

        self._try(played, go)
        played.out = played.out or self.went

    def _arrive(self, played):
        self._try(played, lambda v: fieldwork.arrive(v, **self._by(played)))
        if self.went:
            played.arrived_at, played.is_waiting = self.now, False
            played.ended = Visit.State.ON_SITE
            kept = "kept late" if played.by_us else "kept"
            self._settle(played, kept if self.now <= played.window_end else "broken")

    def _done(self, played):
        self._try(played, lambda v: complete_visit(v, completion=FIXED, **self._by(played)))
        if self.went:
            played.ended = Visit.State.DONE

    def _rings_at_the_door(self, played):
        self._ring(played, "no answer")

    def _no_access(self, played):
        self._try(played, lambda v: no_access(v, because="Nobody opened", **self._by(played)))
        if self.went:
            played.ended = Visit.State.NO_ACCESS

    def _confirm(self, played):
        self._try(played, lambda v: confirm_visit(v, by=None, now=self.now, said="Yes"))

    def _stand_in(self, played):
        others = self.random.sample(played.desk.crew, len(played.desk.crew))
        for technician in others[:4]:
            self._try(
                played,
                lambda v, who=technician: move_visit(
                    v, technician=who, start=v.planned_start, reason="Ill", by=played.desk.manager,
                    now=self.now, version=v.version,
                ),
            )  # fmt: skip
            if self.went:
                return

    def _cannot_come(self, played):
        self._try(played, lambda v: cannot_come(v, because="The van broke down", **self._by(played)))
        self._missed_by_word(played)

    def _nobody_came(self, played):
        by = self.random.choice([None, played.desk.dispatcher])
        self._try(played, lambda v: nobody_came(v, by=by, now=self.now))
        self._missed_by_word(played)

    def _missed_by_word(self, played):
        if self.went:
            played.said_missed, played.is_waiting, played.ended = True, False, Visit.State.MISSED
            self._settle(played, "broken")

    def _cancel(self, played, whose):
        by = None if whose == Whose.CUSTOMER and self.random.random() < 0.5 else played.desk.dispatcher
        self._try(
            played,
            lambda v: cancel_visit(
                v, whose=whose, because="Another time", by=by, now=self.now, version=v.version
            ),
        )
        if self.went:
            by_us = whose == Whose.US
            played.is_waiting = False
            played.ended = Visit.State.CANCELLED_BY_US if by_us else Visit.State.CANCELLED_BY_CUSTOMER
            before, kept = played.promise, by is not None and self.random.random() < 0.5
            self._settle(played, "broken" if by_us else "released")
            if kept:
                self._at(self.now + MINUTE, self._restore, played, before)

    def _restore(self, played, promise):
        """It was the wrong one; then they come."""
        self._try(played, lambda v: restore_visit(v, **self._by(played)))
        if self.went:
            played.is_waiting, played.ended, played.promise = True, "", promise
            played.behaviour = "comes"
            self.seen["restored"] += 1
            self._plan_acts(played)

    def _move(self, played, agreed):
        """To a free time later on; then they come."""
        desk = played.desk
        for _ in range(10):
            day = played.start.astimezone(desk.zone).date() + dt.timedelta(days=self.random.randrange(3))
            start = dt.datetime.combine(day, self.random.choice(CLOCKS), desk.zone).astimezone(dt.UTC)
            if start <= self.now + HOUR or start == played.start:
                continue
            self._try(
                played,
                lambda v, at=start: move_visit(
                    v, technician=self.random.choice(desk.crew), start=at, reason="Suits better",
                    by=desk.manager, now=self.now, version=v.version, agreed_by_customer=agreed,
                ),
            )  # fmt: skip
            if self.went:
                if self.random.random() < 0.4:
                    before = {name: getattr(played, name) for name in ("start", "told_at", "by_us")}
                    self._at(self.now + MINUTE, self._undo_move, played, played.plan + 1, before)
                played.start, played.told_at, played.out = start, self.now, False
                played.by_us = played.promise is not None and not agreed
                played.behaviour = "comes"
                self.seen["moved"] += 1
                self._plan_acts(played)
                return

    def _undo_move(self, played, plan, before):
        """To the wrong day; back again, and then they come."""
        if played.plan != plan:
            return

        def undo_it(visit):
            made = latest_rearrangement(visit, now=self.now)
            if made is None:
                raise TooLateToUndo("Somebody changed it meanwhile.")
            undo(made, **self._by(played))

        self._try(played, undo_it)
        if self.went:
            for name, value in before.items():
                setattr(played, name, value)
            self.seen["moves undone"] += 1
            self._plan_acts(played)

    def _see_to_misses(self, desk):
        """A dispatcher settles misses in office hours, mostly with another visit."""
        if not 9 <= self.now.astimezone(desk.zone).hour < 17:
            return
        with tenant(desk.tenant):
            open_ones = list(
                Visit.objects.filter(missed_at__isnull=False, miss_closed_at__isnull=True).order_by("pk")[:5]
            )
        for missed in open_ones:
            played = self.played[missed.public_id]
            who = next(each for each in desk.customers if each[0].pk == missed.customer_id)
            day = self.now.astimezone(desk.zone).date() + dt.timedelta(days=1 + self.random.randrange(2))
            again = None
            if self.random.random() < 0.7 and day <= self.last_day + dt.timedelta(days=2):
                again = self._book(desk, who, day)
            self._settle_miss(played, again)

    def _settle_miss(self, played, again):
        self._try(
            played,
            lambda v: close_miss(
                v, what_happened="Wrong day", spoke_to="Them", spoke_at=self.now,
                new_visit=again and again.visit, **self._by(played),
            ),
        )  # fmt: skip

    def _settle(self, played, state):
        if played.promise == "open":
            played.promise = state

    def _by(self, played):
        return {"by": played.desk.dispatcher, "now": self.now}

    def _try(self, played, act):
        """Act on the visit as it is now; what the product refuses did not happen."""
        with tenant(played.desk.tenant):
            try:
                act(Visit.objects.get(pk=played.visit.pk))
                self.went = True
            except REFUSALS as refused:
                self.went = False
                self.refused[type(refused).__name__] += 1
