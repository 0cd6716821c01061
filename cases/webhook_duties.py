"""A webhook that was switched off by itself has an owner: a duty of the manager's to see to it."""

import datetime as dt

from cases.duties import close_duties_about, open_duty
from cases.models import Duty
from messaging.models import Webhook
from messaging.webhooks import minded_by
from tenancy.models import Role

WITHIN = dt.timedelta(days=1)


def switched_off(webhook: Webhook, *, now: dt.datetime) -> None:
    """Open the duty, in the transaction that switched it off."""
    open_duty(
        "webhook off",
        webhook.public_id,
        now.isoformat(),
        kind=Duty.Kind.MEND_MESSAGE,
        title="A program hears of nothing: its webhook is switched off",
        detail=f"{webhook.url}: {webhook.off_because} See Settings, Webhooks.",
        due_at=now + WITHIN,
        now=now,
        owner=None,
        owner_role=Role.MANAGER,
        subject=webhook.public_id,
    )


def switched_on(webhook: Webhook, *, by, now: dt.datetime) -> None:
    """It is seen to."""
    close_duties_about(webhook.public_id, Duty.Kind.MEND_MESSAGE, by=by, now=now, outcome="Switched on again")


minded_by(switched_off, switched_on)
