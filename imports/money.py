"""Amounts as dealers' programs write them, and whether comma or point stands before the cents."""

import re
from collections import Counter
from decimal import Decimal

POINT, COMMA = "point", "comma"
_MARK = {POINT: ".", COMMA: ","}
EXAMPLES = {POINT: "1,234.50", COMMA: "1.234,50"}
_LARGEST = Decimal("99999999.99")
_DECORATION = re.compile(r"[€$£¥\s\u00a0\u202f'’]|EUR|USD|CAD|GBP|CHF|AUD|Fr\.|kr\.?|DM", re.IGNORECASE)
_FIGURES = re.compile(r"^\d[\d.,]*$")


def find_decimal(values) -> str | None:
    """POINT or COMMA as most amounts show it; None where none has cents and none has thousands.

    A single mark before exactly three digits says nothing by itself ("1.500"); where a column has
    nothing else, it is read as thousands: prices with three digits of cents are not known to us.
    """
    seen, thousands = Counter(), Counter()
    for value in values:
        figures, _ = _figures(value)
        if figures is None:
            continue
        marks = [character for character in figures if character in ".,"]
        if not marks:
            continue
        last = figures.rfind(marks[-1])
        after = len(figures) - last - 1
        if len(set(marks)) == 2:
            seen[_named(marks[-1])] += 1
        elif len(marks) > 1:
            seen[_other(_named(marks[0]))] += 1
        elif after != 3 or figures.startswith("0"):
            seen[_named(marks[0])] += 1
        else:
            thousands[_other(_named(marks[0]))] += 1
    for counts in (seen, thousands):
        if counts:
            return counts.most_common(1)[0][0]
    return None


def parse_amount(text: str, decimal: str) -> Decimal | None:
    """The amount, with two decimals at most; None where the text is none. A minus is kept."""
    figures, sign = _figures(text)
    if figures is None:
        return None
    mark = _MARK[decimal]
    thousands = "," if mark == "." else "."
    if not re.match(rf"^(\d+|\d{{1,3}}(\{thousands}\d{{3}})+)(\{mark}\d+)?$", figures):
        return None
    amount = Decimal(figures.replace(thousands, "").replace(mark, ".")) * sign
    if abs(amount) > _LARGEST or amount != amount.quantize(Decimal("0.01")):
        return None
    return amount.quantize(Decimal("0.01"))


def _figures(text: str) -> tuple[str | None, int]:
    """Digits and marks alone, and the sign: "(1.200,00 €)" and "1.200,00-" are both minus."""
    bare = text.strip()
    sign = 1
    if bare.startswith("(") and bare.endswith(")"):
        bare, sign = bare[1:-1], -1
    bare = _DECORATION.sub("", bare)
    for written in ("-", "\N{MINUS SIGN}"):
        if bare.startswith(written) or bare.endswith(written):
            bare, sign = bare.strip(written), -1
    bare = bare.removeprefix("+")
    return (bare, sign) if _FIGURES.match(bare) and len(bare) <= 40 else (None, sign)


def _named(mark: str) -> str:
    return POINT if mark == "." else COMMA


def _other(name: str) -> str:
    return COMMA if name == POINT else POINT
