"""What a desk gives as goodwill, up to which amount, and which roles give how much of it by themselves."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction

from cases.goodwill import ZERO
from cases.models import GoodwillItem, GoodwillLimit
from tenancy.constraints import told_as
from tenancy.desk_settings import SettingRefused, may_set
from tenancy.models import Role

# A longer extension is a renewal.
MOST_DAYS = 366
# A manager gives all of it.
ROLES = tuple(role for role in Role if role != Role.MANAGER)


def catalogue() -> list[GoodwillItem]:
    """What is offered now, with its limits by role: two queries."""
    items = GoodwillItem.objects.filter(retired_at=None).prefetch_related("limits")
    return list(items.order_by("kind", "limit", "days", "pk"))


@transaction.atomic
def save_item(
    item: GoodwillItem | None,
    *,
    name: str,
    kind: str,
    limit: Decimal | None,
    days: int | None = None,
    by_role: Mapping[str, Decimal | None],
    by,
) -> GoodwillItem:
    """Enter an item (None), or change one; what was given of it stays as it was.

    `limit` is in the desk's currency; an extension has `days` instead. `by_role` says up to which amount,
    or how many days, a role gives it by itself; nothing: it asks. Raises PermissionDenied, and
    SettingRefused for a value that cannot be.
    """
    may_set(by)
    if kind not in GoodwillItem.Kind.values:
        raise SettingRefused("kind", "Choose a free visit, a credit or an extension.")
    in_days = kind == GoodwillItem.Kind.EXTENSION
    most = _most_days(days) if in_days else _most_money(limit)
    limits = {role: own for role, own in by_role.items() if own}
    for role, own in limits.items():
        if role not in ROLES or own < ZERO:
            raise SettingRefused(role, "Write an amount, or nothing.")
        if in_days and own != int(own):
            raise SettingRefused(role, "Write whole days, or nothing.")
        if own > most:
            raise SettingRefused(role, f"At most {most}: nobody gives more than the entry’s limit.")
    if item is None:
        item = GoodwillItem()
    else:
        item = GoodwillItem.objects.select_for_update(no_key=True).get(pk=item.pk)
        if (item.days is not None) != in_days:
            # What waits for a yes counts as the entry does.
            raise SettingRefused("kind", "Money does not become days: take it out, and enter another.")
    item.name, item.kind = " ".join(name.split()), kind
    item.limit, item.days = (None, most) if in_days else (most, None)
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


def _most_money(limit) -> Decimal:
    if limit is None or limit <= ZERO:
        raise SettingRefused("limit", "Write more than 0.")
    return limit


def _most_days(days) -> int:
    if days is None or not 0 < days <= MOST_DAYS:
        raise SettingRefused("days", f"Write how many days: a whole number from 1 to {MOST_DAYS}.")
    return days


def _set_limits(item, limits):
    measure = "up_to" if item.days is None else "days"
    known = {limit.role: limit for limit in item.limits.all()}
    for role, limit in known.items():
        if role not in limits:
            limit.delete()
        elif limit.most != limits[role]:
            setattr(limit, measure, limits[role])
            limit.save(update_fields=[measure])
    for role, most in limits.items():
        if role not in known:
            GoodwillLimit.objects.create(item=item, role=role, **{measure: most})
