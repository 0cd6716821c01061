"""Goodwill: proposed with a reason, given by who may, booked where it is used (R4.6, R6.6).

Whoever proposes within their own role's limit gives it at once; above it, it waits for the yes of
somebody who may.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import F

from cases.goodwill_suggesting import suggested_goodwill
from cases.models import Case, Goodwill, GoodwillItem
from customers.models import Customer, TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import local_time, zone_of
from tenancy.models import Role

State, Kind, Cause, Place = Goodwill.State, GoodwillItem.Kind, Goodwill.Cause, Goodwill.Place
# What is proposed for a failure: days on a contract are nothing that failures can be weighed in.
FOR_A_FAILURE = (Kind.FREE_VISIT, Kind.CREDIT)
ZERO = Decimal(0)
# Who books a kind of goodwill on a kind of place: they say so themselves, the upper apps.
_bookers: dict[tuple[str, str], Callable[..., None]] = {}
# What is used somewhere, and what to say to whoever did not choose where.
NEEDS_PLACE = {
    Kind.FREE_VISIT: "Choose which contract or visit it is for.",
    Kind.EXTENSION: "Choose which contract it is for.",
}


class GoodwillRefused(ValueError):
    """It cannot be given, or decided, so; the text says why. `field` is what it is about."""

    field = ""

    def __init__(self, words: str, field: str = ""):
        super().__init__(words)
        self.field = field


class AlreadyDecided(GoodwillRefused):
    """Somebody else was quicker; the words say who, when, and what."""


def books_on(kind: str, place_kind: str, book: Callable[..., None]) -> None:
    """Say who books this kind of goodwill on this kind of place.

    `book(goodwill, by=, now=)` runs once, in the transaction that gives it; it raises GoodwillRefused.
    """
    _bookers[kind, place_kind] = book


def may_give(item: GoodwillItem, by) -> Decimal | int:
    """Up to which amount, or of an extension how many days, somebody gives by themselves; 0: nothing."""
    if by.role == Role.MANAGER:
        return item.most
    return min(item.most, next((one.most for one in item.limits.all() if one.role == by.role), ZERO))


def may_decide(goodwill: Goodwill, by) -> bool:
    """Whether somebody may say yes or no to what was asked for. A manager may, whatever the size: an entry
    that was made smaller since leaves what waits as it was asked for."""
    return by.role == Role.MANAGER or goodwill.size <= may_give(goodwill.item, by)


def offered_items() -> list[GoodwillItem]:
    """What may be given, small amounts first and extensions last, with who gives how much: two queries."""
    items = GoodwillItem.objects.filter(retired_at=None).prefetch_related("limits")
    return list(items.order_by(F("limit").asc(nulls_last=True), "days", "pk"))


def for_a_failure(items: Iterable[GoodwillItem]) -> list[GoodwillItem]:
    """Those that may be proposed for a failure."""
    return [item for item in items if item.kind in FOR_A_FAILURE]


def propose_goodwill(
    customer: Customer,
    *,
    years: int,
    misses: int,
    broken: int,
    reason: str,
    subject: uuid.UUID,
    by,
    now: dt.datetime,
    case: Case | None = None,
) -> Goodwill | None:
    """After a miss, propose what is fair by the figures of 12 months; None where nothing may be given.

    For one `subject` (the visit that failed) it is proposed once, whoever asks again.
    """
    known = Goodwill.objects.filter(subject=subject).select_related("item").first()
    if known is not None:
        return known
    fair = suggested_goodwill(for_a_failure(offered_items()), years=years, misses=misses, broken=broken)
    if fair is None:
        return None
    goodwill = Goodwill.objects.create(
        customer=customer,
        case=case,
        item=fair.item,
        amount=fair.amount,
        cause=Cause.MISSED_VISIT,
        reason=reason[:300],
        proposed_at=now,
        proposed_by=by,
        subject=subject,
    )
    _tell(goodwill, "proposed", "Goodwill proposed", reason, by=by, now=now)
    return goodwill


@transaction.atomic
def ask_for_goodwill(
    customer: Customer,
    *,
    item: GoodwillItem,
    cause: str,
    reason: str,
    by,
    now: dt.datetime,
    amount: Decimal | None = None,
    days: int | None = None,
    place: tuple[str, uuid.UUID] | None = None,
    public_id: uuid.UUID | None = None,
) -> Goodwill:
    """Propose an amount, or an extension of so many days; within the asking role's limit it is given at once.

    `place` is where a free visit or an extension is used: the kind and the public id of a contract or a
    visit. With the same `public_id`, the page's, it is asked for once. Raises GoodwillRefused.
    """
    if item.retired_at is not None:
        raise GoodwillRefused("This is not given any more. Choose another.", "item")
    if item.kind == Kind.EXTENSION:
        amount = None
        if not days or not 0 < days <= item.days:
            raise GoodwillRefused(f"“{item.name}” is 1 to {item.days} days.", "days")
    else:
        days = None
        if amount is None or not ZERO < amount <= item.limit:
            raise GoodwillRefused(f"“{item.name}” is worth {item.limit} at most.", "amount")
    if not reason.strip():
        raise GoodwillRefused("Say why: whoever decides reads it, and so does the next colleague.", "reason")
    if item.kind in NEEDS_PLACE and (place is None or (item.kind, place[0]) not in _bookers):
        raise GoodwillRefused(NEEDS_PLACE[item.kind], "place")
    if public_id is not None and (known := Goodwill.objects.filter(public_id=public_id).first()):
        return known
    goodwill = Goodwill(
        customer=customer,
        item=item,
        amount=amount,
        days=days,
        cause=cause,
        reason=reason.strip()[:300],
        proposed_at=now,
        proposed_by=by,
        **({"public_id": public_id} if public_id else {}),
    )
    if item.kind in NEEDS_PLACE:
        goodwill.place_kind, goodwill.place = place
    try:
        with transaction.atomic():
            goodwill.save(force_insert=True)
    except IntegrityError:
        # Sent twice at once: the other one is it.
        known = Goodwill.objects.filter(public_id=public_id).first() if public_id else None
        if known is None:
            raise
        return known
    if goodwill.size <= may_give(item, by):
        _give(goodwill, reason="", by=by, now=now)
    else:
        _tell(goodwill, "proposed", "Goodwill proposed", goodwill.reason, by=by, now=now)
    return goodwill


@transaction.atomic
def decide_goodwill(
    goodwill: Goodwill,
    *,
    gives: bool,
    reason: str,
    by,
    now: dt.datetime,
    place: tuple[str, uuid.UUID] | None = None,
) -> Goodwill:
    """Give what was proposed, or decline it with a reason. Decided by oneself before, it counts once.

    `place` is for a free visit that was proposed without one. Raises AlreadyDecided, and GoodwillRefused
    for declining without a reason, for a role that may not give so much, and for what cannot be booked.
    """
    reason = reason.strip()[:300]
    if not gives and not reason:
        raise GoodwillRefused("Say why: whoever asked has to explain it.", "because")
    held = (
        Goodwill.objects.select_for_update(of=("self",), no_key=True)
        .select_related("item", "customer", "decided_by__user", "tenant")
        .get(pk=goodwill.pk)
    )
    if not may_decide(held, by):
        raise GoodwillRefused(f"“{held.item.name}” of this size is given by a manager.")
    if held.state != State.PROPOSED:
        if held.decided_by_id == by.pk and (held.state == State.APPROVED) == gives:
            return _as_it_is(goodwill)
        at = local_time(held.decided_at, zone_of(held.tenant))
        who = held.decided_by.name if held.decided_by else "Somebody"
        raise AlreadyDecided(f"{who} decided at {at:%H:%M}: {held.get_state_display().lower()}.")
    if gives and place and held.place is None and held.item.kind == Kind.FREE_VISIT:
        held.place_kind, held.place = place
        held.save(update_fields=["place_kind", "place"])
    if gives:
        _give(held, reason=reason, by=by, now=now)
    else:
        _decide(held, State.DECLINED, reason, by, now)
        _tell(held, "declined", "Goodwill declined", reason, by=by, now=now)
    return _as_it_is(goodwill)


def _give(goodwill, *, reason, by, now):
    try:
        with transaction.atomic():
            _decide(goodwill, State.APPROVED, reason, by, now)
    except IntegrityError as error:
        if "goodwill_visit_free_once" not in str(error):
            raise
        raise GoodwillRefused("This visit is free already. Choose another.", "place") from None
    if goodwill.place_kind:
        _bookers[goodwill.item.kind, goodwill.place_kind](goodwill, by=by, now=now)
    _tell(goodwill, "given", "Goodwill", reason or goodwill.reason, by=by, now=now)


def _tell(goodwill, step, what, detail, *, by, now):
    add_line(
        goodwill.customer,
        TimelineEntry.Kind.GOODWILL,
        f"{what}: {goodwill.item.name}{_days_word(goodwill.days)}",
        at=now,
        detail=detail,
        actor=by,
        subject=goodwill.public_id,
        step=step,
    )


def _days_word(days: int | None) -> str:
    return "" if days is None else f", {days} day{'' if days == 1 else 's'}"


def _decide(goodwill, state, reason, by, now):
    goodwill.state, goodwill.decision_reason, goodwill.decided_by, goodwill.decided_at = (
        state,
        reason,
        by,
        now,
    )
    goodwill.save(update_fields=["state", "decision_reason", "decided_by", "decided_at"])


def _as_it_is(goodwill):
    goodwill.refresh_from_db()
    return goodwill
