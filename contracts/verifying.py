"""Verifying what proves a renewal: the hold and the duty stand as long as it waits (R1.3, R1.8)."""

import datetime as dt
from collections.abc import Iterable

from cases.duties import open_duty
from cases.models import Duty
from contracts.holds import set_hold
from contracts.models import Contract, RenewalEvidence
from contracts.wording import day_in_full
from customers.models import Hold
from tenancy.calendars import Calendar, local_day
from tenancy.models import Role


def begin_verification(evidence: RenewalEvidence, *, calendar: Calendar, by, now: dt.datetime) -> Duty:
    """Hold the customer back from selling and give accounts the verification, due this business day."""
    contract = evidence.contract
    what = f"{evidence.get_kind_display()} of {day_in_full(evidence.dated_on)}"
    set_hold(
        customer=contract.customer,
        source=hold_source(evidence),
        reason=f"{what} for {contract.number} is being looked at",
        by=by,
        now=now,
    )
    return open_duty(
        "verify renewal",
        evidence.public_id,
        kind=Duty.Kind.VERIFY_RENEWAL,
        title=f"Verify the renewal of {contract.number}: {what}",
        detail=evidence.note,
        due_at=end_of_business_day(now, calendar),
        now=now,
        owner_role=Role.ACCOUNTS,
        customer=contract.customer,
        subject=evidence.public_id,
    )


def end_verification(
    decided: Iterable[RenewalEvidence], *, outcome: str, by, now: dt.datetime
) -> tuple[int, int]:
    """Release the holds of decided evidence and close its duties; how many of each there were."""
    decided = list(decided)
    released = Hold.objects.filter(
        source__in=[hold_source(evidence) for evidence in decided], released_at__isnull=True
    ).update(released_at=now, released_by=by)
    closed = (
        Duty.objects.open()
        .filter(kind=Duty.Kind.VERIFY_RENEWAL, subject__in=[evidence.public_id for evidence in decided])
        .update(closed_at=now, closed_by=by, outcome=outcome[:300])
    )
    return released, closed


def ask_to_judge(*, contract: Contract, calendar: Calendar, by, now: dt.datetime) -> Duty:
    """Ask accounts whether a contract is renewed, due this business day; once a day for a contract."""
    return open_duty(
        "ask accounts",
        contract.public_id,
        local_day(now, calendar.zone),
        kind=Duty.Kind.JUDGE_CONTRACT,
        title=f"Is {contract.number} renewed? {by.name} asks",
        due_at=end_of_business_day(now, calendar),
        now=now,
        owner_role=Role.ACCOUNTS,
        customer=contract.customer,
        subject=contract.public_id,
    )


def end_of_business_day(now: dt.datetime, calendar: Calendar) -> dt.datetime:
    """When the desk closes today; once it has closed, or on a day off, when it next closes."""
    today = local_day(now, calendar.zone)
    for closes in (closes for _, closes in reversed(calendar.spans(today))):
        if closes > now:
            return closes
    return calendar.spans(calendar.next_working_day(today))[-1][1]


def hold_source(evidence: RenewalEvidence) -> str:
    """By which the hold of one piece of evidence is known."""
    return f"evidence:{evidence.public_id}"
