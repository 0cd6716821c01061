"""Processes that end with the one that started them, and that are known again after a crash."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from .places import Account

ON_LINUX = sys.platform == "linux"
CODE = Path(__file__).resolve().parents[2]
TIED = Path(__file__).resolve().with_name("tied.py")


class Identity(NamedTuple):
    """A process beyond doubt: numbers are given again, but not with the same moment of birth, which
    is kept as the system writes it."""

    pid: int
    born: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """The process of that number, unless there is none or only its remains."""
        state, born = _state_and_birth(pid)
        return None if state in ("", "Z") else cls(pid, born)

    def is_alive(self) -> bool:
        return Identity.of(self.pid) == self

    def command(self) -> str:
        """Its program and arguments, with a blank between each two; empty when it has ended."""
        if not ON_LINUX:
            return _ask_ps(self.pid, "command=")
        try:
            return (
                Path(f"/proc/{self.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
        except OSError:
            return ""


def _state_and_birth(pid: int) -> tuple[str, str]:
    if not ON_LINUX:
        state, _, born = _ask_ps(pid, "state=,lstart=").partition(" ")
        return state[:1], born.strip()
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return "", ""
    # The second field, the name in brackets, may hold blanks and brackets itself.
    fields = stat.rpartition(")")[2].split()
    return fields[0], fields[19]


def _ask_ps(pid: int, columns: str) -> str:
    command = ["ps", "-o", columns, "-p", str(pid)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


def start(
    command: Sequence[str | Path],
    *,
    log: IO[bytes] | int,
    last_signal: signal.Signals,
    account: Account | None = None,
    folder: Path = Path("/"),
    environment: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own (Ctrl-C does not reach it) that gets `last_signal`
    when this process ends, even by kill -9."""
    user = (account.uid, account.gid) if account is not None and account.is_other else ("-", "-")
    # -I and -S: nothing but the standard library, so that it begins within some 20 ms.
    tied = [sys.executable, "-I", "-S", TIED, int(last_signal), os.getpid(), *user, *command]
    process = subprocess.Popen(
        [str(word) for word in tied],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment,
        start_new_session=True,
        pass_fds=keep_open,
    )
    if not ON_LINUX:
        watch_over(process.pid, last_signal)
    return process


def watch_over(pid: int, last_signal: signal.Signals) -> None:
    """Where the kernel cannot tie a child to its parent: a guard that waits for the parent's pipe
    to break and then sends the signal."""
    ours, parents_end = os.pipe()
    subprocess.Popen(
        [sys.executable, "-m", "servicedesk.embedded.guard", str(pid), str(int(last_signal))],
        stdin=ours,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=CODE,
        start_new_session=True,
    )
    os.close(ours)
    # The end in this process stays open, and is not inherited, until this process ends.
    _open_ends.append(parents_end)


_open_ends: list[int] = []


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether the condition came true in that time; looked at every 10 ms."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def stop(process: subprocess.Popen[bytes], signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Ask with each signal in turn for its seconds, then kill; what it left behind as well."""
    for number, seconds in [*signals, (signal.SIGKILL, 10.0)]:
        if process.poll() is not None:
            break
        process.send_signal(number)
        wait_until(lambda: process.poll() is not None, seconds=seconds)
    kill_group(process.pid)


def kill_group(leader: int) -> None:
    """Kill what is left of the session that `start` gave to this process."""
    # Nobody is left; macOS says "not permitted" when only their remains are.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def working_in(folder: Path) -> list[Identity]:
    """The processes whose working folder this is; only Linux tells them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*") if ON_LINUX else ():
        try:
            is_here = (entry / "cwd").readlink() == folder
        except OSError:
            # Ended meanwhile, or another user's.
            continue
        process = Identity.of(int(entry.name))
        if is_here and process is not None:
            found.append(process)
    return found


def end_orphan(orphan: Identity, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Stop a process that is not our child any more."""
    for number, seconds in [*signals, (signal.SIGKILL, 10.0)]:
        if not orphan.is_alive():
            return
        os.kill(orphan.pid, number)
        wait_until(lambda: not orphan.is_alive(), seconds=seconds)
