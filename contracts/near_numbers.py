"""Numbers that are near a contract's: one slip away, and which slip, in words.

Every number that one slip could have made is asked for at once, by the index on contract numbers.
"""

import re
from collections.abc import Iterable

from django.db.models import F, Func, TextField, Value

from contracts.models import Contract
from customers.searchkeys import serial_key

# Shorter numbers have so many neighbours that nearness says nothing.
SHORTEST = 4
LONGEST = 24
MOST_PREFIXES = 12
_LOOK_ALIKE = {"O": "0", "I": "1", "L": "1", "S": "5", "B": "8", "Z": "2", "G": "6"}
_LOOK_ALIKE |= {digit: letter for letter, digit in _LOOK_ALIKE.items() if letter != "L"}
_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def near_numbers(written: Iterable[str]) -> dict[str, list[tuple[Contract, str]]]:
    """For each number as written the contracts near it, with the slip that lies between: two queries.

    The number itself is not among them, nor what is two slips away.
    """
    keys = {word: serial_key(word) for word in written}
    keys = {word: key for word, key in keys.items() if _is_number(key)}
    if not keys:
        return {}
    prefixes = _prefixes_of_the_desk()
    slips = {word: _slips(key, prefixes) for word, key in keys.items()}
    asked = {near for found in slips.values() for near in found}
    rows = Contract.objects.filter(number_key__in=asked).select_related("customer", "tenant")
    contracts = {contract.number_key: contract for contract in rows}
    return {
        word: [(contracts[near], slip) for near, slip in found.items() if near in contracts]
        for word, found in slips.items()
    }


def _is_number(key: str) -> bool:
    return SHORTEST <= len(key) <= LONGEST and sum(c.isdigit() for c in key) >= 3


def _prefixes_of_the_desk() -> list[str]:
    """What stands before the digits of this desk's contract numbers."""
    letters = Func(
        F("number_key"), Value("[0-9].*$"), Value(""), function="regexp_replace", output_field=TextField()
    )
    found = Contract.objects.annotate(prefix=letters).values_list("prefix", flat=True).order_by().distinct()
    return [prefix for prefix in found[:MOST_PREFIXES] if prefix]


def _slips(key: str, prefixes: list[str]) -> dict[str, str]:
    """Every number that one slip leads to from `key`; the likelier slip names it."""
    found: dict[str, str] = {}
    digits = re.sub(r"^[A-Z]+", "", key)
    for prefix in prefixes:
        if key == digits:
            found.setdefault(prefix + digits, f"the {prefix} before the number is missing")
        elif not key.startswith(prefix) or key[len(prefix) :] != digits:
            found.setdefault(prefix + digits, f"it says {key[: len(key) - len(digits)]} instead of {prefix}")
    if key != digits:
        found.setdefault(digits, f"it has {key[: len(key) - len(digits)]} before the number")
    for near, slip in _one_slip(key):
        found.setdefault(near, slip)
    for prefix in prefixes if key == digits else ():
        for near, slip in _one_slip(digits):
            found.setdefault(prefix + near, f"the {prefix} is missing and {slip}")
    found.pop(key, None)
    return found


def _one_slip(key: str):
    places = range(len(key))
    for at in range(len(key) - 1):
        yield key[:at] + key[at + 1] + key[at] + key[at + 2 :], "two digits are swapped"
    for at in places:
        if key[at] in _LOOK_ALIKE:
            like = _LOOK_ALIKE[key[at]]
            yield key[:at] + like + key[at + 1 :], f"{key[at]} is written for {like}"
    for at in places:
        others = _DIGITS if key[at].isdigit() else _LETTERS
        kind = "digit" if key[at].isdigit() else "letter"
        for other in others:
            yield key[:at] + other + key[at + 1 :], f"number is one {kind} off"
    for at in places:
        yield (
            key[:at] + key[at + 1 :],
            "one digit is too many" if key[at].isdigit() else "one letter is too many",
        )
    first_digit = next((at for at in places if key[at].isdigit()), 0)
    for at in range(first_digit, len(key) + 1):
        for digit in _DIGITS:
            yield key[:at] + digit + key[at:], "one digit is missing"
