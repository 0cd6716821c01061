"""What an export says of a customer's place on the map and of their language."""

import datetime as dt
from decimal import Decimal

import pytest

from customers.models import Customer, Site
from imports.given import given_by
from imports.importing import import_folder
from tenancy.models import Tenant
from tenancy.scope import tenant

NOW = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)
HEADINGS = "Kunden-Nr.;Firma;Telefon;Breitengrad;Länge;Sprache"


@pytest.fixture
def berlin(db):
    """A desk in Berlin with nothing in it."""
    return Tenant.objects.create(
        slug="berlin", name="Berlin", time_zone="Europe/Berlin", country="DE", currency="EUR"
    )


def bring(desk, folder, *rows, headings=HEADINGS):
    """Import customers; their sites' places and languages by number, and the warnings."""
    (folder / "Kunden.csv").write_text("\n".join([headings, *rows]), encoding="utf-8")
    report = import_folder(folder, desk=desk, given=given_by(), now=NOW, on=NOW.date())
    with tenant(desk):
        places = {
            site.customer.number: (site.latitude, site.longitude, site.customer.language)
            for site in Site.objects.select_related("customer").order_by("pk")
        }
    return places, [str(warning) for warning in report.tables["customers"].warnings]


def test_places_and_languages_are_taken_over(berlin, tmp_path):
    places, warnings = bring(
        berlin,
        tmp_path,
        "K1;Bäckerei Eins;030 901821;52,5200;13,4050;Niederländisch",
        "K2;Druckerei Zwei;030 901822;52.516272;13.377722;FR",
        "K3;Café Drei;030 901823;;;",
    )
    assert places == {
        "K1": (Decimal("52.520000"), Decimal("13.405000"), "nl"),
        "K2": (Decimal("52.516272"), Decimal("13.377722"), "fr"),
        "K3": (None, None, ""),
    }
    assert warnings == []


def test_what_cannot_be_is_told_and_left_out(berlin, tmp_path):
    places, warnings = bring(
        berlin,
        tmp_path,
        "K1;Bäckerei Eins;030 901821;5252,00;13,4050;Klingonisch",
        "K2;Druckerei Zwei;030 901822;52,5;;de",
        "K3;Café Drei;030 901823;0,0;0.000000;de",
    )
    assert places == {"K1": (None, None, ""), "K2": (None, None, "de"), "K3": (None, None, "de")}
    assert warnings == [
        "Kunden.csv, line 2: place on the map left out: 5252.00 and 13.4050",
        "Kunden.csv, line 2: language left out, messages will be in the desk’s: Klingonisch",
        "Kunden.csv, line 3: place on the map left out: 52.5",
    ]


def test_again_only_what_the_export_changed_is_taken_over(berlin, tmp_path):
    row = "K1;Bäckerei Eins;030 901821;{};13,4050;{}"
    bring(berlin, tmp_path, row.format("52,5200", ""))
    places, warnings = bring(berlin, tmp_path, row.format("52,5300", "English"))
    assert (places, warnings) == ({"K1": (Decimal("52.530000"), Decimal("13.405000"), "en")}, [])
    with tenant(berlin):
        Customer.objects.update(language="fr")
    places, warnings = bring(berlin, tmp_path, row.format("52,5300", "Deutsch"))
    assert places["K1"][2] == "fr"
    assert warnings == ["customers, line 2: language was changed here and stays: the export says 'de'"]


@pytest.mark.parametrize(
    "headings", ["cust_no;name;phone;lat;lng;lang", "N° client;Nom;Tél.;Latitude;Longitude;Langue"]
)
def test_the_columns_are_known_in_other_languages(berlin, tmp_path, headings):
    places, _ = bring(berlin, tmp_path, "K1;Eins;030 901821;52.52;13.405;en", headings=headings)
    assert places == {"K1": (Decimal("52.520000"), Decimal("13.405000"), "en")}
