"""Papers about a machine: judged by their bytes, for staff unless they say otherwise, removed by an act."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from customers.changing import one_line
from customers.models import Customer, Equipment, EquipmentDocument, TimelineEntry
from customers.timeline import add_line
from tenancy.desk_settings import SettingRefused
from tenancy.files import MOST_BYTES, SHOWN, NotAPicture, file_response, store_file, store_photo
from tenancy.models import StoredFile

PDF = "application/pdf"
TOO_LARGE = f"This file is larger than {MOST_BYTES // 1024 // 1024} MB. Choose a smaller one."
# Where a PDF says that it is one, and where it ends.
_BEGINS, _ENDS, _NEAR_THE_END = b"%PDF-", b"%%EOF", 2048


@transaction.atomic
def add_document(
    machine: Equipment, upload, *, title: str, by, now: dt.datetime, is_for_customer: bool = False
) -> EquipmentDocument:
    """Keep an uploaded PDF or picture with a machine, whatever its name says that it is.

    For staff only, unless they say that the customer may see it. A picture is made small and loses what
    it tells of place and device. Raises SettingRefused.
    """
    title = one_line(title)[:120] or _named(upload.name)
    document = EquipmentDocument.objects.create(
        equipment=machine,
        file=_stored(upload, title, by=by, now=now),
        title=title,
        is_for_customer=is_for_customer,
        added_by=by,
        added_at=now,
    )
    seen = "The customer sees it" if is_for_customer else ""
    _tell(document, f"Document added: {title}, {machine}", seen, by=by, now=now)
    return document


@transaction.atomic
def show_document(document: EquipmentDocument, is_shown: bool, *, by, now: dt.datetime) -> bool:
    """Let the customer see it on the pages of their links, or no more; whether that changed anything."""
    standing = EquipmentDocument.objects.filter(pk=document.pk, removed_at__isnull=True)
    if not standing.filter(is_for_customer=not is_shown).update(is_for_customer=is_shown):
        return False
    said = "Document shown to the customer" if is_shown else "Document kept from the customer"
    _tell(document, f"{said}: {document.title}, {document.equipment}", "", by=by, now=now)
    return True


def papers_for_customer(
    customer: Customer, machines: Iterable[Equipment]
) -> QuerySet[EquipmentDocument, EquipmentDocument]:
    """What the customer may see of machines, newest first; nothing of one that is somebody else's now."""
    rows = EquipmentDocument.objects.filter(
        equipment__in=machines,
        equipment__site__customer=customer,
        is_for_customer=True,
        removed_at__isnull=True,
    )
    return rows.select_related("file").order_by("-added_at", "-pk")


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


def document_response(document: EquipmentDocument) -> HttpResponse:
    """The file under its name, and never kept by a browser: removed, it must be gone there too.

    A picture is shown, anything else is saved.
    """
    response = file_response(document.file)
    is_saved = document.file.content_type not in SHOWN
    response["Content-Disposition"] = content_disposition_header(is_saved, file_name(document))
    response["Cache-Control"] = "private, no-store"
    return response


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
