"""Cancelling a contract, and undoing it (R1.9): with the right to, a reason, and no day that is paid for.

A contract that renews by itself ends with the term whose notice date was kept. That date counts
back from the term's end; notice given later lets the next term follow.
"""

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction

from cases.duties import close_duties_about
from cases.models import Duty
from contracts.cover_events import tell_of_cover
from contracts.models import Cancellation, Contract, ContractTerm, Renewal
from contracts.notice_date import last_day_for_notice
from contracts.offer_ends import end_offers
from contracts.renewals import lock_contract
from contracts.taking_back import take_back
from contracts.terms import ONE_DAY, earned_end, following, next_term_dates
from contracts.wording import day_in_full
from customers.models import TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import local_day, zone_of
from tenancy.models import Role

# Who may end a contract; a manager may do all.
MAY_CANCEL = (Role.ACCOUNTS,)
# A day further away is a slip of the pen.
FURTHEST = dt.timedelta(days=3660)


class AlreadyCancelled(ValueError):
    """A cancellation stands; it says who entered it and when."""


class AlreadyUndone(ValueError):
    """Somebody undid this cancellation before."""


class NotThatDay(ValueError):
    """The contract cannot end on that day. `first` is the first day on which it can."""

    def __init__(self, words: str, first: dt.date):
        super().__init__(words)
        self.first = first


@dataclass(frozen=True)
class Ending:
    """When a contract can end, by notice given on a day; all days are the desk's.

    `earliest` is the last day that is paid for (None: no term stands, any day will do), `first` the
    day after it: the first that is not covered any more. `notice_by` is the notice date of a contract
    that renews by itself; `is_late`: notice came after it, and the term that follows runs out first.
    `then` is the term by which it would go on after `earliest`, `after_that` the next one where that is
    not as long as `then`. `given_days` of the days up to `earliest` are goodwill.
    """

    earliest: dt.date | None
    first: dt.date
    then: tuple[dt.date, dt.date] | None = None
    after_that: tuple[dt.date, dt.date] | None = None
    given_days: int = 0
    notice_by: dt.date | None = None
    is_late: bool = False
    takes_back: Renewal | None = None

    @property
    def words(self) -> str:
        """Why it cannot end before."""
        if self.earliest is None:
            return "No term stands: it can end on any day."
        if self.is_late:
            return (
                f"It renews by itself, and the last day for notice was {day_in_full(self.notice_by)}. "
                f"The next term runs to {day_in_full(self.earliest)}, so it can end on "
                f"{day_in_full(self.first)}."
            )
        kept = f"Notice was given in time, by {day_in_full(self.notice_by)}. " if self.notice_by else ""
        undone = "The term that it entered by itself is taken back. " if self.takes_back else ""
        paid = day_in_full(self.earliest - self.given_days * ONE_DAY)
        goes_on = f", and goes on to {day_in_full(self.earliest)} as goodwill" if self.given_days else ""
        return f"{kept}{undone}It is paid for until {paid}{goes_on}."


def ending_of(contract: Contract, given_on: dt.date) -> Ending:
    """When the contract can end, with notice given on that day: two queries."""
    last = contract.terms.filter(taken_back_at__isnull=True).order_by("-ends_on").first()
    if last is None:
        return Ending(earliest=None, first=given_on)
    given = last.given_days
    if not contract.is_auto_renewing:
        return Ending(last.ends_on, last.ends_on + ONE_DAY, given_days=given)
    then = following(last)
    made = _entered_by_clock_in_vain(contract, last, given_on)
    if made is not None:
        before = made.starts_on - ONE_DAY
        # What was given on the term that goes is given on the one that stays.
        earliest = before + given * ONE_DAY
        return Ending(
            earliest,
            earliest + ONE_DAY,
            (made.starts_on, last.ends_on),
            after_that=then,
            given_days=given,
            notice_by=last_day_for_notice(contract, before),
            takes_back=made,
        )
    notice_by = last_day_for_notice(contract, last.ends_on)
    if given_on <= notice_by:
        return Ending(last.ends_on, last.ends_on + ONE_DAY, then, given_days=given, notice_by=notice_by)
    _, next_end = then
    return Ending(next_end, next_end + ONE_DAY, next_term_dates(*then), notice_by=notice_by, is_late=True)


