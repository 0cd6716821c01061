"""`python -m servicedesk.embedded.keeper ROOT [--throw-away]`: starts both servers of a checkout,
restarts one that dies, and stops them when nobody uses them any more.

Runs in a session of its own, so that Ctrl-C in a terminal first ends the users and then, through
their lock, this. With `--throw-away` it removes ROOT at its end.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

from . import processes
from .errors import ServersNotStarted
from .locks import FileLock
from .places import Places
from .postgres import Postgres
from .processes import Identity
from .state import FAILED, READY, STARTING, KeeperState
from .valkey import Valkey

LOOK_EVERY = 0.1
# How long a server may take to answer; after a crash PostgreSQL first reads its log again.
READY_WITHIN = 60.0
LONGEST_PAUSE = 5.0


class Keeper:
    """Holds both servers of one checkout for as long as somebody uses them."""

    def __init__(self, places: Places, *, throw_away: bool) -> None:
        self.places = places
        self.throw_away = throw_away
        self.state = KeeperState(keeper=Identity.of(os.getpid()))
        self.users = FileLock(places.users_lock)
        self.asked_to_stop = False
        self.servers: list[Postgres | Valkey] = []

    def run(self) -> int:
        """Returns the exit status: 0 after an orderly end."""
        self.state.servers = KeeperState.read(self.places.state).servers
        self._say("starting PostgreSQL and Valkey")
        try:
            self._start()
            self._watch()
            self._say("stopping")
        except ServersNotStarted as error:
            self._say(str(error), state=FAILED)
            return 1
        finally:
            self._stop()
            # After a failure its reason stays to be read.
            if self.state.state != FAILED:
                self.places.state.unlink(missing_ok=True)
                if self.throw_away:
                    shutil.rmtree(self.places.root, ignore_errors=True)
        return 0

    def _start(self) -> None:
        postgres = Postgres(self.places, throw_away=self.throw_away)
        valkey = Valkey(self.places, sockets=postgres.sockets)
        self.servers = [postgres, valkey]
        valkey.recover(self.state.servers.get(valkey.name))
        valkey.start()
        postgres.recover()
        if postgres.is_new:
            self._say("making the database folder (only at the first start)")
            postgres.make()
            self._say("starting PostgreSQL and Valkey")
        postgres.start()
        for server in self.servers:
            self._wait_for(server)
        postgres.provision()
        self.state.database_url = postgres.url("app_web")
        self.state.migrate_database_url = postgres.url("migrator")
        self.state.redis_url = valkey.url
        self._say("running", state=READY)

    def _wait_for(self, server: Postgres | Valkey) -> None:
        process = server.process
        assert process is not None
        processes.wait_until(lambda: process.poll() is not None or server.is_ready(), seconds=READY_WITHIN)
        if process.poll() is not None or not server.is_ready():
            raise ServersNotStarted(f"{server.name} does not start. {_last_lines(server.log)}")

    def _watch(self) -> None:
        pauses = dict.fromkeys((server.name for server in self.servers), LOOK_EVERY)
        not_before = dict.fromkeys(pauses, 0.0)
        while not self.asked_to_stop and not self._nobody_uses_them():
            for server in self.servers:
                if server.process is None or server.process.poll() is None:
                    continue
                if time.monotonic() < not_before[server.name]:
                    continue
                processes.kill_group(server.process.pid)
                print(f"{server.name} ended ({server.process.returncode}); starting it again", flush=True)
                server.recover()
                server.start()
                self._say(self.state.step, state=self.state.state)
                pauses[server.name] = min(2 * pauses[server.name], LONGEST_PAUSE)
                not_before[server.name] = time.monotonic() + pauses[server.name]
            time.sleep(LOOK_EVERY)

    def _nobody_uses_them(self) -> bool:
        # A checkout that was removed has no users either.
        return not self.places.users_lock.exists() or self.users.take(wait=False)

    def _say(self, step: str, *, state: str = STARTING) -> None:
        self.state.step, self.state.state = step, state
        for server in self.servers:
            born = Identity.of(server.process.pid) if server.process is not None else None
            if born is not None:
                self.state.servers[server.name] = born
        if self.places.var.is_dir():
            self.state.write(self.places.state)

    def _stop(self) -> None:
        for server in self.servers:
            server.stop()
        for server in self.servers:
            if isinstance(server, Postgres):
                # Often in a folder that all checkouts share, so it is not left lying about.
                shutil.rmtree(server.sockets, ignore_errors=True)
                if self.throw_away:
                    shutil.rmtree(server.data, ignore_errors=True)


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return f"{log} ends: " + " / ".join(lines[-4:]) if lines else ""


def main() -> int:
    """Start the servers, keep them while they are used, stop them after; the exit status says how it went."""
    os.umask(0o022)
    places = Places(Path(sys.argv[1]))
    lock = FileLock(places.keeper_lock)
    lock.take()
    keeper = Keeper(places, throw_away="--throw-away" in sys.argv[2:])

    def end(*_: object) -> None:
        keeper.asked_to_stop = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    try:
        return keeper.run()
    finally:
        # Before the users' lock, which ends with the process and lets the next ones in.
        lock.release()


if __name__ == "__main__":
    sys.exit(main())
