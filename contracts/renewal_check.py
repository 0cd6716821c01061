"""The renewal check: looks at every contract of a desk once a day and queues what needs a person (R1.11).

Safe to run twice: a day has one run, a duty and a notice one key. After a standstill it judges
today; what fell due meanwhile is found by asking again, not by remembering.
"""

import datetime as dt
import logging
from collections import Counter

from django.db import transaction

from cases.duties import open_duties
from cases.models import Duty
from contracts.cover import State
from contracts.models import Contract, Payment, RenewalCheck
from contracts.notices import plan_notices
from contracts.wording import day_in_full, money
from messaging.keys import key_of
from tenancy.calendars import calendar_of, instant_at, local_day, zone_of
from tenancy.models import Role, Tenant
from tenancy.scope import tenant

log = logging.getLogger(__name__)

# By when on the next working day a queued exception is to be settled, in the desk's wall time.
DUE_BY = dt.time(12, 0)


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
    """Check the active desk for its present day. A day checked already is given back as it was."""
    day = local_day(now, zone_of(desk))
    RenewalCheck.objects.bulk_create([RenewalCheck(day=day, started_at=now)], ignore_conflicts=True)
    check = RenewalCheck.objects.select_for_update().get(day=day)
    if check.finished_at is not None:
        return check
    states = Counter(Contract.objects.with_cover(day).values_list("cover_state", flat=True).iterator())
    check.looked_at = sum(states.values())
    check.found = {"states": dict(sorted(states.items()))}
    if desk.messages_from is not None and desk.messages_from <= now:
        due_at = _due_at(desk, day)
        check.found["unmatched money"] = open_duties(_unmatched_money(desk, day, due_at, now))
        check.found["not to be judged"] = open_duties(_not_to_be_judged(desk, day, due_at, now))
        check.found["notices"] = plan_notices(desk, day, now=now)
    check.finished_at = now
    check.save(update_fields=["looked_at", "found", "finished_at"])
    return check


def _due_at(desk, day):
    calendar = calendar_of(desk)
    return instant_at(calendar.next_working_day(day), DUE_BY, calendar.zone)


def _unmatched_money(desk, day, due_at, now):
    """Money that keeps a contract from being judged: one duty each, for accounts."""
    in_review = Contract.objects.with_cover(day).filter(
        unmatched_payment__isnull=False, cover_state=State.IN_REVIEW
    )
    customers = in_review.values("customer")
    for payment in Payment.objects.unmatched().filter(customer__in=customers).select_related("customer"):
        yield Duty(
            key=key_of("duty", "unmatched money", payment.public_id),
            kind=Duty.Kind.MATCH_PAYMENT,
            title=f"Match {money(payment.amount, payment.currency)} of {payment.customer}"[:200],
            detail=f"Received {day_in_full(payment.paid_on)}, naming “{payment.contract_written}”",
            customer=payment.customer,
            subject=payment.public_id,
            owner_role=Role.ACCOUNTS,
            opened_at=now,
            due_at=due_at,
        )


def _not_to_be_judged(desk, day, due_at, now):
    """A contract without any standing term is an exception, never silence."""
    for contract in Contract.objects.with_cover(day).filter(last_end__isnull=True, cancelled=False):
        yield Duty(
            key=key_of("duty", "not to be judged", contract.public_id),
            kind=Duty.Kind.JUDGE_CONTRACT,
            title=f"Contract {contract.number} has no term"[:200],
            detail="Enter its first day and its last, or cancel it.",
            customer=contract.customer,
            subject=contract.public_id,
            owner_role=Role.ACCOUNTS,
            opened_at=now,
            due_at=due_at,
        )
