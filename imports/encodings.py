"""Which encoding a file is written in, found from its bytes."""

import codecs
import re
import unicodedata
from dataclasses import dataclass, field

_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# One byte a letter: the ones dealers' programs write, the likeliest first (ties go to the first).
_SAMPLE_LINES = 2000
_USUAL = frozenset("äöüßéèêëàâçñáíóúîïôûøåæœ")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_SINGLE_BYTE = ("cp1252", "cp850", "cp437", "mac_roman", "iso8859_15")


@dataclass(frozen=True)
class Decoded:
    """A file's text, the encoding it was read by, why, and lines that had to be read by another."""

    text: str
    encoding: str
    why: str
    odd_lines: list[int] = field(default_factory=list)


def decode(data: bytes, given: str | None = None) -> Decoded:
    """Read bytes as text.

    Raises LookupError for a given encoding nobody knows and UnicodeDecodeError where it does not fit.
    """
    if given:
        return Decoded(data.decode(given), given, "given")
    for mark, encoding in _MARKED:
        if data.startswith(mark):
            return _marked(data, encoding)
    wide = _wide(data)
    if wide:
        return Decoded(data.decode(wide, "replace"), wide, "every second byte is empty")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _not_quite_utf8(data)
    return Decoded(text, "utf-8", "only plain letters" if text.isascii() else "every byte fits")


def _marked(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding, "the file begins with its mark")
    except UnicodeDecodeError:
        if encoding == "utf-8-sig":
            return _not_quite_utf8(data.removeprefix(codecs.BOM_UTF8))
        return Decoded(data.decode(encoding, "replace"), encoding, "the file begins with its mark")


def _wide(data: bytes) -> str | None:
    """UTF-16 without its mark: in Western text one byte of each pair is zero."""
    start = data[:4000]
    if len(start) < 4 or len(data) % 2:
        return None
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = len(start) // 2
    if odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.6 and odd < half * 0.1:
        return "utf-16-be"
    return None


def _not_quite_utf8(data: bytes) -> Decoded:
    """Mostly UTF-8 with a few lines from elsewhere, or one byte a letter throughout."""
    lines = data.splitlines(keepends=True)
    fits, odd = 0, []
    for number, line in enumerate(lines, start=1):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            odd.append(number)
        else:
            fits += 1
    sample = b"".join(lines[number - 1] for number in odd[:_SAMPLE_LINES])
    best = max(_SINGLE_BYTE, key=lambda encoding: _plausible(sample, encoding))
    if fits <= len(odd):
        return Decoded(data.decode(best, "replace"), best, "not UTF-8; its letters stand well in words")
    strange = set(odd)
    text = "".join(
        line.decode(best, "replace") if number in strange else line.decode("utf-8")
        for number, line in enumerate(lines, start=1)
    )
    return Decoded(text, "utf-8", f"nearly every line fits; the others read as {best}", odd)


def _plausible(data: bytes, encoding: str) -> int:
    """How well foreign letters sit in words: "Schäfer" speaks for an encoding, "SchŠfer" against it."""
    text = data.decode(encoding, "replace")
    score = 0
    for found in _FOREIGN.finditer(text):
        place, letter = found.start(), found[0]
        before = text[place - 1] if place else " "
        after = text[place + 1] if place + 1 < len(text) else " "
        score += _fits(letter, before, after)
    return score


def _fits(letter: str, before: str, after: str) -> int:
    """Whether one letter that is not plain ASCII stands well between its neighbours."""
    kind = unicodedata.category(letter)
    if letter == "\ufffd" or kind in ("Cc", "So", "Co"):
        return -3
    if not letter.isalpha():
        # A currency sign, quotes and dashes are at home beside words, not within them.
        within = before.isalpha() and after.isalpha() and letter not in "’‘–"
        return -2 if within else 1
    if not before.isalpha() and not after.isalpha():
        return -1
    if before.islower() and letter.isupper():
        return -2
    return 2 if letter.lower() in _USUAL else 1
