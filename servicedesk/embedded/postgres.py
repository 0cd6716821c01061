"""One PostgreSQL server for one checkout."""

import os
import shutil
import signal
import subprocess
import urllib.parse
from pathlib import Path

from . import binaries, processes
from .errors import ServersNotStarted
from .places import Account, Places, own_account, postgres_account
from .processes import Identity

ROLES = Path(__file__).resolve().parents[1] / "database_roles.sql"
DATABASE = "servicedesk"
LONGEST_LOG = 5_000_000
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "128MB",
    # One machine, nobody copies from it: less to write.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
}
# A test's database is thrown away: it may be lost with the machine, so it waits for no disk.
THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "io_method": "sync",
}
# SIGTERM would wait for clients that stay; SIGINT sends them away; SIGQUIT does not even tidy up.
STOP_SIGNALS = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 2.0))
STOP_AT_ONCE = ((signal.SIGQUIT, 2.0),)


class Postgres:
    """One PostgreSQL server: its data, its socket, its start and stop."""

    name = "PostgreSQL"

    def __init__(self, places: Places, *, throw_away: bool) -> None:
        self.account: Account = postgres_account()
        self.programs = binaries.postgres_programs(self.account)
        self.data = places.folder_for(self.account, "postgres")
        self.sockets = places.sockets_for(self.account)
        self.log = places.log / "postgres.log"
        self.throw_away = throw_away
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, role: str) -> str:
        return f"postgresql://{role}@{urllib.parse.quote(str(self.sockets), safe='')}/{DATABASE}"

    @property
    def is_new(self) -> bool:
        return not (self.data / "PG_VERSION").exists()

    def make(self) -> None:
        """Make the database cluster, wholly or not at all; raises ServersNotStarted."""
        making = self.data.with_name("postgres.making")
        if making.exists():
            shutil.rmtree(making)
        making.mkdir(mode=0o700)
        os.chown(making, self.account.uid, self.account.gid)
        command = [
            self.programs / "initdb",
            f"--pgdata={making}",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--auth=reject",
            *(["--no-sync", "--wal-segsize=4"] if self.throw_away else []),
        ]
        with self.log.open("ab") as log:
            process = processes.start(
                command,
                log=log,
                last_signal=signal.SIGKILL,
                account=self.account,
                environment=_plain_environment(),
            )
            if process.wait() != 0:
                raise ServersNotStarted(f"PostgreSQL could not make its folder: see {self.log}.")
        self.data.rmdir()
        making.rename(self.data)

    def recover(self) -> None:
        """Clear up after a crash: a server that was left running is stopped, and what it left behind
        removed. Raises ServersNotStarted for another PostgreSQL's data."""
        if self.is_new:
            if any(self.data.iterdir()):
                raise ServersNotStarted(f"{self.data} is not a database and not empty; move it away.")
            return
        made_by = int((self.data / "PG_VERSION").read_text())
        if made_by != binaries.postgres_major():
            raise ServersNotStarted(
                f"{self.data} was made by PostgreSQL {made_by}, and this is {binaries.postgres_major()}. "
                "Dump it with the old version, or move the folder away to begin anew."
            )
        noted = self._noted_process()
        if noted is not None and self._is_our_server(noted):
            processes.end_orphan(noted, STOP_SIGNALS)
        for left_alone in processes.working_in(self.data):
            # A query that runs on without its server, and keeps the next one from starting.
            processes.end_orphan(left_alone, STOP_AT_ONCE)
        # Nothing of it lives any more; but its number may by now be a stranger's, or that of a dead
        # process which nobody has buried, and PostgreSQL would take either for a running server.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.sockets / name).unlink(missing_ok=True)

    def _noted_process(self) -> Identity | None:
        try:
            return Identity.of(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
        except (FileNotFoundError, ValueError):
            return None

    def _is_our_server(self, process: Identity) -> bool:
        return f"-D {self.data} " in process.command()

    def start(self) -> None:
        self._write_who_may_connect()
        if self.log.exists() and self.log.stat().st_size > LONGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        settings = SETTINGS | (THROW_AWAY_SETTINGS if self.throw_away else {})
        settings["unix_socket_directories"] = str(self.sockets)
        command = [self.programs / "postgres", "-D", self.data]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self.process = processes.start(
                command,
                log=log,
                last_signal=signal.SIGQUIT if self.throw_away else signal.SIGINT,
                account=self.account,
                environment=_plain_environment(),
            )

    def _write_who_may_connect(self) -> None:
        owner = own_account().name
        self._write("pg_hba.conf", "local all all peer map=owner\n")
        self._write("pg_ident.conf", f'owner "{owner}" all\n')

    def _write(self, name: str, text: str) -> None:
        path = self.data / name
        path.write_text(text)
        os.chown(path, self.account.uid, self.account.gid)

    def is_ready(self) -> bool:
        """Whether the server that `start` began says that it takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return (
            self.process is not None
            and lines[0] == str(self.process.pid)
            and len(lines) > 7
            and lines[7].strip() == "ready"
        )

    def provision(self) -> None:
        """Make roles and database, or bring them up to `database_roles.sql`; raises ServersNotStarted."""
        stamp = self.data / "servicedesk.roles"
        wanted = ROLES.read_text()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        command = [self.programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        command += [f"--host={self.sockets}", "--username=postgres", "--dbname=postgres", f"--file={ROLES}"]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=_plain_environment(),
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise ServersNotStarted(f"The database roles could not be made: {done.stderr.strip()}")
        self._write(stamp.name, wanted)

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process, STOP_AT_ONCE if self.throw_away else STOP_SIGNALS)


def _plain_environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGPORT, LC_ALL and their like would lead the server astray."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
