"""The six figures of the overview in words: the number, its counts, what it was before."""

from dataclasses import dataclass

from cases.kept_promises import Kept, kept_on_time
from cases.overdue_promises import overdue
from contracts.renewals_due import renewals_due
from contracts.wording import money
from servicedesk.moments import span_word
from servicedesk.overview_chart import Line, line_of
from servicedesk.overview_lists import Asked
from servicedesk.overview_rows import rows_url
from tenancy.figures import Share
from visits.fixed_first_time import fixed_first_time
from visits.missed_visits import missed_visits
from visits.unused_visits import unused_visits

# What a desk aims for, in per cent.
KEPT_TARGET, FIXED_TARGET = 95, 85
# Of fewer a percentage says more than is known.
FEWEST = 20
NONE_YET = "None yet"


@dataclass(frozen=True)
class Cell:
    """One figure: what it says, where its rows are, what stands below it.

    `change` against as many days before, `is_better` None where it is neither; `tone` "bad" asks for
    somebody.
    """

    value: str
    url: str
    note: str
    change: str = ""
    is_better: bool | None = None
    tone: str = ""
    line: Line | None = None


def value_words(share: Share) -> str:
    """ "91%"; of fewer than 20 "18 of 19"; of nothing "None yet"."""
    if not share.whole:
        return NONE_YET
    return counts_words(share) if share.whole < FEWEST else f"{share.percent}%"


def counts_words(share: Share) -> str:
    """ "212 of 233"."""
    return f"{share.part:,} of {share.whole:,}"


def whole_money(amount, currency: str) -> str:
    """ "£21,400": an amount without its pence where there are none."""
    return money(amount, currency).removesuffix(".00")


def kept_cell(asked: Asked) -> Cell:
    """Promises kept on time, with the line of seven weeks."""
    kept = kept_on_time(asked.days, now=asked.now)
    change, is_better = _points(kept.now, kept.before)
    return Cell(
        value=value_words(kept.now),
        url=rows_url("kept", asked),
        note=_of_target(kept.now, KEPT_TARGET),
        change=change,
        is_better=is_better,
        line=_line(kept),
    )


def missed_cell(asked: Asked) -> Cell:
    """Visits that we missed, of those that were to take place."""
    missed = missed_visits(asked.days)
    fewer = missed.before.part - missed.now.part
    change = f"{abs(fewer)} {'fewer' if fewer > 0 else 'more'}" if fewer and missed.before.whole else ""
    return Cell(
        value=f"{missed.now.part:,}",
        url=rows_url("missed", asked),
        note=f"of {missed.now.whole:,}.",
        change=change,
        is_better=fewer > 0 if change else None,
    )


def overdue_cell(asked: Asked) -> Cell:
    """Promises past their time, and broken ones whose customer has not heard."""
    found = overdue(now=asked.now)
    oldest = f"Oldest: {span_word(asked.now - found.oldest_due_at)}" if found.count else "Nobody waits"
    return Cell(
        value=f"{found.count:,}",
        url=rows_url("overdue", asked),
        note=oldest,
        tone="bad" if found.count else "",
    )


def fixed_cell(asked: Asked) -> Cell:
    """Visits that needed no second one."""
    fixed = fixed_first_time(asked.days)
    change, is_better = _points(fixed.now, fixed.before)
    return Cell(
        value=value_words(fixed.now),
        url=rows_url("fixed", asked),
        note=_of_target(fixed.now, FIXED_TARGET),
        change=change,
        is_better=is_better,
    )


def unused_cell(asked: Asked) -> Cell:
    """Visits that are paid for and nobody has booked."""
    found = unused_visits(asked.desk, asked.today)
    lapse = "lapses" if found.lapsing == 1 else "lapse"
    return Cell(
        value=f"{found.count:,}",
        url=rows_url("unused", asked),
        note=f"{found.lapsing:,} {lapse} in 30 days" if found.lapsing else "None lapses in 30 days",
    )


def renewals_cell(asked: Asked) -> Cell:
    """Contracts that end within 30 days, with their money."""
    found = renewals_due(asked.desk, asked.today)
    sums = " and ".join(whole_money(amount, currency) for currency, amount in found.amounts.items())
    return Cell(
        value=f"{found.count:,}",
        url=rows_url("renewals-due", asked),
        note=f"next 30 days, {sums}" if sums else "next 30 days",
    )


def _of_target(share, target) -> str:
    if share.whole < FEWEST:
        return f"Target {target}%."
    return f"{counts_words(share)}. Target {target}%."


def _points(now, before) -> tuple[str, bool | None]:
    """How many points up or down; nothing where one of the two is too few to be a percentage."""
    if min(now.whole, before.whole) < FEWEST:
        return "", None
    up = now.percent - before.percent
    if not up:
        return "As before", None
    points = "point" if abs(up) == 1 else "points"
    return f"{abs(up)} {points} {'up' if up > 0 else 'down'}", up > 0


def _line(kept: Kept) -> Line | None:
    return line_of([(days.last, share) for days, share in kept.weeks], target=KEPT_TARGET)
