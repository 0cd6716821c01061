"""Reminding whoever keeps a promise by hand, before it is due. A visit's have alarms of their own."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from cases.models import Promise, PromiseReminding
from cases.models.promise import default_reminding
from cases.promise_ways import messages_on
from messaging import outbox
from messaging.channels import is_ready
from messaging.keys import key_of, moment
from messaging.models import Message
from tenancy.desk_settings import SettingRefused, may_set
from tenancy.models import Membership
from tenancy.prepared import Prepared

REMINDER = "promise reminder"
MOST, EARLIEST = 5, 24 * 60
_OWN = Prepared(lambda: PromiseReminding.objects.order_by("pk")[:1])


def reminding() -> list[int]:
    """How many minutes before a promise is due its owner is reminded, the earliest first; never none."""
    own = next(iter(_OWN.rows()), None)
    return sorted(own.minutes if own else default_reminding(), reverse=True)


def remind_before(minutes: Iterable[int], *, by: Membership) -> None:
    """Set when owners are reminded, of promises made from now on.

    Raises PermissionDenied, and SettingRefused for none, too many, or a time that is no use.
    """
    may_set(by)
    wanted = sorted(set(minutes), reverse=True)
    if not 1 <= len(wanted) <= MOST:
        raise SettingRefused("minutes", f"Give one to {MOST} times.")
    if wanted[0] > EARLIEST or wanted[-1] < 1:
        raise SettingRefused("minutes", "Give minutes from 1 to 1440.")
    PromiseReminding.objects.update_or_create(defaults={"minutes": wanted})


def times_of(
    owner: Membership, due_at: dt.datetime, *, minutes: Iterable[int], now: dt.datetime
) -> list[dt.datetime]:
    """When an owner is reminded by mail, so many minutes before (`reminding`), in their order.

    None where nothing reaches them in time.
    """
    reaches = owner.user.email and is_ready(Message.Channel.MAIL) and messages_on(owner.tenant, now)
    times = (due_at - dt.timedelta(minutes=before) for before in minutes) if reaches else ()
    return [at for at in times if at > now]


@transaction.atomic
def plan_reminders(promise: Promise, *, now: dt.datetime) -> list[dt.datetime]:
    """Plan reminding the owner of an open promise; when. Planned twice it is planned once.

    A reminder that the next one has overtaken does not leave: after a standstill nobody hears twice.
    """
    if promise.owner is None or promise.kind in Promise.OF_VISITS:
        return []
    times = times_of(promise.owner, promise.due_at, minutes=reminding(), now=now)
    ends = [*times[1:], promise.due_at]
    outbox.plan(
        [_reminder(promise, at, end) for at, end in zip(times, ends, strict=False)],
        now=now,
    )
    return times


def _reminder(promise, at, end) -> Message:
    return mail_to_owner(promise, REMINDER, moment(promise.due_at), moment(at), at=at, until=end)


def mail_to_owner(promise: Promise, kind: str, *moments, at: dt.datetime, until: dt.datetime) -> Message:
    """A mail (not planned yet) to whoever keeps the promise, once for the same moments and owner."""
    return Message(
        key=key_of(kind, promise.public_id, *moments, promise.owner_id),
        kind=kind,
        channel=Message.Channel.MAIL,
        colleague=promise.owner,
        customer_id=promise.customer_id,
        subject=promise.public_id,
        fields={"due_at": promise.due_at.isoformat()},
        send_after=at,
        useless_after=until,
    )
