"""manage.py import_folder, as somebody types it."""

import json

import pytest
from django.core.management import CommandError, call_command

from contracts.models import Contract
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.imports.dealer import a_dealer, write
from tests.imports.dialects import GERMAN


@pytest.fixture
def folder(tmp_path):
    """The dealer's export in German."""
    write(a_dealer(), tmp_path / "export", GERMAN)
    return tmp_path / "export"


def test_command_makes_the_desk_and_writes_the_report(db, folder, tmp_path, capsys):
    report = tmp_path / "report.json"

    call_command(
        "import_folder", str(folder), desk="berlin", zone="Europe/Berlin", on="2026-11-20", report=report
    )

    desk = Tenant.objects.get(slug="berlin")
    assert (desk.time_zone, desk.country, desk.currency) == ("Europe/Berlin", "DE", "EUR")
    with tenant(desk):
        assert Contract.objects.count() == 8
    written = json.loads(report.read_text("utf-8"))
    assert (written["as_of"], written["missed_visits"]) == ("2026-11-20", 2)
    out, err = capsys.readouterr()
    assert (
        "Verträge 2026.csv, line 12, column Vertragsende: found '31/31/2026', expected a day as 20.11.2026"
        in out
    )
    assert "customers: 9 rows, 9 added, 0 updated, 0 unchanged, 0 refused" in out
    assert "visits: 8 of 8" in err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"desk": "none"}, "There is no desk none. Give --zone, like Europe/London, to make it."),
        ({"desk": "x", "zone": "Mars/Base"}, "“Mars/Base” is no time zone. Write one like Europe/London."),
        ({"desk": "x", "zone": "Europe/London", "on": "20.11."}, "--on 20.11.: write the day as YYYY-MM-DD."),
        (
            {"desk": "x", "zone": "Europe/London", "date_order": ["DYM"]},
            "--date-order DYM: 'DYM' is none of MDY, DMY, YMD.",
        ),
        (
            {"desk": "x", "zone": "Europe/London", "encoding": ["utf-9"]},
            "--encoding utf-9: nobody knows an encoding 'utf-9'.",
        ),
        (
            {"desk": "x", "zone": "Europe/London", "column": ["customers.nose=X"]},
            "--column customers.nose=X: 'nose' is none of number, name, contact, phone, phone2, email, "
            "street, city, postcode, latitude, longitude, language, since, notes.",
        ),
        (
            {"desk": "x", "zone": "Europe/London", "column": ["customers.name=X"]},
            "--column customers.name=X: no file for customers has that heading.",
        ),
    ],
)
def test_wrong_usage_ends_with_a_sentence_and_code_2(db, folder, options, sentence):
    with pytest.raises(CommandError) as error:
        call_command("import_folder", str(folder), **options)

    assert (str(error.value), error.value.returncode) == (sentence, 2)
    assert not Tenant.objects.filter(slug=options["desk"]).exists()
