"""Words by which banks tell that money went back, in the languages of their files."""

import re

from customers.searchkeys import folded

_WORDS = re.compile(
    r"\b(returned|return of|unpaid|bounced|charge ?back|reversal|reversed|recall(ed)?|refer to drawer|rtn"
    r"|rucklastschrift|rucklast|ruckgabe|ruckbuchung|rucklauf\w*|retoure|retour|storno|stornierung"
    r"|rejet|rejete|impaye|devolucion|devuelto|devuelta|impagado|terugboeking|gestorneerd|storneren)\b"
)


def speaks_of_return(text: str) -> bool:
    """Whether a line's words say that a payment went back."""
    plain = folded(text)
    # "Rücklastschrift" is often written without its dots.
    return bool(_WORDS.search(plain) or _WORDS.search(plain.replace("ue", "u")))
