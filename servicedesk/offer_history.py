"""What became of a renewal offer, with person and time: its own marks, and the mails about it."""

import datetime as dt
from dataclasses import dataclass

from contracts.models import RenewalOffer
from customers.models import TimelineEntry
from messaging.models import Message
from messaging.outbox import FAULTY_STATES

# The outbox is sent every minute.
A_ROUND = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Happened:
    """One line: the instant, what, who or why. `is_evidence`: it leads to the evidence that it made."""

    at: dt.datetime
    icon: str
    what: str
    detail: str = ""
    tone: str = ""
    is_evidence: bool = False


def history_of(offer: RenewalOffer, *, now: dt.datetime) -> list[Happened]:
    """The lines of an offer in the order of time, as they stand at `now`: two queries."""
    found = [Happened(offer.made_at, "pencil", "Drafted", _name(offer.made_by))]
    if offer.sent_at:
        found += [_sent(offer), *_mails(offer, now)]
    if offer.accepted_at:
        who = f"{offer.accepted_name}, on their page"
        found.append(Happened(offer.accepted_at, "circle-check", "Accepted", who, "good", is_evidence=True))
    if offer.declined_at:
        why = offer.declined_because or "No reason given"
        found.append(Happened(offer.declined_at, "circle-x", "Declined by the customer", why))
    if offer.settled_at:
        who = _name(offer.settled_by) or "The desk, by itself"
        found.append(Happened(offer.settled_at, "flag", offer.settled_because, who))
    return sorted(found, key=lambda line: line.at)


def _sent(offer) -> Happened:
    lines = TimelineEntry.objects.filter(subject=offer.public_id, step="sent")
    line = lines.select_related("actor__user").first()
    return Happened(offer.sent_at, "send", line.title if line else "Sent", _name(line.actor) if line else "")


def _mails(offer, now):
    for mail in Message.objects.filter(subject=offer.public_id).order_by("planned_at", "pk"):
        yield Happened(
            at=mail.sent_at or mail.send_after,
            icon="mail",
            what=f"Mail: {_mail_state(mail, now)}",
            detail=mail.reason or mail.address,
            tone="bad" if mail.state in FAULTY_STATES else "",
        )


def _mail_state(mail: Message, now: dt.datetime) -> str:
    """A mail that is due leaves with the next round; one that should have left long ago still waits."""
    if mail.state == Message.State.PLANNED and abs(now - mail.send_after) <= A_ROUND:
        return "leaves within a minute"
    return mail.get_state_display().lower()


def _name(person) -> str:
    return person.name if person else ""
