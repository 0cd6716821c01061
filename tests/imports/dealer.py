"""A small dealer's export, made up for tests in any dialect, together with what is really so.

One list of facts is told in the words, dates, amounts and encoding of a dialect; what the import
must make of them is the same in each.
"""

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.imports.dialects import GERMAN, Dialect

DAY = dt.date(2026, 11, 20)


@dataclass
class Dealer:
    """The facts, by table and field; days, moments and numbers are Python's own."""

    tables: dict[str, list[dict]] = field(default_factory=dict)
    truth: dict = field(default_factory=dict)


def a_dealer() -> Dealer:
    """Customers, contracts in every state, money with and without its number, visits behind and ahead."""
    dealer = Dealer(tables={name: [] for name in GERMAN.files})
    dealer.truth = {
        "as_of": DAY.isoformat(),
        "contracts": {},
        "rejects": {name: [] for name in GERMAN.files},
        "duplicate_customers": [["K1001", "K1009"]],
        "open_recommendations": 1,
        "missed_visits": 2,
        "entitled_visits_unused": {"V-5001": 1, "V-5002": 2, "V-5003": 2},
        "future_visits": 3,
        "future_visits_double_booked": 1,
    }
    _customers(dealer)
    _contracts_and_money(dealer)
    _visits(dealer)
    _recommendations_and_calls(dealer)
    dealer.truth["rows"] = {name: len(rows) for name, rows in dealer.tables.items()}
    return dealer


