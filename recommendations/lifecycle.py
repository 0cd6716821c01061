"""Raising a recommendation and changing its state: the one door, and each change leaves a line (R5.2).

`by` is the acting Membership (None: the customer or the clock), `now` an instant. Every change
locks the row first, so of two at once the second sees what the first made of it.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction

from cases.asked_calls import keep_with_duties, release_with_duties
from cases.duties import close_duties_about
from cases.models import Duty
from customers.models import Equipment, TimelineEntry
from customers.timeline import add_line
from messaging.webhook_events import Happened, Kind, tell_programs
from recommendations.models import Recommendation, RecommendationPhoto, StateChange
from tenancy.calendars import local_day, zone_of

State = Recommendation.State
Severity = Recommendation.Severity
FINAL = (State.DONE, State.SUPERSEDED, State.INVALID)
# What a customer says to it, by themselves or to a colleague.
ANSWERS = (State.ACCEPTED, State.DECLINED, State.DEFERRED)
# Duties that any change of it ends.
SEEN_TO = (Duty.Kind.LOOK_AGAIN, Duty.Kind.GIVE_QUOTE)
# Where the customer has heard from us: the price, or in the talk in which they answered.
TOLD = (State.QUOTED, State.ACCEPTED, State.DECLINED, State.DEFERRED)
LONGEST_DEFERRAL = dt.timedelta(days=180)


class NotPossible(ValueError):
    """The change cannot be made; the words say why and are fit to show."""


class ChangedMeanwhile(NotPossible):
    """Somebody changed it after the page was drawn; the words say who and what."""


def raise_recommendation(
    *,
    equipment: Equipment,
    finding: str,
    severity: int,
    by,
    now: dt.datetime,
    risk: str = "",
    action: str = "",
    estimate: Decimal | None = None,
    review_by: dt.date | None = None,
    photos=(),
    public_id: uuid.UUID | None = None,
) -> Recommendation:
    """Record a finding on a machine; `photos` are StoredFiles. Raises NotPossible without words.

    A device may propose the `public_id`: sent twice, it is raised once.
    """
    finding = finding.strip()
    if not finding:
        raise NotPossible("Say what should be done.")
    with transaction.atomic():
        hold_machines([equipment.pk])
        before = Recommendation.objects.filter(public_id=public_id).first() if public_id else None
        if before is not None:
            return before
        own_id = {"public_id": public_id} if public_id else {}
        recommendation = Recommendation.objects.create(
            equipment=equipment,
            finding=finding,
            severity=Severity(severity),
            risk=risk.strip(),
            action=action.strip(),
            estimate=estimate,
            review_by=review_by,
            raised_at=now,
            raised_by=by,
            **own_id,
        )
        RecommendationPhoto.objects.bulk_create(
            RecommendationPhoto(recommendation=recommendation, photo=photo) for photo in photos
        )
        _leave_a_line(recommendation, before="", title="Recommended", reason="", by=by, now=now)
        _tell_programs(Kind.RECOMMENDATION_RAISED, recommendation, now=now)
    return recommendation


def quote(recommendation: Recommendation, *, estimate: Decimal, by, now: dt.datetime, reason: str = ""):
    """Give the price of it. Raises NotPossible below nought."""
    if estimate < 0:
        raise NotPossible("A price is not below nought.")
    return _change(recommendation, State.QUOTED, "Quoted", by=by, now=now, reason=reason, estimate=estimate)


def accept(recommendation, *, by, now: dt.datetime, reason: str = "", by_customer: bool = False):
    """The customer wants it; also after an earlier no."""
    return _change(
        recommendation, State.ACCEPTED, "Accepted", by=by, now=now, reason=reason, by_customer=by_customer
    )


def schedule(recommendation, *, by, now: dt.datetime, reason: str = ""):
    """A visit is booked for it."""
    return _change(recommendation, State.SCHEDULED, "Scheduled", by=by, now=now, reason=reason)


def mark_done(recommendation, *, by, now: dt.datetime, reason: str = ""):
    """It was acted on."""
    return _change(recommendation, State.DONE, "Done", by=by, now=now, reason=reason)


def decline(recommendation, *, by, now: dt.datetime, reason: str, by_customer: bool = False):
    """The customer says no, and why. Raises NotPossible without a reason."""
    _need(reason, "Say why it was declined.")
    return _change(
        recommendation, State.DECLINED, "Declined", by=by, now=now, reason=reason, by_customer=by_customer
    )


def defer(recommendation, *, until: dt.date, by, now: dt.datetime, reason: str, by_customer: bool = False):
    """Not now: it counts as open again from `until` on, a day of the desk's at most 180 days ahead."""
    _need(reason, "Say why not now.")
    today = local_day(now, zone_of(recommendation.tenant))
    if until <= today:
        raise NotPossible("Choose a day after today.")
    if until > today + LONGEST_DEFERRAL:
        last = today + LONGEST_DEFERRAL
        raise NotPossible(f"Put off until {last.day} {last:%B %Y} at the latest, 180 days from today.")
    return _change(
        recommendation,
        State.DEFERRED,
        f"Put off until {until.day} {until:%B}",
        by=by,
        now=now,
        reason=reason,
        by_customer=by_customer,
        deferred_until=until,
    )


