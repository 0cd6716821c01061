"""Bank lines in OFX files, in both versions of the format."""

import pytest

from tests.imports.bank.statement import D, read, refused, said

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
    assert refused(found) == [
        ("transaction 2", "soon", "a day as 20260302"),
        ("transaction 3", "much", "an amount as 612.00"),
    ]
