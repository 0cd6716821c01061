"""Goodwill: proposed from the desk's catalogue with a reason, decided by somebody who may (R4.6, R6.6)."""

import datetime as dt
import uuid

from cases.models import Case, Goodwill, GoodwillItem
from customers.models import Customer, TimelineEntry
from customers.timeline import add_line
from tenancy.models import Role

State = Goodwill.State
# What may be proposed for a failure of ours: an extension of the contract is another matter.
FOR_A_FAILURE = (GoodwillItem.Kind.FREE_VISIT, GoodwillItem.Kind.CREDIT)


class GoodwillRefused(ValueError):
    """It cannot be decided so; the text says why."""


def propose_goodwill(
    customer: Customer, *, reason: str, subject: uuid.UUID, by, now: dt.datetime, case: Case | None = None
) -> Goodwill | None:
    """Propose the smallest free visit or credit of the catalogue; None where it holds neither.

    For one `subject` (the visit that failed) it is proposed once, whoever asks again.
    """
    known = Goodwill.objects.filter(subject=subject).select_related("item").first()
    if known is not None:
        return known
    item = GoodwillItem.objects.filter(kind__in=FOR_A_FAILURE).order_by("limit", "pk").first()
    if item is None:
        return None
    return Goodwill.objects.create(
        customer=customer,
        case=case,
        item=item,
        amount=item.limit,
        reason=reason[:300],
        proposed_at=now,
        proposed_by=by,
        subject=subject,
    )


def decide_goodwill(goodwill: Goodwill, *, gives: bool, reason: str, by, now: dt.datetime) -> Goodwill:
    """Give what was proposed, or decline it, with a reason; decided twice, the first decision stands.

    Raises GoodwillRefused without a reason, and for a role that the catalogue does not allow to give it.
    """
    if not reason.strip():
        raise GoodwillRefused("Say why.")
    if by.role != Role.MANAGER and by.role not in goodwill.item.roles:
        raise GoodwillRefused(f"“{goodwill.item.name}” is given by a manager.")
    changed = Goodwill.objects.filter(pk=goodwill.pk, state=State.PROPOSED).update(
        state=State.APPROVED if gives else State.DECLINED,
        decided_at=now,
        decided_by=by,
        decision_reason=reason.strip()[:300],
    )
    goodwill.refresh_from_db()
    if changed and gives:
        add_line(
            goodwill.customer,
            TimelineEntry.Kind.CASE,
            f"Goodwill: {goodwill.item.name}",
            at=now,
            detail=goodwill.decision_reason,
            actor=by,
            subject=goodwill.public_id,
            step="given",
        )
    return goodwill
