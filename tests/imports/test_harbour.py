"""A real dealer's export, held against what is really so; skipped where the export is not here."""

from tests.imports.harbour_scene import harbour_desk, needs_harbour
from tests.imports.harbour_scene import truth as truth_of_harbour

pytestmark = needs_harbour


def test_import_of_the_harbour_export_equals_the_truth(committed):
    truth = truth_of_harbour()
    _, report = harbour_desk()
    told = report.as_json()

    for contract in truth["contracts"].values():
        del contract["case"]
    for contract in told["contracts"].values():
        del contract["state"]
    for name in truth["rejects"]:
        truth["rejects"][name].sort()
        told["rejects"][name].sort()
    assert {name: told[name] for name in truth} == truth
