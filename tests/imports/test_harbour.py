"""A real dealer's export, held against what is really so; skipped where the export is not here."""

import datetime as dt
import json
from pathlib import Path

import pytest

from imports.given import Given
from imports.importing import import_folder
from tenancy.models import Tenant

HARBOUR = Path(__file__).parents[3] / "shared" / "data" / "harbour"
NOW = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)

pytestmark = pytest.mark.skipif(not HARBOUR.is_dir(), reason=f"the dealer's export {HARBOUR} is not here")


def test_import_of_the_harbour_export_equals_the_truth(committed):
    truth = json.loads((HARBOUR / "truth.json").read_text("utf-8"))
    desk = Tenant.objects.create(slug="harbour", name="Harbour", time_zone="America/New_York")

    told = import_folder(HARBOUR, desk=desk, given=Given(), now=NOW, on=dt.date(2026, 11, 20)).as_json()

    for contract in truth["contracts"].values():
        del contract["case"]
    for contract in told["contracts"].values():
        del contract["state"]
    for name in truth["rejects"]:
        truth["rejects"][name].sort()
        told["rejects"][name].sort()
    assert {name: told[name] for name in truth} == truth
