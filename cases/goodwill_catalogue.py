"""What a desk gives as goodwill, up to which amount, and which roles give how much of it by themselves."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction

from cases.goodwill import FOR_A_FAILURE, ZERO
from cases.models import GoodwillItem, GoodwillLimit
from tenancy.constraints import told_as
from tenancy.desk_settings import SettingRefused, may_set
from tenancy.models import Role

# A manager gives all of it.
ROLES = tuple(role for role in Role if role != Role.MANAGER)


def catalogue() -> list[GoodwillItem]:
    """What is offered now, with its limits by role: two queries."""
    items = GoodwillItem.objects.filter(retired_at=None, kind__in=FOR_A_FAILURE).prefetch_related("limits")
    return list(items.order_by("kind", "limit", "pk"))


@transaction.atomic
def save_item(
    item: GoodwillItem | None,
    *,
    name: str,
    kind: str,
    limit: Decimal,
    by_role: Mapping[str, Decimal | None],
    by,
) -> GoodwillItem:
    """Enter an item (None), or change one; what was given of it stays as it was.

    `by_role` says up to which amount a role gives it by itself; nothing: it asks. Amounts are in the
    desk's currency. Raises PermissionDenied, and SettingRefused for a value that cannot be.
    """
    may_set(by)
    if kind not in FOR_A_FAILURE:
        raise SettingRefused("kind", "Choose a free visit or a credit.")
    if limit <= ZERO:
        raise SettingRefused("limit", "Write more than 0.")
    limits = {role: amount for role, amount in by_role.items() if amount}
    for role, amount in limits.items():
        if role not in ROLES or amount < ZERO:
            raise SettingRefused(role, "Write an amount, or nothing.")
        if amount > limit:
            raise SettingRefused(role, f"At most {limit}: nobody gives more than the entry’s limit.")
    if item is None:
        item = GoodwillItem()
    else:
        item = GoodwillItem.objects.select_for_update(no_key=True).get(pk=item.pk)
    item.name, item.kind, item.limit = " ".join(name.split()), kind, limit
    there_is = f"There is an entry “{item.name}” already."
    with told_as(lambda: SettingRefused("name", there_is), constraint="goodwillitem_once"):
        item.save()
    _set_limits(item, limits)
    return item


@transaction.atomic
def retire_item(item: GoodwillItem, *, by, now: dt.datetime) -> None:
    """It is not offered any more; what waits for a yes is still decided. Raises PermissionDenied."""
    may_set(by)
    # Its name is free for another.
    stamp = f" (until {now:%Y-%m-%d %H:%M})"
    name = item.name[: 120 - len(stamp)] + stamp
    GoodwillItem.objects.filter(pk=item.pk, retired_at=None).update(retired_at=now, name=name)


def _set_limits(item, limits):
    known = {limit.role: limit for limit in item.limits.all()}
    for role, limit in known.items():
        if role not in limits:
            limit.delete()
        elif limit.up_to != limits[role]:
            limit.up_to = limits[role]
            limit.save(update_fields=["up_to"])
    for role, amount in limits.items():
        if role not in known:
            GoodwillLimit.objects.create(item=item, role=role, up_to=amount)
