"""How many texts a text message takes: the alphabet of GSM phones (GSM 03.38), else UCS-2."""

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These take two places each.
_EXTENDED = frozenset("\f^{}\\[~]|€")
_ONE_GSM, _MORE_GSM, _ONE_WIDE, _MORE_WIDE = 160, 153, 70, 67


@dataclass(frozen=True)
class TextLength:
    """The places a text takes, in how many texts it goes, and the signs that make it go as UCS-2."""

    places: int
    texts: int
    foreign: str

    @property
    def words(self) -> str:
        """ "142 of 160 characters: one text", "213 characters: 2 texts"."""
        holds = _ONE_WIDE if self.foreign else _ONE_GSM
        said = f"{self.places} of {holds} characters: one text"
        if self.texts != 1:
            said = f"{self.places} characters: {self.texts} texts"
        if self.foreign:
            said += f". With {self.foreign} a text holds {_ONE_WIDE} characters instead of {_ONE_GSM}"
        return said


def length_of(text: str) -> TextLength:
    """Count a text as phones do: one text holds 160 places, or 70 with a sign GSM lacks."""
    foreign = "".join(dict.fromkeys(sign for sign in text if sign not in _BASIC and sign not in _EXTENDED))
    if foreign:
        # A sign beyond the basic plane takes two.
        return TextLength(*_counted([2 if ord(sign) > 0xFFFF else 1 for sign in text], True), foreign)
    return TextLength(*_counted([2 if sign in _EXTENDED else 1 for sign in text], False), "")


def _counted(sizes, is_wide):
    one, more = (_ONE_WIDE, _MORE_WIDE) if is_wide else (_ONE_GSM, _MORE_GSM)
    places = sum(sizes)
    if places <= one:
        return places, 1
    texts, left = 1, more
    for size in sizes:
        # A sign is never cut in two.
        if size > left:
            texts, left = texts + 1, more
        left -= size
    return places, texts
