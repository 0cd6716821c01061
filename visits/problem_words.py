"""The words of a problem that tell one fault from another, however they are inflected."""

from functools import lru_cache

from customers.searchkeys import words

SHORTEST = 3
# They stand in every second complaint and name no fault.
_FILLERS = """
    about after again all also always and any are away back been before but call came can cannot come comes
    could day days does done down each ever every fault for from gets give gives goes going gone had has have
    help her here him his how into its just last like machine make makes many more morning most much need
    needs new next not nothing now off often once one only other our out over page pages please problem
    really same says see seem seems she should side since some sometimes still than that the their them then
    there they thing this time today too two under very want wants was week well went were what when where
    which while will with work working works would yesterday yet you your
    monday tuesday wednesday thursday friday saturday sunday
    copier printer scanner device unit model
"""
FILLERS = frozenset(words(_FILLERS))
ENDINGS = ("ing", "ies", "ed", "es", "s", "y", "e")


def telling_words(text: str, *, besides: str = "") -> dict[str, str]:
    """The telling words of a text by their stems, in its order; words of `besides` (a machine's name) tell
    nothing.
    """
    dull = {stem(word) for word in words(besides)}
    found: dict[str, str] = {}
    for word in words(text):
        if len(word) >= SHORTEST and not word.isdecimal() and word not in FILLERS and stem(word) not in dull:
            found.setdefault(stem(word), word)
    return found


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A folded word without its ending: streaks, streaky, streaking are all "streak"; jammed is "jam"."""
    for ending in ENDINGS:
        bare = word.removesuffix(ending)
        if bare != word and len(bare) >= SHORTEST:
            # Jammed, jamming: the last letter was doubled before the ending.
            if ending in ("ing", "ed", "y") and bare[-1] == bare[-2] and len(bare) > SHORTEST:
                bare = bare[:-1]
            return bare
    return word
