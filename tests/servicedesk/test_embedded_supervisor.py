"""Children stand in for web and worker here; `test_embedded_up.py` has the real ones."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from servicedesk.embedded import supervisor
from servicedesk.embedded.processes import CODE, Identity, wait_until
from tests.servicedesk.checkout import environment, kill, nothing_is_left

# A child with a child of its own, as a web server has; both note themselves in their working folder.
FAMILY = """
import os, pathlib, subprocess, sys, time
if len(sys.argv) == 1:
    subprocess.Popen([sys.executable, __file__, "grandchild"])
name = sys.argv[1] if len(sys.argv) > 1 else "child"
here = pathlib.Path(name + ".making")
here.write_text(str(os.getpid()))
here.rename(name)
time.sleep(600)
"""


def _supervisor(folder: Path, said: list[str]) -> supervisor.Supervisor:
    (folder / "family.py").write_text(FAMILY)
    return supervisor.Supervisor(folder=folder, logs=folder, say=said.append)


def _child(folder: Path) -> supervisor.Child:
    return supervisor.Child("family", [sys.executable, folder / "family.py"])


def _pids(folder: Path) -> tuple[int, int]:
    """The numbers of child and grandchild, once both have noted them; the notes are taken away."""
    notes = [folder / "child", folder / "grandchild"]
    assert wait_until(lambda: all(note.exists() for note in notes), seconds=10)
    pids = tuple(int(note.read_text()) for note in notes)
    for note in notes:
        note.unlink()
    return pids


def test_a_killed_child_is_started_again_after_its_own_children_are_gone(tmp_path):
    said: list[str] = []
    watch = _supervisor(tmp_path, said)
    watch.start(_child(tmp_path))
    child, grandchild = _pids(tmp_path)
    born = Identity.of(grandchild)

    kill(child)

    assert wait_until(watch.look, seconds=5)
    assert not born.is_alive()
    again, _ = _pids(tmp_path)
    assert again == watch.identities()["family"].pid != child
    assert said == [
        f"family was ended by SIGKILL; starting it again in 0.5 s (see {tmp_path / 'family.log'})"
    ]
    watch.stop()
    # What was killed may take a moment to be gone.
    assert nothing_is_left(tmp_path)


def test_one_that_keeps_failing_is_started_after_longer_and_longer_pauses(tmp_path, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now)
    said: list[str] = []
    watch = supervisor.Supervisor(folder=tmp_path, logs=tmp_path, say=said.append)
    watch.start(supervisor.Child("failing", [sys.executable, "-c", "raise SystemExit(3)"]))
    pauses = []
    for _ in range(8):
        watch._runs["failing"].process.wait()
        watch.look()
        pauses.append(float(said[-1].split(" in ")[1].split(" s ")[0]))
        assert not watch.is_running("failing")
        now += pauses[-1] - 0.01
        assert not watch.look()
        now += 0.02
        assert watch.look()
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert said[0].startswith("failing ended with status 3; starting it again in 0.5 s")
    watch.stop()


def test_one_that_ran_for_a_minute_is_started_again_soon(tmp_path, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now)
    said: list[str] = []
    watch = supervisor.Supervisor(folder=tmp_path, logs=tmp_path, say=said.append)
    watch.start(supervisor.Child("failing", [sys.executable, "-c", ""]))
    for _ in range(2):
        watch._runs["failing"].process.wait()
        now += 61
        watch.look()
        now += 0.6
        watch.look()
    assert [line.split(" in ")[1].split(" (")[0] for line in said] == ["0.5 s", "0.5 s"]
    watch.stop()


def test_stopping_is_gentle_first_and_sure_in_the_end(tmp_path):
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
    watch = supervisor.Supervisor(folder=tmp_path, logs=tmp_path, say=lambda line: None)
    watch.start(
        supervisor.Child(
            "stubborn",
            [sys.executable, "-c", f"{stubborn}; time.sleep(600)"],
            # Deaf to the first; the second has the time that a busy machine needs.
            stop_signals=((signal.SIGTERM, 0.2), (signal.SIGINT, 20)),
        )
    )
    log = tmp_path / "stubborn.log"
    assert wait_until(lambda: log.read_text() == "deaf\n", seconds=10)
    process = watch._runs["stubborn"].process

    watch.stop()

    assert process.returncode in (-signal.SIGINT, 1)
    assert nothing_is_left(tmp_path)


RUN = """
import sys, time
from pathlib import Path
from servicedesk.embedded import supervisor
folder = Path(sys.argv[1])
watch = supervisor.Supervisor(folder=folder, logs=folder, say=lambda line: None)
watch.start(supervisor.Child("deaf", [sys.executable, folder / "deaf.py"]))
time.sleep(600)
"""
DEAF = """
import pathlib, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
pathlib.Path("deaf").touch()
time.sleep(600)
"""


def test_killing_the_supervisor_ends_a_child_that_heeds_nothing(tmp_path):
    (tmp_path / "deaf.py").write_text(DEAF)
    boss = subprocess.Popen([sys.executable, "-c", RUN, str(tmp_path)], cwd=CODE, env=environment())
    assert wait_until((tmp_path / "deaf").exists, seconds=10)

    boss.kill()
    boss.wait()

    assert nothing_is_left(tmp_path)


GUARDED = """
import subprocess, sys, time
from servicedesk.embedded import processes
target = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]])
processes.watch_over(target.pid, processes.signal.SIGTERM)
print(target.pid, flush=True)
time.sleep(600)
"""


def test_the_guard_ends_a_child_where_the_kernel_does_not(tmp_path):
    boss = subprocess.Popen(
        [sys.executable, "-c", GUARDED, str(tmp_path)],
        cwd=CODE,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    target = Identity.of(int(boss.stdout.readline()))
    assert target.is_alive()

    boss.kill()
    boss.communicate()

    assert wait_until(lambda: not target.is_alive(), seconds=10)
    assert nothing_is_left(tmp_path)


def test_a_child_whose_parent_died_before_it_could_be_tied_does_not_begin(tmp_path):
    tied = CODE / "servicedesk" / "embedded" / "tied.py"
    command = [sys.executable, "-I", "-S", str(tied), "15", str(os.getpid() + 1), "-", "-"]
    done = subprocess.run(
        [*command, sys.executable, "-c", "print('began')"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "the process that started this has ended meanwhile\n"


def test_identity_tells_a_process_from_another_with_its_number():
    here = Identity.of(os.getpid())
    assert here.is_alive()
    assert not Identity(here.pid, "0").is_alive()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    gone = Identity(ended.pid, here.born)
    ended.wait()
    assert not gone.is_alive()
