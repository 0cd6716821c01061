"""A place on the map, as people paste it."""

from decimal import Decimal

import pytest

from customers.positions import position_words, read_position

HERE = (Decimal("51.5237"), Decimal("-0.1585"))


@pytest.mark.parametrize(
    "written",
    [
        "51.5237, -0.1585",
        " 51.5237,-0.1585 ",
        "51.5237 -0.1585",
        "51.5237; -0.1585",
        "51.5237/-0.1585",
        "(51.5237, -0.1585)",
        "51.5237°, −0.1585°",
    ],
)
def test_as_maps_write_it(written):
    assert read_position(written) == HERE


def test_nothing_is_no_place():
    assert read_position("  ") is None
    assert position_words(None) == ""


def test_more_decimals_than_a_hand_is_wide_are_rounded():
    assert read_position("51.52371234999, 100") == (Decimal("51.523712"), Decimal(100))


def test_it_is_read_again_as_it_is_written():
    written = position_words((Decimal("51.523700"), Decimal("-100.000000")))
    assert written == "51.5237, -100"
    assert read_position(written) == (Decimal("51.5237"), Decimal(-100))


@pytest.mark.parametrize("written", ["51.5237", "Baker Street", "51.5, -0.1, 3", "51,5237 -0,1585", "1e2, 3"])
def test_what_is_none_is_refused_with_how_to_write_it(written):
    with pytest.raises(ValueError, match=r"like 51\.5237, -0\.1585\.$"):
        read_position(written)


@pytest.mark.parametrize("written", ["90.000001, 0", "-91, 0", "0, 180.5", "-0.1585, 251.5"])
def test_a_place_off_the_map_is_refused(written):
    with pytest.raises(ValueError, match="^A latitude is from -90 to 90, a longitude from -180 to 180.$"):
        read_position(written)
