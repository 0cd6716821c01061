"""The week's figures by mail: to every manager who wants them, on Mondays from 07:00 by the desk's clock."""

import datetime as dt

from cases.promise_ways import messages_on
from messaging.channels import is_ready
from messaging.keys import key_of
from messaging.models import Message
from messaging.outbox import plan
from tenancy.calendars import day_bounds, instant_at, local_day, zone_of
from tenancy.models import Membership, Role, Tenant
from tenancy.scope import tenant

KIND = "week in figures"
LEAVES_AT = dt.time(7, 0)
_MONDAY = 0


def plan_weekly_mails(*, now: dt.datetime) -> int:
    """Plan what is due at all desks; how many mails are new. However often it runs, a week has one."""
    return sum(_plan(desk, now) for desk in Tenant.objects.order_by("pk") if _is_time(desk, now))


def wants_weekly_mail(member: Membership) -> bool:
    """Whether a colleague gets the mail: a manager who is still here and has not stopped it."""
    return member.role == Role.MANAGER and member.ended_at is None and member.weekly_mail


def _is_time(desk, now) -> bool:
    """All of Monday from then on: what a standstill kept back goes the same day."""
    day = local_day(now, zone_of(desk))
    return day.weekday() == _MONDAY and now >= _due_at(desk, day) and messages_on(desk, _due_at(desk, day))


def _due_at(desk, day) -> dt.datetime:
    return instant_at(day, LEAVES_AT, zone_of(desk))


def _plan(desk, now) -> int:
    monday = local_day(now, zone_of(desk))
    with tenant(desk):
        if not is_ready(Message.Channel.MAIL):
            return 0
        managers = Membership.objects.filter(role=Role.MANAGER, ended_at=None, weekly_mail=True)
        return plan(
            [
                Message(
                    key=key_of(KIND, member.public_id, monday.isoformat()),
                    kind=KIND,
                    channel=Message.Channel.MAIL,
                    colleague_id=member.pk,
                    subject=member.public_id,
                    fields={"monday": monday.isoformat()},
                    send_after=_due_at(desk, monday),
                    useless_after=day_bounds(monday, zone_of(desk))[1],
                )
                for member in managers.exclude(user__email="").order_by("pk")
            ],
            now=now,
        )
