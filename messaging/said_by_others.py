"""What any other provider, or a script beside a mail server, posts to us as JSON of our own form.

A report: {"key" or "id", "status": "delivered", "at"?, "reason"?, "report"?, "to"?}.
A reply: {"from", "text", "id", "answers"?}. One of them, or a list.
"""

import datetime as dt

from messaging.models import DeliveryReport
from messaging.replies import Incoming
from messaging.reports import Report

What = DeliveryReport.What
MOST_AT_ONCE = 500
WHAT = {
    "accepted": What.ACCEPTED,
    "sent": What.ACCEPTED,
    "delivered": What.DELIVERED,
    "bounced": What.BOUNCED,
    "failed": What.FAILED,
    "undelivered": What.FAILED,
    "complained": What.COMPLAINED,
    "stopped": What.STOPPED,
}


def read(told: dict | list, *, channel: str, now: dt.datetime) -> list[Report | Incoming]:
    """All that a post tells. Raises KeyError, ValueError, TypeError, AttributeError for another form."""
    parts = told if isinstance(told, list) else [told]
    if len(parts) > MOST_AT_ONCE:
        raise ValueError(f"At most {MOST_AT_ONCE} at once.")
    return [_read_one(part, channel, now) for part in parts]


def _read_one(part, channel, now):
    if "text" in part:
        return Incoming(
            channel=channel,
            provider_id=str(part["id"]),
            address=str(part["from"]),
            text=str(part["text"]).strip() or "(no words)",
            answers=tuple(str(one) for one in [part.get("answers")] if one),
        )
    key, provider_id, status = str(part.get("key", "")), str(part.get("id", "")), str(part["status"])
    if not (key or provider_id):
        raise KeyError("id")
    at = _time(part.get("at"), now)
    return Report(
        report_id=str(part.get("report") or f"{provider_id or key} {status} {part.get('at', '')}"),
        what=WHAT[status],
        at=at,
        key=key,
        provider_id=provider_id,
        address=str(part.get("to", "")),
        detail=str(part.get("reason") or ""),
    )


def _time(text, now):
    if text is None:
        return now
    found = dt.datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
