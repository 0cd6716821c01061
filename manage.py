#!/usr/bin/env python3
"""Django's commands. Without DATABASE_URL they run on the embedded servers of this checkout."""

import os
import sys
import time
from pathlib import Path

from django.core.management import execute_from_command_line

from servicedesk import embedded

ROOT = Path(__file__).resolve().parent
# These read the code and no database, so they need not wait for one.
WITHOUT_DATABASE = {
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "startapp",
    "version",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")
    if "DATABASE_URL" in os.environ:
        execute_from_command_line(sys.argv)
    elif not needs_database(sys.argv[1:]):
        os.environ.setdefault("SERVICEDESK_DEVELOPMENT", "true")
        execute_from_command_line(sys.argv)
    else:
        with_embedded_servers()


def needs_database(words: list[str]) -> bool:
    asks_for_help = {"-h", "--help", "--version"} & set(words)
    return bool(words) and words[0] not in WITHOUT_DATABASE and not asks_for_help


def with_embedded_servers() -> None:
    began = time.monotonic()

    def say(step: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - began:5.1f} s] {step}\n")

    use = embedded.Use(ROOT)
    try:
        os.environ.update(embedded.environment(use.begin(say)))
        execute_from_command_line(sys.argv)
    except embedded.ServersNotStarted as error:
        sys.exit(str(error))
    finally:
        use.end()


if __name__ == "__main__":
    main()
