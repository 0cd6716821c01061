"""Using the servers of a checkout: whoever comes first starts them, whoever goes last ends them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import processes
from .errors import ServersNotStarted
from .locks import FileLock, is_held
from .places import Places
from .state import FAILED, READY, KeeperState

START_WITHIN = 120.0
END_WITHIN = 20.0


@dataclass(frozen=True)
class Servers:
    """Where the servers are: `database_url` is app_web's, `migrate_database_url` the owner's."""

    database_url: str
    migrate_database_url: str
    redis_url: str


class Use:
    """One process's use of the servers; they run at least until `end`."""

    def __init__(self, root: Path, *, throw_away: bool = False) -> None:
        self.places = Places(root)
        self.throw_away = throw_away
        self._lock: FileLock | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def begin(self, say: Callable[[str], None] = lambda step: None) -> Servers:
        """Start what does not run and wait until it answers; `say` hears each step that takes time.

        May be called again at any time, to start what died. Raises ServersNotStarted.
        """
        self.places.make()
        starting = FileLock(self.places.start_lock)
        starting.take()
        try:
            if self._lock is None:
                self._lock = FileLock(self.places.users_lock)
                # Waits while a keeper whose last user has gone is still stopping.
                self._lock.take(shared=True)
            return self._start_and_wait(say)
        except BaseException:
            self.end()
            raise
        finally:
            starting.release()

    def is_running(self) -> bool:
        return is_held(self.places.keeper_lock)

    def _start_and_wait(self, say: Callable[[str], None]) -> Servers:
        if self._keeper is not None and self._keeper.poll() is not None:
            # Ours was killed; somebody else may have started one since.
            self._keeper = None
        end, said = time.monotonic() + START_WITHIN, ""
        while time.monotonic() < end:
            state = KeeperState.read(self.places.state)
            alive = state.keeper is not None and state.keeper.is_alive()
            if alive and state.state == READY:
                return _servers(state)
            if not self._keeper_runs():
                # One that somebody else started may end at this very moment; ours must not.
                if self._keeper is not None:
                    raise ServersNotStarted(self._why_not())
                self._keeper = self._start_keeper()
            if alive and state.step != said:
                said = state.step
                say(said)
            time.sleep(0.02)
        raise ServersNotStarted(f"The servers did not answer within {START_WITHIN:.0f} s.")

    def _why_not(self) -> str:
        assert self._keeper is not None
        state = KeeperState.read(self.places.state)
        if state.state == FAILED and state.keeper is not None and state.keeper.pid == self._keeper.pid:
            return state.step
        return f"The servers stopped while starting: see {self.places.log}."

    def _keeper_runs(self) -> bool:
        if self._keeper is not None:
            return self._keeper.poll() is None
        return self.is_running()

    def _start_keeper(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "servicedesk.embedded.keeper", str(self.places.root)]
        with (self.places.log / "keeper.log").open("wb") as log:
            return subprocess.Popen(
                command + (["--throw-away"] if self.throw_away else []),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=processes.CODE,
                start_new_session=True,
            )

    def end(self) -> None:
        """Use them no more; the last one waits until they have stopped."""
        if self._lock is None:
            return
        self._lock.release()
        self._lock = None
        # The keeper looks ten times a second; had it not noticed by then, somebody else uses them.
        if processes.wait_until(self._keeper_stops, seconds=0.5):
            processes.wait_until(lambda: not self._keeper_runs(), seconds=END_WITHIN)

    def _keeper_stops(self) -> bool:
        if not self._keeper_runs():
            return True
        return is_held(self.places.users_lock)


def current(root: Path) -> Servers | None:
    """The servers of this checkout that run at this moment."""
    state = KeeperState.read(Places(root).state)
    if state.state != READY or state.keeper is None or not state.keeper.is_alive():
        return None
    return _servers(state)


def _servers(state: KeeperState) -> Servers:
    return Servers(state.database_url, state.migrate_database_url, state.redis_url)


@contextmanager
def running(
    root: Path, *, throw_away: bool = False, say: Callable[[str], None] = lambda step: None
) -> Iterator[Servers]:
    """The servers of this checkout, for as long as the block lasts. Raises ServersNotStarted."""
    use = Use(root, throw_away=throw_away)
    servers = use.begin(say)
    try:
        yield servers
    finally:
        use.end()


def environment(servers: Servers) -> dict[str, str]:
    """The variables that the settings read. What the caller has set himself stays, but for the
    owner's address, which must lead to the same database."""
    return {
        "DATABASE_URL": servers.database_url,
        "MIGRATE_DATABASE_URL": servers.migrate_database_url,
        "REDIS_URL": os.environ.get("REDIS_URL") or servers.redis_url,
        "SERVICEDESK_DEVELOPMENT": os.environ.get("SERVICEDESK_DEVELOPMENT", "true"),
    }
