"""What every way out has in common: what leaves, what may come of it, and which channels there are."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from messaging.attachments import Attachment
from messaging.models import Message, Provider
from tenancy.prepared import Prepared, Words
from tenancy.scope import has_tenant


class NotSent(Exception):
    """It certainly did not go; it may go later (no connection, busy)."""


class Refused(Exception):
    """It certainly did not go and never will like this (no such address, wrong number)."""


class Stopped(Refused):
    """It did not go because the recipient told the provider that they want no more."""


class Unsure(Exception):
    """The connection broke while it went: it may have arrived."""


@dataclass(frozen=True)
class Outgoing:
    """One message as it leaves: all that a way out needs, with no row and no desk behind it.

    Asked about after a crash, `text` holds LINK where the link stood (its token is kept nowhere)
    `known_ids` the provider's ids of earlier attempts, which are other ones, and `since` the
    instant before which it cannot have gone.
    """

    key: str
    desk_slug: str
    sender_name: str
    reply_to: str
    address: str
    title: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    # Where one click says "no more of these"; empty for what they need to know.
    unsubscribe_url: str = ""
    known_ids: tuple[str, ...] = ()
    since: dt.datetime | None = None


class Way(Protocol):
    """One way out: the installation's, or that of a desk's own provider."""

    @property
    def can_be_asked(self) -> bool:
        """Whether the provider tells what it took."""

    def send(self, outgoing: Outgoing) -> str:
        """Send it; returns the provider's id. Raises NotSent, Refused, Stopped, Unsure."""

    def ask(self, outgoing: Outgoing) -> str | None:
        """The provider's id of a message it took, None when it never did. Raises NotSent for no answer."""

    def close(self) -> None:
        """End what is still connected."""


def is_ready(channel: str) -> bool:
    """Whether messages of this channel can leave: texts need the installation's provider or the desk's."""
    if channel == Message.Channel.MAIL or settings.SMS_URL:
        return True
    return has_tenant() and bool(_PROVIDED.rows(channel=channel))


_PROVIDED = Prepared(
    lambda channel: Provider.objects.filter(channel=channel).values_list("pk", flat=True)[:1], channel=Words()
)


def ready_channels() -> list[str]:
    """The channels that can be planned for."""
    return [channel for channel in Message.Channel.values if is_ready(channel)]


def one_line(words: str) -> str:
    """Without line breaks, which would begin another header."""
    return " ".join(words.split())


def sender(name: str, address: str = "") -> str:
    """A desk's name before the address its mail comes from: its own, else the installation's."""
    address = address or settings.DEFAULT_FROM_EMAIL
    if "<" in address:
        address = address[address.index("<") + 1 : address.rindex(">")]
    words = re.sub(r'[\\"<>\r\n]', " ", name)
    return f'"{one_line(words)}" <{one_line(address)}>'


def said(error: Exception) -> str:
    """An error in a few words for a page."""
    return (str(error) or type(error).__name__)[:150]
