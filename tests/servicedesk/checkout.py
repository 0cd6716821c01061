"""A checkout of the product in a folder of its own, and what its processes leave behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import urllib.parse
from pathlib import Path

import psycopg
import redis

from servicedesk import embedded
from servicedesk.embedded.processes import CODE, Identity, wait_until

DEPTH = 150
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "var", ".*_cache", "tests", "docs")
# Variables of the running test that would lead a copy to the test's own servers.
OWN_SERVERS = (
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "REDIS_URL",
    "DJANGO_SETTINGS_MODULE",
    "PYTEST_CURRENT_TEST",
    "PYTEST_XDIST_WORKER",
)


def deep_folder(parent: Path) -> Path:
    """A new folder whose path is 150 characters long, and which every user may enter."""
    missing = DEPTH - len(str(parent)) - 1
    parts = []
    while missing > 100:
        parts.append("d" * 60)
        missing -= 61
    folder = parent.joinpath(*parts, "d" * missing)
    folder.mkdir(parents=True)
    for opened in (folder, *folder.parents):
        if opened == parent.parent:
            break
        opened.chmod(0o755)
    return folder


def copy_code(folder: Path) -> Path:
    shutil.copytree(CODE, folder, ignore=NOT_COPIED, dirs_exist_ok=True)
    return folder


def environment(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OWN_SERVERS}
    return kept | {"PYTHONUNBUFFERED": "1"} | extra


def manage(root: Path, *words: str, variables: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    """A management command of the checkout at `root`, its output to be read."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=root,
        env=environment(**(variables or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_of(root: Path) -> dict[int, str]:
    """Every living process that works for the checkout at `root`: its number and command.

    Recognised by its arguments or its working folder, so a server that renamed itself is seen too.
    """
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        process = Identity.of(int(entry.name))
        if process is None:
            continue
        command = process.command()
        try:
            folder = os.readlink(entry / "cwd")
        except OSError:
            folder = ""
        if str(root) in command or folder == str(root) or folder.startswith(f"{root}/"):
            found[process.pid] = command
    return found


def nothing_is_left(root: Path, *, seconds: float = 60) -> bool:
    return wait_until(lambda: not processes_of(root), seconds=seconds)


def kill(process: Identity | int) -> None:
    # Most of them go by themselves once the one is killed that they belong to.
    with contextlib.suppress(ProcessLookupError):
        os.kill(process if isinstance(process, int) else process.pid, signal.SIGKILL)


def sockets_of(servers: embedded.Servers) -> Path:
    return Path(urllib.parse.unquote(urllib.parse.urlsplit(servers.database_url).netloc.split("@")[1]))


def data_of(checkout: Path) -> Path:
    return checkout / "var" / "postgres"


def write_a_row(servers: embedded.Servers) -> None:
    with psycopg.connect(servers.migrate_database_url) as owner:
        owner.execute("CREATE TABLE note AS SELECT 'kept' AS text")


def read_the_row(servers: embedded.Servers) -> str:
    with psycopg.connect(servers.migrate_database_url) as owner:
        return owner.execute("SELECT text FROM note").fetchone()[0]


def both_answer(servers: embedded.Servers) -> bool:
    try:
        with psycopg.connect(servers.database_url) as web:
            web.execute("SELECT 1")
        return redis.Redis.from_url(servers.redis_url).ping()
    except (psycopg.OperationalError, redis.exceptions.ConnectionError):
        return False
