"""Nothing is lost and nobody is in two places when eight people rearrange one board at once (R2.4).

Eight dispatchers move, swap, cancel, restore and undo at random, on few visits and fewer technicians,
so that most of what they see is old by the time they act. Real threads, a real database.
`PROOF=full` (make proof): 5,000 acts.
"""

import datetime as dt
import os
import random
import sys
import threading
import time
from collections import Counter
from itertools import pairwise

import pytest
from django.db import connection, connections

from cases.models import Promise
from customers.models import TimelineEntry
from messaging.models import Message
from tenancy.models import Membership, Role, User
from tenancy.scope import tenant
from tests.cast import make_visit
from visits.booking import SlotTaken, book_visit, undo_booking
from visits.crews import add_member, remove_member
from visits.models import Rearrangement, Technician, Visit
from visits.moving import move_visit
from visits.outcomes import OutcomeRefused, Whose, cancel_visit
from visits.places import MoveRefused, TooLateToUndo
from visits.rearranging import undo
from visits.restoring import restore_visit
from visits.swapping import swap_visits

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
WORKERS = 8
ACTS = 5_000 if FULL else 200
VISITS = 24
TECHNICIANS = 4
MONDAY = dt.datetime(2026, 3, 9, 8, 0, tzinfo=dt.UTC)
QUARTER = dt.timedelta(minutes=15)
# Every way of being told no; anything else is a fault.
REFUSALS = (MoveRefused, OutcomeRefused, SlotTaken, TooLateToUndo)

OVERLAPS = """
SELECT count(*) FROM visits_assignment a JOIN visits_assignment b
    ON a.technician_id = b.technician_id AND a.id < b.id AND a.during && b.during
WHERE a.state IN ('booked', 'confirmed', 'on the way', 'on site')
  AND b.state IN ('booked', 'confirmed', 'on the way', 'on site')
"""


class Worker(threading.Thread):
    """One dispatcher: looks at the board, thinks a moment in which others act, acts on what was seen."""

    def __init__(self, number, desk, me, crew, moments, gate):
        super().__init__()
        self.desk, self.me, self.crew, self.moments, self.gate = desk, me, crew, moments, gate
        # What this worker undid: told once more that it is undone, it changed nothing.
        self.undone = set()
        self.random = random.Random(20260309 + number)
        self.share = ACTS // WORKERS
        self.done, self.refused, self.times, self.error = Counter(), Counter(), [], None
        # Per visit: by how much acts of this worker that were accepted raised its version.
        self.raised = Counter()
        self.acts = [
            *[self.move] * 6, *[self.swap] * 4, *[self.cancel] * 3, *[self.restore] * 3, *[self.undo] * 4,
            self.add_member, self.remove_member, self.book,
        ]  # fmt: skip

    def run(self):
        try:
            self.gate.wait(timeout=60)
            for _ in range(self.share):
                self._act()
        except Exception as error:
            self.error = error
        finally:
            connections.close_all()

    def _act(self):
        """Look in one transaction, act in the next: between them the board belongs to everybody."""
        with tenant(self.desk.tenant):
            # What was cancelled long ago tempts nobody: the newest are enough.
            rows = Visit.objects.exclude(ended_because=Visit.BOOKING_UNDONE).order_by("-changed_at", "-pk")
            seen = list(rows[: 2 * VISITS])
            undoable = list(Rearrangement.objects.filter(undone_at=None).order_by("-pk")[:6])
        # Where cancelling has thinned the board out, some come back.
        self.is_thin = sum(visit.state in Visit.WAITING_STATES for visit in seen) < VISITS * 2 // 3
        act = self.random.choice([self.book, self.restore] if self.is_thin else self.acts)
        self.now = next(self.moments)
        began = time.perf_counter()
        try:
            with tenant(self.desk.tenant):
                raised = act(seen, undoable)
        except REFUSALS as refused:
            self.refused[f"{act.__name__}: {type(refused).__name__}"] += 1
        else:
            self.done[act.__name__] += 1
            self.raised.update(raised)
        self.times.append(time.perf_counter() - began)

    def move(self, seen, undoable):
        visit = self._waiting(seen)
        start = MONDAY + QUARTER * self.random.randrange(0, 150)
        technician = self.random.choice(self.crew)
        told = {"agreed_by_customer": self.random.random() < 0.3}
        move_visit(
            visit, technician=technician, start=start, reason="At random", version=visit.version, **told,
            **self._said(),
        )  # fmt: skip
        return [visit.pk]

    def swap(self, seen, undoable):
        first, second = self.random.sample([v for v in seen if v.state in Visit.WAITING_STATES], 2)
        swap_visits(
            first, second, versions=(first.version, second.version), reason="At random",
            swap_times=self.random.random() < 0.5, **self._said(),
        )  # fmt: skip
        return [first.pk, second.pk]

    def cancel(self, seen, undoable):
        visit = self._waiting(seen)
        whose = self.random.choice(list(Whose))
        cancel_visit(visit, whose=whose, because="At random", version=visit.version, **self._said())
        return [visit.pk]

    def restore(self, seen, undoable):
        cancelled = [visit for visit in seen if visit.state not in Visit.WAITING_STATES] or seen
        visit = self.random.choice(cancelled)
        after = restore_visit(visit, **self._said())
        # Restored by somebody else meanwhile, it is given back as it stands, and nothing was changed.
        mine = TimelineEntry.objects.filter(
            subject=after.public_id, step=f"restored {after.version}", actor=self.me
        )
        return [visit.pk] if mine.exists() and self._is_new("visit", after.pk, after.version) else []

    def undo(self, seen, undoable):
        if not undoable:
            raise MoveRefused("There is nothing to undo.")
        made = self.random.choice(undoable)
        undone = undo(made, **self._said())
        mine = undone.undone_by_id == self.me.pk and self._is_new("rearrangement", undone.pk)
        return list(undone.visits.values_list("visit", flat=True)) if mine else []

    def add_member(self, seen, undoable):
        visit = self._waiting(seen)
        add_member(visit, self.random.choice(self.crew), version=visit.version, **self._said())
        return [visit.pk]

    def remove_member(self, seen, undoable):
        visit = self._waiting(seen)
        leaving = self.random.choice(self.crew)
        remove_member(visit, leaving, reason="At random", version=visit.version, **self._said())
        return [visit.pk]

    def book(self, seen, undoable):
        """Booked and undone at once, unless the board needs it: the time is taken and given back."""
        start = MONDAY + QUARTER * self.random.randrange(0, 150)
        booked = book_visit(
            customer=self.desk.customer, site=self.desk.site, contact=self.desk.contact, machines=[],
            kind="tune-up", problem="", technician=self.random.choice(self.crew), start=start,
            end=start + 4 * QUARTER, window_end=start + 4 * QUARTER,
            others=self.random.sample(self.crew, self.random.randrange(3)), **self._said(),
        )  # fmt: skip
        if self.is_thin:
            return []
        undo_booking(booked, **self._said())
        return [booked.pk]

    def _waiting(self, seen):
        return self.random.choice([visit for visit in seen if visit.state in Visit.WAITING_STATES])

    def _is_new(self, *what):
        known = what in self.undone
        self.undone.add(what)
        return not known

    def _said(self):
        return {"by": self.me, "now": self.now}


