"""Keys of what must happen once: the same cause always has the same key."""

import hashlib
import uuid

# A separator that no part contains, so that ("a", "bc") and ("ab", "c") differ.
SEPARATOR = "\x1f"


def key_of(*parts) -> uuid.UUID:
    """The key of a cause, from its parts (a kind, a public id, a start).

    The first 16 bytes of SHA-256 as a version 8 UUID is not needed: nothing reads its bits. The
    SQL function message_key(VARIADIC text[]) computes the same; moments are written as whole
    microseconds since 1970 (see `moment`).
    """
    digest = hashlib.sha256(SEPARATOR.join(str(part) for part in parts).encode()).digest()
    return uuid.UUID(bytes=digest[:16])


def moment(instant) -> int:
    """An instant as whole microseconds since 1970, the spelling that keys use."""
    return round(instant.timestamp() * 1_000_000)
