"""Children that are kept running until they are told to stop, and that never outlive this process."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import processes
from .processes import Identity

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# One that ran this long (seconds) is well again: its next pause is the first one.
WELL_AFTER = 60.0
LONGEST_LOG = 5_000_000


@dataclass(frozen=True)
class Child:
    """A program to keep running. `last_signal` is what it gets when this process is killed; anything
    but SIGKILL must be sure to end it, whatever it is doing at that moment."""

    name: str
    command: Sequence[str | Path]
    last_signal: signal.Signals = signal.SIGKILL
    stop_signals: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 5.0),)
    environment: Mapping[str, str] | None = None
    keep_open: Sequence[int] = ()


@dataclass
class _Run:
    child: Child
    log: Path
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    pause: float = FIRST_PAUSE
    not_before: float = field(default=0.0)


class Supervisor:
    """Output of each child goes to `NAME.log` in the log folder; `say` hears what a person should."""

    def __init__(self, *, folder: Path, logs: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.logs = logs
        self.say = say
        self._runs: dict[str, _Run] = {}

    def start(self, child: Child) -> None:
        run = _Run(child, self.logs / f"{child.name}.log")
        self._runs[child.name] = run
        self._start(run)

    def is_running(self, name: str) -> bool:
        process = self._runs[name].process
        return process is not None and process.poll() is None

    def identities(self) -> dict[str, Identity]:
        """The processes that run now, by name."""
        found = {}
        for name, run in self._runs.items():
            born = Identity.of(run.process.pid) if run.process is not None else None
            if born is not None:
                found[name] = born
        return found

    def look(self) -> bool:
        """Start again what died, each after a pause that grows; whether anything was started."""
        started = False
        for run in self._runs.values():
            if run.process is not None and run.process.poll() is not None:
                self._has_died(run, run.process)
            if run.process is None and time.monotonic() >= run.not_before:
                self._start(run)
                started = True
        return started

    def _has_died(self, run: _Run, process: subprocess.Popen[bytes]) -> None:
        # Its own children first: they hold its sockets and its work.
        processes.kill_group(process.pid)
        run.process = None
        if time.monotonic() - run.began > WELL_AFTER:
            run.pause = FIRST_PAUSE
        run.not_before = time.monotonic() + run.pause
        self.say(
            f"{run.child.name} {_how_it_ended(process.returncode)}; "
            f"starting it again in {run.pause:g} s (see {run.log})"
        )
        run.pause = min(2 * run.pause, LONGEST_PAUSE)

    def _start(self, run: _Run) -> None:
        if run.log.exists() and run.log.stat().st_size > LONGEST_LOG:
            run.log.replace(run.log.with_suffix(".log.1"))
        with run.log.open("ab") as log:
            run.process = processes.start(
                run.child.command,
                log=log,
                last_signal=run.child.last_signal,
                folder=self.folder,
                environment=run.child.environment,
                keep_open=run.child.keep_open,
            )
        run.began = time.monotonic()

    def stop(self) -> None:
        """Stop all, the last started first."""
        for run in reversed(self._runs.values()):
            if run.process is not None:
                processes.stop(run.process, run.child.stop_signals)


def _how_it_ended(status: int) -> str:
    return f"ended with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"
