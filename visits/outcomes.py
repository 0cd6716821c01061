"""How a visit ends without being done: the outcome of a miss, and cancelling (R4.3 to R4.5).

A miss cannot be dismissed. It leaves the tray when somebody wrote down what happened, who spoke
to the customer and when, and that there is a new date or the customer wants none.
"""

import datetime as dt
from enum import StrEnum

from django.db import transaction

from cases.asked_calls import keep_asked_calls
from cases.duties import close_duties_about
from cases.models import Duty, Interaction, Promise
from customers.models import TimelineEntry
from messaging import outbox
from tenancy.calendars import calendar_of, local_time, zone_of
from tenancy.models import Membership
from visits.announcements import plan_visit_messages
from visits.commitments import break_promises, release_promises
from visits.entitled import release_allowance
from visits.locks import hold_if_over, hold_to_miss
from visits.maintenance import follow_visit
from visits.models import Visit
from visits.places import UNDO_TIME
from visits.sweeper import catch_up_first, make_missed
from visits.visit_lines import add_visit_line

# Why a message about a cancelled visit does not leave; undone, it waits again.
CANCELLED_WITH_IT = "The visit was cancelled."
OUTCOME_DUTIES = (Duty.Kind.REBOOK, Duty.Kind.TELL_CUSTOMER, Duty.Kind.CALL_CUSTOMER)


class OutcomeRefused(ValueError):
    """The outcome was not written; the text says what is missing or who was first."""


class OutdatedCancelling(OutcomeRefused):
    """Somebody else changed the visit since who cancels it saw it."""


class Whose(StrEnum):
    """Who gave the visit up; the two are counted separately (R4.5)."""

    US = "us"
    CUSTOMER = "customer"


def close_miss(
    visit: Visit,
    *,
    what_happened: str,
    spoke_to: str,
    spoke_at: dt.datetime,
    by: Membership,
    now: dt.datetime,
    new_visit: Visit | None = None,
) -> Visit:
    """Write the outcome of a missed visit: rebooked as `new_visit`, or refused where there is none.

    Raises OutcomeRefused for a visit that nobody missed, a miss that has its outcome already,
    empty words, or a talk that lies before the visit or in the future.
    """
    with transaction.atomic():
        visit = Visit.objects.select_for_update().get(pk=visit.pk)
        _check_outcome(visit, what_happened, spoke_to, spoke_at, now)
        outcome = _outcome_words(visit, what_happened, spoke_to, spoke_at, by, new_visit)
        visit.miss_closed_at = visit.changed_at = now
        visit.miss_outcome = outcome
        visit.version += 1
        visit.save(update_fields=["miss_closed_at", "miss_outcome", "version", "changed_at"])
        Interaction.objects.create(
            customer=visit.customer,
            case=visit.case,
            contact=visit.contact,
            channel=Interaction.Channel.CALL,
            direction=Interaction.Direction.OUT,
            at=spoke_at,
            by=by,
            summary=f"About the missed visit {visit.number}: {what_happened.strip()}",
        )
        keep_asked_calls(visit.public_id, by=by, now=now, evidence=outcome)
        close_duties_about(visit.public_id, *OUTCOME_DUTIES, by=by, now=now, outcome=outcome)
        add_visit_line(
            visit,
            "Missed visit settled",
            now=now,
            detail=outcome,
            by=by,
            step="miss closed",
            kind=TimelineEntry.Kind.MISSED,
        )
    return visit


def cannot_come(visit: Visit, *, because: str, by: Membership, now: dt.datetime) -> Visit:
    """We say that nobody will come any more: missed by us, at once (R4.3). Raises OutcomeRefused."""
    if not because.strip():
        raise OutcomeRefused("Say why nobody can come.")
    with transaction.atomic():
        hold_to_miss([visit.pk], now=now)
        visit = Visit.objects.select_for_update().get(pk=visit.pk)
        if visit.state not in Visit.WAITING_STATES:
            raise OutcomeRefused(f"This visit is {visit.get_state_display().lower()} already.")
        return _missed_because(visit, because, now)


def nobody_came(visit: Visit, *, by: Membership | None, now: dt.datetime) -> Visit:
    """The customer says that nobody came, once the window is over: missed by us, at once (R4.3).

    `by` is the colleague who heard it, or None when they said so on their page. Said twice, or of a
    visit that the clock has missed already, it changes nothing. Raises OutcomeRefused.
    """
    catch_up_first(visit, now=now)
    with transaction.atomic():
        hold_to_miss([visit.pk], now=now)
        visit = Visit.objects.select_for_update().get(pk=visit.pk)
        if visit.state == Visit.State.MISSED:
            return visit
        if visit.state not in Visit.WAITING_STATES:
            raise OutcomeRefused(f"This visit is {visit.get_state_display().lower()} already.")
        if now < visit.window_end:
            raise OutcomeRefused(f"Somebody may still come: the window is until {visit.told_until:%H:%M}.")
        heard = f", heard by {by.name}" if by else ", on their page"
        return _missed_because(visit, f"The customer says that nobody came{heard}", now)