def the_board(desk):
    """Colleagues, technicians, and visits an hour and a half apart in each lane."""
    with tenant(desk.tenant):
        people = [
            User.objects.create_user(f"d{n}@northgate.example", "a long password") for n in range(WORKERS)
        ]
        members = [Membership.objects.create(user=user, role=Role.DISPATCHER) for user in people]
        crew = [Technician.objects.create(name=f"Technician {number}") for number in range(TECHNICIANS)]
        for number in range(VISITS):
            start = MONDAY + 6 * QUARTER * (number // TECHNICIANS)
            technician = crew[number % TECHNICIANS]
            make_visit(desk, start=start, technician=technician, machines=(), number=f"V-{number}")
    return members, crew


def test_eight_rearrange_one_board_at_once_and_every_act_counts_once(committed_cast, now, capsys):
    desk = committed_cast.north
    members, crew = the_board(desk)
    gate = threading.Barrier(WORKERS)
    # No two acts in the same moment, and all of them before the first can no longer be undone.
    moments = iter([now + number * dt.timedelta(milliseconds=10) for number in range(ACTS)])
    workers = [Worker(n, desk, member, crew, moments, gate) for n, member in enumerate(members)]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - began
    done, refused, raised = Counter(), Counter(), Counter()
    for worker in workers:
        done += worker.done
        refused += worker.refused
        raised += worker.raised
    with tenant(desk.tenant):
        with connection.cursor() as cursor:
            cursor.execute(OVERLAPS)
            overlaps = cursor.fetchone()[0]
        lost = [v.number for v in Visit.objects.all() if v.version != 1 + raised[v.pk]]
        torn = [fault for v in Visit.objects.all() for fault in faults_of(v)]
    slowest = sorted(seconds for worker in workers for seconds in worker.times)
    with capsys.disabled():
        sys.stdout.write(
            f"\nRearranging at once: {WORKERS} workers, {len(slowest)} acts in {took:.0f} s: "
            f"{done.total()} done ({told(done)}), {refused.total()} refused ({told(refused)}); "
            f"{overlaps} overlaps, {len(lost)} lost updates, {len(torn)} that do not add up; "
            f"p50 {slowest[len(slowest) // 2] * 1000:.0f} ms, slowest {slowest[-1] * 1000:.0f} ms\n"
        )
    assert [worker.error for worker in workers] == [None] * WORKERS
    assert len(slowest) == ACTS
    assert (overlaps, lost, torn) == (0, [], [])
    assert {"move", "swap", "cancel", "restore", "undo"} <= set(done)


def faults_of(visit):
    """Where its history has a gap, or its crew, promises and messages are not those of where it stands."""
    versions = list(visit.history.order_by("pgh_id").values_list("version", flat=True))
    places = set(visit.assignments.values_list("starts_at", "ends_at", "state"))
    promised = Promise.objects.open().filter(of_visit__visit=visit, kind="window")
    waits = visit.state in Visit.WAITING_STATES
    waiting = Message.objects.filter(subject=visit.public_id, state="planned")
    sound = {
        "history": all(after - before in (0, 1) for before, after in pairwise(versions)),
        "version": versions[-1] == visit.version,
        "crew": places == {(visit.planned_start, visit.planned_end, visit.state)},
        "promise": list(promised.values_list("due_at", flat=True)) == ([visit.window_end] if waits else []),
        "told time": set(waiting.values_list("subject_start", flat=True)) <= {visit.planned_start},
        "told what": set(waiting.values_list("kind", flat=True))
        <= ({"booked", "moved"} if waits else {"cancelled"}),
    }
    return [f"{visit.number}: {name}" for name, is_sound in sound.items() if not is_sound]


def told(counted):
    return ", ".join(f"{name} {many}" for name, many in sorted(counted.items()))
