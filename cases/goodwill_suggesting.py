"""Which goodwill would be fair, from how long somebody is with us and how often we failed them (R6.6).

A rule on figures alone; whoever calls has counted them. Every failure of the last 12 months weighs: a
missed visit two, a broken promise one. A customer of five years weighs one more, of ten years two, but
only where we failed them. Six weigh in full: then the largest entry is fair, and below it a part as
large. The smallest entry that reaches the part is proposed: a free visit whole, a credit in whole units
of the currency. It is never above the entry's limit, and more failures never propose less.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from cases.models import GoodwillItem

IN_FULL = 6
A_MISS, A_BROKEN_PROMISE = 2, 1
LONG, VERY_LONG = 5, 10


@dataclass(frozen=True)
class Suggestion:
    """An entry, the amount in the desk's currency, and why, in words."""

    item: GoodwillItem
    amount: Decimal
    because: str


def suggested_goodwill(
    items: Iterable[GoodwillItem], *, years: int, misses: int, broken: int
) -> Suggestion | None:
    """What is fair after `misses` and `broken` promises in 12 months; None where we failed nobody."""
    items = sorted(items, key=lambda item: (item.limit, item.kind, item.name))
    weight = misses * A_MISS + broken * A_BROKEN_PROMISE
    if not items or weight <= 0:
        return None
    weight = min(IN_FULL, weight + (years >= LONG) + (years >= VERY_LONG))
    fair = items[-1].limit * weight / IN_FULL
    item = next(one for one in items if one.limit >= fair)
    amount = item.limit
    if item.kind != GoodwillItem.Kind.FREE_VISIT:
        amount = min(item.limit, fair.quantize(Decimal(1), rounding=ROUND_CEILING))
    return Suggestion(item, amount, _because(years, misses, broken))


def _because(years, misses, broken) -> str:
    said = [
        _counted(misses, "missed visit"),
        _counted(broken, "broken promise"),
        f"customer for {_counted(years, 'year')}" if years > 0 else "",
    ]
    return ", ".join(filter(None, said))


def _counted(count, what) -> str:
    return f"{count} {what}{'s' if count > 1 else ''}" if count else ""
