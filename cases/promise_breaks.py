"""A promise made by hand was broken: whoever leads its owner hears at once (R6.2)."""

import datetime as dt

from cases.duties import open_duty
from cases.models import Duty, Promise
from cases.promise_ways import messages_on
from cases.supervising import business_hours_after, lead_of
from messaging import outbox
from messaging.channels import is_ready
from messaging.keys import key_of
from messaging.models import Message
from tenancy.models import Role

BROKEN = "promise broken"
# By then somebody has rung the customer.
RING_WITHIN = dt.timedelta(hours=1)


def tell_lead(promise: Promise, *, now: dt.datetime) -> Duty | None:
    """A duty to ring the customer and a mail for the owner's lead, once for a promise.

    None for what a visit promised, which stands in the tray by its visit, and for history.
    """
    desk = promise.tenant
    if promise.kind in Promise.OF_VISITS or promise.is_imported or not messages_on(desk, promise.due_at):
        return None
    lead = lead_of(promise.owner, now=now)
    duty = open_duty(
        "broken promise",
        promise.public_id,
        kind=Duty.Kind.CALL_CUSTOMER,
        title=f"A promise to {promise.customer} was broken: {promise.text}",
        detail=f"{promise.owner.name if promise.owner else 'Nobody'} was to keep it.",
        due_at=business_hours_after(desk, RING_WITHIN, now=now),
        now=now,
        owner=lead,
        owner_role=Role.MANAGER,
        customer=promise.customer,
        case=promise.case,
        subject=promise.public_id,
    )
    if lead is not None and lead.user.email and is_ready(Message.Channel.MAIL):
        message = Message(
            key=key_of(BROKEN, promise.public_id),
            kind=BROKEN,
            channel=Message.Channel.MAIL,
            colleague=lead,
            customer_id=promise.customer_id,
            subject=promise.public_id,
            fields={"due_at": promise.due_at.isoformat()},
            send_after=now,
        )
        outbox.plan([message], now=now)
    return duty