def give_up(
    visit: Visit, *, whose: Whose, because: str, by: Membership, now: dt.datetime, version: int
) -> Visit:
    """Cancel it, or, where it is ours and the window has begun, miss it. Raises OutcomeRefused."""
    if whose == Whose.US and now >= visit.window_start:
        return cannot_come(visit, because=because, by=by, now=now)
    return cancel_visit(visit, whose=whose, because=because, by=by, now=now, version=version)


def cancel_visit(
    visit: Visit,
    *,
    whose: Whose,
    because: str,
    by: Membership | None,
    now: dt.datetime,
    version: int,
    tell: bool = True,
) -> Visit:
    """Cancel a visit before it begins, by us or by the customer; the customer is told.

    Cancelled by somebody at the desk they are told two minutes later: until then `restore_visit` takes
    it back. `by` is None where the customer cancels through their own link, and is told at once.
    Without `tell` whoever calls tells them otherwise.
    From the first minute of the window on, ours is no cancelling but a miss: see `cannot_come`. Once
    the window is over it is a miss whoever cancels. Raises OutcomeRefused.
    """
    version = catch_up_first(visit, now=now, version=version)
    with transaction.atomic():
        hold_if_over([visit.pk], now=now)
        visit = Visit.objects.select_for_update().get(pk=visit.pk)
        _check_cancelling(visit, whose, because, version, now)
        if now >= visit.window_end:
            return _missed_because(visit, because, now)
        by_us = whose == Whose.US
        visit.state = Visit.State.CANCELLED_BY_US if by_us else Visit.State.CANCELLED_BY_CUSTOMER
        visit.ended_because = because.strip()[:300]
        visit.version += 1
        visit.changed_at = now
        visit.save(update_fields=["state", "ended_because", "version", "changed_at"])
        said = f"{visit.get_state_display()}: {visit.ended_because}"
        if by_us:
            break_promises(visit, Promise.Kind.WINDOW, now=now, evidence=said)
        release_promises(visit, now=now, because=said, by=by)
        release_allowance(visit, by=by, now=now, because=said)
        follow_visit(visit, by=by, now=now)
        outbox.call_off(visit.public_id, because=CANCELLED_WITH_IT, now=now)
        close_duties_about(visit.public_id, by=by, now=now, outcome=said)
        if tell:
            # After the duties are closed: whom nothing reaches is rung about it.
            plan_visit_messages(visit, "cancelled", now=now, send_after=now + UNDO_TIME if by else None)
        add_visit_line(
            visit,
            f"Visit {visit.number} {visit.get_state_display().lower()}",
            now=now,
            detail=visit.ended_because,
            by=by,
            step=f"cancelled {visit.version}",
        )
    return visit


def _missed_because(visit, because, now):
    make_missed(visit, now=now, calendar=calendar_of(visit.tenant))
    visit.ended_because = because.strip()[:300]
    visit.save(update_fields=["ended_because"])
    return visit


def _check_outcome(visit, what_happened, spoke_to, spoke_at, now):
    if visit.missed_at is None:
        raise OutcomeRefused("Nobody missed this visit: there is no outcome to write.")
    if visit.miss_closed_at is not None:
        raise OutcomeRefused(f"This miss has its outcome already: {visit.miss_outcome}")
    if not what_happened.strip():
        raise OutcomeRefused("Say what happened.")
    if not spoke_to.strip():
        raise OutcomeRefused("Say whom you spoke to: a miss is settled with the customer, not without.")
    if not visit.window_start <= spoke_at <= now:
        raise OutcomeRefused("The talk with the customer lies between the visit’s window and now.")


def _outcome_words(visit, what_happened, spoke_to, spoke_at, by, new_visit):
    zone = zone_of(visit.tenant)
    spoke = _when(spoke_at, zone)
    then = (
        f"Rebooked for {_when(new_visit.planned_start, zone)}." if new_visit else "They want no other visit."
    )
    what = what_happened.strip()[:120].rstrip(".")
    return f"{what}. {by.name} spoke to {spoke_to.strip()[:60]} on {spoke}. {then}"[:300]


def _when(instant, zone):
    local = local_time(instant, zone)
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


def _check_cancelling(visit, whose, because, version, now):
    if visit.missed_at is not None or visit.state not in Visit.WAITING_STATES:
        raise OutcomeRefused(f"This visit is {visit.get_state_display().lower()}: it cannot be cancelled.")
    if visit.version != version:
        raise OutdatedCancelling("Somebody changed this visit meanwhile. Look at it again.")
    if not because.strip():
        raise OutcomeRefused("Say why.")
    if whose == Whose.US and visit.window_start <= now < visit.window_end:
        raise OutcomeRefused("Its window has begun: if nobody can come, that is a miss.")
