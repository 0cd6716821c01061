"""Bank files of any format: what cannot be read says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imports.bank.reading import LARGEST_FILE
from imports.bank.refusing import NotReadable
from tests.imports.bank.statement import read


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
