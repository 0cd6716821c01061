"""Files that go with a message: named when it is planned, read when it leaves, of its own desk only."""

from collections.abc import Iterable
from dataclasses import dataclass

from messaging.models import Message
from tenancy.models import StoredFile

# In a message's fields: the public ids of the files that go with it, in order.
FIELD = "attachments"


@dataclass(frozen=True)
class Attachment:
    """One file as it leaves: what it is called, its MIME type and its bytes."""

    name: str
    content_type: str
    content: bytes


def attached(files: Iterable[StoredFile]) -> dict[str, list[str]]:
    """What to put into the fields of a message so that stored files go with it, by mail."""
    return {FIELD: [str(file.public_id) for file in files]}


def files_of(message: Message) -> list[StoredFile]:
    """The files of the active desk that go with a message, in order: one query, none without any.

    A text carries none.
    """
    wanted = message.fields.get(FIELD, [])
    if not wanted or message.channel != Message.Channel.MAIL:
        return []
    found = {str(file.public_id): file for file in StoredFile.objects.filter(public_id__in=wanted)}
    return [found[public_id] for public_id in wanted if public_id in found]


def read_attachments(message: Message) -> tuple[Attachment, ...]:
    """The files that go with a message, with their bytes. Raises FileNotFoundError when one is missing."""
    files = files_of(message)
    if message.channel == Message.Channel.MAIL and len(files) < len(message.fields.get(FIELD, [])):
        raise FileNotFoundError("A file that goes with it is not there")
    return tuple(_read(file) for file in files)


def _read(file: StoredFile) -> Attachment:
    with file.content.open("rb") as content:
        return Attachment(file.name, file.content_type, content.read())
