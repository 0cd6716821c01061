"""Two that lock rows in different orders wait for each other in a circle; here they meet."""

import datetime as dt
import threading

import pytest
from django.db import connection

from cases.models import Promise
from tenancy.scope import tenant
from tests.cast import make_visit
from visits import sweeper
from visits.models import Visit
from visits.places import hold_visits
from visits.swapping import swap_visits

MINUTE = dt.timedelta(minutes=1)
# Nobody rings within these: the second of two that wait for each other is at its lock by then.
PATIENCE = 5


class Meeting:
    """Threads whose faults are kept, and which wait until the other one stands at a lock."""

    def __init__(self, desk):
        self.desk, self.faults, self._threads = desk, [], []

    def run(self, act):
        def work():
            try:
                act()
            except Exception as fault:
                self.faults.append(fault)
            finally:
                connection.close()

        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()

    def until_somebody_waits(self):
        """Ask the database whether a transaction waits for another; in vain where none will."""
        tried = threading.Event()
        for _ in range(PATIENCE * 50):
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    return
            tried.wait(0.02)

    def ended(self):
        for thread in self._threads:
            thread.join()
        assert self.faults == []


@pytest.fixture
def meeting(committed_cast):
    return Meeting(committed_cast.north)


def test_a_swap_and_the_clock_break_promises_of_the_same_visits(meeting, now, monkeypatch):
    """The clock goes from the first to the second, the swap from the second to the first."""
    north = meeting.desk
    with tenant(north.tenant):
        pair = [
            make_visit(north, start=now + 60 * MINUTE, technician=north.lou, number="V-1"),
            make_visit(north, start=now + 61 * MINUTE, technician=north.marek, number="V-2"),
        ]
    # The calls ahead are overdue, the windows are not.
    then = now + 35 * MINUTE
    break_promise, swapping = sweeper.break_promise, threading.Event()

    def break_and_meet(promise, **values):
        broken = break_promise(promise, **values)
        if not swapping.is_set():
            swapping.set()
            meeting.run(swap)
            meeting.until_somebody_waits()
        return broken

    def swap():
        with tenant(north.tenant):
            second, first = pair[::-1]
            swap_visits(
                second, first, versions=(second.version, first.version), reason="Nearer",
                by=north.dispatcher, now=then,
            )  # fmt: skip

    monkeypatch.setattr(sweeper, "break_promise", break_and_meet)
    meeting.run(lambda: sweeper.sweep(now=then))
    for _ in range(PATIENCE * 50):
        if swapping.wait(0.02):
            break
    meeting.ended()
    with tenant(north.tenant):
        due = Promise.objects.filter(of_visit__visit__in=pair, due_at__lt=then)
        assert set(due.values_list("kind", "state")) == {
            ("confirmation", "broken"),
            ("call ahead", "broken"),
        }
        assert set(Visit.objects.filter(number__startswith="V-").values_list("version", flat=True)) == {2}


def test_a_second_miss_and_a_mover_of_the_coming_visit(meeting, now, monkeypatch):
    """The clock holds the missed one and names a back-up for the coming; a mover has them the other way."""
    north = meeting.desk
    with tenant(north.tenant):
        coming = make_visit(north, start=now + 24 * 60 * MINUTE, technician=north.lou, number="V-1")
        make_visit(
            north, start=now - 20 * 24 * 60 * MINUTE, technician=north.lou, state=Visit.State.MISSED,
            missed_at=now - 20 * 24 * 60 * MINUTE + 90 * MINUTE, number="V-2",
        )  # fmt: skip
        missed = make_visit(north, start=now - 100 * MINUTE, technician=north.lou, number="V-3")
    make_missed = sweeper.make_missed

    def meet_and_make_missed(visit, **values):
        meeting.run(move)
        meeting.until_somebody_waits()
        make_missed(visit, **values)

    def move():
        with tenant(north.tenant):
            held = hold_visits([missed.pk, coming.pk])
            Visit.objects.filter(pk=held[coming.pk].pk).update(problem="Moved")

    monkeypatch.setattr(sweeper, "make_missed", meet_and_make_missed)
    swept = sweeper.sweep(now=now)
    meeting.ended()
    assert swept.missed == 1
    with tenant(north.tenant):
        coming.refresh_from_db()
        assert (coming.backup, coming.problem) == (north.marek, "Moved")
