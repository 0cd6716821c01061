"""The data of a size: made once in `var/bench/`, kept, and measured in copies that are thrown away."""

import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from servicedesk import embedded
from servicedesk.bench.sizes import Size

ROOT = Path(__file__).resolve().parents[2]
GONE_WITHIN = 30.0
MADE, MEASURED = "servicedesk", "measured"
# What the rows are made from: the schema, and the modules that write them.
SCHEMA = "*/migrations/*.py"
WRITERS = ("build", "bulk", "customers", "desks", "ids", "names", "sizes", "years")


def kept_in(size: Size) -> Path:
    """The folder of a size's servers."""
    return ROOT / "var" / "bench" / size.name


@contextmanager
def measured(size: Size) -> Iterator[dict[str, str]]:
    """The variables of a fresh copy of the data, for as long as the block lasts; made where they are not.

    Raises ServersNotStarted, and CalledProcessError where the data cannot be made.
    """
    folder = kept_in(size)
    folder.mkdir(parents=True, exist_ok=True)
    with embedded.running(folder) as servers:
        variables = embedded.environment(servers)
        _make_if_needed(size, folder, variables)
        _copy(variables)
        try:
            yield {
                name: _of_database(value, MEASURED) if name.endswith("DATABASE_URL") else value
                for name, value in variables.items()
            }
        finally:
            _drop(variables, MEASURED)


def _make_if_needed(size, folder, variables):
    note, made_from = folder / "made.json", _files()
    made = json.loads(note.read_text()) if note.exists() else {}
    if made and all(made_from.get(name) == digest for name, digest in made.items()):
        if made != made_from:
            _run_program(variables, "servicedesk.bench.build", "--migrate")
            note.write_text(json.dumps(made_from))
        return
    print(f"making the {size.name} data: {size.customers:,} customers, {size.visits:,} visits", flush=True)
    note.unlink(missing_ok=True)
    _drop(variables, MADE)
    _run(variables, "CREATE DATABASE servicedesk OWNER migrator")
    _run_program(variables, "servicedesk.bench.build", size.name)
    note.write_text(json.dumps(made_from))


def _run_program(variables, module, *words):
    subprocess.run(in_django(module, *words), env=program_environment(variables), cwd=ROOT, check=True)


def in_django(module: str, *words: str) -> list[str]:
    """The command that runs a module of the bench with Django set up."""
    return [sys.executable, "-m", "servicedesk.bench.in_django", module, *words]


def program_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program that works on those servers."""
    settings = {"DJANGO_SETTINGS_MODULE": "servicedesk.settings", "LOG_LEVEL": "WARNING"}
    return os.environ | dict(variables) | settings


def _files() -> dict[str, str]:
    """What the data are made from, file by file: a new migration is run, another change makes them anew."""
    paths = [*ROOT.glob(SCHEMA), *(ROOT / f"servicedesk/bench/{name}.py" for name in WRITERS)]
    return {
        str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)
    }


def _copy(variables):
    _drop(variables, MEASURED)
    _run(variables, f"CREATE DATABASE {MEASURED} TEMPLATE {MADE} STRATEGY file_copy")
    with psycopg.connect(
        _of_database(variables["MIGRATE_DATABASE_URL"], MEASURED), autocommit=True
    ) as connection:
        connection.execute(FRESHEN)


# The data were made some time ago: nobody came since, and nobody was waited for.
FRESHEN = """
    UPDATE visits_visit SET state = 'cancelled by the customer', ended_because = 'Works again'
    WHERE state IN ('booked', 'confirmed') AND planned_end < now();
    UPDATE cases_promise SET state = 'released', settled_at = now(), evidence = 'Cancelled by the customer'
    WHERE state = 'open' AND due_at < now();
"""


def _drop(variables, database):
    end = time.monotonic() + GONE_WITHIN
    while True:
        try:
            return _run(variables, f"DROP DATABASE IF EXISTS {database}")
        except psycopg.errors.ObjectInUse:
            # Programs that were told to end are still leaving.
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _run(variables, statement):
    url = _of_database(variables["MIGRATE_DATABASE_URL"], "postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _of_database(url: str, name: str) -> str:
    return urllib.parse.urlunsplit(urllib.parse.urlsplit(url)._replace(path=f"/{name}"))