def worsen(recommendation, *, severity: int, by, now: dt.datetime, reason: str = ""):
    """It was looked at again and is worse: open, at this severity or the one it had if that was higher."""
    with transaction.atomic():
        row = lock(recommendation)
        level = Severity(max(row.severity, severity))
        state = State.OPEN if row.state == State.DEFERRED else row.state
        title = f"Worse: {level.label}"
        return _change(recommendation, state, title, by=by, now=now, reason=reason, severity=level)


def supersede(recommendation, *, by_recommendation: Recommendation, by, now: dt.datetime, reason: str = ""):
    """Another recommendation takes its place."""
    if by_recommendation.pk == recommendation.pk:
        raise NotPossible("A recommendation does not take its own place.")
    return _change(
        recommendation,
        State.SUPERSEDED,
        "Superseded",
        by=by,
        now=now,
        reason=reason or f"By: {by_recommendation.finding}",
        superseded_by=by_recommendation,
    )


def invalidate(recommendation, *, by, now: dt.datetime, reason: str):
    """It was a mistake, or the machine is gone. Raises NotPossible without a reason."""
    _need(reason, "Say why it does not hold.")
    return _change(recommendation, State.INVALID, "Not valid", by=by, now=now, reason=reason)


def _change(recommendation, state, title, *, by, now, reason, by_customer=False, **values) -> Recommendation:
    with transaction.atomic():
        row = lock(recommendation)
        if row.state in FINAL:
            raise NotPossible(f"“{row.finding}” is {row.get_state_display().lower()} already.")
        before = row.state
        values = {"deferred_until": None, **values, "state": state}
        for name, value in values.items():
            setattr(row, name, value)
            setattr(recommendation, name, value)
        row.save(update_fields=list(values))
        _leave_a_line(
            row, before=before, title=title, reason=reason.strip(), by=by, now=now, by_customer=by_customer
        )
        if state in ANSWERS:
            _tell_programs(Kind.RECOMMENDATION_ANSWERED, row, now=now)
        _settle_promised(row, by_customer, by=by, now=now, evidence=f"{title}: {row.finding}")
        # Somebody has looked at it, or said the price: what was due about it is seen to.
        close_duties_about(row.public_id, *SEEN_TO, by=by, now=now, outcome=f"{title}: {row.finding}")
    return recommendation


def _settle_promised(row, by_customer, *, by, now, evidence) -> None:
    """A customer who answers needs ours no longer; told the price, or spoken to, they had it."""
    if by_customer:
        release_with_duties(row.public_id, *SEEN_TO, now=now, evidence=evidence)
    elif row.state in TOLD:
        keep_with_duties(row.public_id, *SEEN_TO, by=by, now=now, evidence=evidence)


def check_seen(recommendation: Recommendation, seen: int) -> Recommendation:
    """The row, held, if it still has the so many changes that a page showed. Raises ChangedMeanwhile."""
    row = lock(recommendation)
    changes = row.changes.select_related("by__user").order_by("pk")
    if len(changes) != seen:
        last = changes[len(changes) - 1]
        who = last.by.name if last.by else "the customer" if last.by_customer else "the system"
        raise ChangedMeanwhile(f"Meanwhile {who} has changed it: {last.get_after_display().lower()}.")
    return row


def hold_machines(keys: Iterable[int]) -> None:
    """Hold machines (primary keys) until the transaction ends, in their order.

    Who finishes a visit holds its machines: nothing is raised or opened again behind the gate's back.
    """
    list(Equipment.objects.select_for_update(of=("self",)).filter(pk__in=set(keys)).order_by("pk"))


def lock(recommendation: Recommendation) -> Recommendation:
    """The row as it is now, held until the transaction ends, and its machine before it."""
    hold_machines([recommendation.equipment_id])
    return Recommendation.objects.select_for_update(of=("self",)).get(pk=recommendation.pk)


def _leave_a_line(recommendation, *, before, title, reason, by, now, by_customer=False) -> None:
    change = StateChange.objects.create(
        recommendation=recommendation,
        before=before,
        after=recommendation.state,
        at=now,
        by=by,
        by_customer=by_customer,
        reason=reason[:300],
    )
    equipment = Equipment.objects.select_related("site__customer").get(pk=recommendation.equipment_id)
    add_line(
        equipment.site.customer,
        TimelineEntry.Kind.RECOMMENDATION,
        f"{title}: {recommendation.finding}",
        at=now,
        detail=reason,
        actor=by,
        subject=recommendation.public_id,
        step=f"change {change.pk}",
    )


def _tell_programs(kind, recommendation, *, now) -> None:
    equipment = Equipment.objects.select_related("site__customer").get(pk=recommendation.equipment_id)
    data = {
        "recommendation": str(recommendation.public_id),
        "equipment": str(equipment.public_id),
        "customer": str(equipment.site.customer.public_id),
        "finding": recommendation.finding,
        "severity": int(recommendation.severity),
        "state": recommendation.state,
    }
    tell_programs(Happened(kind, recommendation.public_id, now, data))


def _need(reason: str, words: str) -> None:
    if not reason.strip():
        raise NotPossible(words)
