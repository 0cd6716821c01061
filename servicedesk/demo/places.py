"""Where the demo's customers are and its technicians live: around London, so that ways can be measured.

Each customer is near the others of the technician who comes to them today; two of them, whom nobody
has confirmed, are near somebody else's: that is what a better order finds.
"""

import math
from decimal import Decimal

from customers.positions import Position
from servicedesk.demo.names import CUSTOMERS
from servicedesk.demo.schedule import TODAY

# By the technicians' places in the desk's list: Wapping, Camden, Clapham, Stratford, Hammersmith,
# Greenwich, Wimbledon, Ealing.
AREAS = (
    (51.5075, -0.0580), (51.5400, -0.1430), (51.4620, -0.1380), (51.5420, -0.0030),
    (51.4920, -0.2230), (51.4790, -0.0050), (51.4220, -0.2070), (51.5130, -0.3040),
)  # fmt: skip
# Put into the day of somebody who is across the river, and on the way of another.
ELSEWHERE = {"studio": 5, "wren": 3}
# The nearest and the farthest that customers are from the middle of their area, in degrees north.
NEAR, FAR = 0.003, 0.013
# A turn that never comes back to where it began spreads points evenly.
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def place_of(key: str) -> Position:
    """Where the customer `key` of `CUSTOMERS` is."""
    area = ELSEWHERE.get(key, _AREA_OF.get(key, 0))
    return _near(area, CUSTOMERS.index(key))


def home_of(number: int) -> Position:
    """Where the technician lives who stands at this place of the desk's list."""
    return _near(number, len(CUSTOMERS) + number)


_AREA_OF = {planned.customer: planned.technician for planned in TODAY if planned.technician is not None}


def _near(area: int, number: int) -> Position:
    latitude, longitude = AREAS[area % len(AREAS)]
    away = NEAR + (FAR - NEAR) * (number % 6) / 5
    north, east = away * math.sin(number * GOLDEN_ANGLE), away * math.cos(number * GOLDEN_ANGLE)
    # A degree of longitude is shorter by so much at this latitude.
    east /= math.cos(math.radians(latitude))
    return Decimal(f"{latitude + north:.6f}"), Decimal(f"{longitude + east:.6f}")
