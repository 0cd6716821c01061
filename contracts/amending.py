"""Changing what a contract says for its next term, entering its first term, opening a new one.

Every change is kept by the database's triggers (`contracts.changes`); no field holds a state.
"""

import datetime as dt
from collections.abc import Iterable
from hashlib import sha256

from django.core.exceptions import PermissionDenied
from django.db import transaction

from cases.duties import close_duties_about
from cases.models import Duty
from contracts.allowance import grant_visits
from contracts.cancelling import FURTHEST
from contracts.cover_events import tell_of_cover
from contracts.models import Contract, ContractEquipment, ContractTerm
from contracts.renewals import lock_contract
from contracts.wording import day_in_full, money
from customers.models import Customer, Equipment, TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import local_day, zone_of
from tenancy.constraints import told_as
from tenancy.models import Role

# Who may change what a customer pays and gets; a manager may do all.
MAY_AMEND = (Role.ACCOUNTS,)
# What may be changed. The running term keeps its price and its visits.
AMENDABLE = (
    "kind",
    "not_covered",
    "price",
    "visits_per_term",
    "response_hours",
    "is_auto_renewing",
    "notice_days",
    "owner_id",
)


class AmendedMeanwhile(ValueError):
    """Somebody changed the contract since the caller looked."""


class HasTerm(ValueError):
    """A term stands: the next one comes by renewing."""


class NumberTaken(ValueError):
    """Another contract of the desk has this number, however it is spelled."""


def version_of(contract: Contract) -> str:
    """What the settings are, in a few letters: the same again as long as nobody changed them."""
    values = "\n".join(str(getattr(contract, name)) for name in AMENDABLE)
    return sha256(values.encode()).hexdigest()[:16]


@transaction.atomic
def amend(contract: Contract, *, seen: str, by, now: dt.datetime, **changes) -> list[str]:
    """Change some of AMENDABLE; the names of those that are different now.

    `seen` is the `version_of` the contract that the caller looked at. Raises PermissionDenied and
    AmendedMeanwhile.
    """
    _may(by)
    if unknown := set(changes) - set(AMENDABLE):
        raise TypeError(f"Not to be amended: {', '.join(sorted(unknown))}")
    contract = lock_contract(contract.pk)
    if version_of(contract) != seen:
        raise AmendedMeanwhile("Somebody changed this contract meanwhile. Look at it again before you save.")
    different = [name for name, value in changes.items() if getattr(contract, name) != value]
    for name in different:
        setattr(contract, name, changes[name])
    if different:
        contract.save(update_fields=different)
    return different


@transaction.atomic
def enter_first_term(
    contract: Contract, *, starts_on: dt.date, ends_on: dt.date, by, now: dt.datetime
) -> ContractTerm:
    """The term with which a contract begins, at its price and with its visits; days both included.

    Raises PermissionDenied, HasTerm when one stands, and ValueError for a last day before the first or
    more than ten years away.
    """
    _may(by)
    if ends_on < starts_on:
        raise ValueError("The last day is before the first.")
    if ends_on - local_day(now, zone_of(contract.tenant)) > FURTHEST:
        raise ValueError("Choose days within ten years.")
    contract = lock_contract(contract.pk)
    standing = contract.terms.filter(taken_back_at__isnull=True).first()
    if standing is not None:
        raise HasTerm(f"{contract.number} has a term to {day_in_full(standing.ends_on)}. Renew it instead.")
    term = ContractTerm.objects.create(
        contract=contract,
        starts_on=starts_on,
        ends_on=ends_on,
        price=contract.price,
        created_at=now,
        created_by=by,
    )
    grant_visits([term], {term.pk: contract.visits_per_term}, by=by, now=now)
    days = f"{day_in_full(starts_on)} to {day_in_full(ends_on)}"
    close_duties_about(
        contract.public_id, Duty.Kind.JUDGE_CONTRACT, by=by, now=now, outcome=f"First term entered: {days}"
    )
    add_line(
        contract.customer,
        TimelineEntry.Kind.RENEWAL,
        f"Contract {contract.number} begins {day_in_full(starts_on)}",
        at=now,
        detail=f"{days}, {money(contract.price, contract.currency)}",
        actor=by,
        subject=term.public_id,
    )
    tell_of_cover([contract], because="Its first term was entered", now=now)
    return term


@transaction.atomic
def open_contract(
    customer: Customer,
    *,
    number: str,
    starts_on: dt.date,
    ends_on: dt.date,
    machines: Iterable[Equipment],
    by,
    now: dt.datetime,
    **settings,
) -> Contract:
    """A new contract with its first term. Without machines it covers all of the customer's.

    `settings` are some of AMENDABLE. Raises PermissionDenied, NumberTaken and ValueError.
    """
    _may(by)
    if unknown := set(settings) - set(AMENDABLE):
        raise TypeError(f"No setting of a contract: {', '.join(sorted(unknown))}")
    there_is = f"There is a contract {number} already."
    with told_as(lambda: NumberTaken(there_is), constraint="contract_number_once"):
        contract = Contract.objects.create(
            customer=customer, number=number, currency=customer.tenant.currency, **settings
        )
    ContractEquipment.objects.bulk_create(
        ContractEquipment(contract=contract, equipment=machine) for machine in machines
    )
    enter_first_term(contract, starts_on=starts_on, ends_on=ends_on, by=by, now=now)
    return contract


def _may(by) -> None:
    if not by.has_role(*MAY_AMEND):
        raise PermissionDenied
