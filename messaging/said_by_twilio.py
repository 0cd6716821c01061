"""What Twilio posts to us: what became of a text, and texts that came in. Each is signed."""

import datetime as dt
import hmac

from messaging.models import DeliveryReport, Message
from messaging.replies import Incoming
from messaging.reports import Report
from messaging.twilio import UNSUBSCRIBED, signature

What = DeliveryReport.What
WHAT = {
    "accepted": What.ACCEPTED,
    "scheduled": What.ACCEPTED,
    "queued": What.ACCEPTED,
    "sending": What.ACCEPTED,
    "sent": What.ACCEPTED,
    "delivered": What.DELIVERED,
    "read": What.DELIVERED,
    "undelivered": What.FAILED,
    "failed": What.FAILED,
    "canceled": What.FAILED,
}
# Of the many that Twilio knows, those a dispatcher can do something about.
REASONS = {
    "21610": "They stopped texts",
    "30003": "Their telephone is off or out of reach",
    "30004": "Their telephone or network blocks it",
    "30005": "There is no such number",
    "30006": "A landline, or a network that takes no texts",
    "30007": "Their network took it for spam",
    "30008": "Their network gave no reason",
}


def is_signed(told: dict[str, str], *, token: str, url: str, signed: str) -> bool:
    """Whether the account whose token this is has posted these fields to this very address."""
    return hmac.compare_digest(signature(token, url, told).encode(), signed.encode())


def read(told: dict[str, str], *, key: str, now: dt.datetime) -> list[Report | Incoming]:
    """What a post tells; `key` stood in the address. Twilio gives no time of its own: it happened now.

    Raises KeyError for what is no post of Twilio's.
    """
    sid = told.get("MessageSid") or told["SmsSid"]
    status = told.get("MessageStatus") or told.get("SmsStatus", "")
    if "Body" in told and status in ("", "received", "receiving"):
        return [_incoming(told, sid)]
    if status not in WHAT:
        return []
    code = told.get("ErrorCode", "")
    report = Report(
        report_id=f"{sid} {status}",
        what=WHAT[status],
        at=now,
        key=key,
        provider_id=sid,
        address=told.get("To", ""),
        detail=_reason(code) if WHAT[status] == What.FAILED else status,
    )
    if code != str(UNSUBSCRIBED):
        return [report]
    stop = Report(f"{sid} stopped", What.STOPPED, now, key, sid, told.get("To", ""), REASONS[code])
    return [report, stop]


def _incoming(told, sid):
    text = told["Body"].strip()
    has_files = told.get("NumMedia", "0") not in ("", "0")
    came_with = "(Pictures came with it: see them at Twilio.)" if has_files else ""
    return Incoming(
        channel=Message.Channel.SMS,
        provider_id=sid,
        address=told["From"],
        text="\n\n".join(part for part in (text, came_with) if part) or "(no words)",
        wants={"STOP": "stop", "START": "start"}.get(told.get("OptOutType", ""), ""),
    )


def _reason(code):
    if code in REASONS:
        return f"{REASONS[code]} (Twilio {code})"
    return f"Twilio says {code}" if code else ""
