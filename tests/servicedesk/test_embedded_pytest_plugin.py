"""Runs of pytest inside this one, each with servers of its own."""

import os
import signal
import subprocess
import sys
import urllib.parse
from pathlib import Path

from servicedesk.embedded.processes import CODE
from servicedesk.embedded.pytest_plugin import PREFIX
from tests.servicedesk.checkout import environment, nothing_is_left, processes_of, wait_until

TESTS = """
import os, time, psycopg

def test_servers():
    with psycopg.connect(os.environ["DATABASE_URL"]) as web:
        assert web.execute("SELECT current_user, current_setting('fsync')").fetchone() == ("app_web", "off")
    print("SERVERS", os.environ["DATABASE_URL"], flush=True)

def test_that_waits_when_asked():
    time.sleep(float(os.environ.get("WAIT", "0")))
"""


def _pytest(folder: Path, *words: str, **variables: str) -> "subprocess.Popen[str]":
    (folder / "test_inside.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "servicedesk.embedded.pytest_plugin", "-p", "no:django"]
    command += ["-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={folder}", "-s", str(folder), *words]
    return subprocess.Popen(
        command,
        cwd=CODE,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _servers(run: "subprocess.Popen[str]") -> Path:
    """The folder of the run's servers, read from what its first test prints."""
    seen = []
    for line in run.stdout:
        seen.append(line)
        if "SERVERS " in line:
            address = line.split("SERVERS ")[1].split()[0]
            sockets = urllib.parse.unquote(urllib.parse.urlsplit(address).netloc.split("@")[1])
            return Path(sockets).parents[1]
    raise AssertionError("".join(seen))


def test_runs_at_the_same_time_have_servers_of_their_own_and_remove_them(tmp_path):
    runs = [_pytest(tmp_path) for _ in range(2)]
    folders = [_servers(run) for run in runs]
    for run in runs:
        # Not by communicate(): it passes over what was read ahead with the line that names the servers.
        said = run.stdout.read()
        assert run.wait(timeout=60) == 0, said
        assert "2 passed" in said
    assert len(set(folders)) == 2
    for folder in folders:
        assert folder.name.startswith(PREFIX)
        assert processes_of(folder) == {}
        assert not folder.exists()


def test_an_interrupted_run_and_a_killed_one_leave_nothing(tmp_path):
    for number in (signal.SIGINT, signal.SIGKILL):
        run = _pytest(tmp_path, WAIT="600")
        folder = _servers(run)
        assert len(processes_of(folder)) > 3

        os.killpg(run.pid, number)
        run.communicate(timeout=60)

        assert nothing_is_left(folder)
        assert wait_until(lambda folder=folder: not folder.exists(), seconds=60)


def test_workers_of_one_run_share_its_servers(tmp_path):
    (tmp_path / "conftest.py").write_text(
        "import os, pathlib\n"
        "def pytest_sessionstart(session):\n"
        "    who = os.environ.get('PYTEST_XDIST_WORKER', 'main')\n"
        "    pathlib.Path(__file__).with_name(who).write_text(os.environ['DATABASE_URL'])\n"
    )
    run = _pytest(tmp_path, "-n", "1")
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 0, said
    addresses = {name: (tmp_path / name).read_text() for name in ("main", "gw0")}
    assert len(set(addresses.values())) == 1


def test_the_server_that_the_environment_names_is_used(tmp_path):
    (tmp_path / "conftest.py").write_text(
        "import os\ndef pytest_report_header():\n    return 'uses ' + os.environ['DATABASE_URL']\n"
    )
    run = _pytest(tmp_path, "--collect-only", DATABASE_URL="postgresql://somebody@else.invalid/desk")
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 0, said
    assert "uses postgresql://somebody@else.invalid/desk\n" in said
