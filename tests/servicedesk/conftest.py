import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from servicedesk.embedded import places
from servicedesk.embedded.pytest_plugin import quick_folder
from tests.servicedesk.checkout import deep_folder, kill, processes_of


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
