"""Co-terminating: several contracts of one customer get a cut term each and end together from then on.

The cut term costs, and grants visits, by its days; the term after it is of the usual length again.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.db.models import Exists, OuterRef

from contracts.agreed import Agreed
from contracts.cancelling import standing_cancellation
from contracts.evidence import in_words
from contracts.models import Cancellation, Contract, ContractTerm, Renewal, RenewalEvidence
from contracts.renewals import Act, AlreadyRenewed, enter_renewals, last_term, lock_contract, tell_renewals
from contracts.terms import ONE_DAY, Length, price_for, share_of, usual_length, visits_for
from contracts.wording import day_in_full
from customers.models import Customer

# A common end further away is a slip of the pen.
FURTHEST = dt.timedelta(days=3660)


class CannotEndTogether(ValueError):
    """These contracts cannot get that common end; says why."""


@dataclass(frozen=True)
class Cut:
    """What one contract gets so that it ends with the others; days both included, the price to the cent.

    `share` is the part of a usual term that the cut one is. The term after it is of the `usual` length
    and runs to `next_ends_on`. Where nothing is to be done (it ends on that day) `is_left` is True.
    """

    contract: Contract
    last: ContractTerm
    starts_on: dt.date
    ends_on: dt.date
    share: Fraction
    price: Decimal
    visits: int
    usual: Length
    next_ends_on: dt.date

    @property
    def is_left(self) -> bool:
        """Whether it ends on the common day already."""
        return self.last.ends_on == self.ends_on

    @property
    def days(self) -> int:
        """How many days are added."""
        return (self.ends_on - self.starts_on).days + 1


def cuts_for(contracts: Iterable[Contract], ends_on: dt.date) -> list[Cut]:
    """What each contract would get, in the order of their numbers. Nothing is saved.

    Raises CannotEndTogether for fewer than two contracts or several customers, a common day before an
    end or too far away, nothing to change, and a contract that is cancelled, has no term or whose
    evidence still waits for its verdict.
    """
    contracts = sorted(contracts, key=lambda contract: (contract.number, contract.pk))
    if len(contracts) < 2:
        raise CannotEndTogether("Choose at least two contracts.")
    if len({contract.customer_id for contract in contracts}) > 1:
        raise CannotEndTogether("Contracts of different customers do not end together.")
    cuts = [_cut(contract, ends_on) for contract in contracts]
    if all(cut.is_left for cut in cuts):
        raise CannotEndTogether(f"All of them end on {day_in_full(ends_on)} already.")
    return cuts


@transaction.atomic
def end_together(
    contracts: Iterable[Contract],
    *,
    ends_on: dt.date,
    channel: str,
    after: Mapping[int, ContractTerm],
    by,
    now: dt.datetime,
) -> list[Renewal]:
    """Give each contract its cut term, all or none.

    `after` is each contract's last term as the caller saw it, by the contract's id. Raises
    AlreadyRenewed when another stands since, and CannotEndTogether.
    """
    # In one order, whoever locks: two who co-terminate the same contracts wait, and never for each other.
    locked = [lock_contract(pk) for pk in sorted(contract.pk for contract in contracts)]
    cuts = cuts_for(locked, ends_on)
    for cut in cuts:
        seen = after.get(cut.contract.pk)
        if seen is None or seen.pk != cut.last.pk:
            raise AlreadyRenewed(
                f"Somebody was quicker: {cut.contract.number} has a term to "
                f"{day_in_full(cut.last.ends_on)} by now. Look at the figures again."
            )
    acts = [_act(cut, cuts, channel) for cut in cuts if not cut.is_left]
    renewals = enter_renewals(acts, by=by, now=now)
    tell_renewals(renewals, by=by, now=now)
    return renewals


def common_end(customer: Customer) -> dt.date | None:
    """The latest end among a customer's contracts that could end together; None where none could."""
    ends = ContractTerm.objects.filter(
        contract__in=may_end_together(customer), taken_back_at__isnull=True
    ).order_by("-ends_on")
    return ends.values_list("ends_on", flat=True).first()


def may_end_together(customer: Customer):
    """The customer's contracts that have a term and no cancellation, by number."""
    terms = ContractTerm.objects.filter(contract=OuterRef("pk"), taken_back_at__isnull=True)
    cancelled = Cancellation.objects.filter(contract=OuterRef("pk"), undone_at__isnull=True)
    contracts = Contract.objects.filter(Exists(terms), ~Exists(cancelled), customer=customer)
    return contracts.order_by("number", "pk")


def _cut(contract, ends_on) -> Cut:
    if standing_cancellation(contract) is not None:
        raise CannotEndTogether(f"{contract.number} is cancelled. Undo that first.")
    try:
        last = last_term(contract)
    except ValueError as refused:
        raise CannotEndTogether(str(refused)) from None
    if ends_on < last.ends_on:
        raise CannotEndTogether(
            f"{contract.number} is paid for until {day_in_full(last.ends_on)}: choose that day or later."
        )
    if ends_on - last.ends_on > FURTHEST:
        raise CannotEndTogether("Choose a day within ten years.")
    waiting = contract.evidence.filter(state=RenewalEvidence.State.WAITING).first()
    if waiting is not None and ends_on > last.ends_on:
        # The cut term would settle it as if it had been meant for it.
        raise CannotEndTogether(
            f"{in_words(waiting)} for {contract.number} waits for a verdict. Decide it first."
        )
    starts_on = last.ends_on + ONE_DAY
    share = share_of(last, starts_on, ends_on) if ends_on > last.ends_on else Fraction(0)
    usual = usual_length(last)
    return Cut(
        contract=contract,
        last=last,
        starts_on=starts_on,
        ends_on=ends_on,
        share=share,
        price=price_for(contract.price, share),
        visits=visits_for(contract.visits_per_term, share),
        usual=usual,
        next_ends_on=usual.ends_on(ends_on + ONE_DAY),
    )


def _act(cut: Cut, cuts: list[Cut], channel: str) -> Act:
    others = ", ".join(other.contract.number for other in cuts if other.contract.pk != cut.contract.pk)
    agreed = Agreed(
        cut.starts_on,
        cut.ends_on,
        cut.price,
        cut.visits,
        cut.contract.response_hours,
        usual=cut.usual,
        note=f"cut to end on {day_in_full(cut.ends_on)} together with {others}",
    )
    return Act(cut.contract, cut.last, agreed, channel, cut.price)
