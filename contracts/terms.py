"""How long the next term is: the arithmetic of terms, in days of the desk's calendar (R1.9)."""

import calendar
import datetime as dt
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

from contracts.models import ContractTerm

ONE_DAY = dt.timedelta(days=1)
CENT = Decimal("0.01")
# So much of a price is enough to renew, and to have paid for a term (R1.4).
ENOUGH = Decimal("0.95")


def next_term_dates(starts_on: dt.date, ends_on: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the term of the same length that follows without a gap.

    A term of whole months is followed by as many months (15 Mar to 14 Mar, also over a leap
    day; 29 Feb to 28 Feb is a year); any other by as many days.
    """
    follows_on = ends_on + ONE_DAY
    months = (follows_on.year - starts_on.year) * 12 + follows_on.month - starts_on.month
    if months > 0 and months_after(starts_on, months) == follows_on:
        return follows_on, months_after(starts_on, 2 * months) - ONE_DAY
    # Begun on a day that the last month does not have: it ended with that month.
    lacks_the_day = follows_on.day == 1 and starts_on.day > ends_on.day
    if months > 1 and lacks_the_day and months_after(starts_on, months - 1) == ends_on:
        return follows_on, months_after(follows_on, months - 1) - ONE_DAY
    return follows_on, ends_on + (follows_on - starts_on)


def following(term: ContractTerm) -> tuple[dt.date, dt.date]:
    """First and last day of what follows a term, as long as what the term counts from."""
    return next_term_dates(term.counts_from or term.starts_on, term.ends_on)


def counts_from(term: ContractTerm, ends_on: dt.date) -> dt.date:
    """From where a term that is cut to end on `ends_on` counts, so that the next is of the usual length."""
    begins, ends = following(term)
    months = (ends.year - begins.year) * 12 + (ends + ONE_DAY).month - begins.month
    months += 12 * ((ends + ONE_DAY).year - ends.year)
    if months > 0 and months_after(begins, months) == ends + ONE_DAY:
        return months_after(ends_on + ONE_DAY, -months)
    return ends_on + ONE_DAY - (ends + ONE_DAY - begins)


def share_of(term: ContractTerm, starts_on: dt.date, ends_on: dt.date) -> Decimal:
    """Which part of the term that would follow `term` the days from `starts_on` to `ends_on` are."""
    begins, ends = following(term)
    return Decimal((ends_on - starts_on).days + 1) / Decimal((ends - begins).days + 1)


def price_for(price: Decimal, share: Decimal) -> Decimal:
    """The price of a part of a term, by its days, to the cent; half a cent is rounded up."""
    return (price * share).quantize(CENT, ROUND_HALF_UP)


def visits_for(visits: int, share: Decimal) -> int:
    """The visits of a part of a term: in the customer's favour, so a begun one counts."""
    return int((visits * share).quantize(Decimal(1), ROUND_UP))


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later (or earlier); the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))
