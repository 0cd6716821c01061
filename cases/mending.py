"""A message that is not fine has an owner: a duty to mend it, before the visit it is about (R4.9)."""

import datetime as dt

from cases.duties import close_duties_about, open_duty
from cases.models import Duty
from messaging.faults import mended_by
from messaging.keys import moment
from messaging.models import Message
from tenancy.models import Role

WITHIN = dt.timedelta(hours=1)


class MendingDuty:
    """The dispatcher reaches the person another way."""

    def needed(self, message: Message, *, now: dt.datetime) -> None:
        """Open a duty, due within the hour and before what the message is about begins."""
        due_at = now + WITHIN
        if message.subject_start is not None and message.subject_start > now:
            due_at = min(due_at, message.subject_start)
        whom = message.customer.name if message.customer else "A colleague"
        open_duty(
            # A message sent again may fail again: that is another duty.
            "mend message",
            message.key,
            moment(now),
            kind=Duty.Kind.MEND_MESSAGE,
            title=f"{whom} did not get our message: {message.kind}",
            detail=message.reason,
            due_at=due_at,
            now=now,
            owner_role=Role.DISPATCHER,
            customer=message.customer,
            subject=message.public_id,
        )

    def done(self, message: Message, *, by, now: dt.datetime, outcome: str) -> None:
        """Close it with what the person did."""
        close_duties_about(message.public_id, Duty.Kind.MEND_MESSAGE, by=by, now=now, outcome=outcome)


mended_by(MendingDuty())
