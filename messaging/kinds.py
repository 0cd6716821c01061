"""Kinds of messages. The app that knows why a message is sent registers how it is judged and written."""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from django.db import transaction

from messaging.models import LINK as LINK
from messaging.models import Message


@dataclass(frozen=True)
class Letter:
    """What a message says: a title (mail only) and a text, in which LINK stands for the link.

    `language` is that of the words; empty where nobody knows it.
    """

    title: str
    text: str
    language: str = "en"


@dataclass(frozen=True)
class Useless:
    """Why a message past its time is not sent, and whether that is a fault that a person sees."""

    reason: str
    is_fault: bool = True


class Kind(Protocol):
    """What an app tells about one kind of message. All is called with the message's desk open."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Why it is no longer due, in a sentence; empty while it is. Reads the truth again."""

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """What became of it when its time has passed."""

    def may_disturb(self, message: Message, *, quiet_until: dt.datetime) -> bool:
        """Whether it may go in the recipient's quiet hours, because a visit depends on it."""

    def overrules_stop(self, message: Message) -> bool:
        """Whether it goes to somebody who wants no messages: a visit is under way."""

    def write(self, message: Message, *, now: dt.datetime) -> Letter:
        """The title and text, with LINK where the link will stand (`messaging.wordings.WordedKind`)."""

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """A fresh address for LINK."""


class UnknownKind(LookupError):
    """No app has registered this kind of message."""


log = logging.getLogger(__name__)

_kinds: dict[str, Kind] = {}
_once_sent: dict[str, Callable[..., None]] = {}
_once_returned: dict[str, Callable[..., None]] = {}
_readers: dict[str, list[Callable[..., None]]] = defaultdict(list)
_link_makers: dict[str, Callable[..., list[str]]] = {}
_looks: dict[str, Callable[[Message], bool]] = {}


def register(name: str, kind: Kind) -> None:
    """Say who answers for messages of a kind. Raises ValueError when another does already."""
    if name in _kinds:
        raise ValueError(f"Messages of the kind “{name}” are answered for already.")
    _kinds[name] = kind


def once_sent(name: str, act: Callable[..., None], *, returned: Callable[..., None]) -> None:
    """Let `act(message, now=...)` settle what waited for messages of a kind to leave; it may come twice.

    `returned(message, now=...)` takes it back when its provider says that it did not arrive. Raises
    ValueError for a kind that has one already.
    """
    if name in _once_sent:
        raise ValueError(f"What follows messages of the kind “{name}” is said already.")
    _once_sent[name], _once_returned[name] = act, returned


def tell_sent(message: Message, *, now: dt.datetime) -> None:
    """It left, or arrived, with its desk open."""
    _follow(_once_sent, message, now)


def tell_returned(message: Message, *, now: dt.datetime) -> None:
    """It had left, and did not arrive; with its desk open."""
    _follow(_once_returned, message, now)


def _follow(acts, message, now) -> None:
    """What breaks in here cannot make a message leave once more."""
    act = acts.get(message.kind)
    if act is None:
        return
    try:
        with transaction.atomic():
            act(message, now=now)
    except Exception:
        log.exception("What follows message %s of desk %s is not settled", message.pk, message.tenant_id)


def read_together(kinds: Iterable[str], read: Callable[..., None]) -> None:
    """Let `read(messages, now=...)` read for several messages of some kinds at once what is asked of each.

    It puts into the `ahead` of each what it found. Whoever asks later finds it there, or reads alone.
    """
    for kind in kinds:
        _readers[kind].append(read)


def look_again(kinds: Iterable[str], stands: Callable[[Message], bool]) -> None:
    """Let `stands(message)` say whether what was read together a moment ago is still so: a quick look."""
    for kind in kinds:
        _looks[kind] = stands


def make_links_together(kinds: Iterable[str], make: Callable[..., list[str]]) -> None:
    """Let `make(messages, now=...)` make the addresses for LINK of messages that were read together."""
    for kind in kinds:
        _link_makers[kind] = make


def maker_of_links(message: Message) -> Callable[..., list[str]] | None:
    """Who makes its link with those of others; None where it is made for the message alone."""
    return None if message.ahead is None else _link_makers.get(message.kind)


def read_ahead(messages: Iterable[Message], *, now: dt.datetime) -> None:
    """Read for these messages of the active desk what their kinds want to know of all at once."""
    wanted: dict[Callable[..., None], list[Message]] = defaultdict(list)
    for message in messages:
        message.ahead = {}
        for read in _readers.get(message.kind, ()):
            wanted[read].append(message)
    for read, theirs in wanted.items():
        read(theirs, now=now)


def still_stands(message: Message) -> bool:
    """Whether nothing changed of what the message was judged by when it was read with others."""
    look = _looks.get(message.kind)
    return look is None or look(message)


def names() -> list[str]:
    """Every kind that is answered for."""
    return list(_kinds)


def kind_of(message: Message) -> Kind:
    """Who answers for this message. Raises UnknownKind."""
    return named(message.kind)


def named(name: str) -> Kind:
    """Who answers for messages of a kind. Raises UnknownKind."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(f"No part of the program answers for messages of the kind “{name}”.") from None
