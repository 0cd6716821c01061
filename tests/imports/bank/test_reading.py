"""Bank files of three formats, read into one kind of line; what cannot be read says so."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imports.bank.reading import LARGEST_FILE, read_bank_file
from imports.bank.refusing import NotReadable

D = Decimal


def read(data, name="statement.csv", **told):
    data = data.encode() if isinstance(data, str) else data
    return read_bank_file(data, name=name, **{"currency": "GBP", "country": "GB", **told})


def said(data, **told):
    """(day, amount, currency, payer, reference) of each line."""
    return [
        (line.booked_on.isoformat(), str(line.amount), line.currency, line.payer, line.reference)
        for line in read(data, **told).lines
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"%PDF-1.7 whatever", "PDF"),
        (b"PK\x03\x04 whatever", "workbook"),
        (b"\xd0\xcf\x11\xe0", "Excel"),
        (b"\x1f\x8b\x08", "packed"),
        (b"\x89PNG\r\n\x1a\n whatever", "This is a picture, not a file of bank lines."),
        (b"\xff\xd8\xff\xe0 whatever", "This is a picture, not a file of bank lines."),
        (b":20:STARTUMS\n:25:1000/2", "MT940"),
        (b"{1:F01BANK}{4:\n:20:X", "MT940"),
        (b"Dear desk, we paid you yesterday.\nYours", "no CSV"),
        (b"Name,Town\nMoss,Harbour", "days and amounts"),
        (b"Date,Name\n2026-03-02,Moss", "amounts among"),
        (b"<?xml version='1.0'?><note/>", "no CAMT.053"),
        (b"<?xml version='1.0'?><Document><BkToCstmrAcctRpt/></Document>", "CAMT.052"),
        (b"<?xml version='1.0'?><Document><BkToCstmrDbtCdtNtfctn/></Document>", "CAMT.054"),
        (b"<?xml version='1.0'?><Document><BkToCstmrStmt>", "broken"),
        (b"<?xml version='1.0'?><Document/>", "no CAMT.053"),
        (b"OFXHEADER:100\n\n<OFX><BANKMSGSRSV1>", "cut off"),
        (b"OFXHEADER:100\n\n<OFX></BANKMSGSRSV1></OFX>", "broken"),
        (b"OFXHEADER:100\n\n<OFX><SIGNONMSGSRSV1></SIGNONMSGSRSV1></OFX>", "no statement"),
        (b"OFXHEADER:100\n\n<OFX><A>1</A><A>2</B></OFX>", "broken"),
        (b"OFXHEADER:100\n\n<OFX></OFX><OFX></OFX>", "broken"),
        (b"Date,Amount" + b"," * 2_000_000 + b"\n2026-03-02,5\n", "more than 200 columns"),
        (
            b"Date,Amount,Text\n" + b'2026-03-02,5,"x\n' + b"2026-03-02,5,x\n" * 300_000,
            "longer than 4,000 signs",
        ),
        (b"x" * (LARGEST_FILE + 1), "larger than 10 MB"),
    ],
)
def test_a_file_of_another_kind_says_what_it_is(data, words):
    with pytest.raises(NotReadable, match=words):
        read(data)


def test_entities_of_its_own_are_refused_unread():
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>'
        "<Document><BkToCstmrStmt>&lol2;</BkToCstmrStmt></Document>"
    )
    outside = (
        '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        "<Document><BkToCstmrStmt>&f;</BkToCstmrStmt></Document>"
    )
    for data in (bomb, outside):
        with pytest.raises(NotReadable, match="entities of its own"):
            read(data)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"<?xml version='1.0'?>", b"<OFX>", b"Date,Amount\n"]))
def test_no_file_ends_in_a_fault(data, beginning):
    try:
        read(beginning + data)
    except NotReadable as refused:
        assert str(refused)


# CSV


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
    assert [(each.where, each.found, each.expected) for each in found.refused] == [
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


# CAMT.053


CAMT_VERSIONS = ("02", "04", "06", "08", "13")


def camt(entries, version="08"):
    """A statement of one account with these entries."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        f"<GrpHdr/><Stmt><Acct><Id><IBAN>GB29NWBK60161331926819</IBAN></Id><Ownr><Nm>Northgate</Nm></Ownr></Acct>"
        f"{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    )


