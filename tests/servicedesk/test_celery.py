"""The timetable, and who may work behind which walls."""

import datetime as dt
import re
from pathlib import Path

import pytest
import time_machine
from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured

from cases.models import Duty
from contracts.models import RenewalCheck
from messaging.models import Message
from servicedesk import celery, standing, tasks
from servicedesk.celery import app
from tenancy.scope import tenant
from tests.cast import make_plain_visit


def test_each_line_of_the_timetable_wakes_a_task_on_a_queue_that_workers_read():
    for line in app.conf.beat_schedule.values():
        module, _, name = line["task"].rpartition(".")
        assert module == tasks.__name__
        assert callable(getattr(tasks, name))
        assert line["options"]["queue"] in {"send", "default", "bulk"}


def test_each_line_of_the_timetable_says_who_cares():
    written = Path(celery.__file__).read_text()
    lines = written[written.index("beat_schedule") :].splitlines()
    for name in app.conf.beat_schedule:
        number = next(n for n, line in enumerate(lines) if f'"{name}":' in line)
        assert re.match(r"\s+# \S", lines[number - 1]), name


def test_a_wake_up_that_nobody_took_is_dropped_once_the_next_is_due():
    for line in app.conf.beat_schedule.values():
        if isinstance(line["schedule"], (int, float)):
            assert line["options"]["expires"] <= 2 * line["schedule"]


def test_nothing_starts_while_the_walls_have_a_hole(monkeypatch, db):
    monkeypatch.setattr(standing, "wall_faults", lambda connection: [Error("Table x lacks a policy.")])
    monkeypatch.setattr(standing.connection, "close", lambda: None)
    with pytest.raises(ImproperlyConfigured, match="Table x lacks a policy"):
        standing.refuse_holes()
    with pytest.raises(SystemExit, match="The worker does not start"):
        celery.refuse_to_work_behind_broken_walls()


def test_sound_walls_let_everything_start(db, monkeypatch):
    monkeypatch.setattr(standing.connection, "close", lambda: None)
    standing.refuse_holes()


def test_every_task_runs_with_no_desk_open_and_twice_does_nothing_more(cast, now):
    def rows():
        counts = []
        for desk in (cast.north, cast.south):
            with tenant(desk.tenant):
                counts.append((Message.objects.count(), Duty.objects.count(), RenewalCheck.objects.count()))
        return counts

    with time_machine.travel(now, tick=False):
        with tenant(cast.north.tenant):
            make_plain_visit(cast.north, now=now, start=now + dt.timedelta(hours=3))
        for line in app.conf.beat_schedule.values():
            task = getattr(tasks, line["task"].rpartition(".")[2])
            task()
            before = rows()
            task()
            assert rows() == before
    # Two messages and the duty are the nudge about paid visits.
    assert rows()[0] == (6, 1, 1)
