"""A mail's files: what each is by its bytes, whatever is broken, and a name that harms nobody."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging import mail_files
from messaging.mail_files import judged, safe_name

PDF = b"%PDF-1.4 x %%EOF"
DOCX = f"{mail_files._OFFICE}wordprocessingml.document"
ODT = f"{mail_files._OPEN}text"
SHEET = f"{mail_files._OPEN}spreadsheet"
EACH_WAY = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def packed(*names, way=zipfile.ZIP_STORED, mimetype="", mimetype_way=zipfile.ZIP_STORED):
    """An archive of small files, each packed in one of the ways of `EACH_WAY`."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", way) as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype, compress_type=mimetype_way)
        for name in names:
            archive.writestr(name, "words " * 5)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind", "shown"),
    [
        ("a.exe", PDF, "application/pdf", "a.exe.pdf"),
        ("photo.JPEG", b"\xff\xd8\xff\xe0", "image/jpeg", "photo.jpg"),
        ("x", b"\x00\x00\x00\x18ftypheic", "image/heic", "x.heic"),
        ("list.csv", b"a;b\n1;2", "text/plain", "list.csv.txt"),
        ("t.docx", packed("word/document.xml"), DOCX, "t.docx"),
        ("t.docm", packed("word/document.xml", "word/vbaProject.bin"), "", "t.docm"),
        ("t.odt", packed("content.xml", mimetype=ODT), ODT, "t.odt"),
        ("t.ods", packed("content.xml", mimetype=SHEET), SHEET, "t.ods"),
        ("m.odt", packed("Basic/script-lc.xml", mimetype=ODT), "", "m.odt"),
        ("t.ott", packed("content.xml", mimetype=f"{ODT}-template"), "", "t.ott"),
        ("t.zip", packed("a"), "", "t.zip"),
        ("run.pdf", b"MZ\x90\x00", "", "run.pdf"),
        ("page.txt", b"<html><script>x</script>", "", "page.txt"),
        ("drawing.png", b"<svg xmlns='x'>", "", "drawing.png"),
        ("empty.pdf", b"", "", "empty.pdf"),
    ],
)
def test_a_file_is_what_its_bytes_are(name, content, kind, shown):
    found = judged(name, content)
    assert (found.content_type, found.name, bool(found.content)) == (kind, shown, bool(kind))
    assert bool(found.not_kept_because) is not bool(kind)


def test_a_file_too_large_is_named_and_not_kept(monkeypatch):
    monkeypatch.setattr(mail_files, "MOST_BYTES", 10)
    found = judged("film.mp4", PDF)
    assert (found.content, found.size) == (b"", len(PDF))
    assert found.not_kept_because.startswith("It is 0 MB: no file of more than")


@given(st.text(max_size=300))
def test_any_name_is_safe(name):
    found = safe_name(name, ".pdf")
    assert found.endswith(".pdf")
    assert not set(found) & set('/\\<>:"|?*\r\n\x00')
    assert not found.startswith(".")
    assert len(found) <= 110


@pytest.mark.parametrize("way", EACH_WAY)
def test_a_damaged_document_is_judged_whichever_byte_is_gone(way):
    """Nothing of an archive is unpacked, so nothing of it can break while it is."""
    for whole, kind in (
        (packed("word/document.xml", way=way), DOCX),
        (packed("content.xml", way=way, mimetype=ODT, mimetype_way=way), ODT if not way else ""),
    ):
        assert judged("t", whole).content_type == kind
        for at in range(len(whole)):
            for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
                assert judged("t", damaged).content_type in {kind, "", "text/plain"}


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_an_archive_may_say_it_is_longer_than_any_machine_holds(size, offset):
    whole = packed("word/document.xml")
    longer = b"PK\x06\x06" + (44).to_bytes(8, "little") + b"-\x00-\x00" + bytes(8) + (1).to_bytes(8, "little")
    longer += (1).to_bytes(8, "little") + size + offset
    found = b"PK\x06\x07" + bytes(4) + (len(whole) - 22).to_bytes(8, "little") + (1).to_bytes(4, "little")
    end = b"PK\x05\x06" + bytes(4) + b"\xff" * 12 + bytes(2)
    assert judged("t", whole[:-22] + longer + found + end).content_type in {DOCX, ""}
