"""Which heading means which field."""

import pytest

from imports.columns import find_by_content, find_columns
from imports.tables import TABLES, heading_key


@pytest.mark.parametrize(
    ("table", "headings", "fields"),
    [
        (
            "customers",
            ["cust_no", "Company Name", "Tel.", "E-mail Address"],
            ["number", "name", "phone", "email"],
        ),
        (
            "customers",
            ["KUNDENNUMMER", "Name 1", "Strasse", "Telefon 2"],
            ["number", "name", "street", "phone2"],
        ),
        ("customers", ["Cód. cliente", "Razón social", "Teléfono"], ["number", "name", "phone"]),
        ("equipment", ["S/N", "Klantnr", "Merk", "Type"], ["serial", "customer", "make", "model"]),
        (
            "contracts",
            ["Contract #", "Account No", "Begin Date", "Expiration Date"],
            ["number", "customer", "start", "end"],
        ),
        ("payments", ["Fecha de pago", "Importe", "N° contrato"], ["date", "amount", "contract"]),
        (
            "visits",
            ["Werkbon", "Klant", "Monteur", "Van", "Tot"],
            ["number", "customer", "technician", "from", "to"],
        ),
        (
            "contracts",
            ["ContractStart", "ContractEnd", "ContractNo", "Cust"],
            ["start", "end", "number", "customer"],
        ),
    ],
)
def test_headings_of_many_spellings_are_known(table, headings, fields):
    columns = find_columns(TABLES[table], headings, {})

    assert columns.places == {field: place for place, field in enumerate(fields)}


def test_heading_is_compared_without_case_accents_and_marks():
    assert heading_key("Kunden-Nr.") == heading_key("KUNDEN NR") == "kundennr"
    assert heading_key("Geräte") == heading_key("geraete")
    assert heading_key("Straße") == heading_key("Strasse")


def test_column_whose_heading_says_nothing_is_found_by_content():
    table = TABLES["equipment"]
    columns = find_columns(table, ["Serial", "Field7", "Make"], {})

    find_by_content(
        table, columns, [["A1", "C1", "Ricoh"], ["A2", "C2", "Xerox"]], {"customer": {"C1", "C2"}}
    )

    assert columns.places == {"serial": 0, "make": 2, "customer": 1}
    assert columns.by_content == ["customer"]


def test_columns_nobody_needs_are_told():
    assert find_columns(TABLES["customers"], ["CustNo", "Name", "Shoe size"], {}).unread == ["Shoe size"]