def entry(amount="612.00", way="CRDT", status="BOOK", details="", version="08", number="B1", extra=""):
    status = f"<Cd>{status}</Cd>" if int(version) > 6 else status
    return (
        f'<Ntry><Amt Ccy="GBP">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>{extra}<Sts>{status}</Sts>'
        f"<BookgDt><Dt>2026-03-02</Dt></BookgDt><AcctSvcrRef>{number}</AcctSvcrRef>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def details(amount="", payer="Moss &amp; Co", text="N-20418", version="08", more="", side="Dbtr", refs=""):
    inner = f"<Nm>{payer}</Nm>" if int(version) < 8 else f"<Pty><Nm>{payer}</Nm></Pty>"
    amount = f'<Amt Ccy="GBP">{amount}</Amt>' if amount else ""
    return (
        f"<TxDtls><Refs>{refs}<EndToEndId>NOTPROVIDED</EndToEndId></Refs>{amount}"
        f"<RltdPties><{side}>{inner}</{side}></RltdPties>"
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>{more}</TxDtls>"
    )


@pytest.mark.parametrize("version", CAMT_VERSIONS)
def test_every_version_of_camt_says_the_same(version):
    data = camt([entry(details=details(version=version), version=version)], version)
    found = read(data, name="x.xml")
    assert (found.format, found.account) == ("camt.053", "GB29NWBK60161331926819")
    assert said(data) == [("2026-03-02", "612.00", "GBP", "Moss & Co", "N-20418")]
    assert [line.number for line in found.lines] == ["B1"]


def test_each_transaction_of_a_batch_is_a_line_known_by_its_own_number():
    batch = details("306.00", text="N-1") + details(
        "306.00", "Lee", "N-2", refs="<AcctSvcrRef>T9</AcctSvcrRef>"
    )
    lines = read(camt([entry(details=batch)])).lines
    assert [(line.number, line.amount, line.payer, line.reference) for line in lines] == [
        ("B1/1", D("306.00"), "Moss & Co", "N-1"),
        ("T9", D("306.00"), "Lee", "N-2"),
    ]


@pytest.mark.parametrize("amounts", [("", ""), ("300.00", "300.00")])
def test_a_batch_that_does_not_say_its_sums_stays_one_line_that_names_nobody(amounts):
    batch = details(amounts[0], text="N-1") + details(amounts[1], text="N-2")
    (line,) = read(camt([entry(details=batch)])).lines
    assert (line.amount, line.payer, line.reference) == (D("612.00"), "", "")
    assert line.text == "Batch of 2 transactions without sums of their own"


def test_returns_are_told_by_the_bank_in_three_ways():
    reversal = entry(way="DBIT", extra="<RvslInd>true</RvslInd>", details=details())
    reason = entry(way="DBIT", number="B2", details=details(more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"))
    words = entry(
        way="DBIT", number="B3", details=details(side="Cdtr", more="<AddtlTxInf>Unpaid</AddtlTxInf>")
    )
    plain = entry(way="DBIT", number="B4", details=details(side="Cdtr"))
    lines = read(camt([reversal, reason, words, plain])).lines
    assert [(line.number, line.is_return, line.amount, line.payer) for line in lines] == [
        ("B1", True, D("-612.00"), "Moss & Co"),
        ("B2", True, D("-612.00"), "Moss & Co"),
        ("B3", True, D("-612.00"), "Moss & Co"),
        ("B4", False, D("-612.00"), "Moss & Co"),
    ]


def test_structured_references_are_read_and_the_owner_is_not_the_payer():
    strd = (
        "<TxDtls><Refs><EndToEndId>E2E-7</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>Northgate</Nm></Pty></Dbtr>"
        "<UltmtDbtr><Pty><Nm>Moss</Nm></Pty></UltmtDbtr></RltdPties><RmtInf><Ustrd>for</Ustrd><Ustrd>you</Ustrd>"
        "<Strd><CdtrRefInf><Ref>RF18 2041</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
    )
    assert said(camt([entry(details=strd)])) == [
        ("2026-03-02", "612.00", "GBP", "Moss", "for you RF18 2041 E2E-7")
    ]


def test_lines_not_booked_are_counted_and_broken_ones_refused_with_their_place():
    odd_day = entry(number="B5").replace("2026-03-02", "2026-02-30")
    found = read(
        camt([entry(status="PDNG"), entry("x"), entry(way="UP"), entry("0.00"), entry("1.001"), odd_day])
    )
    assert found.pending == 1
    assert found.lines == []
    assert [(each.where, each.found, each.expected) for each in found.refused] == [
        ("entry 2", "x", "an amount as 612.00"),
        ("entry 3", "UP", "CRDT or DBIT"),
        ("entry 4", "0.00", "an amount other than nothing"),
        ("entry 5", "1.001", "an amount with two decimals at most"),
        ("entry 6", "2026-02-30", "a booking day as 2026-03-02"),
    ]


# OFX


OFX_1 = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STMTRS><CURDEF>GBP<BANKACCTFROM><BANKID>1<ACCTID>998877<ACCTTYPE>CHECKING
</BANKACCTFROM><BANKTRANLIST><DTSTART>20260301<DTEND>20260331
{lines}
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
OFX_2 = (
    '<?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" '
    'OLDFILEUID="NONE" NEWFILEUID="NONE"?><OFX><BANKMSGSRSV1><STMTTRNRS><TRNUID>1</TRNUID><STMTRS>'
    "<CURDEF>GBP</CURDEF><BANKACCTFROM><ACCTID>998877</ACCTID></BANKACCTFROM><BANKTRANLIST>{lines}"
    "</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
)


def test_ofx_of_both_versions_says_the_same():
    sgml = OFX_1.format(
        lines="<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260302120000[0:GMT]<TRNAMT>612.00<FITID>F1"
        "<NAME>Moss &amp; Co<MEMO>N-20418</STMTTRN>"
    )
    xml = OFX_2.format(
        lines="<STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20260302</DTPOSTED><TRNAMT>612,00</TRNAMT>"
        "<FITID>F1</FITID><NAME>Moss &amp; Co</NAME><MEMO>N-20418</MEMO></STMTTRN>"
    )
    expected = [("2026-03-02", "612.00", "GBP", "Moss & Co", "N-20418")]
    for data in (sgml, xml):
        found = read(data, name="x.ofx")
        assert (found.format, found.account, found.lines[0].number) == ("ofx", "998877", "F1")
        assert said(data) == expected


def test_ofx_letters_of_windows_are_read_although_the_header_may_lie():
    line = "<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260302<TRNAMT>1.00<FITID>F1<NAME>Müller</STMTTRN>"
    for encoding in ("cp1252", "utf-8"):
        assert said(OFX_1.format(lines=line).encode(encoding))[0][3] == "Müller"


@pytest.mark.parametrize("amount", ["6121E999999", "1E-999999", "-9E8", "0.001", "NaN"])
def test_an_amount_that_nobody_could_pay_is_refused(amount):
    line = f"<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260302<TRNAMT>{amount}<FITID>F1</STMTTRN>"
    found = read(OFX_1.format(lines=line))
    assert (found.lines, [each.found for each in found.refused]) == ([], [amount])


def test_ofx_lines_are_judged_one_by_one():
    lines = (
        "<STMTTRN><TRNTYPE>RETURN<DTPOSTED>20260302<TRNAMT>-612.00<FITID>F1<NAME>Moss</STMTTRN>"
        "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>soon<TRNAMT>-1.00<FITID>F2</STMTTRN>"
        "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260302<TRNAMT>much<FITID>F3</STMTTRN>"
        "<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260302<TRNAMT>5.00<FITID>F4"
        "<CURRENCY><CURRATE>1<CURSYM>EUR</CURRENCY></STMTTRN>"
    )
    found = read(OFX_1.format(lines=lines))
    assert [(line.number, line.amount, line.currency, line.is_return) for line in found.lines] == [
        ("F1", D("-612.00"), "GBP", True),
        ("F4", D("5.00"), "EUR", False),
    ]
    assert [(each.where, each.found, each.expected) for each in found.refused] == [
        ("transaction 2", "soon", "a day as 20260302"),
        ("transaction 3", "much", "an amount as 612.00"),
    ]
