"""Webhooks: which programs hear of what, with which secret, and when one is switched off.

The scheme is Standard Webhooks (standardwebhooks.com): `messaging.webhook_delivery` signs and sends.
"""

import base64
import datetime as dt
import secrets as chance
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from messaging.models import Webhook, WebhookDelivery
from messaging.reaching import OutOfReach, check_reachable
from messaging.secrets import closed, opened
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused, version_of
from tenancy.models import Membership, Role, Tenant
from tenancy.scope import tenant

MAY_SET = (Role.MANAGER,)
MARK = "whsec_"
SECRET_BYTES = 32
# How long the old secret signs beside the new one.
BOTH_SIGN = dt.timedelta(hours=24)
LOG_KEPT = dt.timedelta(days=30)
BY_HAND = "Switched off by hand"
_SEEN = ("url", "kinds", "secret", "is_on")
State = WebhookDelivery.State


class WebhookRefused(ValueError):
    """It cannot be done with this webhook; the words say why."""


Switched = Callable[..., None]
_minders: list[tuple[Switched, Switched]] = []


def minded_by(off: Switched, on: Switched) -> None:
    """Register who is told, to our right, of a webhook that is switched off by itself, and on again."""
    _minders.append((off, on))


def seen_of(webhook: Webhook) -> str:
    """What a person saw of it, in a few letters."""
    return version_of(webhook, _SEEN)


def add_webhook(url: str, kinds: Iterable[str], *, by: Membership, now: dt.datetime) -> tuple[Webhook, str]:
    """A new webhook and its secret, which is not shown again. Raises SettingRefused, PermissionDenied."""
    _may(by)
    url, secret = _checked(url), _new_secret()
    values = {"url": url, "kinds": _known(kinds), "secret": closed({"now": secret})}
    try:
        with transaction.atomic():
            return Webhook.objects.create(**values, made_at=now, made_by=by), secret
    except IntegrityError:
        raise SettingRefused("url", "This address hears of events already.") from None


@transaction.atomic
def change_webhook(
    webhook: Webhook, url: str, kinds: Iterable[str], *, seen: str, by: Membership, now: dt.datetime
) -> Webhook:
    """Another address or other kinds. Raises SettingRefused, ChangedMeanwhile, PermissionDenied."""
    row = _held(webhook, seen, by)
    row.kinds = _known(kinds)
    if row.url != url.strip():
        row.url = _checked(url)
        if Webhook.objects.filter(url=row.url).exclude(pk=row.pk).exists():
            raise SettingRefused("url", "This address hears of events already.")
    row.save(update_fields=["url", "kinds"])
    return row


@transaction.atomic
def rotate(webhook: Webhook, *, seen: str, by: Membership, now: dt.datetime) -> str:
    """A new secret; for 24 hours the old one signs as well. Raises ChangedMeanwhile, PermissionDenied."""
    row, secret = _held(webhook, seen, by), _new_secret()
    row.secret = closed({"now": secret, "before": opened(row.secret)["now"]})
    row.both_until = now + BOTH_SIGN
    row.save(update_fields=["secret", "both_until"])
    return secret


def secrets_of(webhook: Webhook, *, now: dt.datetime) -> list[str]:
    """Those that sign now, the new one first. Raises SecretLost."""
    kept = opened(webhook.secret)
    both = webhook.both_until is not None and now < webhook.both_until
    return [kept["now"], *([kept["before"]] if both else [])]


@transaction.atomic
def switch_off(webhook: Webhook, *, seen: str, by: Membership, now: dt.datetime) -> Webhook:
    """Hear of nothing until it is on again; what waits goes on waiting. Raises WebhookRefused and others."""
    row = _held(webhook, seen, by)
    if not row.is_on:
        raise WebhookRefused("It is switched off already.")
    _off(row, BY_HAND, now)
    return row


