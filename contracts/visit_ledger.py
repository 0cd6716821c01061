"""What became of the visits of a term: the ledger line by line, as the contract's page shows it (R3.1)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from contracts.allowance import balance_of, terms_that_count
from contracts.models import AllowanceEntry, Contract, ContractTerm, Entitlement

Kind = AllowanceEntry.Kind
# How a visit that is given up is told, to customers too.
GIVEN_UP = {Kind.DECLINED: "not wanted", Kind.CARRIED_OVER: "carried over", Kind.FORFEITED: "forfeited"}


@dataclass(frozen=True)
class Line:
    """One act: the instant, what was entered, of how many visits, by whom ("" by the desk itself), why."""

    at: dt.datetime
    what: str
    visits: int
    by: str
    reason: str


@dataclass(frozen=True)
class VisitLedger:
    """The visits of one term. `used` is "0 of 2 used, 2 not wanted"; the newest line is first."""

    term: ContractTerm
    used: str
    lines: list[Line]


def visit_ledger(contract: Contract, day: dt.date) -> VisitLedger | None:
    """Of the term that runs on `day` (the desk's zone), else the last one; None where nothing was granted.

    Three queries, however much there is.
    """
    terms = terms_that_count(day).filter(contract=contract).values("pk")
    visits = Entitlement.objects.filter(kind=Entitlement.Kind.VISITS, term__in=terms)
    entitlement = visits.select_related("term").first()
    if entitlement is None:
        return None
    balance = balance_of(entitlement)
    used = f"{int(balance.get(Kind.DONE, 0))} of {int(entitlement.quantity)} used"
    parts = [part for part in (used, given_up_words(balance)) if part]
    return VisitLedger(entitlement.term, ", ".join(parts), _lines(entitlement))


def given_up_words(balance: Mapping[str, int]) -> str:
    """ "2 not wanted, 1 carried over": what `balance_of` tells of visits that are given up."""
    return ", ".join(f"{int(balance[kind])} {words}" for kind, words in GIVEN_UP.items() if balance.get(kind))


def _lines(entitlement) -> list[Line]:
    """Visits that one act gave up are entries of their own, and one line."""
    lines: list[Line] = []
    for entry in entitlement.entries.select_related("by__user").order_by("-at", "-pk"):
        by = entry.by.name if entry.by else ""
        line = Line(entry.at, entry.get_kind_display(), int(entry.quantity), by, entry.reason)
        if lines and replace(lines[-1], visits=line.visits) == line:
            line = replace(line, visits=lines.pop().visits + line.visits)
        lines.append(line)
    return lines
