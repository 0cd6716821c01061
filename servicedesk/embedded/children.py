"""The programs that make up a running desk, as children of `up`."""

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .supervisor import Child

# A worker that seeks its broker heeds no signal but SIGKILL (tried), so that is what it gets when the
# supervisor is killed; its own children have asked the kernel for the same.
# In an orderly end they stop one after the other, given up after these seconds each.
GENTLE = ((signal.SIGTERM, 5.0),)
# A task that is cut off is delivered again or found again by the next sweep.
WORKER = ((signal.SIGTERM, 5.0), (signal.SIGQUIT, 3.0))


def web(listener: int, environment: Mapping[str, str]) -> Child:
    """The web server on a socket that the supervisor holds, so that a restart loses no port."""
    command = [sys.executable, "-m", "gunicorn", "servicedesk.wsgi", "--bind", f"fd://{listener}"]
    command += ["--config", "python:servicedesk.web_server", "--graceful-timeout", "3"]
    return Child(
        "web",
        command,
        # The master ends its workers, also one that hangs in a request.
        last_signal=signal.SIGTERM,
        stop_signals=GENTLE,
        environment=environment,
        keep_open=[listener],
    )


def worker(environment: Mapping[str, str]) -> Child:
    """The Celery worker of all queues."""
    command = [sys.executable, "-m", "celery", "-A", "servicedesk", "worker", "-Q", "send,default,bulk"]
    command += ["--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    return Child(
        "worker",
        command,
        stop_signals=WORKER,
        environment=environment,
    )


def beat(var: Path, environment: Mapping[str, str]) -> Child:
    """The timetable that wakes the worker."""
    command = [sys.executable, "-m", "celery", "-A", "servicedesk", "beat", "--loglevel", "INFO"]
    command += ["--schedule", str(var / "beat-schedule"), "--pidfile", ""]
    return Child("beat", command, stop_signals=GENTLE, environment=environment)


def mailbox(root: Path, environment: Mapping[str, str], listeners: Sequence[int]) -> Child:
    """Development's catcher of mail and texts, on sockets that the supervisor holds."""
    command = [sys.executable, str(root / "manage.py"), "mailbox"]
    for option, listener in zip(("--mail-fd", "--sms-fd"), listeners, strict=False):
        command += [option, str(listener)]
    return Child("mailbox", command, stop_signals=GENTLE, environment=environment, keep_open=list(listeners))
