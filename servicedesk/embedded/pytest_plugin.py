"""`-p servicedesk.embedded.pytest_plugin`: each run of pytest has servers of its own, thrown away.

They start before pytest-django reads the settings, hence the early hook. Workers of pytest-xdist
inherit the variables and start none. With DATABASE_URL set, that server is used.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from .locks import is_held
from .use import ServersNotStarted, Use, environment

PREFIX = "servicedesk-tests-"
# A folder this old (seconds) whose keeper is gone was left by one that was killed.
LEFT_AFTER = 600
ENOUGH_MEMORY = 2_000_000_000


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start servers of their own before pytest-django reads the settings; workers inherit them."""
    asked = early_config.known_args_namespace
    if "DATABASE_URL" not in os.environ and not (asked.help or asked.version):
        _remove_what_killed_runs_left()
        root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=quick_folder()))
        # PostgreSQL's user (when root runs this) must get through, not look.
        root.chmod(0o711)
        use = Use(root, throw_away=True)
        try:
            variables = environment(use.begin())
        except ServersNotStarted as error:
            shutil.rmtree(root, ignore_errors=True)
            raise pytest.UsageError(str(error)) from error
        os.environ.update(variables)
        # One log line a request is for people who watch a server.
        os.environ.setdefault("LOG_LEVEL", "WARNING")
        early_config.add_cleanup(use.end)
    return (yield)


def quick_folder() -> Path:
    """Memory, where the machine has enough of it: a busy disk makes a start ten times slower."""
    memory = Path("/dev/shm")
    enough = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ENOUGH_MEMORY
    return memory if enough else Path(tempfile.gettempdir())


def _remove_what_killed_runs_left() -> None:
    for folder in quick_folder().glob(f"{PREFIX}*"):
        try:
            found = folder.stat()
            old = time.time() - found.st_mtime > LEFT_AFTER
            if old and found.st_uid == os.geteuid() and not is_held(folder / "var" / "keeper.lock"):
                shutil.rmtree(folder, ignore_errors=True)
        except FileNotFoundError:
            # Another run removed it first.
            continue
