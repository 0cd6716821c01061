"""Due reminders, with workers killed (kill -9) and the broker flushed: none lost, none needlessly doubled.

Real Celery workers, the real broker, real SMTP. Half of the kills come while the mail server has
the message and has not answered yet: the worst moment. SMTP cannot be asked what it took, so such
a message comes once more, under the same Message-ID; no other may.
`PROOF=full` (make proof): 1,000 reminders, 20 kills, 2 flushes, the timetable's own process.
"""

import datetime as dt
import email
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest
import redis
from aiosmtpd.controller import Controller
from django.conf import settings
from django.db import connection
from django.utils import timezone

from messaging.models import Message
from servicedesk.celery import app
from servicedesk.embedded import ports
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import make_cast
from visits.models import Visit, VisitEquipment

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
REMINDERS, KILLS, FLUSHES = (1000, 20, 2) if FULL else (100, 4, 1)
PROCESSES = 2
LEASE_SECONDS = 4
# Only a guard: a busy machine takes its time.
DEADLINE = 1800 if FULL else 300
LOOK_EVERY = 0.05


class PostOffice:
    """Takes mail and counts each Message-ID; can do something just before it answers."""

    def __init__(self):
        self.took, self.before_answering = Counter(), None
        self._lock = threading.Lock()

    async def handle_DATA(self, server, session, envelope):
        with self._lock:
            self.took[email.message_from_bytes(envelope.content)["Message-ID"]] += 1
            act, self.before_answering = self.before_answering, None
        if act is not None:
            act()
        return "250 taken"

    @property
    def arrivals(self):
        return self.took.total()


class Programs:
    """The worker, killed and started again, and in the full proof the timetable."""

    def __init__(self, environment, folder):
        self.environment, self.folder, self.running = environment, folder, []
        self.kills = 0

    def start_worker(self):
        self.worker = self._start(
            "worker",
            "-Q",
            "send,default,bulk",
            "--concurrency",
            str(PROCESSES),
            "--without-gossip",
            "--without-mingle",
        )

    def start_timetable(self):
        self._start("beat", "--schedule", str(self.folder / "schedule"), "--pidfile", "")

    def kill_worker(self):
        """All its processes at once, as a power cut does."""
        os.killpg(self.worker.pid, signal.SIGKILL)
        self.kills += 1

    def end(self):
        for program in self.running:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()

    def _start(self, *words):
        command = [sys.executable, "-m", "celery", "-A", "servicedesk", *words]
        with (self.folder / "programs.log").open("ab") as log:
            program = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.running.append(program)
        return program


@pytest.fixture
def post_office():
    office = PostOffice()
    port = ports.first_free("127.0.0.1", 18025)
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    office.port = port
    yield office
    controller.stop()


@pytest.fixture
def programs(committed, post_office, tmp_path):
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    programs = Programs(
        os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "servicedesk.settings",
            "DATABASE_URL": database.geturl(),
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(post_office.port),
            "MESSAGE_LEASE_SECONDS": str(LEASE_SECONDS),
            "LOG_LEVEL": "WARNING",
        },
        tmp_path,
    )
    yield programs
    programs.end()


@pytest.fixture
def broker():
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()


def due_reminders(desk, count, now):
    """Visits whose only reminder, two hours before, has been due for ten minutes."""
    Tenant.objects.filter(pk=desk.tenant.pk).update(
        reminder_minutes=[120], quiet_from=dt.time(0), quiet_until=dt.time(0)
    )
    with tenant(desk.tenant):
        start = now + dt.timedelta(minutes=110)
        visits = [
            Visit(
                number=f"V-{number}",
                number_key=f"v{number}",
                customer=desk.customer,
                site=desk.site,
                contact=desk.contact,
                kind=Visit.Kind.FAULT,
                window_start=start,
                window_end=start + dt.timedelta(hours=1),
                planned_start=start,
                planned_end=start + dt.timedelta(hours=1),
                told_day=start.date(),
                told_from=dt.time(14),
                told_until=dt.time(15),
                tell_by_sms=False,
                booked_at=now - dt.timedelta(days=20),
                changed_at=now,
            )
            for number in range(count)
        ]
        Visit.objects.bulk_create(visits)
        VisitEquipment.objects.bulk_create(
            VisitEquipment(visit=visit, equipment=desk.copier) for visit in visits
        )


def keep_waking(stop):
    """In place of the timetable, quicker: the same wake-ups."""
    while not stop.wait(0.5):
        for task, queue in (("plan_reminders", "default"), ("deliver_messages", "send")):
            app.send_task(f"servicedesk.tasks.{task}", queue=queue, expires=5)


def wait_until(condition, deadline, what, log):
    while not condition():
        assert time.monotonic() < deadline, f"{what}\n{log.read_text()[-3000:] if log.exists() else ''}"
        threading.Event().wait(LOOK_EVERY)


def settled(desks):
    """How many reminders have left or ended otherwise."""
    count = 0
    for desk in desks:
        with tenant(desk.tenant):
            count += Message.objects.exclude(state__in=["planned", "sending"]).count()
    return count


def test_reminders_survive_killed_workers_and_a_flushed_broker(programs, post_office, broker, capsys):
    now = timezone.now()
    cast = make_cast(now=now)
    desks = [cast.north, cast.south]
    due_reminders(cast.north, REMINDERS * 7 // 10, now)
    due_reminders(cast.south, REMINDERS * 3 // 10, now)
    began, stop = time.monotonic(), threading.Event()
    deadline, log = began + DEADLINE, programs.folder / "programs.log"
    if FULL:
        programs.start_timetable()
    waker = threading.Thread(target=keep_waking, args=[stop], daemon=True)
    if not FULL:
        waker.start()
    programs.start_worker()
    flushed = 0
    for number in range(1, KILLS + 1):
        if number % 2:
            target = programs.kills + 1
            post_office.before_answering = programs.kill_worker
            wait_until(lambda t=target: programs.kills >= t, deadline, "No mail came to be killed at", log)
        else:
            goal = post_office.arrivals + max(1, REMINDERS // (3 * KILLS))
            wait_until(lambda g=goal: post_office.arrivals >= g, deadline, "No more mail comes", log)
            programs.kill_worker()
        programs.worker.wait()
        if number % (KILLS // FLUSHES) == KILLS // (2 * FLUSHES):
            broker.flushdb()
            flushed += 1
        programs.start_worker()
    wait_until(lambda: settled(desks) >= REMINDERS, deadline, "Not all reminders were sent", log)
    stop.set()
    took = time.monotonic() - began

    sent, begun = {}, 0
    for desk in desks:
        with tenant(desk.tenant):
            for message in Message.objects.all():
                assert (message.kind, message.state) == ("reminder", "sent"), message.reason
                sent[f"<{message.key}@{desk.tenant.slug}>"] = message.attempts
                begun += message.attempts
    lost = set(sent) - set(post_office.took)
    doubled = {key: count for key, count in post_office.took.items() if count > 1}
    with capsys.disabled():
        sys.stdout.write(
            f"\n{REMINDERS} reminders, {programs.kills} kills, {flushed} flushes, {took:.0f} s: "
            f"{len(lost)} lost, {len(doubled)} doubled (of {begun - REMINDERS} begun again after a kill)\n"
        )
    assert (len(sent), programs.kills, flushed) == (REMINDERS, KILLS, FLUSHES)
    assert lost == set()
    assert set(post_office.took) == set(sent)
    # One arrival for each time the sending began, and it began again only where a kill cut it off.
    assert all(count <= sent[key] for key, count in post_office.took.items())
    assert len(doubled) <= begun - REMINDERS <= KILLS * PROCESSES
