"""What providers say became of messages: each report kept once, and the message moved by the latest.

A report may come before our own attempt has ended, twice, or in the wrong order. It waits beside
its message until the attempt has ended; what counts is the provider's time, not the order of arrival.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from messaging import faults, opting_out
from messaging.kinds import tell_returned, tell_sent
from messaging.models import DeliveryReport, Message
from messaging.outbox import FAULTY_STATES
from tenancy.prepared import Instant, Key, Prepared

State = Message.State
What = DeliveryReport.What
Channel = Message.Channel

DECISIVE = (What.DELIVERED, What.BOUNCED, What.FAILED)
# What a report may still change; what a person settled, or what was cancelled, stays.
OPEN_TO_REPORTS = (State.SENT, State.DELIVERED, State.FAILED, State.UNCERTAIN)
# So long a report of a message that we do not know may be one that we are about to know.
MAY_STILL_COME = dt.timedelta(minutes=15)

_REPORTS = Prepared(
    lambda message, since: DeliveryReport.objects.filter(message=message, received_at__gte=since).order_by(
        "at", "id"
    ),
    message=Key(),
    since=Instant(),
)


@dataclass(frozen=True)
class Report:
    """One report as a provider gives it: by our key or the provider's own id, at the provider's time.

    `address` is to whom; `wanted_again` takes an earlier STOPPED back.
    """

    report_id: str
    what: str
    at: dt.datetime
    key: str = ""
    provider_id: str = ""
    address: str = ""
    detail: str = ""
    wanted_again: bool = False


def take_report(report: Report, *, channel: str, now: dt.datetime) -> bool:
    """Keep a report and let it count; whether its message is known. Taking it twice changes nothing."""
    _keep_their_word(report, channel, now)
    found = _message_of(report, channel)
    if found is None:
        return False
    message = Message.objects.select_for_update(of=("self",)).select_related("customer").get(pk=found.pk)
    DeliveryReport.objects.bulk_create(
        [
            DeliveryReport(
                message=message,
                what=report.what,
                detail=report.detail[:300],
                report_id=report.report_id[:200],
                provider_id=report.provider_id[:200],
                at=min(report.at, now),
                received_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    if report.provider_id and not message.provider_id and report.provider_id not in message.earlier_ids:
        message.provider_id = report.provider_id[:200]
        message.save(update_fields=["provider_id"])
    apply_reports(message, now=now)
    return True


def apply_reports(message: Message, *, now: dt.datetime) -> None:
    """Move a message (its row held by the caller) to what its provider says; a failure gets an owner."""
    if message.state not in OPEN_TO_REPORTS:
        return
    reports = _of_this_attempt(message)
    verdict = _verdict(reports, message.channel)
    if verdict is not None and verdict.what == What.DELIVERED:
        _arrived(message, State.DELIVERED, verdict, now)
    elif verdict is not None:
        _failed(message, verdict, now)
    elif reports and message.state == State.UNCERTAIN:
        _arrived(message, State.SENT, reports[0], now)


def say_it_arrived(message: Message) -> bool:
    """Whether the provider of a message in doubt has spoken of it: then it took it."""
    return bool(_of_this_attempt(message))


def _of_this_attempt(message):
    """Sent again, a message has reports of its earlier attempts too, which may come late.

    A provider that gives a message one id however often it is sent is told by the time alone.
    """
    earlier = set(message.earlier_ids) - {message.provider_id}
    since = _REPORTS.rows(message=message.pk, since=message.send_after)
    return [report for report in since if report.provider_id not in earlier]


def _verdict(reports, channel):
    decisive = [report for report in reports if report.what in DECISIVE]
    delivered = [report for report in decisive if report.what == What.DELIVERED]
    if channel == Channel.SMS and delivered:
        # A telephone has it: nothing that comes later, or late, takes it back.
        return delivered[-1]
    # A mailbox's server may take a mail and send it back afterwards.
    return max(decisive, key=lambda report: (report.at, report.what != What.DELIVERED), default=None)


def _arrived(message, state, report, now):
    if message.state == state:
        return
    was_faulty = message.state in FAULTY_STATES
    message.state, message.reason = state, ""
    message.sent_at = message.sent_at or report.at
    message.delivered_at = report.at if state == State.DELIVERED else None
    message.save(update_fields=["state", "reason", "sent_at", "delivered_at"])
    if was_faulty:
        faults.settle(message, by=None, now=now, outcome="It arrived after all")
    tell_sent(message, now=now)


def _failed(message, report, now):
    if message.state == State.FAILED:
        return
    message.state = State.FAILED
    message.reason = f"{report.get_what_display()}: {report.detail or 'no reason given'}"[:300]
    message.delivered_at = None
    message.save(update_fields=["state", "reason", "delivered_at"])
    faults.report(message, now=now)
    tell_returned(message, now=now)


def _message_of(report, channel):
    rows = Message.objects.filter(channel=channel)
    key = _uuid(report.key)
    if key is not None and (found := rows.filter(key=key).first()):
        return found
    if not report.provider_id:
        return None
    found = rows.filter(provider_id=report.provider_id).order_by("-id").first()
    sent_again = rows.exclude(earlier_ids=[]).filter(earlier_ids__contains=[report.provider_id])
    return found or sent_again.order_by("-id").first()


def _keep_their_word(report, channel, now):
    """STOP, or "this is spam", said to the provider is said to us."""
    if not report.address or report.what not in (What.STOPPED, What.COMPLAINED):
        return
    if channel == Channel.SMS:
        act = opting_out.want_texts if report.wanted_again else opting_out.stop_texts
    else:
        act = opting_out.want_mail if report.wanted_again else opting_out.stop_mail
    act(report.address, now=now)


def _uuid(text):
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
