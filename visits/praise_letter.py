"""The mail that tells a lead, or whoever has no day's page, of praise (R6.8)."""

import datetime as dt

from messaging.kinds import Useless, register
from messaging.models import Message
from messaging.wordings import DESK, MAIL, Field, Filling, WordedKind, Wording, Words, offer
from visits.models import Praise
from visits.praising import KIND, WITHDRAWN

PRAISED = Field("praised", "who is praised", "Lou Baptiste")
SAID_BY = Field("customer", "who said it", "Margaret Ellison")
WORDS = Field("words", "what they said", "Quick, and very kind")


class PraiseLetter(WordedKind):
    """Answers for mails about praise."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """The customer took it back before it left."""
        return WITHDRAWN if _praise(message).withdrawn_at else ""

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """Old news, and no fault that somebody had to see to."""
        return Useless("It could not leave while it was news.", is_fault=False)

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """The one there is."""
        return KIND

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """Who, by whom, and the words as they stand now."""
        praise = _praise(message)
        return [
            {
                "desk": message.tenant.name,
                "praised": praise.name,
                "customer": praise.said_by,
                "words": praise.words,
            }
        ]

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """None: a colleague signs in."""
        return ""


def _praise(message) -> Praise:
    return Praise.objects.get(public_id=message.subject)


_WORDS = "{customer} about {praised}:\n\n“{words}”\n\n{desk}"
register(KIND, PraiseLetter())
offer(
    Wording(
        name=KIND,
        label="Praise",
        sent="When a customer praises somebody, to their lead",
        kind=KIND,
        fields=(DESK, PRAISED, SAID_BY, WORDS),
        ours={"en": {MAIL: Words(_WORDS, "Praise for {praised}")}},
        must_name=frozenset({"praised", "words"}),
    )
)
