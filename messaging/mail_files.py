"""Files that come with a mail: what each is by its bytes, a name that harms nobody, or why it is not kept."""

import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass

# One file, and all of a mail; the whole mail is kept beside them.
MOST_BYTES = 25_000_000
MOST_FILES = 50
_LONGEST_NAME = 100
_NOT_A_KIND = "It is no kind of file that we take out of a mail: it is in the whole mail."
_BEGINNINGS = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"GIF87a", "image/gif", ".gif"),
    (b"GIF89a", "image/gif", ".gif"),
    (b"II*\x00", "image/tiff", ".tif"),
    (b"MM\x00*", "image/tiff", ".tif"),
)
# By the brand behind "ftyp": photos and films of telephones.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"mif1", b"msf1"), ("image/heic", ".heic")),
    b"avif": ("image/avif", ".avif"),
    b"qt  ": ("video/quicktime", ".mov"),
    **dict.fromkeys(
        (b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"M4V ", b"3gp4", b"3gp5"), ("video/mp4", ".mp4")
    ),
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
# By a file that each of them holds.
_PACKED = {
    "word/document.xml": (f"{_OFFICE}wordprocessingml.document", ".docx"),
    "xl/workbook.xml": (f"{_OFFICE}spreadsheetml.sheet", ".xlsx"),
    "ppt/presentation.xml": (f"{_OFFICE}presentationml.presentation", ".pptx"),
}
_OPEN_KINDS = {f"{_OPEN}text": ".odt", f"{_OPEN}spreadsheet": ".ods"}
_WRITTEN = {
    b"BEGIN:VCALENDAR": ("text/calendar", ".ics"),
    b"BEGIN:VCARD": ("text/vcard", ".vcf"),
}
# A page may run something wherever it is opened: no text file is one.
_PAGE = re.compile(rb"<\s*(?:!doctype|html|script|svg|body|iframe|\?xml)", re.IGNORECASE)


@dataclass(frozen=True)
class CameWith:
    """One file of a mail: its bytes and what they are, or why they are not kept."""

    name: str
    content_type: str
    size: int
    content: bytes = b""
    not_kept_because: str = ""


def judged(name: str, content: bytes, *, is_mail: bool = False) -> CameWith:
    """A file by what its bytes are, whatever it is called; `is_mail`: it stood in the mail as a mail."""
    size = len(content)
    if size > MOST_BYTES:
        return CameWith(safe_name(name), "", size, not_kept_because=_too_large(size))
    if not content:
        return CameWith(safe_name(name), "", 0, not_kept_because="It is empty.")
    kind, ending = ("message/rfc822", ".eml") if is_mail else _kind_of(content)
    if not kind:
        return CameWith(safe_name(name), "", size, not_kept_because=_NOT_A_KIND)
    return CameWith(safe_name(name, ending), kind, size, content)


def safe_name(name: str, ending: str = "") -> str:
    """A file's name without folders, signs that steer, and more than one line; it ends as what it is."""
    flat = unicodedata.normalize("NFKC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(one if one.isprintable() and one not in '<>:"|?*%;' else " " for one in flat)
    bare = " ".join(plain.split()).strip(". ")[:_LONGEST_NAME]
    if not ending:
        return bare or "file"
    stem = bare[: -len(ending)] if bare.lower().endswith(ending) else bare
    if ending == ".jpg" and bare.lower().endswith(".jpeg"):
        stem = bare[:-5]
    return f"{stem.strip('. ') or 'file'}{ending}"


def _kind_of(content):
    """MIME type and ending by the bytes; both empty for what is not on the list."""
    for beginning, kind, ending in _BEGINNINGS:
        if content.startswith(beginning):
            return kind, ending
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp", ".webp"
    if content[4:8] == b"ftyp":
        return _BRANDS.get(content[8:12], ("", ""))
    if content.startswith(b"PK\x03\x04"):
        return _packed(content)
    for beginning, found in _WRITTEN.items():
        if content[:100].lstrip(b"\xef\xbb\xbf \r\n").upper().startswith(beginning):
            return found
    return _text(content)


def _packed(content):
    """An office document without macros; no other archive. Nothing is unpacked: the list of files tells."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    # A list said to lie before the beginning: older Pythons let seek() refuse it.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError):
        return "", ""
    if any("vbaproject" in name.lower() or name.startswith("Basic/") for name in names):
        return "", ""
    for said, ending in _OPEN_KINDS.items():
        if _opens_with(content, said):
            return said, ending
    return next((found for name, found in _PACKED.items() if name in names), ("", ""))


def _opens_with(content, said):
    """Whether the archive begins with a stored file "mimetype" that says so.

    OpenDocument 1.3, part 2, section 3.3: the first file, neither packed nor with a field of its own.
    """
    method, name_length, extra_length = (int.from_bytes(content[at : at + 2], "little") for at in (8, 26, 28))
    written = content[30 : 38 + len(said)] == b"mimetype" + said.encode()
    ends = content[38 + len(said) : 40 + len(said)] == b"PK"
    return written and ends and (method, name_length, extra_length) == (0, 8, 0)


def _text(content):
    if b"\x00" in content[:4096] or _PAGE.search(content[:4096]):
        return "", ""
    try:
        content[:4096].decode("utf-8", "strict" if len(content) <= 4096 else "ignore")
    except UnicodeDecodeError:
        return "", ""
    if any(byte < 9 or 13 < byte < 32 for byte in content[:4096]):
        return "", ""
    return "text/plain", ".txt"


def _too_large(size):
    most = MOST_BYTES // 1_000_000
    return f"It is {size / 1_000_000:.0f} MB: no file of more than {most} MB is taken out of a mail."