@transaction.atomic
def cancel(
    contract: Contract, *, effective_on: dt.date, given_on: dt.date, reason: str, by, now: dt.datetime
) -> Cancellation:
    """End a contract: from `effective_on` on it covers nothing. Notice was given on `given_on`.

    An offer that the customer has not answered is withdrawn; an accepted one stays what it is,
    evidence that accounts judge. Raises PermissionDenied, AlreadyCancelled, NotThatDay, and ValueError
    without a reason or for notice that is still to come.
    """
    if not by.has_role(*MAY_CANCEL):
        raise PermissionDenied
    if not reason.strip():
        raise ValueError("Say why: a contract is never cancelled without a reason.")
    contract = lock_contract(contract.pk)
    if given_on > local_day(now, zone_of(contract.tenant)):
        raise ValueError("Notice cannot have been given after today.")
    if effective_on - given_on > FURTHEST:
        raise ValueError("Choose a day within ten years.")
    if standing := standing_cancellation(contract):
        raise AlreadyCancelled(_who_was_first(standing))
    ending = ending_of(contract, given_on)
    _refuse_within_a_term(ending, effective_on)
    if ending.takes_back and effective_on <= ending.first:
        take_back(
            ending.takes_back, because=f"Notice was given on {day_in_full(given_on)}, in time", by=by, now=now
        )
    cancellation = Cancellation.objects.create(
        contract=contract,
        effective_on=effective_on,
        given_on=given_on,
        reason=reason.strip()[:300],
        recorded_at=now,
        recorded_by=by,
    )
    unanswered = contract.offers.filter(accepted_at__isnull=True, declined_at__isnull=True)
    end_offers(unanswered, because="Withdrawn: the contract is cancelled", by=by, now=now)
    close_duties_about(
        contract.public_id,
        Duty.Kind.RENEWAL_ENDS,
        Duty.Kind.JUDGE_CONTRACT,
        by=by,
        now=now,
        outcome=f"Cancelled {day_in_full(effective_on)}",
    )
    title = f"Contract {contract.number} cancelled {day_in_full(effective_on)}"
    _tell(cancellation, "cancelled", title, cancellation.reason, by=by, now=now)
    return cancellation


@transaction.atomic
def undo_cancellation(cancellation: Cancellation, *, because: str, by, now: dt.datetime) -> None:
    """Cover is again as if it had never been; the row stays, with who undid it and why.

    An offer that was withdrawn stays withdrawn. Raises PermissionDenied, AlreadyUndone, and
    ValueError without a reason.
    """
    if not by.has_role(*MAY_CANCEL):
        raise PermissionDenied
    if not because.strip():
        raise ValueError("Say why it is undone.")
    lock_contract(cancellation.contract_id)
    rows = Cancellation.objects.select_related("contract__customer", "tenant", "undone_by__user")
    cancellation = rows.select_for_update(of=("self",)).get(pk=cancellation.pk)
    if cancellation.undone_at is not None:
        at = day_in_full(local_day(cancellation.undone_at, zone_of(cancellation.tenant)))
        person = cancellation.undone_by.name if cancellation.undone_by else "The desk"
        raise AlreadyUndone(f"{person} undid it on {at} already.")
    cancellation.undone_at, cancellation.undone_by = now, by
    cancellation.undone_because = because.strip()[:300]
    cancellation.save(update_fields=["undone_at", "undone_by", "undone_because"])
    title = f"Cancellation of {cancellation.contract.number} undone"
    _tell(cancellation, "undone", title, cancellation.undone_because, by=by, now=now)


def standing_cancellation(contract: Contract) -> Cancellation | None:
    """The cancellation that stands, whether its day has come or not: one query."""
    rows = contract.cancellations.filter(undone_at__isnull=True)
    return rows.select_related("recorded_by__user").first()


def _entered_by_clock_in_vain(contract, last: ContractTerm, given_on: dt.date) -> Renewal | None:
    """The unpaid renewal by which the last term came about by itself, though notice was in time."""
    made = contract.renewals.filter(
        channel=Renewal.Channel.CLOCK, taken_back_at__isnull=True, ends_on=earned_end(last)
    ).first()
    if made is None or made.payments.standing().exists():
        return None
    return made if given_on <= last_day_for_notice(contract, made.starts_on - ONE_DAY) else None


def _refuse_within_a_term(ending: Ending, effective_on: dt.date) -> None:
    """What is paid for stays; what goes on by itself until it ends, ends with a term."""
    if ending.earliest is None:
        return
    if effective_on < ending.earliest:
        raise NotThatDay(ending.words, ending.first)
    if ending.then is None or effective_on <= ending.first:
        return
    (starts_on, ends_on), after_that = ending.then, ending.after_that
    while ends_on + ONE_DAY < effective_on:
        starts_on, ends_on = after_that or next_term_dates(starts_on, ends_on)
        after_that = None
    if effective_on < ends_on:
        first = ends_on + ONE_DAY
        raise NotThatDay(
            f"It renews by itself: the term from {day_in_full(starts_on)} runs to {day_in_full(ends_on)}, "
            f"so it can end on {day_in_full(first)}.",
            first,
        )


def _who_was_first(cancellation) -> str:
    person = cancellation.recorded_by.name if cancellation.recorded_by else "The import"
    at = day_in_full(local_day(cancellation.recorded_at, zone_of(cancellation.tenant)))
    when = day_in_full(cancellation.effective_on) if cancellation.effective_on else "on a day not known"
    return f"{person} cancelled it on {at} already, with effect {when}. Undo that first."


def _tell(cancellation, step, title, detail, *, by, now) -> None:
    tell_of_cover([cancellation.contract], because=title, now=now)
    add_line(
        cancellation.contract.customer,
        TimelineEntry.Kind.RENEWAL,
        title,
        at=now,
        detail=detail,
        actor=by,
        subject=cancellation.public_id,
        step=step,
    )
