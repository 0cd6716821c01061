"""Public ids of rows that other rows name: as `uuidv7()` makes them, in the order of their moments."""

import datetime as dt
import hashlib
import uuid

VERSION_AND_VARIANT = 0x7000_8000_0000_0000_0000


def id_of(at: dt.datetime, *of: object) -> uuid.UUID:
    """The id of a row made at that moment; the same for the same row."""
    rest = int.from_bytes(hashlib.blake2b(repr(of).encode(), digest_size=10).digest())
    rest = rest & 0x0FFF_3FFF_FFFF_FFFF_FFFF | VERSION_AND_VARIANT
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80 | rest)
