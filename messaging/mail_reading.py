"""What stands in a mail as it comes in: bytes in, parts out. Whatever is broken, something is read.

The standard library's parser takes any bytes; single headers and parts may raise, and are then read
as they stand.
"""

import datetime as dt
import email
import email.policy
import logging
import re
from dataclasses import dataclass, replace
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime

from messaging import mail_marks
from messaging.mail_files import MOST_BYTES, MOST_FILES, CameWith, judged
from messaging.mail_words import cut, text_of_html

log = logging.getLogger(__name__)
# Parts of one mail, and of parts within parts; more are left in the whole mail.
_MOST_PARTS, _DEEPEST = 300, 30
# The database cannot keep every time that can be written.
EARLIEST, LATEST = 2000, 9000
_WORD = re.compile(r"\w")
_ID = re.compile(r"<([^<>\s]{3,390})>")
# Labels that browsers read otherwise: what calls itself Latin-1 is mostly Windows' own.
_SAME = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "us-ascii": "utf-8", "ascii": "utf-8", "utf8": "utf-8"}
_BARE_ADDRESS = re.compile(r"[^\s<>@,;:\"]{1,64}@[^\s<>@,;:\"]{1,190}")
_NOT_ALL = "This mail has more files than we take out of one: the rest is in the whole mail."
_ANSWERS = {"ACCEPTED": "Yes", "DECLINED": "No", "TENTATIVE": "Perhaps"}


@dataclass(frozen=True)
class Mail:
    """A mail that was read. Addresses are small letters; ids stand without their brackets."""

    mail_id: str = ""
    sender: str = ""
    sender_name: str = ""
    reply_to: str = ""
    # Everybody that it says it is for.
    recipients: tuple[str, ...] = ()
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    title: str = ""
    text: str = ""
    quoted: str = ""
    signature: str = ""
    forwarded_from: str = ""
    files: tuple[CameWith, ...] = ()
    sent_at: dt.datetime | None = None
    automatic_because: str = ""
    # The desk whose program says that it wrote it.
    desk_mark: str = ""
    returned: tuple[mail_marks.Returned, ...] = ()

    @property
    def rest(self) -> str:
        """What was cut for reading."""
        return "\n\n".join(part for part in (self.signature, self.quoted) if part)


def read_mail(raw: bytes) -> Mail:
    """Read a mail. Never raises: of one that cannot be read, its beginning is the text."""
    try:
        return _storable(_read(email.message_from_bytes(raw, policy=email.policy.default)))
    except Exception:
        # Whatever the parser stumbles over, a person can still read what came.
        log.exception("A mail of %s bytes cannot be read", len(raw))
        return _storable(_as_it_came(raw))


def _read(mail) -> Mail:
    header = _headers(mail)
    found = _Parts()
    _walk(mail, found, 0)
    shown = cut("\n\n".join(part for part in found.texts if part))
    senders, others = _addresses(header("from")), _addresses(header("reply-to"))
    sender_name, sender = senders[0] if senders else ("", "")
    title = " ".join(header("subject").split())
    return Mail(
        mail_id=_first_id(header("message-id")),
        sender=sender,
        sender_name=sender_name,
        reply_to=others[0][1] if others else "",
        recipients=tuple(
            address
            for name in ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-forwarded-to")
            for _, address in _addresses(header(name))
        ),
        in_reply_to=tuple(_ID.findall(header("in-reply-to"))),
        references=tuple(_ID.findall(header("references")))[-50:],
        title=title,
        text=shown.own or found.answer or title,
        quoted=shown.quoted,
        signature=shown.signature,
        forwarded_from=(found.inner_sender or shown.forwarded_from).lower(),
        files=tuple(found.files),
        sent_at=date_of(header("date")),
        automatic_because=mail_marks.automatic_because(header, title, sender, mail.get_content_type()),
        desk_mark=header("x-desk").strip().lower(),
        returned=mail_marks.returned(mail, header, shown.own + "\n" + shown.quoted),
    )


