"""What left to a customer, and what did not reach them, on their time line (R7.1)."""

import datetime as dt

from customers.models import TimelineEntry
from customers.timeline import add_line
from messaging.by_hand import writer_of
from messaging.faults import mended_by
from messaging.models import Message

LINES = {Message.Channel.MAIL: TimelineEntry.Kind.MAIL, Message.Channel.SMS: TimelineEntry.Kind.MESSAGE}
# How the step of a line begins that tells of a message that did not arrive.
FAULT = "fault"


def tell_left(message: Message, *, now: dt.datetime) -> None:
    """It left, or arrived. What a colleague is told about a customer is not told to the customer."""
    _tell(message, "", "sent", message.text_shown, now)


class FaultLine:
    """It did not reach them, and why: whoever reads that it left reads this as well."""

    def needed(self, message: Message, *, now: dt.datetime) -> None:
        """Add the line, once for each fault of the same sending."""
        _tell(message, " did not reach them", f"{FAULT} {message.state}", message.reason, now)

    def done(self, message: Message, *, by, now: dt.datetime, outcome: str) -> None:
        """What a person did about it has a line of its own."""


def _tell(message, what, step, detail, now) -> None:
    if message.customer is None or message.colleague_id is not None:
        return
    whom = (message.contact and message.contact.name) or message.address or message.customer.name
    # Sent again by hand it is told again.
    again = f" {len(message.earlier_ids)}" if message.earlier_ids else ""
    add_line(
        message.customer,
        LINES[message.channel],
        f"{message.get_channel_display()} to {whom}{what}: {message.kind}",
        at=now,
        detail=detail,
        actor=writer_of(message),
        subject=message.public_id,
        step=f"{step}{again}",
    )


mended_by(FaultLine())
