"""How a name, phone number, mail address or serial number is written for searching.

Normalised in Python on every write, so that what is stored and what is asked for fold alike.
"""

import re
import unicodedata

import phonenumbers

_NOT_WORD = re.compile(r"[^0-9a-z]+")
_EXTENSION = re.compile(r"(?:ext\.?|x|#)\s*\d+\s*$", re.IGNORECASE)


def folded(text: str) -> str:
    """Small letters without accents, single spaces: "Zoë  O'Brien" is "zoe o'brien"."""
    if text.isascii():
        # Most text: there is nothing to take apart.
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss").casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def words(text: str) -> list[str]:
    """The folded words of a text, each once, in order."""
    return list(dict.fromkeys(word for word in _NOT_WORD.split(folded(text)) if word))


def serial_key(serial: str) -> str:
    """A serial or contract number without case, spaces and dashes: " tc240-118 " is "TC240118"."""
    return "".join(c for c in folded(serial).upper() if c.isalnum())


def phone_digits(written: str, country: str = "US") -> str:
    """The digits of a phone number with its country code, however it is written.

    A number that need not exist is kept by its own digits: 797-260-8313 in the US is 17972608313.
    An extension is left out. Empty when there is nothing to ring.
    """
    bare = _EXTENSION.sub("", written.strip())
    digits = "".join(c for c in bare if c.isdigit())
    if not digits:
        return ""
    try:
        number = phonenumbers.parse(bare, country or None)
    except phonenumbers.NumberParseException:
        return digits
    national = str(number.national_number)
    zeros = "0" * (number.number_of_leading_zeros or 1) if number.italian_leading_zero else ""
    return f"{number.country_code}{zeros}{national}"


def mail_key(address: str) -> str:
    """A mail address for comparing: small letters, no spaces around."""
    return address.strip().casefold()
