"""Who keeps a promise when its owner cannot: it is handed on by rule, and on the record (R6.2).

To the owner of its case, else to the owner's lead, else to a manager, whoever is here. At once when
an absence becomes known, and by the clock: whoever is away when a reminder or the promise itself is due.
"""

import datetime as dt
import logging
from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import Q

from cases.models import Case, Leave, Promise, PromiseHandover
from cases.presence import away_at, knows_who_is_away
from cases.promise_reminders import mail_to_owner, plan_reminders, reminding
from cases.promise_ways import messages_on
from cases.promising import SettledMeanwhile, step_of_promise
from messaging import outbox
from messaging.channels import is_ready
from messaging.keys import moment
from messaging.models import Message
from tenancy.desk_settings import SettingRefused
from tenancy.models import Membership, Role, Tenant
from tenancy.scope import tenant

log = logging.getLogger(__name__)

HANDED = "promise handed on"
LONGEST = dt.timedelta(days=366)
GONE, AWAY, NOBODY = "{name} works here no more", "{name} is away", "Nobody had it"


knows_who_is_away(Leave, "member")


@transaction.atomic
def hand_over(
    promise: Promise, *, to: Membership, by: Membership | None, now: dt.datetime, reason: str
) -> Promise:
    """Give an open promise to a colleague, with the reason; they hear of it, unless they took it.

    Raises ValueError without a reason, for one who has left, for who has it already and for what a visit
    promises; SettledMeanwhile when somebody settled it or handed it on first.
    """
    reason = reason.strip()
    if not reason:
        raise ValueError("Say why it is handed on.")
    if promise.kind in Promise.OF_VISITS:
        raise ValueError("Whoever makes the visit keeps what it promises.")
    if to.ended_at is not None or to.pk == promise.owner_id:
        raise ValueError("Choose a colleague who is here and does not have it yet.")
    still = Promise.objects.open().filter(pk=promise.pk, owner=promise.owner_id)
    if not still.update(owner=to):
        promise.refresh_from_db()
        raise SettledMeanwhile(promise)
    before, promise.owner = promise.owner, to
    PromiseHandover.objects.create(
        promise=promise, from_owner=before, to_owner=to, at=now, by=by, reason=reason[:200]
    )
    step_of_promise(
        promise, f"handed {now.isoformat()}", f"{to.name} keeps it now: {promise.text}", at=now, actor=by,
        detail=reason,
    )  # fmt: skip
    if by is None or by.pk != to.pk:
        _tell_owner(promise, now)
    plan_reminders(promise, now=now)
    return promise


def hand_on_absent(promises: Iterable[Promise], *, now: dt.datetime) -> int:
    """Hand on by rule those whose owner is gone, or away when they are due; how many were."""
    promises = [promise for promise in promises if promise.kind not in Promise.OF_VISITS]
    earliest = dt.timedelta(minutes=reminding()[0])
    handed = 0
    for promise in promises:
        start = max(now, promise.due_at - earliest)
        why = _why_absent(promise.owner, start, promise.due_at)
        taker = why and _taker(promise, start)
        if not taker:
            continue
        try:
            hand_over(promise, to=taker, by=None, now=now, reason=why)
        except SettledMeanwhile:
            # Whoever settled it or took it first knows better than the rule.
            continue
        handed += 1
    return handed


def hand_on_from(owner: Membership, *, now: dt.datetime) -> int:
    """It became known that somebody is away or gone: see to what they have promised; how many went on."""
    return hand_on_absent(_to_keep().filter(owner=owner, due_at__gt=now), now=now)


def mind_promises(*, now: dt.datetime) -> int:
    """Over all desks: hand on what is due soon or has an owner who is gone; how many were."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM desks_with_promises_to_mind(%s)", [now])
        desks = [row[0] for row in cursor.fetchall()]
    handed = 0
    for desk in Tenant.objects.filter(pk__in=desks).order_by("pk"):
        try:
            with tenant(desk):
                soon = now + dt.timedelta(minutes=reminding()[0])
                nobodys = Q(owner__isnull=True) | Q(owner__ended_at__isnull=False)
                due = _to_keep().filter(Q(due_at__lte=soon) | nobodys, due_at__gte=now)
                handed += hand_on_absent(due, now=now)
        except Exception:
            # One desk's fault is that desk's: the others' promises are seen to all the same.
            log.exception("Promises of desk %s could not be seen to", desk.pk)
    return handed


@transaction.atomic
def add_leave(
    member: Membership, *, starts_at: dt.datetime, ends_at: dt.datetime, reason: str, now: dt.datetime
) -> Leave:
    """A colleague is away; what they promised for that time is handed on at once.

    Raises SettingRefused for a time that is over, back to front, or a year long.
    """
    if ends_at <= starts_at:
        raise SettingRefused("last", "It ends before it begins.")
    if ends_at <= now:
        raise SettingRefused("last", "It is over already.")
    if ends_at - starts_at > LONGEST:
        raise SettingRefused("last", "Choose at most a year.")
    leave = Leave.objects.create(
        member=member, starts_at=starts_at, ends_at=ends_at, reason=reason.strip()[:120]
    )
    hand_on_from(member, now=now)
    return leave


def end_leave(leave: Leave, *, now: dt.datetime) -> None:
    """They are back from now on; one that has not begun never was. What was handed on stays there."""
    if leave.starts_at >= now:
        leave.delete()
    else:
        Leave.objects.filter(pk=leave.pk, ends_at__gt=now).update(ends_at=now)


def _to_keep():
    rows = Promise.objects.open().by_hand().filter(is_imported=False)
    rows = rows.select_related("tenant", "customer", "owner__user", "owner__lead__user", "case__owner__user")
    return rows.order_by("due_at", "pk")


def _why_absent(owner, start, end) -> str:
    if owner is None:
        return NOBODY
    if owner.ended_at is not None:
        return GONE.format(name=owner.name)
    return AWAY.format(name=owner.name) if away_at([owner], start=start, end=end) else ""


def _taker(promise, start) -> Membership | None:
    """The first of the rule's people who is here from the reminder until it is due."""
    owner = promise.owner
    case_owner = promise.case.owner if promise.case and promise.case.state != Case.State.CLOSED else None
    managers = Membership.objects.filter(role=Role.MANAGER).select_related("user").order_by("pk")
    wanted = [case_owner, owner and owner.lead, *managers]
    here = [one for one in wanted if one is not None and one.ended_at is None and one != owner]
    away = away_at(here, start=start, end=promise.due_at)
    return next((one for one in here if one.pk not in away), None)


def _tell_owner(promise, now):
    if not (promise.owner.user.email and is_ready(Message.Channel.MAIL)):
        return
    if not messages_on(promise.tenant, now):
        return
    outbox.plan([mail_to_owner(promise, HANDED, moment(now), at=now, until=promise.due_at)], now=now)
