"""Countries, regions and their public holidays."""

import datetime as dt

from tenancy.regions import countries, public_holidays, regions_of

YEAR = dt.date(2026, 1, 1), dt.date(2026, 12, 31)


def test_regions_are_those_of_the_country():
    assert regions_of("GB") == ("ENG", "NIR", "SCT", "WLS")
    assert regions_of("XX") == ()
    assert "GB" in countries()
    assert "UK" not in countries()


def test_a_region_has_days_of_its_own():
    scottish = dict(public_holidays("GB", "SCT", *YEAR))
    assert scottish[dt.date(2026, 11, 30)].startswith("Saint Andrew")
    assert dt.date(2026, 11, 30) not in dict(public_holidays("GB", "ENG", *YEAR))


def test_names_are_english_and_days_within_the_span():
    (first, *_) = public_holidays("DE", "BY", dt.date(2026, 10, 3), dt.date(2026, 12, 31))
    assert first == (dt.date(2026, 10, 3), "German Unity Day")


def test_of_an_unknown_place_nothing_is_known():
    assert public_holidays("XX", "", *YEAR) == []
    assert public_holidays("GB", "XX", *YEAR) == public_holidays("GB", "", *YEAR)
