"""`manage.py up` with its real children: what a newcomer sees, and what every kill leaves behind."""

import http.client
import os
import re
import signal
import threading
import urllib.parse
from pathlib import Path

import pytest

from servicedesk import embedded
from servicedesk.embedded import ports
from servicedesk.embedded.processes import Identity, wait_until
from servicedesk.embedded.state import KeeperState, read_json
from tests.servicedesk.checkout import OWN_SERVERS, copy_code, kill, manage, nothing_is_left, processes_of

CHILDREN = {"web", "worker", "beat"}


class Up:
    """A running `manage.py up` and what it has said so far."""

    def __init__(self, root: Path, *words: str) -> None:
        self.root = root
        self.process = manage(root, "up", "--no-demo", *words)
        self.lines: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def has_said(self, pattern: str, *, seconds: float = 90) -> str:
        """The first line with this pattern, waited for."""

        def found() -> list[str]:
            return [line for line in self.lines if re.search(pattern, line)]

        wait_until(lambda: bool(found()) or self.process.poll() is not None, seconds=seconds)
        assert found(), (pattern, self.lines)
        return found()[0]

    def children(self) -> dict[str, Identity]:
        note = read_json(self.root / "var" / "up.json")
        return {name: Identity(*found) for name, found in note.get("children", {}).items()}

    def servers(self) -> dict[str, Identity]:
        return KeeperState.read(embedded.Places(self.root).state).servers

    def port(self) -> int:
        return int(self.has_said("the desk is open at").rsplit(":", 1)[1])

    def answers(self) -> bool:
        """Whether a stranger is sent to the sign-in; his session is looked for in the database."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=5)
        try:
            connection.request("GET", "/", headers={"Cookie": f"sessionid={'a' * 32}"})
            return connection.getresponse().status == 302
        except OSError:
            return False
        finally:
            connection.close()


@pytest.fixture
def code(checkout: Path) -> Path:
    return copy_code(checkout)


def test_the_whole_desk_survives_the_death_of_each_process_and_leaves_none_behind(code):
    with ports.listen("127.0.0.1", 8700) as somebody:
        taken = somebody.getsockname()[1]
        up = Up(code, "--port", str(taken))
        assert up.port() > taken
        up.has_said(f"port {taken} is taken, using the next free one: {up.port()}$")
    assert len(str(code)) == 150
    assert up.children().keys() >= CHILDREN
    assert up.answers()

    for name in sorted(CHILDREN):
        before = up.children()[name]
        kill(before)
        up.has_said(f"{name} was ended by SIGKILL; starting it again in 0.5 s")
        assert wait_until(lambda n=name, b=before: up.children().get(n, b) != b, seconds=15)
    for name, before in up.servers().items():
        kill(before)
        assert wait_until(lambda n=name, b=before: up.servers().get(n, b) != b, seconds=15)
    kill(KeeperState.read(embedded.Places(code).state).keeper)
    up.has_said("the database servers were killed; starting them again")
    assert wait_until(up.answers, seconds=60)
    assert wait_until(lambda: all(child.is_alive() for child in up.children().values()), seconds=15)

    second = manage(code, "up")
    refusal, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert (
        f"The desk of this checkout already runs at http://127.0.0.1:{up.port()} (process {up.process.pid})."
        in refusal
    )
    assert up.answers()

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(timeout=20) == 0
    up.has_said("stopped")
    assert processes_of(code) == {}
    assert not (code / "var" / "up.json").exists()

    # Killed at a bad moment: the worker is just beginning and looks for its broker.
    again = Up(code, "--port", "8700")
    assert again.answers()
    again.process.kill()
    assert nothing_is_left(code, seconds=20), processes_of(code)


def test_a_management_command_starts_the_servers_for_itself_and_shares_them(code):
    for words in (("help",), ("migrate", "--help")):
        done = manage(code, *words)
        assert done.communicate(timeout=60)[0]
        assert done.returncode == 0
        assert not (code / "var" / "postgres").exists()

    both = [manage(code, "showmigrations", "--database", "migrator", "--plan") for _ in range(2)]
    for command in both:
        said, _ = command.communicate(timeout=60)
        assert command.returncode == 0, said
        assert "tenancy.0001" in said
    assert nothing_is_left(code)


def test_a_killed_command_leaves_no_server_behind(code):
    command = manage(code, "shell", "-c", "import time; print('running', flush=True); time.sleep(600)")
    while "running" not in (line := command.stdout.readline()):
        assert line, command.wait()
    assert len(processes_of(code)) > 3

    command.kill()
    command.communicate()

    assert nothing_is_left(code)


def test_the_servers_that_the_environment_names_are_used_instead(code):
    command = manage(
        code,
        "shell",
        "-c",
        "from django.db import connection; print(connection.settings_dict['HOST'])",
        variables={name: os.environ[name] for name in OWN_SERVERS[:3]},
    )
    said, _ = command.communicate(timeout=60)
    host = urllib.parse.unquote(urllib.parse.urlsplit(os.environ["DATABASE_URL"]).netloc.split("@")[1])
    assert said.splitlines()[-1] == host
    assert not (code / "var" / "postgres").exists()
