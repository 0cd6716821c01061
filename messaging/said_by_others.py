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
# No message was sent before that year; the database cannot keep every time that can be written.
EARLIEST = 2000
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
            provider_id=_needed(part, "id"),
            address=_needed(part, "from"),
            text=str(part["text"]).strip() or "(no words)",
            answers=tuple(str(one) for one in [part.get("answers")] if one),
        )
    key, status = _said(part, "key"), str(part["status"])
    provider_id = _said(part, "id") if key else _needed(part, "id")
    at = _time(part.get("at"), now)
    return Report(
        report_id=str(part.get("report") or f"{provider_id or key} {status} {part.get('at', '')}"),
        what=WHAT[status],
        at=at,
        key=key,
        provider_id=provider_id,
        address=_said(part, "to"),
        detail=str(part.get("reason") or ""),
    )


def _said(part, name):
    value = part.get(name)
    return "" if value is None else str(value).strip()


def _needed(part, name):
    """What tells it from others: without it the next would be taken for the same."""
    if not (value := _said(part, name)):
        raise KeyError(name)
    return value


def _time(text, now):
    if text is None:
        return now
    found = dt.datetime.fromisoformat(str(text))
    if found.year < EARLIEST:
        raise ValueError("That is no time of a message.")
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