def write(dealer: Dealer, folder: Path, dialect: Dialect) -> None:
    """Write the export as a program of that dialect would, and the truth beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in dealer.tables.items():
        headings = dialect.headings[name]
        lines = [dialect.separator.join(headings.values())]
        lines += [dialect.separator.join(_cell(row.get(each), dialect) for each in headings) for row in rows]
        text = "\r\n".join(lines) + "\r\n"
        (folder / dialect.files[name]).write_bytes(text.encode(dialect.encoding))
    (folder / "truth.json").write_text(json.dumps(dealer.truth), "utf-8")


def _cell(value, dialect: Dialect) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.strftime(f"{dialect.day} {dialect.time}")
    if isinstance(value, dt.date):
        return value.strftime(dialect.day)
    if isinstance(value, float):
        written = f"{value:,.2f}"
        return written.translate(str.maketrans(",.", ".,")) if dialect.comma else written
    if isinstance(value, list):
        return dialect.within.join(value)
    text = dialect.words.get(str(value)[1:], str(value)) if str(value).startswith("~") else str(value)
    if any(mark in text for mark in (dialect.separator, '"', "\n")):
        return '"' + text.replace('"', '""') + '"'
    return text


def _customers(dealer: Dealer) -> None:
    for number in range(1001, 1010):
        dealer.tables["customers"].append(
            {
                "number": f"K{number}",
                "name": f"Bäckerei Müller {number}",
                "phone": f"030 90182{number}" if number != 1009 else "(030) 901-821001",
                "email": f"info@k{number}.example",
                "street": "Schloßstraße 3",
                "postcode": "10115",
                "city": "Berlin",
                "since": dt.date(2011, 4, 17),
                "notes": 'Hintereingang; "Klingel" links\nZweite Zeile'
                if number == 1002
                else '=HYPERLINK("x")',
            }
        )
        dealer.tables["equipment"].append(
            {"serial": f"rb {number}77", "customer": f"k{number}", "make": "Ricoh", "model": "MP 3004"}
        )
    dealer.tables["equipment"].append({"serial": "", "customer": "K1001", "make": "?", "model": "?"})
    # The heading, nine machines, and one more line: no customer's note stands in this file.
    dealer.truth["rejects"]["equipment"] = [["line 11", "bad row"]]


def _contracts_and_money(dealer: Dealer) -> None:
    def contract(number, customer, end, status, state, term_end=None, start=None):
        dealer.tables["contracts"].append(
            {
                "number": number,
                "customer": customer,
                "start": start or end - dt.timedelta(days=364),
                "end": end,
                "status": f"~{status}",
                "price": 1250.0,
                "visits": 2,
                "serials": [f"RB{customer[1:]}77"],
            }
        )
        if state:
            truth = {"expect": state, "term_end": (term_end or end).isoformat()}
            dealer.truth["contracts"][number] = truth

    def payment(number, date, amount, written, customer):
        row = {"number": number, "date": date, "amount": amount, "contract": written, "customer": customer}
        dealer.tables["payments"].append(row | {"payer": "Müller"})

    contract("V-5001", "K1001", dt.date(2027, 7, 13), "active", "active")
    contract("V-5002", "K1002", dt.date(2026, 9, 14), "expired", "active", dt.date(2027, 9, 14))
    contract("V-5003", "K1003", dt.date(2026, 12, 25), "active", "renewal due")
    contract("V-5004", "K1004", dt.date(2026, 10, 25), "expired", "renewal in review")
    contract("V-5005", "K1005", dt.date(2026, 10, 21), "active", "in grace")
    contract("V-5006", "K1006", dt.date(2026, 10, 20), "active", "lapsed")
    contract("V-5007", "K1007", dt.date(2027, 3, 31), "cancelled", "cancelled")
    contract("V-5008", "K1008", dt.date(2026, 10, 19), "active", "renewal in review")
    contract("V-5009", "K9999", dt.date(2027, 3, 31), "active", None)
    contract("V-5010", "K1009", dt.date(2026, 3, 13), "active", None, start=dt.date(2026, 3, 31))
    dealer.tables["contracts"].append(
        {"number": "V-5011", "customer": "K1009", "start": dt.date(2026, 3, 13), "end": "31/31/2026"}
    )
    dealer.truth["rejects"]["contracts"] = [
        ["V-5009", "unknown_customer"],
        ["V-5010", "end_before_start"],
        ["V-5011", "bad_date"],
    ]
    payment("1", dt.date(2026, 7, 2), 1250.0, "V-5001", "K1001")
    payment("2", dt.date(2026, 9, 30), 1190.0, "v 5002", "K1002")
    payment("3", dt.date(2026, 10, 13), 1250.0, "V504", "K1004")
    payment("4", dt.date(2025, 10, 13), 1250.0, "V-5006", "K1006")
    dealer.tables["payments"].append({"number": "5", "amount": "zwölf"})
    dealer.truth["rejects"]["payments"] = [["line 6", "bad row"]]


def _visits(dealer: Dealer) -> None:
    def visit(number, customer, day, hour, status, kind="maintenance", technician="Jörg Öztürk"):
        start = dt.datetime.combine(day, dt.time(hour))
        end = start + dt.timedelta(hours=2)
        is_done = status == "done"
        dealer.tables["visits"].append(
            {
                "number": number,
                "customer": f"K{customer}",
                "serial": f"RB{customer}77",
                "technician": technician,
                "from": start,
                "to": end,
                "arrived": start + dt.timedelta(minutes=10) if is_done else None,
                "completed": end if is_done else None,
                "status": f"~{status}",
                "kind": f"~{kind}",
                "work": "Gereinigt, geprüft" if is_done else None,
                "parts": "Rolle;Trommel" if is_done else None,
            }
        )

    visit("7001", 1001, dt.date(2026, 8, 13), 9, "done")
    visit("7002", 1001, dt.date(2026, 8, 13), 10, "done", kind="repair")
    visit("7003", 1002, dt.date(2025, 12, 15), 9, "done")
    visit("7004", 1003, dt.date(2026, 10, 26), 9, "scheduled")
    visit("7005", 1004, DAY, 14, "scheduled")
    visit("7006", 1005, dt.date(2026, 11, 23), 9, "scheduled")
    visit("7007", 1006, dt.date(2026, 11, 23), 10, "scheduled")
    visit("7008", 1007, dt.date(2026, 11, 23), 11, "scheduled")
    dealer.tables["visits"].append({"number": "7009", "customer": "NIEMAND", "status": "~done"})
    dealer.truth["rejects"]["visits"] = [["line 10", "bad row"]]


def _recommendations_and_calls(dealer: Dealer) -> None:
    for text, severity, done in (
        ("Fixiereinheit tauschen", "soon", None),
        ("Lüfter brummt", "safety", dt.date(2026, 9, 28)),
    ):
        dealer.tables["recommendations"].append(
            {
                "visit": "7001",
                "serial": "RB100177",
                "date": dt.date(2026, 8, 13),
                "severity": f"~{severity}",
                "text": text,
                "estimate": 1640.5,
                "done": done,
            }
        )
    dealer.tables["calls"] += [
        {
            "at": dt.datetime.combine(dt.date(2026, 11, 3), dt.time(13, 15)),
            "customer": "K1008",
            "contract": "V-5008",
            "kind": "~claim",
            "text": "Hat überwiesen",
            "taken_by": "Bea",
        },
        {
            "at": dt.datetime.combine(dt.date(2026, 11, 16), dt.time(10, 5)),
            "customer": "K1005",
            "kind": "~complaint",
            "text": "Niemand kam; niemand rief an",
            "promise_by": dt.datetime.combine(dt.date(2026, 11, 18), dt.time(10, 0)),
            "taken_by": "Bea",
        },
    ]
