"""Files as they should not be: every bad row is refused and told, the others come in, nothing breaks."""

import datetime as dt

import pytest

from customers.models import Customer
from imports.folder import open_folder, read_table
from imports.given import UsageError, given_by
from imports.importing import import_folder
from imports.reading import Known
from imports.report import Report
from imports.tables import TABLES
from tenancy.models import Tenant
from tenancy.scope import tenant

HEADINGS = "CustNo,Name,Phone,Since,Notes\n"
GOOD = "C1,Ann Abbott,555 0101,11/20/2020,\n"


def read(folder, files, **options):
    """Write files into a folder and read them; the good rows by table, and the report."""
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    given, known, report = given_by(**options), Known(), Report()
    export = open_folder(folder, given, date_order="MDY", decimal="point")
    rows = {name: read_table(name, export, known, given, report) for name in TABLES}
    return rows, report


def refused(report):
    return [(r.file, r.line, r.column, r.found, r.expected) for r in report.refusals]


def test_blank_file_among_good_ones_has_no_rows(tmp_path):
    rows, report = read(tmp_path, {"customers.csv": HEADINGS + GOOD, "payments.csv": b""})

    assert [row.number for row in rows["customers"]] == ["C1"]
    assert (report.tables["payments"].rows, refused(report)) == (0, [])


def test_headings_alone_have_no_rows(tmp_path):
    rows, report = read(tmp_path, {"customers.csv": HEADINGS})

    assert (rows["customers"], report.tables["customers"].rows) == ([], 0)


def test_rows_with_too_few_and_too_many_cells_are_refused(tmp_path):
    rows, report = read(tmp_path, {"customers.csv": HEADINGS + "C2,Bob\n" + GOOD + "C3,Cy,1,,x,y,z\n"})

    assert [row.number for row in rows["customers"]] == ["C1"]
    assert refused(report) == [
        ("customers.csv", 2, "", "2 cells", "5 cells, as the headings"),
        ("customers.csv", 4, "", "7 cells", "5 cells, as the headings"),
    ]


def test_nul_byte_is_refused_with_its_column(tmp_path):
    rows, report = read(tmp_path, {"customers.csv": HEADINGS + "C2,B\x00b,1,,\n" + GOOD})

    assert [row.number for row in rows["customers"]] == ["C1"]
    assert refused(report) == [("customers.csv", 2, "Name", "B\ufffdb", "text without NUL characters")]


def test_huge_cell_is_refused_and_shown_short(tmp_path):
    _, report = read(tmp_path, {"customers.csv": HEADINGS + f"C2,{'x' * 300_000},1,,\n" + GOOD})

    assert refused(report) == [
        ("customers.csv", 2, "Name", "x" * 80 + "… (300000 characters)", "at most 200 characters")
    ]


def test_quote_never_closed_costs_its_own_line_only(tmp_path):
    rows, report = read(tmp_path, {"customers.csv": HEADINGS + 'C2,"Bob,1,,\n' + GOOD + 'C3,"Cy, Ltd",1,,\n'})

    assert [row.name for row in rows["customers"]] == ["Ann Abbott", "Cy, Ltd"]
    assert refused(report) == [
        ("customers.csv", 2, "", 'C2,"Bob,1,,', "quotes that are closed on the same row")
    ]


def test_line_is_the_physical_one_after_a_note_over_three_lines(tmp_path):
    text = HEADINGS + 'C1,Ann,1,,"one\ntwo\n\nfour"\nC2,Bob,1,13/45/2026,\n'
    rows, report = read(tmp_path, {"customers.csv": text})

    assert rows["customers"][0].notes == "one\ntwo\n\nfour"
    assert refused(report) == [("customers.csv", 6, "Since", "13/45/2026", "a day as 11/20/2026")]


def test_number_told_twice_is_refused_the_second_time(tmp_path):
    rows, report = read(tmp_path, {"customers.csv": HEADINGS + GOOD + "c1 ,Other,1,,\n"})

    assert [row.name for row in rows["customers"]] == ["Ann Abbott"]
    assert refused(report) == [("customers.csv", 3, "CustNo", "c1", "a number that no row before has")]


def test_formula_cell_is_text(tmp_path):
    rows, _ = read(tmp_path, {"customers.csv": HEADINGS + 'C1,=1+1,1,,"=HYPERLINK(""x"")"\n'})

    assert (rows["customers"][0].name, rows["customers"][0].notes) == ("=1+1", '=HYPERLINK("x")')


