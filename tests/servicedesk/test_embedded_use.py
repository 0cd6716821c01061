"""The embedded servers for real: first start, every kill, every left-over."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
import redis

from servicedesk import embedded
from servicedesk.embedded import places, postgres
from servicedesk.embedded.processes import CODE, wait_until
from servicedesk.embedded.state import KeeperState
from tests.servicedesk.checkout import (
    both_answer,
    data_of,
    environment,
    kill,
    nothing_is_left,
    processes_of,
    read_the_row,
    sockets_of,
    write_a_row,
)


def test_first_start_in_a_deep_path_gives_roles_and_database_and_leaves_nothing_running(checkout):
    steps: list[str] = []
    assert len(str(checkout)) == 150

    with embedded.running(checkout, say=steps.append) as servers:
        assert "making the database folder (only at the first start)" in steps
        assert redis.Redis.from_url(servers.redis_url).ping()
        with psycopg.connect(servers.migrate_database_url) as owner:
            assert owner.execute("SELECT version()").fetchone()[0].startswith("PostgreSQL 18.")
            assert owner.execute("SHOW timezone").fetchone() == ("UTC",)
            assert owner.execute("SHOW listen_addresses").fetchone() == ("",)
            assert owner.execute("SHOW fsync").fetchone() == ("on",)
            assert owner.execute(
                "SELECT pg_get_userbyid(datdba), datlocprovider, datlocale FROM pg_database"
                " WHERE datname = current_database()"
            ).fetchone() == ("migrator", "b", "C.UTF-8")
            for extension in ("btree_gist", "pg_trgm", "unaccent"):
                owner.execute(
                    psycopg.sql.SQL("CREATE EXTENSION {}").format(psycopg.sql.Identifier(extension))
                )
        with psycopg.connect(servers.database_url) as web:
            assert web.execute("SELECT current_user").fetchone() == ("app_web",)
            assert _roles(web) == {
                # name: (login, createdb, createrole, superuser, bypasses row level security)
                "app_sweep": (False, False, False, False, False),
                "app_web": (True, False, False, False, False),
                "migrator": (True, True, False, False, False),
            }
            assert web.execute("SELECT pg_has_role('migrator', 'app_sweep', 'SET')").fetchone() == (True,)
            assert web.execute("SELECT pg_has_role('app_web', 'app_sweep', 'MEMBER')").fetchone() == (False,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute("CREATE TABLE public.mine ()")

    assert processes_of(checkout) == {}


def _roles(connection: psycopg.Connection) -> dict[str, tuple[bool, ...]]:
    rows = connection.execute(
        "SELECT rolname, rolcanlogin, rolcreatedb, rolcreaterole, rolsuper, rolbypassrls FROM pg_roles"
        " WHERE rolname IN ('migrator', 'app_web', 'app_sweep')"
    )
    return {name: tuple(rights) for name, *rights in rows}


def test_the_roles_file_may_run_again_and_takes_passwords_from_the_environment(checkout):
    command = [str(postgres.binaries.postgres_programs(places.own_account()) / "psql")]
    command += ["--username=postgres", "--dbname=postgres", "--no-psqlrc", "--quiet"]
    with embedded.running(checkout) as servers:
        command.append(f"--host={sockets_of(servers)}")
        for secret in ("", "it's secret"):
            subprocess.run(
                [*command, f"--file={postgres.ROLES}"],
                env={"MIGRATOR_PASSWORD": secret, "APP_WEB_PASSWORD": secret} if secret else {},
                check=True,
            )
        told = subprocess.run(
            [*command, "--tuples-only", "--no-align"],
            input="SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256%' FROM pg_authid"
            " WHERE rolname IN ('migrator', 'app_web', 'app_sweep') ORDER BY 1",
            capture_output=True,
            text=True,
            check=True,
        )
    assert told.stdout.split() == ["app_sweep|", "app_web|t", "migrator|t"]


def test_nothing_but_the_standard_library_is_imported():
    code = (
        "import sys\n"
        "import servicedesk.embedded, servicedesk.embedded.keeper, servicedesk.embedded.guard\n"
        "import servicedesk.embedded.children, servicedesk.embedded.ports\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(tops - sys.stdlib_module_names - {'servicedesk', '__main__'}))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=CODE, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("server", ["PostgreSQL", "Valkey"])
def test_a_killed_server_is_started_again_and_answers_at_the_same_address(checkout, server):
    with embedded.running(checkout) as servers:
        write_a_row(servers)
        before = _state(checkout).servers[server]
        kill(before)
        assert wait_until(lambda: _state(checkout).servers[server] != before, seconds=15)
        assert wait_until(lambda: both_answer(servers), seconds=15)
        assert read_the_row(servers) == "kept"
    assert processes_of(checkout) == {}


def test_killing_the_keeper_takes_both_servers_and_the_next_start_finds_the_data(checkout):
    use = embedded.Use(checkout)
    servers = use.begin()
    write_a_row(servers)
    killed = _state(checkout)

    kill(killed.keeper)

    assert nothing_is_left(checkout)
    assert not use.is_running()
    assert use.begin() == servers
    assert read_the_row(servers) == "kept"
    assert _state(checkout).keeper != killed.keeper
    use.end()
    assert processes_of(checkout) == {}


def test_killing_everything_at_once_is_recovered_from(checkout):
    use = embedded.Use(checkout)
    servers = use.begin()
    write_a_row(servers)

    for process in processes_of(checkout):
        kill(process)

    assert nothing_is_left(checkout)
    assert (data_of(checkout) / "postmaster.pid").exists()
    assert use.begin() == servers
    assert read_the_row(servers) == "kept"
    use.end()


def test_killing_the_only_user_stops_the_servers(checkout):
    user = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from servicedesk import embedded;"
            " embedded.Use(Path(sys.argv[1])).begin(); print('running', flush=True); sys.stdin.read()",
            str(checkout),
        ],
        cwd=CODE,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert user.stdout.readline() == "running\n"
    assert len(processes_of(checkout)) > 3

    user.kill()
    user.communicate()

    assert nothing_is_left(checkout)


def test_a_server_that_outlived_its_keeper_is_stopped_first(checkout):
    with embedded.running(checkout):
        pass
    found = embedded.Places(checkout)
    orphan = postgres.Postgres(found, throw_away=False)
    orphan.start()
    assert wait_until(orphan.is_ready, seconds=15)

    with embedded.running(checkout) as servers:
        assert orphan.process.wait(timeout=5) == 0
        assert _state(checkout).servers["PostgreSQL"].pid != orphan.process.pid
        assert both_answer(servers)


def test_a_note_that_names_a_stranger_and_dead_sockets_stop_nothing(checkout):
    with embedded.running(checkout):
        pass
    sockets = embedded.Places(checkout).sockets_for(places.postgres_account())
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note = f"{stranger.pid}\n{data_of(checkout)}\n1700000000\n5432\n{sockets}\n\n  1 1\nready   \n"
    (data_of(checkout) / "postmaster.pid").write_text(note)
    (sockets / ".s.PGSQL.5432.lock").write_text(note)
    (sockets / ".s.PGSQL.5432").write_text("")
    (sockets / "valkey.sock").write_text("")

    with embedded.running(checkout) as servers:
        assert both_answer(servers)

    assert stranger.poll() is None
    stranger.communicate(b"\n")


def test_users_share_the_servers_and_the_last_one_ends_them(checkout):
    uses = [embedded.Use(checkout) for _ in range(4)]
    results: list[embedded.Servers] = []
    threads = [threading.Thread(target=lambda use=use: results.append(use.begin())) for use in uses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 4
    assert len(set(results)) == 1
    keeper = _state(checkout).keeper
    for use in uses[:3]:
        use.end()
        assert both_answer(results[0])
    assert _state(checkout).keeper == keeper
    uses[3].end()
    assert nothing_is_left(checkout)


def test_current_tells_the_servers_only_while_they_run(checkout):
    assert embedded.current(checkout) is None
    with embedded.running(checkout) as servers:
        assert embedded.current(checkout) == servers
    assert embedded.current(checkout) is None


def test_the_data_of_another_major_version_is_refused_in_words_and_left_alone(checkout):
    with embedded.running(checkout):
        pass
    version = data_of(checkout) / "PG_VERSION"
    version.write_text("17\n")

    with pytest.raises(embedded.ServersNotStarted, match=r"was made by PostgreSQL 17, and this is 18\. Dump"):
        embedded.Use(checkout).begin()

    assert version.read_text() == "17\n"
    assert processes_of(checkout) == {}


def test_sigterm_to_the_keeper_is_an_orderly_end(checkout):
    use = embedded.Use(checkout)
    use.begin()
    os.kill(_state(checkout).keeper.pid, signal.SIGTERM)

    assert nothing_is_left(checkout)

    assert not (data_of(checkout) / "postmaster.pid").exists()
    assert KeeperState.read(embedded.Places(checkout).state) == KeeperState()
    use.end()


def _state(checkout: Path) -> KeeperState:
    return KeeperState.read(embedded.Places(checkout).state)


def test_a_start_in_the_moment_of_an_end_succeeds_every_time(checkout):
    for _ in range(5):
        first, second = embedded.Use(checkout), embedded.Use(checkout)
        servers = first.begin()
        ending = threading.Thread(target=first.end)
        ending.start()
        assert second.begin() == servers
        assert both_answer(servers)
        ending.join()
        second.end()
    assert nothing_is_left(checkout)
