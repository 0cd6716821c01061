"""Papers about a machine: judged by their bytes, handed out to staff only, removed by an act."""

import datetime as dt

from django.db import transaction

from customers.changing import one_line
from customers.models import Equipment, EquipmentDocument, TimelineEntry
from customers.timeline import add_line
from tenancy.desk_settings import SettingRefused
from tenancy.files import MOST_BYTES, NotAPicture, store_file, store_photo
from tenancy.models import StoredFile

PDF = "application/pdf"
TOO_LARGE = f"This file is larger than {MOST_BYTES // 1024 // 1024} MB. Choose a smaller one."
# Where a PDF says that it is one, and where it ends.
_BEGINS, _ENDS, _NEAR_THE_END = b"%PDF-", b"%%EOF", 2048


@transaction.atomic
def add_document(machine: Equipment, upload, *, title: str, by, now: dt.datetime) -> EquipmentDocument:
    """Keep an uploaded PDF or picture with a machine, whatever its name says that it is.

    A picture is made small and loses what it tells of place and device. Raises SettingRefused.
    """
    title = one_line(title)[:120] or _named(upload.name)
    document = EquipmentDocument.objects.create(
        equipment=machine,
        file=_stored(upload, title, by=by, now=now),
        title=title,
        added_by=by,
        added_at=now,
    )
    _tell(document, f"Document added: {title}, {machine}", "", by=by, now=now)
    return document


@transaction.atomic
def remove_document(document: EquipmentDocument, *, because: str, by, now: dt.datetime) -> bool:
    """Hand it out no more; whether that changed anything. Who removed it, and why, stays to be read.

    Raises SettingRefused without a reason.
    """
    because = one_line(because)[:200]
    if not because:
        raise SettingRefused("because", "Write why: “Belongs to another machine”.")
    standing = EquipmentDocument.objects.filter(pk=document.pk, removed_at__isnull=True)
    if not standing.update(removed_at=now, removed_by=by, removed_because=because):
        return False
    _tell(document, f"Document removed: {document.title}, {document.equipment}", because, by=by, now=now)
    return True


def file_name(document: EquipmentDocument) -> str:
    """Under which name somebody saves it: its title, with the ending of what it is."""
    return f"{document.title}{'.pdf' if document.file.content_type == PDF else '.jpg'}"


def _stored(upload, title, *, by, now) -> StoredFile:
    if upload.size > MOST_BYTES:
        raise SettingRefused("file", TOO_LARGE)
    content = upload.read()
    if not content.startswith(_BEGINS):
        return _picture(upload, by=by, now=now)
    if _ENDS not in content[-_NEAR_THE_END:]:
        raise SettingRefused("file", "This PDF has no end: it was cut off. Choose it again.")
    return store_file(
        content=content, kind=StoredFile.Kind.DOCUMENT, name=title, content_type=PDF, by=by, now=now
    )


def _picture(upload, *, by, now) -> StoredFile:
    upload.seek(0)
    try:
        return store_photo(upload, by=by, now=now)
    except NotAPicture as refused:
        raise SettingRefused("file", f"{refused} A PDF will do as well.") from None


def _named(name: str) -> str:
    return one_line(name.rpartition(".")[0] or name)[:120] or "Document"


def _tell(document, said, detail, *, by, now) -> None:
    customer = document.equipment.site.customer
    add_line(customer, TimelineEntry.Kind.NOTE, said, at=now, detail=detail, actor=by)
