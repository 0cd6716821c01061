"""What Postmark posts to us: deliveries, bounces, complaints, stops, and mail that came in."""

import base64
import binascii
import datetime as dt
from dataclasses import dataclass
from email.message import Message

from messaging.models import DeliveryReport
from messaging.reports import Report

What = DeliveryReport.What
# Postmark goes on trying, or somebody else answered: nothing is decided.
NOT_DECIDED = {
    *("Transient", "Subscribe", "AutoResponder", "AddressChange", "ChallengeVerification"),
    *("OpenRelayTest", "Unconfirmed"),
}
# No mail was sent before that year; the database cannot keep every time that can be written.
EARLIEST = 2000
# Their own wish; a suppression after a bounce says nothing of what they want.
THEIR_WISH = {"Recipient"}


# Postmark hands the parts over decoded: these headers told how they were packed.
PACKING = {"content-type", "content-transfer-encoding", "mime-version", "content-disposition", "content-id"}


@dataclass(frozen=True)
class CameIn:
    """A mail as bytes, Postmark's name of it, and what stood behind the plus in the address it came to."""

    raw: bytes
    named: str
    mark: str


def read(told: dict, *, now: dt.datetime) -> list[Report | CameIn]:
    """The one thing that a post tells; nothing for opens, clicks and what is newer than this.

    Raises KeyError, ValueError, TypeError, AttributeError for what is none of Postmark's.
    """
    kind = told.get("RecordType") or ("Inbound" if "FromFull" in told else "")
    reader = READERS.get(kind)
    return [reader(told, now)] if reader is not None else []


def _delivery(told, now):
    message_id, to = str(told["MessageID"]), str(told.get("Recipient", ""))
    return Report(
        report_id=f"delivery {message_id} {to}",
        what=What.DELIVERED,
        at=_time(told.get("DeliveredAt"), now),
        key=_key(told),
        provider_id=message_id,
        address=to,
        detail=str(told.get("Details") or ""),
    )


def _bounce(told, now):
    kind = str(told.get("Type", ""))
    if kind == "SpamComplaint":
        return _complaint(told, now)
    words = str(told.get("Description") or told.get("Name") or kind)
    return Report(
        report_id=f"bounce {told['ID']}",
        what=What.ACCEPTED if kind in NOT_DECIDED else What.BOUNCED,
        at=_time(told.get("BouncedAt"), now),
        key=_key(told),
        provider_id=str(told["MessageID"]),
        address=str(told.get("Email", "")),
        detail=f"{told.get('Name') or kind}: {words}" if told.get("Name") != words else words,
    )


def _complaint(told, now):
    return Report(
        report_id=f"complaint {told['ID']}",
        what=What.COMPLAINED,
        at=_time(told.get("BouncedAt"), now),
        key=_key(told),
        provider_id=str(told["MessageID"]),
        address=str(told.get("Email", "")),
        detail="They marked it as spam",
    )


def _subscription(told, now):
    message_id, to, at = str(told.get("MessageID") or ""), str(told["Recipient"]), str(told["ChangedAt"])
    is_stop = bool(told["SuppressSending"])
    is_wish = told.get("Origin") in THEIR_WISH and told.get("SuppressionReason") != "HardBounce"
    return Report(
        report_id=f"subscription {to} {at}",
        what=What.STOPPED if is_wish else What.ACCEPTED,
        at=_time(at, now),
        key=_key(told),
        provider_id=message_id,
        address=to,
        detail=str(told.get("SuppressionReason") or ("Stopped" if is_stop else "Wanted again")),
        wanted_again=not is_stop,
    )


def _inbound(told, now):
    """The mail as it came, where Postmark is told to hand that over; else put together again."""
    named, mark = str(told["MessageID"]), str(told.get("MailboxHash") or "")
    raw = told.get("RawEmail")
    return CameIn(
        raw.encode(errors="replace") if isinstance(raw, str) and raw else _packed(told), named, mark
    )


def _packed(told) -> bytes:
    """The parts as one mail: what reads a mailbox reads this, too."""
    mail, headers = Message(), [(str(one["Name"]), str(one["Value"])) for one in told.get("Headers") or []]
    sender = told["FromFull"]
    known = {
        "From": f"{_quoted(sender.get('Name'))}<{sender['Email']}>",
        "To": str(told.get("To") or ""),
        "Cc": str(told.get("Cc") or ""),
        "Reply-To": str(told.get("ReplyTo") or ""),
        "Subject": str(told.get("Subject") or ""),
        "Date": str(told.get("Date") or ""),
    }
    for name, value in [*known.items(), *headers]:
        is_packing = name.lower() in PACKING or (name not in known and name.title() in known)
        if value and not is_packing and all(33 <= ord(one) <= 126 and one != ":" for one in name):
            mail[name] = " ".join(value.split()).encode(errors="replace").decode()
    mail["Content-Type"] = 'multipart/mixed; boundary="--the-parts-that-postmark-told"'
    text, page = str(told.get("TextBody") or ""), str(told.get("HtmlBody") or "")
    both = _part("multipart/alternative", b"")
    both.set_payload([_part("text/plain", text.encode(errors="replace"))] if text.strip() else [])
    if page.strip():
        both.attach(_part("text/html", page.encode(errors="replace")))
    mail.set_payload([both])
    for one in told.get("Attachments") or []:
        mail.attach(_part(str(one.get("ContentType") or ""), _bytes(one), str(one.get("Name") or "a file")))
    return mail.as_bytes()


def _part(kind, content, name="") -> Message:
    part = Message()
    bare = kind.split(";")[0].strip().lower()
    is_plain = bare.count("/") == 1 and bare.replace("/", "").replace("-", "").replace(".", "").isalnum()
    part["Content-Type"] = bare if is_plain else "application/octet-stream"
    if bare.startswith("multipart/") and not name:
        part.set_boundary("--the-words-that-postmark-told")
        return part
    if bare.startswith(("multipart/", "message/")):
        part.replace_header("Content-Type", "application/octet-stream")
    if bare.startswith("text/"):
        part.set_param("charset", "utf-8")
    if name:
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", _one_line(name)))
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(content).decode())
    return part


def _bytes(one) -> bytes:
    try:
        return base64.b64decode(str(one.get("Content") or ""))
    except (binascii.Error, ValueError):
        return b""


def _quoted(name):
    words = _one_line(str(name or "")).replace("\\", " ").replace('"', " ").strip()
    return f'"{words}" ' if words else ""


def _one_line(words):
    return " ".join(words.split())


READERS = {
    "Delivery": _delivery,
    "Bounce": _bounce,
    "SpamComplaint": _complaint,
    "SubscriptionChange": _subscription,
    "Inbound": _inbound,
}


def _key(told):
    return str((told.get("Metadata") or {}).get("key", ""))


def _time(text, now):
    """The provider's time; the present for one that is none."""
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return now
    if found.year < EARLIEST:
        return now
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
