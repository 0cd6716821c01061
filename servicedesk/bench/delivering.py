"""Mail through the real worker: woken by the timetable, over SMTP, to a server that takes everything."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from aiosmtpd.controller import Controller

from servicedesk.bench.store import ROOT
from servicedesk.embedded import children, ports

FIRST_PORT = 18_500
BEGINS_WITHIN = 60.0
ROUND_WITHIN = 180.0
# What the timetable and the worker say of a task.
ASKED = re.compile(r"Sending due task [^(]*\(([\w.]+)\)")
DONE = re.compile(r"Task ([\w.]+)\[[^]]*\] succeeded")
DELIVERY = "servicedesk.tasks.deliver_messages"
COUNT = "SELECT count(*) FROM messaging_message WHERE state IN ('sent', 'delivered') AND kind = 'reminder'"


class _Takes:
    async def handle_DATA(self, server, session, envelope):
        return "250 taken"


@contextmanager
def _mail_server() -> Iterator[int]:
    port = ports.first_free("127.0.0.1", FIRST_PORT)
    server = Controller(_Takes(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield port
    finally:
        server.stop()


@contextmanager
def _working(environment: Mapping[str, str], folder: Path) -> Iterator[None]:
    """The worker of all queues and the timetable, as `manage.py up` starts them."""
    programs = []
    with (folder / "worker.log").open("wb") as log:
        for child in (children.worker(environment), children.beat(folder, environment)):
            programs.append(
                subprocess.Popen(
                    child.command, env=dict(environment), cwd=ROOT, stdout=log, stderr=log,
                    start_new_session=True,
                )
            )  # fmt: skip
    try:
        yield
    finally:
        # What they work on is thrown away: nobody waits until the mail in their hands has left.
        for program in programs:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()


def delivered_a_second(
    owner: psycopg.Connection, environment: Mapping[str, str], folder: Path, *, seconds: float
) -> float:
    """How many mails leave in a second while enough are due, once the round of everything else that a
    start brings is over and the timetable has asked for mail again. Raises RuntimeError where none leaves."""
    with _mail_server() as port:
        mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(port), "EMAIL_USE_TLS": "false"}
        with _working({**environment, **mail}, folder):
            end = time.monotonic() + BEGINS_WITHIN
            while not _count(owner):
                if time.monotonic() > end:
                    raise RuntimeError(f"No mail left: see {folder / 'worker.log'}.")
                time.sleep(0.05)
            _wait_for_the_first_round(folder / "worker.log")
            before, began = _count(owner), time.monotonic()
            time.sleep(seconds)
            after, took = _count(owner), time.monotonic() - began
    return (after - before) / took


def _wait_for_the_first_round(log):
    end = time.monotonic() + ROUND_WITHIN
    while not first_round_is_over(log.read_text()):
        if time.monotonic() > end:
            raise RuntimeError(f"The timetable’s first round does not end: see {log}.")
        time.sleep(0.5)


def first_round_is_over(said: str) -> bool:
    """Whether the worker has all its hands free for the mail, by what it and the timetable say: all other
    tasks that were due are done, and mail has been asked for since."""
    done: dict[str, int] = {}
    for one in DONE.finditer(said):
        done.setdefault(one[1], one.end())
    others = {task for task in ASKED.findall(said) if task != DELIVERY}
    if not others or not others <= done.keys():
        return False
    return DELIVERY in ASKED.findall(said, max(done[task] for task in others))


def _count(owner):
    return owner.execute(COUNT).fetchone()[0]
