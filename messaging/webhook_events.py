"""What happened, for programs: one row for each webhook that wants it, in the transaction of the event."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from messaging.models import Webhook, WebhookDelivery

Kind = Webhook.Kind


@dataclass(frozen=True)
class Happened:
    """One event: of which object (its public id), and what programs are told of it (plain JSON)."""

    kind: str
    subject: uuid.UUID
    at: dt.datetime
    data: dict
    event: uuid.UUID = field(default_factory=uuid.uuid4)


def is_wanted(kind: str) -> bool:
    """Whether any webhook of this desk hears of that: what costs a query need not be told to nobody."""
    return Webhook.objects.filter(is_on=True, kinds__contains=[kind]).exists()


def tell_programs(*events: Happened) -> int:
    """Write the rows; how many. Who holds the object while it changes keeps its events in their order."""
    return tell_each(events)


def tell_each(events: Iterable[Happened]) -> int:
    """The same for many at once: two statements, one where no webhook wants any of them."""
    events = list(events)
    if not events:
        return 0
    webhooks = list(Webhook.objects.filter(is_on=True, kinds__overlap=[one.kind for one in events]))
    rows = [
        WebhookDelivery(
            webhook=webhook,
            event=one.event,
            kind=one.kind,
            subject=one.subject,
            happened_at=one.at,
            data=one.data,
            send_after=one.at,
        )
        for one in events
        for webhook in webhooks
        if one.kind in webhook.kinds
    ]
    if rows:
        WebhookDelivery.objects.bulk_create(rows)
    return len(rows)
