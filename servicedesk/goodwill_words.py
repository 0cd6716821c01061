"""How much goodwill is, in words: money, days of an extension, or of several both, never added up."""

from collections.abc import Callable
from decimal import Decimal

from contracts.wording import days_word, money


def worth(amount: Decimal | None, days: int | None, currency: str, *, money: Callable = money) -> str:
    """ "£95.00", "14 days", "£95.00 and 14 days"; `money` says how amounts are written."""
    in_days = days_word(days) if days else ""
    in_money = money(amount, currency) if amount or not in_days else ""
    return " and ".join(filter(None, (in_money, in_days)))
