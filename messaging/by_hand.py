"""What a person wrote is never dropped in silence: it goes, or they hear that it did not, and why (R4.9).

Once the visit is moved, the words may be untrue and do not go (R4.8); nobody but their writer can
say what is true now. They come back as a fault with the words, from where they can still be sent.
"""

import datetime as dt

from django.db.models import Q

from messaging import faults
from messaging.models import Message
from tenancy.models import Membership

State = Message.State

# In a message's fields. Of one that was edited: whose words its title and text are, and their key.
EDITED_BY, EDITOR = "edited_by", "editor"
# Of one that a person wrote from the first: what, who, and their key.
WORDS, WRITTEN_BY, WRITER = "text", "by", "writer"
BY_HAND = Q(fields__has_any_keys=[EDITOR, WRITER])
MAY_REACH_THEM = (State.PLANNED, State.SENDING, State.SENT, State.DELIVERED)


def written_by(member: Membership, words: str) -> dict:
    """The fields of a message that a person writes from the first."""
    return {WORDS: words, WRITTEN_BY: member.name, WRITER: member.pk}


def is_by_hand(message: Message) -> bool:
    """Whether a person wrote what it says."""
    return EDITOR in message.fields or WRITER in message.fields


def words_of(message: Message) -> str:
    """What was written in it; empty where the program will write it."""
    return message.text_shown or message.fields.get(WORDS, "") if is_by_hand(message) else ""


def writer_of(message: Message) -> Membership | None:
    """Who wrote it last, while they work at the desk; None where the program writes it."""
    key = message.fields.get(EDITOR) or message.fields.get(WRITER)
    return key and Membership.objects.select_related("user").filter(pk=key, ended_at__isnull=True).first()


def writers_name(message: Message) -> str:
    """The name of who wrote it, also when they have left the desk; empty where the program writes it."""
    return message.fields.get(EDITED_BY) or message.fields.get(WRITTEN_BY, "")


def says_it_otherwise(message: Message) -> bool:
    """Whether the same words go over the other channel, or went, and nothing is known to be wrong."""
    same = Message.objects.filter(
        kind=message.kind, subject=message.subject, contact=message.contact_id, fields=message.fields
    )
    return same.filter(state__in=MAY_REACH_THEM).exclude(channel=message.channel).exists()


def hand_back(waiting: list[Message], *, because: str, now: dt.datetime) -> int:
    """End waiting messages (rows held) and tell their writers, once for each writing; how many ended."""
    told = []
    for message in waiting:
        writing = (message.kind, message.subject, message.fields)
        message.state = State.CANCELLED if writing in told else State.FAILED
        message.reason, message.leased_until = because[:300], None
        message.save(update_fields=["state", "reason", "leased_until"])
        if message.state == State.FAILED:
            told.append(writing)
            faults.report(message, now=now)
    return len(waiting)
