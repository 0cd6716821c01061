"""Renewing by hand, with what was agreed anew: price, machines, visits, response, length (R1.3, R1.9)."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction

from contracts.agreed import Agreed, agreed_for, standing_offers
from contracts.cancelling import standing_cancellation
from contracts.covered import covered_on
from contracts.evidence import in_words
from contracts.models import Contract, ContractTerm, Renewal, RenewalEvidence
from contracts.renewals import AlreadyRenewed, last_term, lock_contract, renew
from contracts.wording import day_in_full, money
from customers.models import Equipment
from tenancy.models import Role, Tenant

# Who may renew without a verdict on evidence; a manager may do all.
MAY_RENEW = (Role.ACCOUNTS,)
# How a person can renew: the clock and an accepted offer have ways of their own.
CHANNELS = (Renewal.Channel.PAYMENT, Renewal.Channel.POST, Renewal.Channel.CALL, Renewal.Channel.MAIL)
# A last day further away is a slip of the pen.
FURTHEST = dt.timedelta(days=3660)


class IsCancelled(ValueError):
    """A cancellation stands: it has to be undone before anything follows."""


@dataclass(frozen=True)
class NextTerm:
    """What would follow a contract's last term, with the machines of the customer to choose from.

    `machines` are the ids of those that it names; empty: all of the customer's. `words` say what the
    dates mean on this day, `waiting` what would be settled by it.
    """

    last: ContractTerm
    agreed: Agreed
    machines: frozenset[int]
    words: list[str]
    waiting: list[str]


def next_term_of(contract: Contract, day: dt.date) -> NextTerm:
    """What follows, as offered, else as before. Raises NoTermToRenew and IsCancelled."""
    _refuse_cancelled(contract)
    last = last_term(contract)
    agreed = agreed_for(contract, last, standing_offers([contract]).get(contract.pk))
    named = contract.covered.filter(covered_on(agreed.starts_on)).values_list("equipment", flat=True)
    waiting = contract.evidence.filter(state=RenewalEvidence.State.WAITING).order_by("dated_on", "pk")
    return NextTerm(
        last=last,
        agreed=agreed,
        machines=frozenset(named) if agreed.machines is None else agreed.machines,
        words=list(_words(contract.tenant, last, agreed, day)),
        waiting=[in_words(evidence) for evidence in waiting],
    )


@transaction.atomic
def renew_by_hand(
    contract: Contract,
    *,
    after: ContractTerm | None,
    ends_on: dt.date,
    price: Decimal,
    visits: int,
    response_hours: int | None,
    machines: frozenset[int],
    channel: str,
    amount: Decimal | None,
    by,
    now: dt.datetime,
) -> Renewal:
    """Add the next term as it was agreed. It starts the day after the old end, whenever that was.

    `machines` are ids of the customer's equipment; the same as before changes nothing. `after` is the last
    term as the person saw it; `amount` None is the price. Raises PermissionDenied, AlreadyRenewed,
    NoTermToRenew, IsCancelled, and ValueError for a last day that cannot be or no machine.
    """
    if not by.has_role(*MAY_RENEW):
        raise PermissionDenied
    contract = lock_contract(contract.pk)
    _refuse_cancelled(contract)
    last = last_term(contract)
    if after is None or after.pk != last.pk:
        raise AlreadyRenewed(
            f"Somebody was quicker: {contract.number} has a term to {day_in_full(last.ends_on)} by now. "
            "Look again before you renew it."
        )
    usual = agreed_for(contract, last, standing_offers([contract]).get(contract.pk))
    if ends_on < usual.starts_on:
        raise ValueError(f"The last day is before the first, {day_in_full(usual.starts_on)}.")
    if ends_on - usual.starts_on > FURTHEST:
        raise ValueError("Choose a last day within ten years.")
    named = frozenset(
        contract.covered.filter(covered_on(usual.starts_on)).values_list("equipment", flat=True)
    )
    if named and not machines:
        raise ValueError("Choose at least one machine.")
    agreed = replace(
        usual,
        ends_on=ends_on,
        price=price,
        visits=visits,
        response_hours=response_hours,
        machines=machines if machines != named else None,
    )
    agreed = replace(agreed, note=_note(contract, usual, agreed, named))
    return renew(contract, channel=channel, amount=amount, by=by, now=now, after=after, agreed=agreed)


def _refuse_cancelled(contract) -> None:
    cancellation = standing_cancellation(contract)
    if cancellation is not None:
        day = cancellation.effective_on
        when = f" {day_in_full(day)}" if day else ""
        raise IsCancelled(f"{contract.number} is cancelled{when}. Undo that before you renew it.")


def _words(desk, last, agreed, day):
    """What a person must know before adding a term on this day."""
    extends = desk.renew_by == Tenant.RenewBy.EXTENSION
    begins = day_in_full(agreed.starts_on)
    if agreed.offer is not None:
        yield f"As offered in {agreed.offer.number}."
    if last.starts_on > day:
        yield (
            f"It is renewed already: a term to {day_in_full(last.ends_on)} stands. "
            f"This one follows it on {begins}."
        )
    elif last.ends_on >= day:
        yield f"Early: it counts from {begins}, the day after the current end."
    else:
        ended = (day - last.ends_on).days
        days = "1 day" if ended == 1 else f"{ended} days"
        grace = ended <= desk.grace_days
        yield (
            f"It ended {days} ago{', in grace' if grace else ''}. The term still counts from {begins}, "
            "the day after the old end, so there is no gap."
        )
        if agreed.ends_on < day:
            yield f"It would be over already, since {day_in_full(agreed.ends_on)}: choose a later last day."
    if extends:
        yield f"This desk extends: the term from {day_in_full(last.starts_on)} goes on to the new last day."


def _note(contract, usual, agreed, named) -> str:
    """What is different from what would have followed, in a line."""
    said = [usual.note]
    if agreed.price != usual.price:
        said.append(
            f"price {money(usual.price, contract.currency)} to {money(agreed.price, contract.currency)}"
        )
    if agreed.visits != usual.visits:
        said.append(f"visits {usual.visits} to {agreed.visits}")
    if agreed.response_hours != usual.response_hours:
        said.append(
            f"response {_hours(usual.response_hours)} to {_hours(agreed.response_hours)}",
        )
    if agreed.ends_on != usual.ends_on:
        said.append(f"until {day_in_full(agreed.ends_on)} instead of {day_in_full(usual.ends_on)}")
    if agreed.machines is not None:
        added, gone = _names(agreed.machines - named), _names(named - agreed.machines)
        said += [f"with {added}"] if added else []
        said += [f"without {gone}"] if gone else []
    return "; ".join(part for part in said if part)[:300]


def _hours(hours: int | None) -> str:
    return "none agreed" if hours is None else f"{hours} h"


def _names(machines: frozenset[int]) -> str:
    found = Equipment.objects.filter(pk__in=machines).order_by("pk")
    return ", ".join(machine.serial_number or machine.name for machine in found)
