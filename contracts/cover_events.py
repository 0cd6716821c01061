"""A contract's cover changed: by an act, or by a day that began. For other programs (webhooks)."""

import datetime as dt
from collections.abc import Iterable

from contracts.models import Contract
from messaging.webhook_events import Happened, Kind, is_wanted, tell_each
from tenancy.calendars import local_day, zone_of
from tenancy.prepared import DAY, Prepared

_STATES = Prepared(lambda day: Contract.objects.with_cover(day).values_list("pk", "cover_state"), day=DAY)
_COVERS = Prepared(lambda day: Contract.objects.with_cover(day).order_by("pk"), day=DAY)


def tell_of_cover(contracts: Iterable[Contract], *, because: str, now: dt.datetime) -> None:
    """Tell programs what the cover of each contract is now, in the transaction of the act."""
    keys = {contract.pk for contract in contracts}
    if not keys or not is_wanted(Kind.COVER_CHANGED):
        return
    first = Contract.objects.select_related("tenant").get(pk=min(keys))
    day = local_day(now, zone_of(first.tenant))
    rows = Contract.objects.filter(pk__in=keys).with_cover(day).order_by("pk")
    tell_each(_changed(row, because, now) for row in rows)


def tell_of_day(last_day: dt.date, day: dt.date, *, now: dt.datetime) -> None:
    """Tell programs whose cover is another on `day` than on `last_day` by what is known now.

    What somebody did meanwhile has been told when they did it.
    """
    if last_day >= day or not is_wanted(Kind.COVER_CHANGED):
        return
    before = dict(_STATES.rows(day=last_day))
    rows = _COVERS.rows(day=day)
    changed = [row for row in rows if before.get(row.pk, row.cover_state) != row.cover_state]
    tell_each(_changed(row, f"{day.isoformat()} began", now) for row in changed)


def _changed(contract, because, now) -> Happened:
    data = {
        "contract": str(contract.public_id),
        "number": contract.number,
        "customer": str(contract.customer.public_id),
        "cover": contract.cover_state,
        "on": contract.cover_day.isoformat(),
        "because": because,
    }
    return Happened(Kind.COVER_CHANGED, contract.public_id, now, data)
