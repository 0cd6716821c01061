"""Weeks of promises by people who fall ill, leave and go on holiday: each ends, and no break is silent (R6).

The clock is in the test's hand, and the job runner stands still at random. Whatever happens, each promise
ends kept, kept late or broken (or released by the customer); each break is heard by a lead within a
minute of the runner's being there; after two on one matter a supervisor owns it within one business hour.
`PROOF=full` plays 2,000.
"""

import datetime as dt
import heapq
import os
import random
import sys

import pytest

from cases.models import Case, Duty, Promise, PromiseHandover
from cases.promise_breaks import BROKEN
from cases.promise_owners import add_leave, mind_promises
from cases.promising import SettledMeanwhile, agree_anew, keep_by_hand, make_promise
from messaging.models import Message
from tenancy.calendars import calendar_of
from tenancy.models import Membership, Role, User
from tenancy.scope import tenant
from visits.absences import add_absence
from visits.sweeper import sweep

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
PROMISES, AN_HOUR = (2000, 6) if FULL else (60, 3)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
KINDS = (Promise.Kind.CALL_BACK, Promise.Kind.ANSWER, Promise.Kind.MONEY)


class Weeks:
    """What is promised, and what becomes of people and of the runner, as one seed has it.

    The runner's turn comes every minute; played are only the minutes at which something can happen.
    """

    def __init__(self, desk, now, seed):
        self.desk, self.dice, self.start = desk, random.Random(seed), now
        self.people = self._people()
        self.cases = self._cases()
        self.todo, self.minutes = {}, []
        self.made = self.stalled = self.away = 0
        self.stalls = []
        for number in range(PROMISES):
            self._at(now + number * HOUR / AN_HOUR, self.promise)
        for _ in range(PROMISES // 8):
            self._at(now + self.dice.randint(0, PROMISES * 60 // AN_HOUR) * MINUTE, self.somebody_is_away)

    def _people(self):
        desk = self.desk
        people = [desk.people[role] for role in (Role.SALES, Role.DISPATCHER, Role.TECHNICIAN)]
        for number in range(6):
            user = User.objects.create_user(f"p{number}@n.example", "a long password", name=f"P {number}")
            lead = self.dice.choice([None, desk.manager, *people])
            people.append(Membership.objects.create(user=user, role=Role.SALES, lead=lead))
        return people

    def _cases(self):
        return [
            Case.objects.create(
                customer=self.desk.customer,
                kind=Case.Kind.FAULT,
                title=f"Matter {number}",
                opened_at=self.start,
                owner=self.dice.choice([None, *self.people]),
            )
            for number in range(max(5, PROMISES // 8))
        ]

    def _at(self, when, act):
        if when not in self.todo:
            heapq.heappush(self.minutes, when)
        self.todo.setdefault(when, []).append(act)

    def play(self):
        """Until nothing is left to happen; the last turn is after the last promise was due."""
        until = self.start
        while self.minutes:
            now = heapq.heappop(self.minutes)
            with tenant(self.desk.tenant):
                for act in self.todo.pop(now):
                    act(now)
            if now >= until and self.dice.random() < 0.04:
                until = now + self.dice.randint(2, 180) * MINUTE
                self.stalls.append((now, until))
                self._at(until, lambda now: None)
            if now >= until:
                mind_promises(now=now)
                sweep(now=now)

    def was_there(self, since):
        """Since when the runner was there after something fell due."""
        # One stall may follow at the very minute at which another ends.
        for begin, end in self.stalls:
            if begin <= since + MINUTE and since < end:
                since = end
        return since

    def promise(self, now):
        """One more, with what its owner means to do about it, in time or too late."""
        here = [one for one in self.people if one.ended_at is None]
        made = make_promise(
            customer=self.desk.customer,
            kind=self.dice.choice(KINDS),
            text=f"Promise {self.made}",
            due_at=now + self.dice.randint(12, 48 * 60) * MINUTE,
            owner=self.dice.choice(here),
            by=None,
            now=now,
            case=self.dice.choice([None, *self.cases]),
        )
        self.made += 1
        self._turns(made)
        act = self.dice.choices([self.keep, self.move, None], [5, 2, 3])[0]
        if act:
            when = max(now, made.due_at + self.dice.randint(-40, 20) * MINUTE)
            self._at(when + MINUTE, lambda now: act(made.pk, now))

    def _turns(self, promise):
        for before in (30, 10, 0, -1):
            self._at(promise.due_at - before * MINUTE, lambda now: None)

    def keep(self, pk, now):
        """Whoever has it by now does what was promised; the clock may have been first."""
        promise = Promise.objects.select_related("tenant", "owner__user").get(pk=pk)
        try:
            keep_by_hand(promise, by=promise.owner, now=now, evidence="Done")
        except SettledMeanwhile:
            assert promise.state != Promise.State.OPEN

    def move(self, pk, now):
        """They agree another time, if they are in time."""
        promise = Promise.objects.select_related("tenant", "customer", "owner__user").get(pk=pk)
        later = promise.due_at + self.dice.randint(30, 300) * MINUTE
        try:
            agree_anew(promise, due_at=later, by=promise.owner, now=now)
        except ValueError:
            return
        self._turns(promise)
        self._at(later - self.dice.randint(-3, 9) * MINUTE, lambda now: self.keep(pk, now))

    def somebody_is_away(self, now):
        """Ill from now on, on holiday from some day, or gone for good."""
        who = self.dice.choice(self.people)
        what = self.dice.choice(["ill", "ill", "holiday", "holiday", "gone"])
        self.away += 1
        if what == "gone" and sum(one.ended_at is None for one in self.people) > 4:
            who.ended_at = now
            who.save(update_fields=["ended_at"])
            return
        starts_at = now if what == "ill" else now + self.dice.randint(0, 48) * HOUR
        span = {
            "starts_at": starts_at,
            "ends_at": starts_at + self.dice.randint(4, 72) * HOUR,
            "reason": what,
        }
        if who == self.desk.technician:
            add_absence(self.desk.lou, **span, by=self.desk.manager, now=now)
        else:
            add_leave(who, **span, now=now)


@pytest.fixture
def weeks(committed_cast, now):
    """Played to their end."""
    with tenant(committed_cast.north.tenant):
        played = Weeks(committed_cast.north, now, seed=6)
    played.play()
    return played


def test_each_promise_ends_and_no_break_is_silent(committed_cast, weeks):
    with tenant(committed_cast.north.tenant):
        promises = list(Promise.objects.by_hand().order_by("settled_at", "pk"))
        ends = {
            state: sum(one.state == state for one in promises) for state in ("kept", "kept late", "broken")
        }
        assert sum(ends.values()) == len(promises) == PROMISES
        assert all(ends.values())
        slowest = check_breaks(weeks, [one for one in promises if one.state == Promise.State.BROKEN])
        upstairs = check_matters(weeks)
        handed = PromiseHandover.objects.filter(by=None).exclude(reason="").count()
        assert handed > 0
    stood = sum((end - begin for begin, end in weeks.stalls), dt.timedelta())
    days = (promises[-1].settled_at - weeks.start).days
    sys.stdout.write(
        f"\npromises: {PROMISES} over {days} days, {ends}; {weeks.away} times somebody was ill, away or "
        f"gone, {handed} handed on; the runner stood {len(weeks.stalls)} times, {stood}; a break heard "
        f"{slowest.seconds} s after the runner was there at most; {upstairs} matters with a supervisor; "
        "0 silent\n"
    )


def check_breaks(weeks, broken) -> dt.timedelta:
    """Each is heard once, by somebody, with a duty and a mail; how long after the runner was there."""
    duties = {duty.subject: duty for duty in Duty.objects.filter(kind=Duty.Kind.CALL_CUSTOMER)}
    mails = {mail.subject: mail for mail in Message.objects.filter(kind=BROKEN)}
    assert len(duties) == len(mails) == len(broken)
    slowest = dt.timedelta()
    for promise in broken:
        duty, mail = duties[promise.public_id], mails[promise.public_id]
        assert duty.owner is not None and duty.owner_id == mail.colleague_id
        assert duty.opened_at == mail.send_after == promise.settled_at > promise.due_at
        late = duty.opened_at - weeks.was_there(promise.due_at)
        assert late <= MINUTE, promise.text
        slowest = max(slowest, late)
    return slowest


def check_matters(weeks) -> int:
    """Each with two broken promises went upstairs with the second, within one business hour; how many."""
    calendar = calendar_of(weeks.desk.tenant)
    many = 0
    for case in weeks.cases:
        broken = case.promises.filter(state=Promise.State.BROKEN).order_by("settled_at", "pk")
        times = list(broken.values_list("settled_at", flat=True))
        duties = list(Duty.objects.filter(case=case, kind=Duty.Kind.OWN_CASE))
        assert len(duties) == (1 if len(times) >= 2 else 0), case.title
        for duty in duties:
            many += 1
            case.refresh_from_db()
            assert duty.owner == case.supervisor == case.owner and duty.owner.role == Role.MANAGER
            assert duty.opened_at == times[1]
            assert duty.due_at == calendar.due_after(times[1], HOUR)
    assert many > 0
    return many