class _Parts:
    """What the parts of a mail have come to: texts in order, files, and whom an inner mail is from."""

    def __init__(self):
        self.texts: list[str] = []
        self.files: list[CameWith] = []
        self.inner_sender = self.answer = ""
        self.count = self.size = 0

    def keep(self, name, content, *, is_mail=False):
        """Judge a file and put it beside the others, as far as there is room."""
        if len(self.files) > MOST_FILES:
            return
        if len(self.files) == MOST_FILES:
            self.files.append(CameWith("more files", "", 0, not_kept_because=_NOT_ALL))
            return
        file = judged(name, content, is_mail=is_mail)
        self.size += len(file.content)
        if self.size > 2 * MOST_BYTES:
            because = "With it the mail’s files are too large together: it is in the whole mail."
            self.size -= len(file.content)
            file = replace(file, content=b"", content_type="", not_kept_because=because)
        self.files.append(file)


def _walk(part, found: _Parts, depth: int) -> None:
    found.count += 1
    if found.count > _MOST_PARTS or depth > _DEEPEST:
        found.keep("more parts", b"")
        return
    kind = part.get_content_type()
    if kind == "message/rfc822" and depth:
        _inner_mail(part, found)
    elif kind == "multipart/alternative" and part.is_multipart():
        _alternatives(part, found, depth)
    elif part.is_multipart():
        for one in part.get_payload():
            _walk(one, found, depth + 1)
    elif _is_text(part):
        found.texts.append(_words(part))
    elif kind == "text/calendar":
        _calendar(part, found)
    elif kind not in ("message/delivery-status", "text/rfc822-headers", "application/pgp-signature"):
        found.keep(_file_name(part), _content(part))


def _alternatives(part, found: _Parts, depth: int) -> None:
    """The plain words where they say something, else those of the page; what is no text is kept."""
    texts = [one for one in part.get_payload() if _is_text(one)]
    chosen = ""
    for one in sorted(texts, key=lambda one: one.get_content_type() != "text/plain"):
        chosen = chosen or (words if _WORD.search(words := _words(one)) else "")
    found.texts.append(chosen)
    for one in part.get_payload():
        if one in texts:
            continue
        inner = _Parts()
        _walk(one, inner, depth + 1)
        found.count += inner.count
        if not chosen and any(inner.texts):
            # The page stands within, with its pictures.
            found.texts += inner.texts
            chosen = "\n".join(inner.texts)
        found.answer = found.answer or inner.answer
        found.files += inner.files[: MOST_FILES - len(found.files)]


def _inner_mail(part, found: _Parts) -> None:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if inner is None:
        found.keep(_file_name(part) or "mail", _content(part))
        return
    header = _headers(inner)
    senders = _addresses(header("from"))
    found.inner_sender = found.inner_sender or (senders[0][1] if senders else "")
    found.keep(" ".join(header("subject").split())[:80] or "mail", _bytes_of(inner), is_mail=True)


def _calendar(part, found: _Parts) -> None:
    """What was answered to an invitation; the entry itself is a file."""
    content = _content(part)
    words = _decoded(content, "utf-8")
    answered = re.search(r"PARTSTAT=([A-Z-]+)", words)
    summary = re.search(r"^SUMMARY[^:\n]{0,80}:(.{1,200})$", words, re.MULTILINE)
    if "METHOD:REPLY" in words and answered:
        about = f" to “{summary[1].strip()}”" if summary else ""
        found.answer = f"{_ANSWERS.get(answered[1], answered[1].capitalize())}{about}, from their calendar"
    found.keep(_file_name(part) or "calendar", content)


def _is_text(part):
    if part.get_content_type() not in ("text/plain", "text/html") or part.is_multipart():
        return False
    said = str(part.get("content-disposition") or "") if not _raises(part, "content-disposition") else ""
    return not said.lower().lstrip().startswith("attachment") and not _file_name(part)


def _words(part):
    words = _decoded(_content(part), _charset(part))
    return text_of_html(words) if part.get_content_type() == "text/html" else words.strip()