@pytest.mark.parametrize(
    ("row", "column", "found", "expected", "reason"),
    [
        ("S1,C1,02/30/2026,02/28/2027,5", "Start", "02/30/2026", "a day as 11/20/2026", "bad_date"),
        ("S1,C1,,02/28/2027,5", "Start", "", "a day as 11/20/2026", "bad_date"),
        (
            "S1,C9,02/28/2026,02/27/2027,5",
            "CustNo",
            "C9",
            "the number of a customer that came in",
            "unknown_customer",
        ),
        (
            "S1,C1,02/28/2027,02/27/2026,5",
            "End",
            "02/27/2026",
            "a day not before 02/28/2027",
            "end_before_start",
        ),
        ("S1,C1,02/28/2026,02/27/2027,-5", "Price", "-5", "an amount that is not negative", "bad row"),
        ("S1,C1,02/28/2026,02/27/2027,a lot", "Price", "a lot", "an amount as 1,234.50", "bad row"),
        (",C1,02/28/2026,02/27/2027,5", "ContractNo", "", "something written", "bad row"),
    ],
)
def test_bad_contract_is_refused_with_what_was_expected(tmp_path, row, column, found, expected, reason):
    contracts = f"ContractNo,CustNo,Start,End,Price\nS0,C1,12/31/2025,12/30/2026,7.50\n{row}\n"
    rows, report = read(tmp_path, {"customers.csv": HEADINGS + GOOD, "contracts.csv": contracts})

    assert [row.number for row in rows["contracts"]] == ["S0"]
    assert refused(report) == [("contracts.csv", 3, column, found, expected)]
    assert report.refusals[0].reason == reason


def test_visit_that_ends_before_it_begins_and_one_of_unknown_status_are_refused(tmp_path):
    visits = (
        "CallNo,CustNo,From,To,Status\n"
        "1,C1,11/30/2026 11:00,11/30/2026 09:00,SCHED\n"
        "2,C1,11/30/2026 09:00,11/30/2026 11:00,WOBBLY\n"
        "3,C1,11/30/2026 09:00,11/30/2026 11:00,SCHED\n"
    )
    rows, report = read(tmp_path, {"customers.csv": HEADINGS + GOOD, "visits.csv": visits})

    assert [row.number for row in rows["visits"]] == ["3"]
    assert [(r.line, r.column, r.found) for r in report.refusals] == [
        (2, "To", "11/30/2026 09:00"),
        (3, "Status", "WOBBLY"),
    ]


def test_word_nobody_knows_can_be_given(tmp_path):
    visits = "CallNo,CustNo,From,To,Status\n2,C1,11/30/2026 09:00,11/30/2026 11:00,WOBBLY\n"
    files = {"customers.csv": HEADINGS + GOOD, "visits.csv": visits}

    rows, _ = read(tmp_path, files, word=["visits.status=WOBBLY=done"])

    assert rows["visits"][0].status == "done"


def test_dates_that_read_both_ways_are_told_as_ambiguous(tmp_path):
    _, report = read(tmp_path, {"customers.csv": HEADINGS + "C1,Ann,1,03/04/2020,\n"})

    told = next(a for a in report.assumptions if a.subject == "date order")
    assert (told.taken, told.option) == ("MDY, as 11/20/2026", "--date-order customers=DMY")
    assert told.because == "AMBIGUOUS: every date reads both ways; taken as the desk's country writes it"


def test_date_order_can_be_given(tmp_path):
    rows, _ = read(tmp_path, {"customers.csv": HEADINGS + "C1,Ann,1,03/04/2020,\n"}, date_order=["DMY"])

    assert rows["customers"][0].since == dt.date(2020, 4, 3)


def test_order_of_one_file_is_shown_by_the_others(tmp_path):
    equipment = "SerialNo,CustNo,Installed\nA1,C1,31/12/2020\n"
    files = {"customers.csv": HEADINGS + "C1,Ann,1,03/04/2020,\n", "equipment.csv": equipment}

    rows, _ = read(tmp_path, files)

    assert rows["customers"][0].since == dt.date(2020, 4, 3)


def test_missing_required_column_is_named_with_its_option(tmp_path):
    with pytest.raises(UsageError) as error:
        read(tmp_path, {"customers.csv": "CustNo,Whatever\nC1,Ann\n"})

    assert str(error.value) == (
        "customers.csv (customers): no column for name among the headings 'CustNo', 'Whatever'. "
        "Give it by --column customers.name=HEADING, or the table out by --without customers."
    )


