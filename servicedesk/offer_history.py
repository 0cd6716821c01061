"""What became of a renewal offer, with person and time: its own marks, and the mails about it."""

import datetime as dt
from dataclasses import dataclass

from contracts.models import RenewalOffer
from customers.models import TimelineEntry
from messaging.models import Message
from messaging.outbox import FAULTY_STATES


@dataclass(frozen=True)
class Happened:
    """One line: the instant, what, who or why. `is_evidence`: it leads to the evidence that it made."""

    at: dt.datetime
    icon: str
    what: str
    detail: str = ""
    tone: str = ""
    is_evidence: bool = False


def history_of(offer: RenewalOffer) -> list[Happened]:
    """The lines of an offer in the order of time: two queries."""
    found = [Happened(offer.made_at, "pencil", "Drafted", _name(offer.made_by))]
    if offer.sent_at:
        found += [_sent(offer), *_mails(offer)]
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


def _mails(offer):
    for mail in Message.objects.filter(subject=offer.public_id).order_by("planned_at", "pk"):
        yield Happened(
            at=mail.sent_at or mail.send_after,
            icon="mail",
            what=f"Mail: {mail.get_state_display().lower()}",
            detail=mail.reason or mail.address,
            tone="bad" if mail.state in FAULTY_STATES else "",
        )


def _name(person) -> str:
    return person.name if person else ""
