"""Telling webhooks: what is due is claimed, signed, sent and marked, each object's events in their order.

A worker may be killed at any line: when its lease runs out the event is sent again, under the same
`webhook-id`. No transaction is open while we send.
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.db.models import F
from django.utils import timezone

from messaging.channels import NotSent, Refused, Unsure
from messaging.models import Webhook, WebhookAttempt, WebhookDelivery
from messaging.reaching import Ask, answer_to
from messaging.secrets import SecretLost
from messaging.webhooks import MARK, secrets_of, switch_off_by_itself
from tenancy.scope import tenant

log = logging.getLogger(__name__)

State = WebhookDelivery.State
Clock = Callable[[], dt.datetime]
SECONDS_TO_ANSWER = 15
# Longer than a turn and an answer, so that nobody begins what is under way.
LEASE = dt.timedelta(minutes=3)
TURN = dt.timedelta(seconds=15)
DESK_SHARE, BATCH = 10, 40
# Three days and twenty minutes in all: longer than a webhook may fail before it is switched off.
BACK_OFF = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 480, 720, 1440, 1440))
OFF_AFTER = dt.timedelta(days=3)
GONE = 410


@dataclass(frozen=True)
class Claim:
    """A delivery that this worker holds; `leased_until` also tells its lease from others'."""

    tenant_id: int
    delivery_id: int
    leased_until: dt.datetime

    def row(self):
        """The delivery, if this worker still holds it."""
        return WebhookDelivery.objects.filter(pk=self.delivery_id, leased_until=self.leased_until)


def deliver_due(*, clock: Clock = timezone.now, turn: dt.timedelta = TURN) -> int:
    """Tell what is due at all desks until nothing is left or the turn is over; how many attempts."""
    ends_at, tried = clock() + turn, 0
    while clock() < ends_at:
        claims = claim(now=clock())
        if not claims:
            break
        for number, one in enumerate(claims):
            if clock() >= ends_at:
                for other in claims[number:]:
                    with tenant(other.tenant_id):
                        other.row().update(leased_until=None)
                break
            tried += _deliver(one, clock)
    return tried


def claim(*, now: dt.datetime, share: int = DESK_SHARE, most: int = BATCH) -> list[Claim]:
    """Lease what is due to this worker: of each object only the first event that waits."""
    leased_until = now + LEASE
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM claim_webhooks(%s, %s, %s, %s)", [now, leased_until, share, most])
        return [Claim(tenant_id, key, leased_until) for tenant_id, key in cursor.fetchall()]


def body_of(delivery: WebhookDelivery) -> bytes:
    """What is sent: the same with every attempt."""
    said = {"type": delivery.kind, "timestamp": delivery.happened_at.isoformat(), "data": delivery.data}
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def signature(secret: str, *, id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over id, timestamp (seconds) and body."""
    key = base64.b64decode(secret.removeprefix(MARK))
    said = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def _deliver(one: Claim, clock: Clock) -> int:
    """One attempt; 0 where it is another's by now."""
    with tenant(one.tenant_id):
        delivery = one.row().select_related("webhook").first()
        if delivery is None:
            return 0
        webhook = delivery.webhook
        try:
            ask = _ask(delivery, clock())
        except SecretLost as lost:
            _mark(one, webhook, clock(), None, str(lost))
            return 1
    status, said = None, ""
    try:
        status, answer = answer_to(ask)
        said = answer[:500].decode(errors="replace").replace("\0", "")
    except (NotSent, Unsure, Refused) as error:
        said = str(error)
    except Exception as error:
        # Other desks' events wait behind this one.
        log.exception("Event %s of desk %s cannot be told", one.delivery_id, one.tenant_id)
        said = f"It broke while it was sent ({type(error).__name__})."
    with tenant(one.tenant_id):
        _mark(one, webhook, clock(), status, said)
    return 1


def _ask(delivery, now) -> Ask:
    body, id, second = body_of(delivery), str(delivery.event), int(now.timestamp())
    signed = [
        signature(one, id=id, timestamp=second, body=body) for one in secrets_of(delivery.webhook, now=now)
    ]
    return Ask(
        method="POST",
        url=delivery.webhook.url,
        headers={
            "Content-Type": "application/json",
            "User-Agent": "servicedesk-webhooks",
            "webhook-id": id,
            "webhook-timestamp": str(second),
            "webhook-signature": " ".join(signed),
        },
        body=body,
        seconds=SECONDS_TO_ANSWER,
    )


def _mark(one: Claim, webhook: Webhook, now, status, said) -> None:
    """Write down how an attempt ended, and what follows."""
    delivery = one.row().select_for_update(of=("self",)).first()
    if delivery is None:
        return
    WebhookAttempt.objects.create(delivery=delivery, at=now, status=status, said=said[:500])
    rows = Webhook.objects.filter(pk=webhook.pk)
    if status is not None and 200 <= status < 300:
        one.row().update(state=State.DELIVERED, delivered_at=now, leased_until=None, tries=F("tries") + 1)
        rows.filter(failing_since__isnull=False).update(failing_since=None)
        return
    rows.filter(failing_since__isnull=True).update(failing_since=now)
    failing_since = rows.values_list("failing_since", flat=True).get()
    is_last = delivery.tries >= len(BACK_OFF)
    if status == GONE or now - failing_since >= OFF_AFTER:
        why = "It answers that it is gone." if status == GONE else "For three days it has taken nothing."
        switch_off_by_itself(webhook, because=f"{why} {said}".strip(), now=now)
        # Not lost: it waits until somebody switches it on again.
        one.row().update(leased_until=None)
    elif is_last:
        one.row().update(state=State.FAILED, leased_until=None, tries=F("tries") + 1)
    else:
        again = now + BACK_OFF[delivery.tries]
        one.row().update(send_after=again, leased_until=None, tries=F("tries") + 1)