def _content(part) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError):
        content = None
    if content is None:
        return _bytes_of(part)
    return content


def _bytes_of(part) -> bytes:
    try:
        return part.as_bytes(policy=email.policy.compat32)
    except (ValueError, LookupError, TypeError, AttributeError, KeyError):
        return str(part.get_payload()).encode(errors="replace")


def _charset(part):
    try:
        return (part.get_content_charset() or "").strip("\"' ").lower()
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return ""


def _decoded(content: bytes, charset: str) -> str:
    """Bytes as words: by their label, else as UTF-8, else as Windows' letters; never raises."""
    for label in (_SAME.get(charset, charset), "utf-8"):
        try:
            return content.decode(label or "utf-8")
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def _file_name(part):
    try:
        name = part.get_filename() or ""
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        name = ""
    return _readable(str(name)) if name else ""


def _headers(mail):
    """A reader of headers by their name: each in readable words, "" for none; never raises."""

    def header(name: str) -> str:
        try:
            return " ".join(str(one) for one in mail.get_all(name, []))
        except Exception:
            # Python's reader of one kind of header trips over some that others send.
            raw = [str(value) for key, value in mail.raw_items() if key.lower() == name]
            return _readable(" ".join(raw))

    return header


def _raises(mail, name):
    try:
        mail.get(name)
    except Exception:
        return True
    return False


def _readable(words: str) -> str:
    try:
        return str(make_header(decode_header(words)))
    except (ValueError, LookupError, UnicodeError, AttributeError):
        return words


def _addresses(words: str) -> list[tuple[str, str]]:
    """Names and addresses of a header, those that have one."""
    try:
        found = getaddresses([words[:20_000]])
    except (ValueError, IndexError, TypeError):
        found = []
    good = [(name.strip(), address.strip().lower()) for name, address in found if "@" in address]
    if good:
        return good
    return [
        ("", one.lower()) for one in re.findall(r"[^\s<>@,;:\"]{1,64}@[^\s<>@,;:\"]{1,190}", words[:20_000])
    ]


def _first_id(words: str) -> str:
    found = _ID.search(words)
    return found[1] if found else "".join(words.split())[:390]


def date_of(words: str) -> dt.datetime | None:
    """An instant as mails write it; None for none, and for one that no mail of ours can have."""
    try:
        found = parsedate_to_datetime(words)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return found if EARLIEST <= found.year <= LATEST else None


def _as_it_came(raw: bytes) -> Mail:
    """Of a mail that the parser cannot read: what stands in its lines."""
    words = raw[:200_000].decode("utf-8", "replace").replace("\r\n", "\n")
    head, _, body = words.partition("\n\n")

    def header(name):
        found = re.search(rf"^{name}:[ \t]*(.*)$", head, re.MULTILINE | re.IGNORECASE)
        return _readable(found[1].strip()) if found else ""

    senders = _addresses(header("from"))
    name, sender = senders[0] if senders else ("", "")
    title = " ".join(header("subject").split())
    text = body.strip() or title or "(no words)"
    return Mail(_first_id(header("message-id")), sender, name, title=title, text=text)


def _storable(mail: Mail) -> Mail:
    """Without what PostgreSQL cannot keep: the sign of no number, and halves of a sign."""
    kept = {
        name: clean(getattr(mail, name))
        for name in ("mail_id", "sender", "sender_name", "reply_to", "title", "text", "quoted", "signature")
    }
    files = tuple(replace(file, name=clean(file.name)) for file in mail.files)
    return replace(
        mail,
        **kept,
        recipients=tuple(clean(one) for one in mail.recipients),
        in_reply_to=tuple(clean(one) for one in mail.in_reply_to),
        references=tuple(clean(one) for one in mail.references),
        forwarded_from=clean(mail.forwarded_from),
        desk_mark=clean(mail.desk_mark),
        automatic_because=clean(mail.automatic_because),
        files=files,
    )


def clean(words: str) -> str:
    """A text that the database keeps."""
    return words.replace("\x00", "").encode(errors="replace").decode()
