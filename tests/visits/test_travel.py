"""The way between two places, by distance where both are known."""

import pytest

from tenancy.models import Tenant
from visits.travel import Way, point_of, way

BRIGHTON, LONDON = (50.8225, -0.1372), (51.5074, -0.1278)


def desk(**values):
    return Tenant(**{"travel_minutes": 15, "travel_kmh": 40, **values})


def test_the_way_is_the_line_on_the_earth_times_the_detour():
    # 76.17 km as the crow flies.
    found = way(desk(), BRIGHTON, LONDON)
    assert found.metres == pytest.approx(106_640, abs=30)
    assert found.minutes == 160
    assert way(desk(), LONDON, BRIGHTON) == found


def test_minutes_are_rounded_up_and_a_faster_desk_needs_fewer():
    near = (50.8225, -0.1372 + 0.001)
    assert way(desk(), BRIGHTON, near) == Way(1, way(desk(travel_kmh=1), BRIGHTON, near).metres)
    assert way(desk(travel_kmh=80), BRIGHTON, LONDON).minutes == 80
    assert way(desk(), BRIGHTON, BRIGHTON) == Way(0, 0)


@pytest.mark.parametrize(("a", "b"), [(None, LONDON), (LONDON, None), (None, None)])
def test_where_a_place_is_not_known_the_desks_usual_time_counts(a, b):
    assert way(desk(), a, b) == Way(15, None)


def test_the_other_side_of_the_earth_and_of_the_date_line():
    assert way(desk(), (0.0, 0.0), (0.0, 180.0)).metres == pytest.approx(28_021_000, abs=1000)
    # 22 km over the date line, not once round.
    assert way(desk(), (0.0, 179.9), (0.0, -179.9)).metres == pytest.approx(31_134, abs=5)


def test_a_point_needs_both_numbers():
    assert point_of("50.8225", "-0.1372") == BRIGHTON
    assert point_of("50.8225", None) is None
