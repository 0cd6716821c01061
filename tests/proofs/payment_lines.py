"""300 bank lines with the faults that payers, banks and typists make, and what each must come to."""

import csv
import datetime as dt
import io
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count, product
from xml.sax.saxutils import escape

from contracts.models import Cancellation, Contract, ContractTerm
from customers.models import Customer
from customers.search_words import index_customers
from customers.searchkeys import folded, serial_key, words

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
OVER = dt.date(2025, 11, 20)
PAID = dt.date(2026, 3, 2)
_FIRST = words(
    "alder birch cedar damson elm fennel gorse hazel iris juniper kale larch maple nettle oak poplar"
)
_SECOND = words(
    "bakery brewery chemist dairy engraving foundry garage hotel ironworks joinery kennels laundry"
)
_THIRD = ("", "north", "south")


@dataclass(frozen=True)
class Told:
    """One line as the bank has it. `fault` names the kind of fault, `contract` what it was meant for."""

    fault: str
    amount: str
    payer: str = ""
    words: str = ""
    number: str = ""
    currency: str = "GBP"
    day: dt.date = PAID
    is_return: bool = False
    contract: Contract | None = None


# What every line of a fault must come to, and how many lines have it.
EXPECTED = {
    "exact": ("renewed", 70),
    "spelled oddly": ("renewed", 20),
    "at the limits": ("renewed", 6),
    "for the term that stands": ("paid", 10),
    "too late for the next": ("unmatched", 5),
    "digits swapped": ("unmatched", 25),
    "one digit off": ("unmatched", 15),
    "prefix missing": ("unmatched", 15),
    "letter for a digit": ("unmatched", 10),
    "too little": ("unmatched", 12),
    "part payments": ("unmatched", 10),
    "another customer's number": ("unmatched", 10),
    "two contracts in one": ("unmatched", 8),
    "payer unknown": ("unmatched", 20),
    "name only": ("unmatched", 15),
    "cancelled contract": ("unmatched", 6),
    "wrong currency": ("unmatched", 6),
    "twice the same line": ("known", 10),
    "returned": ("money out", 10),
    "other money out": ("left alone", 12),
    "unreadable": ("refused", 5),
}


class Scene:
    """A desk with some 250 contracts, and the 300 lines about them. The desk's scope is open."""

    def __init__(self, *, now: dt.datetime):
        self.now = now
        self._names = (" ".join(filter(None, each)).title() for each in product(_FIRST, _SECOND, _THIRD))
        self._numbers = count(10007, 197)
        self.customers, self.contracts, self.terms, self.cancelled = [], [], [], []
        self.lines: list[Told] = []
        self._make()
        self._save()

    def _make(self):
        self._make_exact()
        self._make_near()
        self._make_doubtful()
        numbered = [replace(line, number=f"BK{at:05}") for at, line in enumerate(self.lines)]
        firsts = [line for line in numbered if line.fault == "exact"]
        doubles = [replace(line, fault="twice the same line") for line in firsts[:10]]
        self.lines = [*numbered, *doubles]

    def _make_exact(self):
        for _ in range(70):
            contract = self._contract()
            self._add("exact", contract, words=f"{contract.number} renewal")
        spellings = (
            "{0} {1}",
            "{0}{1}",
            "contract:{0}-{1}/2026",
            "({0}_{1})",
            "Invoice 7 for {0} - {1}, thanks",
        )
        for at in range(20):
            contract = self._contract()
            letters, digits = contract.number.split("-")
            words = spellings[at % 5].format(letters.lower() if at % 2 else letters, digits)
            self._add("spelled oddly", contract, words=words)
        for at in range(6):
            contract = self._contract()
            if at % 2:
                amount = (contract.price * Decimal("0.95")).quantize(Decimal("0.01"))
                self._add("at the limits", contract, amount=amount)
            else:
                self._add("at the limits", contract, day=END - dt.timedelta(120))
        for _ in range(10):
            self._add("for the term that stands", self._contract(), day=START - dt.timedelta(4))
        for _ in range(5):
            self._add("too late for the next", self._contract(ends_on=OVER))

    def _make_near(self):
        for _ in range(25):
            contract = self._contract()
            digits = list(contract.number)
            at = next(at for at in range(len(digits) - 1, 3, -1) if digits[at] != digits[at - 1])
            digits[at], digits[at - 1] = digits[at - 1], digits[at]
            self._add("digits swapped", contract, words="".join(digits))
        for _ in range(15):
            contract = self._contract()
            last = (int(contract.number[-1]) + 5) % 10
            self._add("one digit off", contract, words=f"{contract.number[:-1]}{last}")
        for _ in range(15):
            contract = self._contract()
            self._add("prefix missing", contract, words=f"contract {contract.number[3:]}")
        for _ in range(10):
            contract = self._contract(digit="0")
            self._add("letter for a digit", contract, words=contract.number.replace("0", "O", 1))

    def _make_doubtful(self):
        for _ in range(12):
            contract = self._contract()
            self._add("too little", contract, amount=contract.price * Decimal("0.80"))
        for _ in range(5):
            contract = self._contract()
            for part in ("first", "second"):
                said = f"{contract.number} {part} half"
                self._add("part payments", contract, amount=contract.price / 2, words=said)
        for _ in range(10):
            self._add("another customer's number", self._contract(), payer=self._customer().name)
        for _ in range(8):
            first = self._contract()
            second = self._contract(customer=first.customer)
            self._add(
                "two contracts in one",
                first,
                amount=first.price + second.price,
                words=f"{first.number} and {second.number}",
            )
        for at in range(20):
            self._add(
                "payer unknown", None, amount=Decimal(17 + at), payer=f"Zzz {at}", words="For the visit"
            )
        for _ in range(15):
            self._add("name only", self._contract(), words="Yearly fee")
        for _ in range(6):
            contract = self._contract()
            self.cancelled.append(contract)
            self._add("cancelled contract", contract)
        for _ in range(6):
            self._add("wrong currency", self._contract(), currency="EUR")
        for line in self.lines[:10]:
            self.lines.append(
                replace(line, fault="returned", amount=f"-{line.amount}", is_return=True, day=PAID)
            )
        for at in range(12):
            self._add("other money out", None, amount=Decimal(-900 - at), payer="Landlord", words="Rent")
        for _ in range(5):
            self.lines.append(Told("unreadable", "six hundred", "Somebody", "x"))

    def _add(self, fault, contract, *, amount=None, payer=None, words=None, **more):
        self.lines.append(
            Told(
                fault,
                f"{contract.price if amount is None else amount:.2f}",
                payer if payer is not None else contract.customer.name if contract else "",
                words if words is not None else contract.number,
                contract=contract,
                **more,
            )
        )

    def _customer(self) -> Customer:
        name = next(self._names)
        customer = Customer(name=name, name_key=folded(name))
        self.customers.append(customer)
        return customer

    def _contract(self, *, customer=None, ends_on=END, digit="") -> Contract:
        number = next(number for number in self._numbers if digit in str(number))
        price = Decimal(306 if len(self.contracts) % 2 else 612)
        contract = Contract(
            number=f"SC-{number}",
            number_key=serial_key(f"SC-{number}"),
            customer=customer or self._customer(),
            price=price,
            currency="GBP",
        )
        self.contracts.append(contract)
        starts_on = ends_on.replace(year=ends_on.year - 1) + dt.timedelta(1)
        self.terms.append(
            ContractTerm(
                contract=contract, starts_on=starts_on, ends_on=ends_on, price=price, created_at=self.now
            )
        )
        return contract

    def _save(self):
        for rows in (self.customers, self.contracts, self.terms):
            type(rows[0]).objects.bulk_create(rows)
        index_customers(Customer.objects.all())
        Cancellation.objects.bulk_create(
            Cancellation(contract=contract, reason="Moved", recorded_at=self.now)
            for contract in self.cancelled
        )


