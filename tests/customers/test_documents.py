"""A machine's papers: what the bytes are counts, not the name; removing is an act with a reason."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from PIL import Image

from customers import documents
from customers.documents import (
    add_document,
    file_name,
    papers_for_customer,
    remove_document,
    show_document,
)
from customers.models import Customer, EquipmentDocument, Site
from tenancy.desk_settings import SettingRefused

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n"


def picture(as_format="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, as_format)
    return out.getvalue()


@pytest.fixture
def add(north, now):
    def added(content, name="manual.pdf", title=""):
        upload = SimpleUploadedFile(name, content)
        return add_document(north.copier, upload, title=title, by=north.technician, now=now)

    return added


def test_a_pdf_is_kept_as_it_is_and_told(north, add):
    document = add(PDF, title=" The  manual ")
    assert (document.title, document.file.content_type, document.file.kind) == (
        "The manual",
        "application/pdf",
        "document",
    )
    with document.file.content.open("rb") as content:
        assert content.read() == PDF
    assert file_name(document) == "The manual.pdf"
    line = north.customer.timeline.get()
    assert (line.title, line.actor) == (
        "Document added: The manual, Corvane TC-240 copier",
        north.technician,
    )


def test_a_picture_is_made_anew_whatever_it_is_called(add):
    document = add(picture(), name="Plate of it.pdf")
    assert (document.title, document.file.content_type) == ("Plate of it", "image/jpeg")
    assert file_name(document) == "Plate of it.jpg"


@pytest.mark.parametrize(
    "content", [b"MZ\x90\x00", b"<html><script>", b"", b"%PDF-1.7 and then nothing", b"GIF89a" + b"\x00" * 40]
)
def test_what_is_neither_is_refused_whatever_it_is_called(add, content):
    with pytest.raises(SettingRefused) as refused:
        add(content)
    assert refused.value.field == "file"
    assert not EquipmentDocument.objects.exists()


def test_a_file_that_is_too_large_is_refused_unread(add, monkeypatch):
    monkeypatch.setattr(documents, "MOST_BYTES", len(PDF) - 1)
    with pytest.raises(SettingRefused):
        add(PDF)


def test_it_is_removed_once_with_person_and_reason(north, add, now):
    document = add(PDF, title="The manual")
    with pytest.raises(SettingRefused):
        remove_document(document, because="", by=north.dispatcher, now=now)
    assert remove_document(document, because="Of the sorter", by=north.dispatcher, now=now)
    assert not remove_document(document, because="Again", by=north.manager, now=now)
    document.refresh_from_db()
    assert (document.removed_because, document.removed_by) == ("Of the sorter", north.dispatcher)
    assert north.customer.timeline.filter(
        title="Document removed: The manual, Corvane TC-240 copier", detail="Of the sorter"
    ).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        EquipmentDocument.objects.filter(pk=document.pk).update(removed_because="")


def test_staff_say_which_the_customer_sees_and_it_is_told_and_kept_once(north, add, now):
    document, other = add(PDF, title="The manual"), add(PDF, title="Our notes")

    def seen():
        return list(papers_for_customer(north.customer, [north.copier]))

    assert seen() == []
    assert show_document(document, True, by=north.technician, now=now)
    assert not show_document(document, True, by=north.technician, now=now)
    assert seen() == [document]
    assert papers_for_customer(north.customer, []).count() == 0
    assert show_document(document, False, by=north.dispatcher, now=now)
    assert seen() == []
    told = list(north.customer.timeline.filter(title__endswith="customer: The manual, Corvane TC-240 copier"))
    assert {line.title.partition(":")[0] for line in told} == {
        "Document shown to the customer",
        "Document kept from the customer",
    }
    assert len(told) == 2
    kept = document.history.order_by("pgh_id").values_list("is_for_customer", flat=True)
    assert list(kept) == [False, True, False]
    remove_document(other, because="Old", by=north.dispatcher, now=now)
    assert not show_document(other, True, by=north.dispatcher, now=now)


def test_a_machine_that_is_somebody_elses_now_shows_them_nothing(north, add, now):
    document = add(PDF, title="The manual")
    show_document(document, True, by=north.technician, now=now)
    buyer = Customer.objects.create(name="Fennel & Rye")
    north.copier.site = Site.objects.create(customer=buyer, street="9 Mill Road")
    north.copier.save()
    assert not papers_for_customer(north.customer, [north.copier]).exists()
    assert list(papers_for_customer(buyer, [north.copier])) == [document]
