"""The web server that production runs, on the measured data, and its worker."""

import http.client
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from servicedesk.bench.store import ROOT, program_environment
from servicedesk.embedded import ports

ANSWERS_WITHIN = 60.0
FIRST_PORT = 18_400


def environment_of(variables: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Production's settings: no debugging, hashed files, https before a proxy; on the measured data."""
    return program_environment(variables) | {
        "SERVICEDESK_DEVELOPMENT": "false",
        "SECRET_KEY": secrets.token_hex(32),
        "ALLOWED_HOSTS": "127.0.0.1",
        # One desk asks as often as it can here.
        "API_CALLS_PER_MINUTE": "10000000",
        "MEDIA_ROOT": str(folder / "files"),
    }


@contextmanager
def serving(environment: Mapping[str, str], folder: Path) -> Iterator["Server"]:
    """The web server, for as long as the block lasts. Raises RuntimeError where it does not answer."""
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
        cwd=ROOT, env=dict(environment), check=True,
    )  # fmt: skip
    port = ports.first_free("127.0.0.1", FIRST_PORT)
    command = [sys.executable, "-m", "gunicorn", "servicedesk.bench.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--config", "python:servicedesk.web_server"]
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(command, env=dict(environment), cwd=ROOT, stdout=log, stderr=log)
    try:
        _wait_for(port, process, folder / "web.log")
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=ANSWERS_WITHIN)


class Server:
    """Where it answers, and how much memory its processes hold."""

    def __init__(self, port: int, master: int) -> None:
        self.port, self.master = port, master

    def memory(self) -> list[int]:
        """Bytes that each worker holds, with its share of what it shares with others (PSS)."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()
        return [_memory_of(int(child)) for child in children]


def _memory_of(process):
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"The kernel does not say how much memory process {process} holds.")


def _wait_for(port, process, log):
    end = time.monotonic() + ANSWERS_WITHIN
    while process.poll() is None and time.monotonic() < end:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWERS_WITHIN)
        try:
            line.request("GET", "/sign-in/", headers={"X-Forwarded-Proto": "https"})
            if line.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            line.close()
    raise RuntimeError(f"The web server does not answer: {log.read_text()[-2000:]}")


def cores() -> int:
    """How many the machine has: who reads the figures wants to know."""
    return os.cpu_count() or 1