def as_csv(lines: list[Told]) -> bytes:
    """The lines as a bank's CSV, dates day first."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";")
    writer.writerow(["Booking date", "Amount", "Currency", "Payer", "Reference", "Details", "Transaction ID"])
    for line in lines:
        details = "Returned by the bank" if line.is_return else "Transfer"
        day = f"{line.day:%d.%m.%Y}"
        writer.writerow([day, line.amount, line.currency, line.payer, line.words, details, line.number])
    return written.getvalue().encode("cp1252")


def as_camt(lines: list[Told]) -> bytes:
    """The same as CAMT.053, version 08."""
    entries = "".join(map(_entry, lines))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr/><Stmt>'
        f"<Acct><Id><IBAN>GB29NWBK60161331926819</IBAN></Id></Acct>{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _entry(line: Told) -> str:
    side, way = ("Cdtr", "DBIT") if line.amount.startswith("-") else ("Dbtr", "CRDT")
    back = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if line.is_return else ""
    return (
        f'<Ntry><Amt Ccy="{line.currency}">{line.amount.removeprefix("-")}</Amt><CdtDbtInd>{way}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{line.day}</Dt></BookgDt>"
        f"<AcctSvcrRef>{line.number or 'NOTPROVIDED'}</AcctSvcrRef><NtryDtls><TxDtls>"
        f"<RltdPties><{side}><Pty><Nm>{escape(line.payer)}</Nm></Pty></{side}></RltdPties>"
        f"<RmtInf><Ustrd>{escape(line.words)}</Ustrd></RmtInf>{back}</TxDtls></NtryDtls></Ntry>"
    )


def as_ofx(lines: list[Told]) -> bytes:
    """The same as OFX 1.02, which closes no element that has a value."""
    transactions = "\n".join(map(_transaction, lines))
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\n"
        "COMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>"
        f"<CURDEF>GBP<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST>\n{transactions}\n</BANKTRANLIST>"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    ).encode()


def _transaction(line: Told) -> str:
    kind = "RETURN" if line.is_return else "DEBIT" if line.amount.startswith("-") else "CREDIT"
    foreign = f"<CURRENCY><CURSYM>{line.currency}</CURRENCY>" if line.currency != "GBP" else ""
    number = f"<FITID>{line.number}" if line.number else ""
    return (
        f"<STMTTRN><TRNTYPE>{kind}<DTPOSTED>{line.day:%Y%m%d}<TRNAMT>{line.amount}{number}"
        f"<NAME>{escape(line.payer)}<MEMO>{escape(line.words)}{foreign}</STMTTRN>"
    )