def test_column_can_be_given_by_heading_or_place(tmp_path):
    files = {"customers.csv": "CustNo,Whatever,X\nC1,Ann,555 0101\n"}

    rows, _ = read(tmp_path, files, column=["customers.name=Whatever", "customers.phone=#3"])

    assert (rows["customers"][0].name, rows["customers"][0].phone) == ("Ann", "555 0101")


def test_folder_without_a_table_says_what_lies_there(tmp_path):
    with pytest.raises(UsageError, match=r"No file in .* is a table we know; there is photo\.png, x\.csv"):
        read(tmp_path, {"photo.png": b"\x89PNG", "x.csv": "a,b\n1,2\n"})


def test_folder_that_is_not_there_is_said_plainly(tmp_path):
    with pytest.raises(UsageError, match=r"There is no folder .*nowhere\."):
        open_folder(tmp_path / "nowhere", given_by(), date_order="DMY", decimal="point")


@pytest.mark.parametrize(
    "content",
    [
        b"\x00" * 500,
        bytes(range(256)) * 20,
        b"\xff\xfe" + b"x" * 301,
        b'"' * 999,
        b",,,,\n" * 50,
        b"CustNo,Name\n" + b'"\n' * 200,
        b"CustNo,Name\r\r\n\rC1,Ann\r",
        "CustNo;Name\n\u202eC1;\u0000\n".encode("utf-16"),
    ],
    ids=["nul", "all bytes", "half utf-16", "quotes", "commas", "torn", "returns", "wide nul"],
)
def test_rubbish_never_breaks_the_import(db, tmp_path, content):
    desk = Tenant.objects.create(slug="rubbish", name="Rubbish", time_zone="Europe/London", country="GB")
    (tmp_path / "customers.csv").write_bytes(HEADINGS.encode() + GOOD.encode())
    (tmp_path / "calls.csv").write_bytes(content)
    (tmp_path / "kunden.csv").write_bytes(content)
    now = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)

    try:
        import_folder(tmp_path, desk=desk, given=given_by(), now=now)
    except UsageError as error:
        assert "no column for" in str(error)
    else:
        with tenant(desk):
            assert Customer.objects.filter(number="C1").exists()


def test_title_above_the_headings_and_a_hint_for_a_spreadsheet_are_seen_through(tmp_path):
    text = "sep=|\nCustomers of Harbour Ltd\n\nCustNo|Name|Phone\nC1|Ann, Abbott|1\n|Nobody|2\n"
    rows, report = read(tmp_path, {"customers.csv": text})

    assert [row.name for row in rows["customers"]] == ["Ann, Abbott"]
    assert refused(report) == [("customers.csv", 6, "CustNo", "", "something written")]


def test_table_is_known_by_its_headings_whatever_its_file_is_called(tmp_path):
    rows, report = read(
        tmp_path, {"export1.txt": HEADINGS + GOOD, "TBL_07.dat": "SerialNo;CustNo;Make\nA1;C1;X\n"}
    )

    assert (rows["customers"][0].number, rows["equipment"][0].serial) == ("C1", "A1")
    assert {a.file for a in report.assumptions} == {"export1.txt", "TBL_07.dat"}


def test_words_of_a_status_are_told_with_what_they_mean(tmp_path):
    contracts = (
        "ContractNo,CustNo,Start,End,Status\nS0,C1,12/31/2025,12/30/2026,C\nS1,C1,12/31/2025,12/30/2026,Q\n"
    )
    rows, report = read(tmp_path, {"customers.csv": HEADINGS + GOOD, "contracts.csv": contracts})

    assert [row.is_cancelled for row in rows["contracts"]] == [True, False]
    told = next(a for a in report.assumptions if a.subject == "words in Status")
    assert told.taken == "C = cancelled, Q = not known"


def test_window_from_a_day_and_two_times(tmp_path):
    visits = "CallNo,CustNo,Date,Start Time,End Time,Status\n1,C1,11/30/2026,9:00 AM,1:00 PM,SCHED\n"
    rows, _ = read(tmp_path, {"customers.csv": HEADINGS + GOOD, "visits.csv": visits})

    visit = rows["visits"][0]
    assert (visit.start.isoformat(), visit.end.isoformat()) == ("2026-11-30T09:00:00", "2026-11-30T13:00:00")
