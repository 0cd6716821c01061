"""What Postmark posts to us: deliveries, bounces, complaints, stops, and mail that came in."""

import datetime as dt

from messaging.models import DeliveryReport, Message
from messaging.replies import Incoming
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


def read(told: dict, *, now: dt.datetime) -> list[Report | Incoming]:
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
    headers = {str(one["Name"]).lower(): str(one["Value"]) for one in told.get("Headers") or []}
    text = str(told.get("StrippedTextReply") or told.get("TextBody") or "").strip()
    title = " ".join(str(told.get("Subject") or "").split())
    names = [str(one.get("Name") or "a file") for one in told.get("Attachments") or []]
    came_with = f"\n\n(It came with {', '.join(names)}: read that at Postmark.)" if names else ""
    return Incoming(
        channel=Message.Channel.MAIL,
        provider_id=str(told["MessageID"]),
        address=str(told["FromFull"]["Email"]),
        text=(text or title or "(no words)") + came_with,
        answers=tuple(
            part.strip("<>,;")
            for name in ("in-reply-to", "references")
            for part in headers.get(name, "").split()
        ),
        is_automatic=_is_automatic(headers),
    )


READERS = {
    "Delivery": _delivery,
    "Bounce": _bounce,
    "SpamComplaint": _complaint,
    "SubscriptionChange": _subscription,
    "Inbound": _inbound,
}


def _is_automatic(headers):
    """An absence note, by the headers that such notes carry (RFC 3834)."""
    if headers.get("auto-submitted", "no").lower().split(";")[0].strip() != "no":
        return True
    return "x-autoreply" in headers or headers.get("precedence", "").lower() in ("auto_reply", "bulk", "junk")


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
