"""How long the next term is: the arithmetic of terms, in days of the desk's calendar (R1.9)."""

import calendar
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from contracts.models import ContractTerm

ONE_DAY = dt.timedelta(days=1)
# So much of a price is enough to renew, and to have paid for a term (R1.4).
ENOUGH = Decimal("0.95")


@dataclass(frozen=True)
class Length:
    """How long a term is: so many whole months, else so many days; the other is None."""

    months: int | None = None
    days: int | None = None

    def ends_on(self, starts_on: dt.date) -> dt.date:
        """The last day of a term of this length that starts on that day."""
        if self.months is None:
            return starts_on + (self.days - 1) * ONE_DAY
        return months_after(starts_on, self.months) - ONE_DAY

    def starts_on(self, ends_on: dt.date) -> dt.date:
        """The first day of a term of this length that ends on that day."""
        if self.months is None:
            return ends_on - (self.days - 1) * ONE_DAY
        return months_after(ends_on + ONE_DAY, -self.months)


def length_of(starts_on: dt.date, ends_on: dt.date) -> Length:
    """How long a term from its first to its last day is.

    Of whole months where the day after its end is its own day again (15 Mar to 14 Mar), or where it
    began on a day that its last month does not have and ended with that month (31 Aug to 28 Feb).
    """
    follows_on = ends_on + ONE_DAY
    months = (follows_on.year - starts_on.year) * 12 + follows_on.month - starts_on.month
    if months > 0 and months_after(starts_on, months) == follows_on:
        return Length(months=months)
    lacks_the_day = follows_on.day == 1 and starts_on.day > ends_on.day
    if months > 1 and lacks_the_day and months_after(starts_on, months - 1) == ends_on:
        return Length(months=months - 1)
    return Length(days=(follows_on - starts_on).days)


def next_term_dates(starts_on: dt.date, ends_on: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the term of the same length that follows without a gap.

    A term of whole months is followed by as many months (15 Mar to 14 Mar, also over a leap
    day; 29 Feb to 28 Feb is a year); any other by as many days.
    """
    follows_on = ends_on + ONE_DAY
    length = length_of(starts_on, ends_on)
    if length.months is not None and months_after(starts_on, length.months) == follows_on:
        # From its own first day, so that a month without that day does not shorten the later ones.
        return follows_on, months_after(starts_on, 2 * length.months) - ONE_DAY
    return follows_on, length.ends_on(follows_on)


def earned_end(term: ContractTerm) -> dt.date:
    """The last day that was agreed for it: what was given as goodwill comes after that day."""
    return term.ends_on - term.given_days * ONE_DAY


def usual_length(term: ContractTerm) -> Length:
    """How long the term after this one is, unless something else is agreed. What was given does not count."""
    if term.usual_months or term.usual_days:
        return Length(term.usual_months, term.usual_days)
    return length_of(term.counts_from or term.starts_on, earned_end(term))


def following(term: ContractTerm) -> tuple[dt.date, dt.date]:
    """First and last day of what follows a term: as long as its last extension, or as the usual term.

    After days of goodwill it begins so much later, and is as long as it would have been.
    """
    if term.usual_months or term.usual_days or term.given_days:
        follows_on = term.ends_on + ONE_DAY
        return follows_on, usual_length(term).ends_on(follows_on)
    return next_term_dates(term.counts_from or term.starts_on, term.ends_on)


def paid_from(term: ContractTerm) -> dt.date:
    """The day near which money for a term comes: its first, or that of its last extension.

    Nobody pays a term that was cut to end with others at its start: where one of the usual length
    would have begun.
    """
    if term.usual_months or term.usual_days:
        return usual_length(term).starts_on(earned_end(term))
    return term.counts_from or term.starts_on


def share_of(term: ContractTerm, starts_on: dt.date, ends_on: dt.date) -> Fraction:
    """Which part of the term that would follow `term` the days from `starts_on` to `ends_on` are."""
    begins, ends = following(term)
    return Fraction((ends_on - starts_on).days + 1, (ends - begins).days + 1)


def price_for(price: Decimal, share: Fraction) -> Decimal:
    """The price of a part of a term, by its days, to the cent; half a cent is rounded up."""
    # Shifted, not divided: 489.60 keeps its last digit.
    return Decimal(floor(Fraction(price) * 100 * share + Fraction(1, 2))).scaleb(-2)


def visits_for(visits: int, share: Fraction) -> int:
    """The visits of a part of a term: in the customer's favour, so a begun one counts."""
    return ceil(visits * share)


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later (or earlier); the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))
