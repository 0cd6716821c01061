"""Who signs on the finish page: for the work and, apart from it, for the recommendations (R5.5)."""

import datetime as dt
from dataclasses import dataclass

from tenancy.files import NotAPicture, store_signature
from tenancy.models import StoredFile
from visits.models import ServiceReport

Signing = ServiceReport.Signing
NO_SIGNATURE = "Let the customer sign, type a name, or say why nobody can sign."
NO_NAME = "Type the name of who signs for the recommendations."


class BrokenSignature(NotAPicture):
    """What came from a pad is no drawing; `place` is the id of that pad's part of the page."""

    def __init__(self, words: str, place: str):
        super().__init__(words)
        self.place = place


@dataclass(frozen=True)
class Signed:
    """One of the two: how, by whom, and what was drawn (a data URL); of nobody, why. Empty: not at all."""

    signing: str = ""
    by: str = ""
    drawing: str = ""
    because: str = ""

    def kept_drawing(self, *, place: str, by, now: dt.datetime) -> StoredFile | None:
        """The drawing, stored; None where none was made. Raises BrokenSignature."""
        if self.signing != Signing.DRAWN:
            return None
        try:
            return store_signature(self.drawing, by=by, now=now)
        except NotAPicture as wrong:
            raise BrokenSignature(str(wrong), place) from None


def for_the_work(said: dict, *, usual: str = "") -> Signed:
    """Drawn goes before typed; a drawing without a name is by `usual`, who was met there."""
    if said.get("signature"):
        return Signed(Signing.DRAWN, said.get("signed_name") or usual, drawing=said["signature"])
    if said.get("signed_name"):
        return Signed(Signing.TYPED, said["signed_name"])
    if said.get("unsigned_reason"):
        return Signed(Signing.CANNOT, because=said["unsigned_reason"])
    return Signed()


def for_the_recommendations(said: dict, *, work: Signed) -> Signed:
    """An act of its own: a drawing, a name, or the tick of who has signed for the work.

    A tick is no drawing: nobody's first signature is copied. Who cannot sign for the work ticks nothing.
    """
    name = said.get("recommendations_name") or ""
    if said.get("recommendations_signature"):
        return Signed(Signing.DRAWN, name or work.by, drawing=said["recommendations_signature"])
    if not name and said.get("same_signs"):
        name = work.by
    if name:
        return Signed(Signing.TYPED, name)
    if said.get("recommendations_unsigned"):
        return Signed(Signing.CANNOT, because=said["recommendations_unsigned"])
    return Signed()


def faults(said: dict) -> dict[str, str]:
    """What is missing in both, by the field that it is said at."""
    # Who was met there is known by name, whoever it is.
    work = for_the_work(said, usual="?")
    apart = for_the_recommendations(said, work=work)
    wrong = {}
    if not work.signing:
        wrong["signature"] = NO_SIGNATURE
    if apart.signing == Signing.DRAWN and work.signing == Signing.CANNOT and not apart.by:
        wrong["recommendations_name"] = NO_NAME
    return wrong
