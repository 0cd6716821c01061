"""A message that is not fine has an owner: a duty to mend it, before the visit it is about (R4.9)."""

import datetime as dt

from django.db.models import Exists, OuterRef

from cases.duties import close_duties_about, open_duty
from cases.models import Duty
from messaging.by_hand import words_of, writer_of
from messaging.faults import mended_by
from messaging.keys import moment
from messaging.models import Message
from messaging.outbox import FAULTY_STATES
from tenancy.models import Role

WITHIN = dt.timedelta(hours=1)


class MendingDuty:
    """The dispatcher reaches the person another way: whoever wrote the message, where it was a person."""

    def needed(self, message: Message, *, now: dt.datetime) -> None:
        """Open a duty, due within the hour and before what the message is about begins."""
        due_at = now + WITHIN
        if message.subject_start is not None and message.subject_start > now:
            due_at = min(due_at, message.subject_start)
        whom = message.customer.name if message.customer else "A colleague"
        writer, words = writer_of(message), words_of(message)
        what = f"what {writer.name} wrote" if writer else f"our message: {message.kind}"
        open_duty(
            # A message sent again may fail again: that is another duty.
            "mend message",
            message.key,
            moment(now),
            kind=Duty.Kind.MEND_MESSAGE,
            title=f"{whom} did not get {what}",
            detail=f"{message.reason} “{words}”" if words else message.reason,
            due_at=due_at,
            now=now,
            owner=writer,
            owner_role=Role.DISPATCHER,
            customer=message.customer,
            subject=message.public_id,
        )

    def done(self, message: Message, *, by, now: dt.datetime, outcome: str) -> None:
        """Close it with what the person did."""
        close_duties_about(message.public_id, Duty.Kind.MEND_MESSAGE, by=by, now=now, outcome=outcome)


def failed_without_owner() -> int:
    """How many messages are not fine without an open duty to mend them: 0, for a fault opens one."""
    duty = Duty.objects.open().filter(kind=Duty.Kind.MEND_MESSAGE, subject=OuterRef("public_id"))
    return Message.objects.filter(~Exists(duty), state__in=FAULTY_STATES).count()


mended_by(MendingDuty())
