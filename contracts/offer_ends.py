"""The end of a renewal offer: renewed, withdrawn or rejected. After it no link to it opens anything."""

import datetime as dt

from django.db.models import QuerySet

from contracts.models import RenewalOffer
from customers.links import revoke_links
from messaging.outbox import cancel_about


def end_offers(offers: QuerySet[RenewalOffer], *, because: str, by, now: dt.datetime) -> int:
    """Settle offers, revoke their links and cancel the mail that still waits; how many were.

    The caller holds the contracts' locks. Queries do not grow with the offers.
    """
    ended = dict(offers.filter(settled_at__isnull=True).values_list("pk", "public_id"))
    if not ended:
        return 0
    because = because[:300]
    RenewalOffer.objects.filter(pk__in=ended).update(settled_at=now, settled_by=by, settled_because=because)
    revoke_links(*ended.values(), now=now)
    cancel_about(*ended.values(), because=because)
    return len(ended)
