"""A place on the map, as people paste it: "51.5237, -0.1585"."""

import re
from decimal import Decimal

# Latitude and longitude in degrees.
Position = tuple[Decimal, Decimal]

_STEP = Decimal("0.000001")
_DEGREES = r"([+-]?\d{1,3}(?:\.\d+)?)\s*°?"
_WRITTEN = re.compile(rf"^[(\[]?\s*{_DEGREES}\s*[,;/\s]\s*{_DEGREES}\s*[)\]]?$")
_MINUSES = str.maketrans("−–", "--")
HOW = "Write latitude and longitude with a comma between them, like 51.5237, -0.1585."


def read_position(written: str) -> Position | None:
    """Degrees to six decimals, the latitude first; None for nothing. Raises ValueError for what is none."""
    written = written.strip().translate(_MINUSES)
    if not written:
        return None
    found = _WRITTEN.match(written)
    if found is None:
        raise ValueError(HOW)
    latitude, longitude = (Decimal(part).quantize(_STEP) for part in found.groups())
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("A latitude is from -90 to 90, a longitude from -180 to 180.")
    return latitude, longitude


def position_words(position: Position | None) -> str:
    """As it is read again, without zeros that say nothing; empty for none."""
    return ", ".join(f"{degrees.normalize():f}" for degrees in position) if position else ""
