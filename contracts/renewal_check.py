"""The renewal check: looks at every contract of a desk once a day and queues what needs a person (R1.11).

Safe to run twice: the clock has one run for a day, a duty and a notice have one key. Whoever asks
gets a run of their own. After a standstill it judges today; what fell due meanwhile is found by
asking again, not by remembering. Its statements do not grow with the contracts, and what reads a
desk's covers is written once: putting it into SQL for each desk takes longer than reading.
"""

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Count

from contracts.cover_events import tell_of_day
from contracts.models import Contract, RenewalCheck
from contracts.notices import due_notices, plan_notices
from contracts.renewal_exceptions import UNMATCHED_MONEY, counts_of, exceptions_of, queue, unmatched_in_review
from contracts.renewing_by_itself import renew_by_themselves
from customers.merging import rehome_strays
from tenancy.calendars import calendar_of, local_day, zone_of
from tenancy.models import Tenant
from tenancy.prepared import DAY, Prepared
from tenancy.scope import tenant

log = logging.getLogger(__name__)

_STATES = Prepared(
    lambda day: (
        Contract.objects.with_cover(day)
        .order_by("cover_state")
        .values_list("cover_state")
        .annotate(Count("pk"))
    ),
    day=DAY,
)


def check_all(*, now: dt.datetime) -> int:
    """Check every desk whose day has not been checked yet; how many contracts were looked at."""
    looked_at = 0
    for desk in Tenant.objects.order_by("pk"):
        try:
            with tenant(desk):
                looked_at += check_desk(desk, now=now).looked_at
        except Exception:
            # One desk's fault is that desk's: the others' contracts are checked all the same.
            log.exception("The contracts of desk %s could not be checked", desk.pk)
    return looked_at


@transaction.atomic
def check_desk(desk: Tenant, *, now: dt.datetime) -> RenewalCheck:
    """The clock's check of the active desk for its present day. One made already is given back as it was."""
    day = local_day(now, zone_of(desk))
    rehome_strays()
    RenewalCheck.objects.bulk_create([RenewalCheck(day=day, started_at=now)], ignore_conflicts=True)
    check = RenewalCheck.objects.select_for_update(of=("self",)).get(day=day, asked_by=None)
    return check if check.finished_at is not None else _run(check, desk, now)


@transaction.atomic
def check_now(desk: Tenant, *, by, now: dt.datetime) -> RenewalCheck:
    """A check of the active desk that a person asks for, at any time and as often as they like."""
    day = local_day(now, zone_of(desk))
    return _run(RenewalCheck.objects.create(day=day, asked_by=by, started_at=now), desk, now)


def latest_check() -> RenewalCheck | None:
    """The last check that was made, by whomever."""
    made = RenewalCheck.objects.filter(finished_at__isnull=False)
    return made.select_related("asked_by__user").order_by("-started_at", "-pk").first()


def _run(check: RenewalCheck, desk: Tenant, now: dt.datetime) -> RenewalCheck:
    """Look, act, and write down what was looked at and found."""
    day, calendar = check.day, calendar_of(desk)
    renewed = renew_by_themselves(day, now=now)
    made = RenewalCheck.objects.filter(finished_at__isnull=False, day__lt=day).order_by("-day")
    if last_day := made.values_list("day", flat=True).first():
        tell_of_day(last_day, day, now=now)
    states = dict(_STATES.rows(day=day))
    due = due_notices(desk, day)
    exceptions, money_waiting = exceptions_of(calendar, day, due), unmatched_in_review(day)
    waiting = {UNMATCHED_MONEY: len(money_waiting)} if money_waiting else {}
    check.looked_at = sum(states.values())
    check.found = {
        "states": states,
        "renewed by itself": len(renewed),
        "exceptions": counts_of(exceptions) | waiting,
    }
    if desk.messages_from is not None and desk.messages_from <= now:
        queued = queue(exceptions, money_waiting, calendar=calendar, now=now)
        to_customers, to_owners = plan_notices(due, now=now)
        check.found |= {
            "duties opened": queued.opened,
            "duties closed": queued.closed,
            "notices": to_customers,
            "owners told": to_owners,
        }
    check.finished_at = now
    check.save(update_fields=["looked_at", "found", "finished_at"])
    return check
