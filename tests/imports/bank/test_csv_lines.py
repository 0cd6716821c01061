"""Bank lines in CSV files, in any layout that a bank may write."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imports.bank.statement import D, read, refused, said


def test_a_british_list_with_money_in_and_out_in_two_columns():
    data = (
        "Transaction Date,Transaction Type,Transaction Description,Debit Amount,Credit Amount,Balance\n"
        "02/03/2026,FPI,THE HARBOUR LETTER N-20418,,612.00,1612.00\n"
        '13/03/2026,DEB,RENT,"1,000.00",,612.00\n'
    )
    lines = read(data).lines
    assert [(line.booked_on, line.amount, line.text) for line in lines] == [
        (dt.date(2026, 3, 2), D("612.00"), "THE HARBOUR LETTER N-20418 FPI"),
        (dt.date(2026, 3, 13), D("-1000.00"), "RENT DEB"),
    ]


def test_a_german_bank_below_its_title_in_latin_letters():
    data = (
        '"Umsätze Girokonto";"DE00 1234"\n"Zeitraum:";"30 Tage"\n\n'
        '"Buchungstag";"Wertstellung";"Auftraggeber / Begünstigter";"Verwendungszweck";"Betrag (EUR)"\n'
        '"02.03.2026";"02.03.2026";"Müller GmbH";"Vertrag N-20418";"1.612,00"\n'
        '"03.03.2026";"03.03.2026";"Müller GmbH";"Rücklastschrift";"-612,00"\n'
    ).encode("cp1252")
    assert said(data, country="DE") == [
        ("2026-03-02", "1612.00", "EUR", "Müller GmbH", "Vertrag N-20418"),
        ("2026-03-03", "-612.00", "EUR", "Müller GmbH", "Rücklastschrift"),
    ]
    assert [line.is_return for line in read(data, country="DE").lines] == [False, True]


@pytest.mark.parametrize(
    ("heading", "credit", "debit"),
    [("Soll/Haben", "H", "S"), ("Af Bij", "Bij", "Af"), ("Debit/Credit", "CRDT", "DBIT"), ("DC", "C", "D")],
)
def test_a_flag_says_which_way_the_money_went(heading, credit, debit):
    data = f"Datum;Betrag;{heading};Name\n2026-03-02;612,00;{credit};Moss\n2026-03-03;12,50;{debit};Moss\n"
    assert [line.amount for line in read(data).lines] == [D("612.00"), D("-12.50")]


def test_a_flag_may_stand_behind_the_amount():
    data = "Date,Particulars,Amount\n02/03/2026,Moss,612.00 CR\n13/03/2026,Moss,12.50Dr\n"
    assert [line.amount for line in read(data).lines] == [D("612.00"), D("-12.50")]


def test_a_wide_file_with_tabs_reads_like_any_other():
    data = "Date\tAmount\tPayer\n2026-03-02\t612\tMoss\n".encode("utf-16")
    assert said(data) == [("2026-03-02", "612.00", "GBP", "Moss", "")]


def test_dates_that_read_both_ways_follow_the_country_or_what_was_told():
    data = "Date,Amount\n02/03/2026,1.00\n"
    assert said(data)[0][0] == "2026-03-02"
    assert said(data, country="US")[0][0] == "2026-02-03"
    assert said(data, date_order="MDY")[0][0] == "2026-02-03"
    assert read(data).assumed[0] == (
        "Date order: DMY, as 20.11.2026 (AMBIGUOUS: every date reads both ways; taken as the desk's country "
        "writes it)."
    )


@pytest.mark.parametrize(
    "data",
    [
        "Date,Amount\n2026-11-16,1.00\n",
        "Date,Amount\n2026-03-02 09:30,1.00\n20260303,2.00\n",
        "Date,Value date,Amount\n2026-03-02,02/03/2026,1.00\n",
    ],
)
def test_days_with_the_year_first_are_never_ambiguous(data):
    assert [each for each in read(data).assumed if "rder" in each] == []


def test_one_date_that_reads_one_way_decides_for_all():
    data = "Date,Amount\n02/03/2026,1.00\n03/25/2026,1.00\n"
    assert [line[0] for line in said(data)] == ["2026-02-03", "2026-03-25"]


def test_the_currency_is_the_lines_then_the_headings_then_the_desks():
    assert said("Date,Amount,Currency\n2026-03-02,1.00,usd\n")[0][2] == "USD"
    assert said("Date,Amount\n2026-03-02,€1.00\n")[0][2] == "EUR"
    assert said("Date,Amount EUR\n2026-03-02,1.00\n")[0][2] == "EUR"
    assert said("Date,Amount\n2026-03-02,1.00\n")[0][2] == "GBP"


def test_lines_that_cannot_be_read_say_where_what_and_what_to_do():
    data = (
        "Date,Amount,Payer\n"
        "2026-03-02,612.00,Moss\n"
        "2026-13-02,612.00,Moss\n"
        "2026-03-02,six hundred,Moss\n"
        "2026-03-02,0.00,Moss\n"
        "2026-03-02,612.00,Moss,more\n"
        ",612.00,Moss\n"
        "2026-03-02,612.005,Moss\n"
        "1902-03-02,612.00,Moss\n"
    )
    found = read(data)
    assert len(found.lines) == 1
    assert refused(found) == [
        ("line 3, Date", "2026-13-02", "a day as 20.11.2026"),
        ("line 4, Amount", "six hundred", "an amount as 1,234.50"),
        ("line 5, Amount", "0.00", "an amount other than nothing"),
        ("line 6", "4 cells", "3 cells, as the headings"),
        ("line 7, Date", "", "a day as 20.11.2026"),
        ("line 8, Amount", "612.005", "an amount as 1,234.50"),
        ("line 9", "1902-03-02", "a day after 1990"),
    ]


def test_a_line_with_money_in_and_out_or_an_unknown_flag_is_refused():
    both = read("Date,Money in,Money out\n2026-03-02,1.00,2.00\n")
    assert both.refused[0].expected == "either money in or money out"
    odd = read("Date,Amount,DC\n2026-03-02,1.00,X\n")
    assert (odd.refused[0].found, odd.refused[0].expected) == ("X", "credit or debit")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.dates(dt.date(1991, 1, 1), dt.date(2049, 12, 31)),
            st.decimals("-99999999.99", "99999999.99", places=2).filter(bool),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["{:%d/%m/%Y}", "{:%d.%m.%Y}", "{:%Y-%m-%d}"]),
    st.sampled_from([(".", ","), (",", "."), (".", ""), (",", " ")]),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_every_day_and_amount_comes_back_as_it_was_written(rows, day_form, marks, separator):
    decimal, thousands = marks
    # A day over the 12th and an amount with cents, so that one row of the file shows how it is written.
    rows = [(dt.date(2026, 3, 25), D("1234.55")), *rows]
    written = "".join(
        separator.join([day_form.format(day), f'"{_figure(amount, decimal, thousands)}"', "Moss"]) + "\n"
        for day, amount in rows
    )
    found = read(f"Date{separator}Amount{separator}Payer\n{written}")
    assert [(line.booked_on, line.amount) for line in found.lines] == rows
    assert found.refused == []


def _figure(amount, decimal, thousands):
    return f"{amount:,.2f}".replace(",", "T").replace(".", decimal).replace("T", thousands)
