"""A real dealer's export beside the project, and a desk that has it; tests are skipped where it is not."""

import datetime as dt
import json
from pathlib import Path

import pytest

from imports.given import Given
from imports.importing import import_folder
from imports.report import Report
from tenancy.models import Membership, Tenant, User
from tenancy.scope import tenant

HARBOUR = Path(__file__).parents[3] / "shared" / "data" / "harbour"
NOW = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)
ON = dt.date(2026, 11, 20)

needs_harbour = pytest.mark.skipif(not HARBOUR.is_dir(), reason=f"the dealer's export {HARBOUR} is not here")


def truth() -> dict:
    """What is really so of the export."""
    return json.loads((HARBOUR / "truth.json").read_text("utf-8"))


def harbour_desk() -> tuple[Tenant, Report]:
    """The dealer's desk with its export in it, and what the import told."""
    desk = Tenant.objects.create(slug="harbour", name="Harbour", time_zone="America/New_York")
    return desk, import_folder(HARBOUR, desk=desk, given=Given(), now=NOW, on=ON)


def somebody(desk: Tenant, role: str) -> User:
    """Somebody who works at the dealer's desk."""
    with tenant(desk):
        user = User.objects.create_user(f"{role}@harbour.example", "a long password", name="Dana")
        Membership.objects.create(user=user, role=role)
    return user
