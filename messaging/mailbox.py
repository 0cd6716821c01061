"""The mailbox of development: what was sent is kept as files on this machine and goes nowhere else."""

import datetime as dt
import json
import os
import re
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from messaging.attachments import Attachment
from tenancy.calendars import UTC, local_time

# A letter's file: when it came, then its key.
_NAME = re.compile(r"^\d{8}T\d{12}-[0-9a-f]{32}$")
_DESK = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
NOBODYS = "_"


@dataclass(frozen=True)
class Caught:
    """One mail or text as it would have arrived."""

    channel: str
    to: str
    sender: str
    title: str
    text: str
    came_at: str
    name: str = ""
    # Of each file that came with it: name, content_type and size in bytes.
    attachments: tuple[dict, ...] = ()

    @property
    def came(self) -> dt.datetime:
        """When it came."""
        return dt.datetime.fromisoformat(self.came_at)


def is_open() -> bool:
    """Whether there is a mailbox: in development only."""
    return settings.DEVELOPMENT


def keep(caught: Caught, *, desk_slug: str, key: str, files: Iterable[Attachment] = ()) -> str:
    """Store one letter whole or not at all; its name. A desk that is none has a folder of its own."""
    came = local_time(dt.datetime.fromisoformat(caught.came_at), UTC)
    name = f"{came:%Y%m%dT%H%M%S%f}-{_key(key)}"
    folder = _folder(desk_slug)
    folder.mkdir(parents=True, exist_ok=True)
    said = []
    for number, file in enumerate(files, start=1):
        (folder / f"{name}.{number}").write_bytes(file.content)
        said.append({"name": file.name, "content_type": file.content_type, "size": len(file.content)})
    unfinished = folder / f".{name}-{uuid.uuid4().hex}"
    unfinished.write_text(json.dumps({**asdict(caught), "attachments": said}))
    unfinished.replace(folder / f"{name}.json")
    return name


def letters(desk_slug: str, *, before: str = "", most: int = 50) -> list[Caught]:
    """A desk's letters, newest first; with `before` (a name) those older than it."""
    names = sorted((entry.name[:-5] for entry in _entries(desk_slug)), reverse=True)
    if before:
        names = [name for name in names if name < before]
    return [found for name in names[:most] if (found := letter(desk_slug, name))]


def letter(desk_slug: str, name: str) -> Caught | None:
    """One letter of a desk; None when there is none of that name."""
    if not _NAME.match(name):
        return None
    try:
        return Caught(**{**json.loads((_folder(desk_slug) / f"{name}.json").read_text()), "name": name})
    except FileNotFoundError:
        return None


def attachment(desk_slug: str, name: str, number: int) -> Attachment | None:
    """The file that came with a letter as its `number`th; None when there is none."""
    found = letter(desk_slug, name)
    if found is None or not 0 < number <= len(found.attachments):
        return None
    said = found.attachments[number - 1]
    content = (_folder(desk_slug) / f"{name}.{number}").read_bytes()
    return Attachment(said["name"], said["content_type"], content)


def name_of(key: str) -> str:
    """The name of the letter that came under a key, at whatever desk; empty when none did."""
    wanted = _key(key)
    found = next(Path(settings.MAILBOX_DIR).glob(f"*/*-{wanted}.json"), None)
    return found.stem if found else ""


def _folder(desk_slug) -> Path:
    return Path(settings.MAILBOX_DIR) / (desk_slug if _DESK.match(desk_slug) else NOBODYS)


def _entries(desk_slug):
    try:
        with os.scandir(_folder(desk_slug)) as entries:
            return [entry for entry in entries if entry.name.endswith(".json")]
    except FileNotFoundError:
        return []


def _key(key):
    """32 hexadecimal digits from a key; a letter that came without one has one of its own."""
    try:
        return uuid.UUID(key).hex
    except ValueError:
        return uuid.uuid4().hex
