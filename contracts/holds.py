"""Do not sell: holds on a customer, each set for a source and released by settling it (R1.3)."""

import datetime as dt

from customers.models import Customer, Hold


def set_hold(*, customer: Customer, source: str, reason: str, by, now: dt.datetime) -> Hold:
    """Let nobody pitch anything to the customer until the source is settled; once for each source."""
    Hold.objects.bulk_create(
        [Hold(customer=customer, source=source, reason=reason[:200], set_at=now, set_by=by)],
        ignore_conflicts=True,
    )
    return standing_holds(customer).get(source=source)


def release_hold(*, customer: Customer, source: str, by, now: dt.datetime) -> int:
    """End the hold of a source; how many stood (0 or 1). Holds of other sources stay."""
    return standing_holds(customer).filter(source=source).update(released_at=now, released_by=by)


def standing_holds(customer: Customer):
    """The holds that stand on a customer, the oldest first."""
    return Hold.objects.filter(customer=customer, released_at__isnull=True).order_by("set_at", "pk")
