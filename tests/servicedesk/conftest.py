import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from servicedesk.embedded import places
from servicedesk.embedded.pytest_plugin import quick_folder
from tenancy.scope import tenant
from tests.cast import make_plain_visit, make_visit
from tests.servicedesk.board_scene import make_scene
from tests.servicedesk.checkout import deep_folder, kill, processes_of
from visits.commitments import make_promises
from visits.models import Visit


@pytest.fixture
def checkout() -> Iterator[Path]:
    """An empty checkout in a path of 150 characters; whatever still runs for it is killed at the end."""
    # Not pytest's own folder, which only its user may enter: PostgreSQL runs as another one.
    base = Path(tempfile.mkdtemp(prefix="desk-", dir=quick_folder()))
    base.chmod(0o755)
    root = deep_folder(base)
    yield root
    for process in processes_of(base):
        kill(process)
    account = places.postgres_account()
    shutil.rmtree(places.Places(root).sockets_for(account))
    shutil.rmtree(base)


@pytest.fixture
def north(cast, moment):
    """Northgate's scope is open; Southgate has a missed visit of its own that could leak."""
    with tenant(cast.south.tenant):
        make_visit(
            cast.south,
            start=dt.datetime(2026, 3, 5, 10, tzinfo=dt.UTC),
            technician=cast.south.lou,
            state=Visit.State.MISSED,
            missed_at=dt.datetime(2026, 3, 5, 11, 30, tzinfo=dt.UTC),
        )
    with tenant(cast.north.tenant):
        yield cast.north


@pytest.fixture
def visit(north, now):
    """Lou's at two this afternoon, with its promises, unless the file has another."""
    visit = make_plain_visit(
        north, now=now, start=now.replace(hour=14, minute=0), problem="Grey bands", booked_by=north.dispatcher
    )
    make_promises(visit, by=north.dispatcher, now=now - dt.timedelta(minutes=60))
    return visit


@pytest.fixture
def scene(north):
    """Northgate's Thursday in full swing: a visit in every state, by its customer's name."""
    return make_scene(north)


def browser_of(role: str):
    """A fixture: a client that is signed in as Northgate's person of that role."""

    @pytest.fixture
    def browser(client, north):
        return signed_in(client, north.people[role])

    return browser


dispatcher = browser_of("dispatcher")
sales = browser_of("sales")
accounts = browser_of("accounts")
manager = browser_of("manager")


@pytest.fixture
def lou(client, north):
    """Northgate's technician, signed in on their phone."""
    signed_in(client, north.technician)
    return north.technician


def signed_in(client, member):
    client.force_login(member.user)
    return client
