"""The country of a time zone, and how it writes dates, amounts and money."""

from importlib.resources import files

from imports.dates import DMY, MDY, YMD
from imports.money import COMMA, POINT

_MONTH_FIRST = ("US", "PH", "FM", "PW")
_YEAR_FIRST = ("CN", "JP", "KR", "TW", "HU", "LT", "SE", "MN", "IR")
_POINT = "US GB IE CA AU NZ MX IN CN JP KR IL TH MY SG HK TW PH CH"
_EURO = "AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK"
_CURRENCIES = {"US": "USD", "GB": "GBP", "CH": "CHF", "CA": "CAD", "AU": "AUD", "NZ": "NZD", "JP": "JPY"}
_CURRENCIES |= {"SE": "SEK", "NO": "NOK", "DK": "DKK", "PL": "PLN", "CZ": "CZK", "HU": "HUF", "MX": "MXN"}


def country_of(zone: str) -> str:
    """The country that a zone of the tz database belongs to, US where it belongs to none."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            if name == zone:
                return country
    return "US"


def currency_of(country: str) -> str:
    """What is paid with there, as three letters."""
    return "EUR" if country in _EURO else _CURRENCIES.get(country, "USD")


def date_order_of(country: str) -> str:
    """In which order a country writes day, month and year."""
    if country in _MONTH_FIRST:
        return MDY
    return YMD if country in _YEAR_FIRST else DMY


def decimal_of(country: str) -> str:
    """What stands before the cents there."""
    return POINT if country in _POINT else COMMA
