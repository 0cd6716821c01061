"""Countries and their regions as public holidays know them, and which days those are."""

import datetime as dt
from functools import lru_cache

import holidays


@lru_cache(maxsize=1)
def countries() -> dict[str, tuple[str, ...]]:
    """Two letters of each country whose public holidays we know, with the codes of its regions."""
    known = holidays.list_supported_countries(include_aliases=False)
    return {code: tuple(regions) for code, regions in sorted(known.items())}


def regions_of(country: str) -> tuple[str, ...]:
    """The regions of a country, as ISO 3166-2 writes them after the country; none: it has no own days."""
    return countries().get(country, ())


def public_holidays(
    country: str, subdivision: str, first: dt.date, last: dt.date
) -> list[tuple[dt.date, str]]:
    """The public holidays of a place from `first` to `last`, both included, with their names in English."""
    if country not in countries():
        return []
    region = subdivision if subdivision in regions_of(country) else None
    known = holidays.country_holidays(
        country, subdiv=region, years=range(first.year, last.year + 1), language="en_US"
    )
    return [(day, name) for day, name in sorted(known.items()) if first <= day <= last]
