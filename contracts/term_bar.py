"""The terms of a contract side by side, with today's place among them."""

import datetime as dt
from dataclasses import dataclass

from contracts.cover import Cover
from contracts.covered import State
from contracts.models import Contract, ContractTerm
from contracts.terms import ONE_DAY
from contracts.wording import day_in_full
from tenancy.prepared import Key, Prepared

# As many as can be read beside each other.
MOST_CELLS = 4
_TERMS = Prepared(
    lambda contract: ContractTerm.objects.filter(contract=contract, taken_back_at__isnull=True).order_by(
        "starts_on"
    ),
    contract=Key(),
)


@dataclass(frozen=True)
class Cell:
    """One term, or the time after the last one: in review, in grace, or from a cancellation on.

    `state` is force, next, review, over (no term stands) or "" (a term that has run out).
    """

    words: str
    state: str
    icon: str
    begins: str
    ends: str


@dataclass(frozen=True)
class TermBar:
    """Cells in order; `place` of today from 0 to 1 over the whole width, as CSS reads it."""

    cells: list[Cell]
    place: str


def standing_terms(contract: Contract) -> list[ContractTerm]:
    """The terms that stand, in their order: one query."""
    return _TERMS.rows(contract=contract.pk)


def term_bar(cover: Cover, terms: list[ContractTerm]) -> TermBar | None:
    """The last of a contract's `standing_terms` with today among them. None where no term stands."""
    if not terms:
        return None
    today, last = cover.day, terms[-1]
    is_over, cancelled_from = last.ends_on < today, coming_end(cover.contract)
    goes_on = is_over or cancelled_from is not None
    shown = terms[-(MOST_CELLS - goes_on) :]
    cells = [_cell(term, today, closes=term is last and not goes_on) for term in shown]
    spans = [(term.starts_on, term.ends_on) for term in shown]
    if goes_on:
        cells.append(_after(cover, last) if is_over else _cancelled(cancelled_from))
        begins = last.ends_on + ONE_DAY if is_over else cancelled_from
        spans.append((begins, begins + (last.ends_on - last.starts_on)))
    return TermBar(cells=cells, place=f"{_place(spans, today):.3f}")


def coming_end(contract) -> dt.date | None:
    """From when a contract read by `with_reasons` covers nothing, by a cancellation still to come."""
    coming = contract.coming_cancellation
    return dt.date.fromisoformat(coming["effective_on"]) if coming else None


def _cell(term, today, *, closes: bool) -> Cell:
    years = _years(term)
    ends = day_in_full(term.ends_on) if closes else ""
    begins = day_in_full(term.starts_on)
    if term.ends_on < today:
        return Cell(years, "", "", begins, ends)
    if term.starts_on <= today:
        return Cell(f"{years}, in force", "force", "check", begins, ends)
    return Cell(f"{years}, paid", "next", "file-check", begins, ends)


def _cancelled(since: dt.date) -> Cell:
    return Cell("Cancelled", "over", "ban", day_in_full(since), "")


def _after(cover: Cover, last) -> Cell:
    since = day_in_full(last.ends_on + ONE_DAY)
    if cover.state == State.IN_REVIEW:
        return Cell("Renewal in review", "review", "clock", since, "")
    if cover.state == State.IN_GRACE:
        return Cell("In grace", "over", "clock", since, "")
    return Cell("No term stands", "over", "", since, "")


def _years(term) -> str:
    """ "2025–26"; a short term by its months."""
    starts, ends = term.starts_on, term.ends_on
    if (ends - starts).days < 300:
        return f"{starts:%b} to {ends:%b %Y}"
    return f"{starts:%Y}" if starts.year == ends.year else f"{starts:%Y}–{ends:%y}"


def _place(spans, today: dt.date) -> float:
    """Cells are equally wide, however long their terms are."""
    for number, (starts, ends) in enumerate(spans):
        if today < starts:
            return number / len(spans)
        if today <= ends:
            return (number + ((today - starts).days + 0.5) / ((ends - starts).days + 1)) / len(spans)
    return 0.99