@transaction.atomic
def switch_on(webhook: Webhook, *, seen: str, by: Membership, now: dt.datetime) -> Webhook:
    """Begin again, first with what waits. Raises WebhookRefused, ChangedMeanwhile, PermissionDenied."""
    row = _held(webhook, seen, by)
    if row.is_on:
        raise WebhookRefused("It is switched on already.")
    row.is_on, row.off_at, row.off_because, row.failing_since = True, None, "", None
    row.save(update_fields=["is_on", "off_at", "off_because", "failing_since"])
    row.deliveries.filter(state=State.WAITING).update(send_after=now, tries=0, leased_until=None)
    for _, on in _minders:
        on(row, by=by, now=now)
    return row


def switch_off_by_itself(webhook: Webhook, *, because: str, now: dt.datetime) -> None:
    """Nobody has taken anything for too long: off, and a manager hears of it. Once, whoever sees it."""
    row = Webhook.objects.select_for_update(of=("self",)).get(pk=webhook.pk)
    if not row.is_on:
        return
    _off(row, because[:300], now)
    for off, _ in _minders:
        off(row, now=now)


@transaction.atomic
def replay(delivery: WebhookDelivery, *, by: Membership, now: dt.datetime) -> WebhookDelivery:
    """Tell it once more, under the same id. Raises WebhookRefused where it waits, and PermissionDenied."""
    _may(by)
    row = WebhookDelivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)
    if row.state == State.WAITING:
        raise WebhookRefused("It waits to be told already.")
    row.state, row.send_after, row.tries, row.delivered_at = State.WAITING, now, 0, None
    row.leased_until = None
    row.save(update_fields=["state", "send_after", "tries", "delivered_at", "leased_until"])
    return row


def forget_old(*, now: dt.datetime) -> int:
    """Forget what ended a month ago, at every desk; how many deliveries."""
    count = 0
    for desk in Tenant.objects.order_by("pk"):
        with tenant(desk):
            old = WebhookDelivery.objects.exclude(state=State.WAITING).filter(happened_at__lt=now - LOG_KEPT)
            keys = list(old.values_list("pk", flat=True))
            for row in WebhookDelivery.objects.filter(pk__in=keys):
                row.attempts.all().delete()
                row.delete()
            count += len(keys)
    return count


def _held(webhook, seen, by) -> Webhook:
    _may(by)
    row = Webhook.objects.select_for_update(of=("self",)).get(pk=webhook.pk)
    if seen != seen_of(row):
        raise ChangedMeanwhile("Somebody has changed this webhook meanwhile. Look at it again.")
    return row


def _off(row, because, now):
    row.is_on, row.off_at, row.off_because = False, now, because
    row.save(update_fields=["is_on", "off_at", "off_because"])


def _checked(url: str) -> str:
    """An address that may be reached from here. Raises SettingRefused."""
    url = url.strip()
    schemes = ("https", "http") if settings.DEVELOPMENT else ("https",)
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise SettingRefused("url", "This is no address.") from None
    if parts.scheme not in schemes or not parts.hostname or len(url) > 500 or not url.isprintable():
        raise SettingRefused("url", "Write an address that begins with https://.")
    if parts.username or parts.password or " " in url or not url.isascii():
        raise SettingRefused("url", "Write the address without a user, a password or blanks.")
    try:
        check_reachable(parts.hostname, port)
    except OutOfReach as refused:
        raise SettingRefused("url", str(refused)) from None
    except OSError:
        raise SettingRefused("url", "No machine of this name is found.") from None
    return url


def _known(kinds) -> list[str]:
    wanted = set(kinds)
    if not wanted or wanted - set(Webhook.Kind.values):
        raise SettingRefused("kinds", "Choose at least one kind of event.")
    return [kind for kind in Webhook.Kind.values if kind in wanted]


def _new_secret() -> str:
    return MARK + base64.b64encode(chance.token_bytes(SECRET_BYTES)).decode()


def _may(by) -> None:
    if not by.has_role(*MAY_SET):
        raise PermissionDenied
