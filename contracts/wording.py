"""Dates and money as a person reads them in sentences about a contract."""

import datetime as dt
from decimal import Decimal

SIGNS = {"GBP": "£", "USD": "$", "EUR": "€", "CAD": "C$", "AUD": "A$", "CHF": "CHF ", "JPY": "¥"}


def money(amount: Decimal | float | str, currency: str) -> str:
    """An amount with its currency: "£1,500.00"; a currency without a sign keeps its three letters."""
    return f"{SIGNS.get(currency, currency + ' ')}{Decimal(str(amount)):,.2f}"


def day_in_full(day: dt.date) -> str:
    """ "14 Mar 2027"."""
    return f"{day.day} {day:%b %Y}"


def days_word(days: int) -> str:
    """ "1 day", "14 days"."""
    return f"{days} day{'' if days == 1 else 's'}"


def day_nearby(day: dt.date, *, today: dt.date) -> str:
    """ "2 March", with the year when it is not this one."""
    return f"{day.day} {day:%B}" if day.year == today.year else f"{day.day} {day:%B %Y}"
