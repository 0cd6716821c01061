"""What every test stands on: the database as the product sees it, and the cast.

Tests connect as app_web; the migrator's connection makes, migrates and empties the test
database. Every desk of a test has a look-alike beside it whose rows could leak.
"""

import datetime as dt
import logging
import logging.config

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connections

from tenancy.scope import tenant
from tests.browser import chromium, live_desk, page_as
from tests.cast import Cast, empty_every_table, make_cast
from tests.remembered import made_or_put_back

__all__ = ["chromium", "live_desk", "page_as"]

# The moment at which tests happen unless they say otherwise: Thursday 5 March 2026, 13:07 in London.
NOW = dt.datetime(2026, 3, 5, 13, 7, tzinfo=dt.UTC)


def pytest_configure(config):
    """Signing in need not be slow in tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_setup(request, django_test_environment, django_db_blocker):
    """Create and migrate the test database as its owner; tests use it as app_web."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    owner, web = connections["migrator"], connections["default"]
    before = web.settings_dict["NAME"]
    name = f"test_{before}_{worker}"
    with django_db_blocker.unblock():
        owner.settings_dict["TEST"]["NAME"] = name
        owner.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        web.close()
        web.settings_dict["NAME"] = name
    yield
    with django_db_blocker.unblock():
        web.close()
        web.settings_dict["NAME"] = before
        owner.creation.destroy_test_db(before, verbosity=0)


@pytest.fixture(autouse=True)
def nothing_left_over(settings, tmp_path_factory):
    """No test sees what another cached or throttled, or leaves a file behind."""
    settings.MEDIA_ROOT = tmp_path_factory.getbasetemp() / "files"
    cache.clear()


@pytest.fixture
def now() -> dt.datetime:
    """The moment at which the test happens."""
    return NOW


@pytest.fixture
def moment(now):
    """The server's clock stands at the tests' moment."""
    with time_machine.travel(now, tick=False) as clock:
        yield clock


@pytest.fixture
def committed(django_db_setup, django_db_blocker):
    """The database with real commits, for threads, workers and browsers; emptied afterwards."""
    with django_db_blocker.unblock():
        yield
        for connection in connections.all():
            connection.close()
        empty_every_table(connections["migrator"])
        connections["migrator"].close()


@pytest.fixture
def cast(db, now) -> Cast:
    """A desk with one person per role, a customer with history, and its look-alike."""
    return made_or_put_back(make_cast, now=now)


@pytest.fixture
def north(cast):
    """Northgate, its scope open. Where tests need more of it, or a closed one, they say so themselves."""
    with tenant(cast.north.tenant):
        yield cast.north


@pytest.fixture
def committed_cast(committed, now) -> Cast:
    """The cast, committed: threads, workers and browsers see it."""
    return made_or_put_back(make_cast, now=now)


@pytest.fixture
def at_level():
    """Sets the console's level, as LOG_LEVEL does."""

    def set_to(level):
        logging.config.dictConfig(settings.LOGGING | {"root": settings.LOGGING["root"] | {"level": level}})

    yield set_to
    logging.config.dictConfig(settings.LOGGING)
