"""A message in a dispatcher's own words about a visit: "Lou is twenty minutes behind, sorry"."""

import datetime as dt
import uuid

from messaging import outbox
from messaging.by_hand import WORDS, written_by
from messaging.keys import key_of
from messaging.kinds import Letter, Useless, register
from messaging.models import Message
from tenancy.models import Membership
from visits.announcements import channels_for, contact_of
from visits.models import Visit

KIND = "own words"
# A text to a phone holds the desk's name, the words, and where to ring.
LONGEST = 320


class NobodyToTell(ValueError):
    """No address may be written to, or the desk's messages are off: ring them."""


def tell_in_own_words(visit: Visit, text: str, *, once: uuid.UUID, by: Membership, now: dt.datetime) -> int:
    """Plan the words to the visit's customer over each channel they want; how many messages are new.

    `once` is of the form that was filled in: sent twice, it is told once. Raises NobodyToTell.
    """
    desk, contact = visit.tenant, contact_of(visit)
    channels = channels_for(visit, contact, KIND)
    if not channels or desk.messages_from is None or now < desk.messages_from:
        raise NobodyToTell("No message reaches them: ring them instead.")
    return outbox.plan(
        (
            Message(
                key=key_of(KIND, visit.public_id, once, channel),
                kind=KIND,
                channel=channel,
                customer_id=visit.customer_id,
                contact=contact,
                subject=visit.public_id,
                subject_start=visit.planned_start,
                fields=written_by(by, text),
                send_after=now,
                useless_after=max(visit.planned_end, now + dt.timedelta(hours=12)),
            )
            for channel in channels
        ),
        now=now,
    )


class OwnWords:
    """Answers for them to messaging: they are true because somebody said so a moment ago."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Always due: whoever wrote it may drop it, and hears of it when the visit changes first."""
        return ""

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """A person wrote it, so a person hears that it did not go."""
        return Useless("It could not leave before it was of no use.")

    def may_disturb(self, message: Message, *, quiet_until: dt.datetime) -> bool:
        """Where the visit begins before the quiet hours end, it depends on it."""
        return message.subject_start is not None and message.subject_start <= quiet_until

    def overrules_stop(self, message: Message) -> bool:
        """Never: who wants no messages is rung."""
        return False

    def write(self, message: Message, *, now: dt.datetime) -> Letter:
        """Sender first, then the words, then whom to ring."""
        desk = message.tenant
        text = f"{desk.name}: {message.fields[WORDS]}"
        if desk.phone:
            text += f" {desk.phone}"
        return Letter("About your visit", text, "")

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """It has none."""
        return ""


register(KIND, OwnWords())
