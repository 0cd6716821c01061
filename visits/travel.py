"""The way between two places: how long it takes and how far it is.

Nothing is asked of a map service: a desk's addresses stay with the desk, and a slot has to be there
at once. The estimate is the same for slots, a better order of the day, and emergencies.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from tenancy.models import Tenant

# Latitude and longitude in degrees; None where a place's coordinates are not known.
Point = tuple[float, float] | None

# Roads are longer than the line between two places. 1.417 times on average over 66,000 ways in the
# United States (Boscoe, Henry and Zdeb, "A Nationwide Comparison of Driving Distance Versus
# Straight-Line Distance to Hospitals", The Professional Geographer 64, 2012); 1.40 in England
# (Ballou, Rahardja and Sakai, "Selected country circuity factors for road travel distance
# estimation", Transportation Research A 36, 2002).
DETOUR = 1.4
# The mean radius of the earth, as the International Union of Geodesy and Geophysics has it.
EARTH_METRES = 6_371_009


@dataclass(frozen=True)
class Way:
    """Driving time in whole minutes, rounded up; `metres` by road, None where it was not measured."""

    minutes: int
    metres: int | None


def way(desk: Tenant, a: Point, b: Point) -> Way:
    """The way between two points at the desk's speed; the desk's usual time where one is not known."""
    if a is None or b is None:
        return Way(desk.travel_minutes, None)
    metres = _metres_by_road(a, b)
    return Way(math.ceil(metres * 60 / (desk.travel_kmh * 1000)), metres)


def point_of(latitude, longitude) -> Point:
    """A point of two columns: both are set, or it is None."""
    return None if latitude is None or longitude is None else (float(latitude), float(longitude))


@lru_cache(maxsize=65_536)
def _metres_by_road(a, b) -> int:
    """The great circle by the haversine formula, times the detour."""
    (south, west), (north, east) = (map(math.radians, point) for point in (a, b))
    half = math.sin((north - south) / 2) ** 2
    half += math.cos(south) * math.cos(north) * math.sin((east - west) / 2) ** 2
    return round(2 * EARTH_METRES * math.asin(math.sqrt(min(1.0, half))) * DETOUR)
