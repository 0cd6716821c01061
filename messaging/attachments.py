"""Files that go with a mail: stored ones are named when it is planned, others are made when it leaves."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from messaging.models import Message
from tenancy.models import StoredFile

# In a message's fields: the public ids of the files that go with it, in order.
FIELD = "attachments"


@dataclass(frozen=True)
class Attachment:
    """One file as it leaves: what it is called, its MIME type (with parameters) and its bytes."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class MadeFile:
    """A file that is made when a message leaves, from the truth of then: kept nowhere."""

    name: str
    make: Callable[..., Attachment]


_made: dict[str, MadeFile] = {}


def make_for(kinds: Iterable[str], name: str, make: Callable[..., Attachment]) -> None:
    """Let `make(message, now=...)` write a file for every mail of some kinds, under its name.

    Raises ValueError for a kind that has one already.
    """
    for kind in kinds:
        if kind in _made:
            raise ValueError(f"Messages of the kind “{kind}” have a file already.")
        _made[kind] = MadeFile(name, make)


def attached(files: Iterable[StoredFile]) -> dict[str, list[str]]:
    """What to put into the fields of a message so that stored files go with it, by mail."""
    return {FIELD: [str(file.public_id) for file in files]}


def files_of(message: Message) -> list[StoredFile | MadeFile]:
    """The files that go with a message, in order: one query, none without any stored one.

    A text carries none.
    """
    if message.channel != Message.Channel.MAIL:
        return []
    made = _made.get(message.kind)
    return [*_stored(message), *([made] if made else [])]


def read_attachments(message: Message, *, now: dt.datetime) -> tuple[Attachment, ...]:
    """The files that go with a message, with their bytes. Raises FileNotFoundError when one is missing."""
    files = files_of(message)
    stored = [file for file in files if isinstance(file, StoredFile)]
    if message.channel == Message.Channel.MAIL and len(stored) < len(message.fields.get(FIELD, [])):
        raise FileNotFoundError("A file that goes with it is not there")
    return tuple(file.make(message, now=now) if isinstance(file, MadeFile) else _read(file) for file in files)


def _stored(message) -> list[StoredFile]:
    wanted = message.fields.get(FIELD, [])
    if not wanted:
        return []
    found = {str(file.public_id): file for file in StoredFile.objects.filter(public_id__in=wanted)}
    return [found[public_id] for public_id in wanted if public_id in found]


def _read(file: StoredFile) -> Attachment:
    with file.content.open("rb") as content:
        return Attachment(file.name, file.content_type, content.read())
