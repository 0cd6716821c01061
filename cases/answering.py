"""A reply of a customer has an owner: a duty to answer it within one business hour."""

import datetime as dt

from cases.duties import close_duties_about, open_duty
from cases.models import Duty
from cases.supervising import business_hours_after
from messaging.models import Reply
from messaging.replies import answered_by
from tenancy.models import Role, Tenant

WITHIN = dt.timedelta(hours=1)


class AnsweringDuty:
    """The dispatcher reads it, answers, and says what came of it."""

    def needed(self, reply: Reply, *, now: dt.datetime) -> None:
        """Open a duty, due within one business hour."""
        whom = reply.customer.name if reply.customer else reply.address
        open_duty(
            "answer reply",
            reply.public_id,
            kind=Duty.Kind.ANSWER_REPLY,
            title=f"{whom} wrote: {_first_words(reply.text)}",
            detail=reply.text,
            due_at=business_hours_after(Tenant.objects.get(pk=reply.tenant_id), WITHIN, now=now),
            now=now,
            owner_role=Role.DISPATCHER,
            customer=reply.customer,
            subject=reply.public_id,
        )

    def done(self, reply: Reply, *, by, now: dt.datetime, outcome: str) -> None:
        """Close it with what the person did."""
        close_duties_about(reply.public_id, Duty.Kind.ANSWER_REPLY, by=by, now=now, outcome=outcome)


def _first_words(text):
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"


answered_by(AnsweringDuty())
