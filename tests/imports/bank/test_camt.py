"""Bank lines in CAMT.053 files."""

import pytest

from tests.imports.bank.statement import D, read, refused, said

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
    assert refused(found) == [
        ("entry 2", "x", "an amount as 612.00"),
        ("entry 3", "UP", "CRDT or DBIT"),
        ("entry 4", "0.00", "an amount other than nothing"),
        ("entry 5", "1.001", "an amount with two decimals at most"),
        ("entry 6", "2026-02-30", "a booking day as 2026-03-02"),
    ]
