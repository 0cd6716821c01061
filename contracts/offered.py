"""What a renewal offer says, in words: the same in its PDF, its mail and on the customer's page."""

import datetime as dt
from dataclasses import dataclass

from contracts.allowance import balance_of, terms_that_count, with_left
from contracts.covered import covered_on
from contracts.models import Contract, ContractEquipment, Entitlement, RenewalOffer
from contracts.visit_ledger import given_up_words
from contracts.wording import day_in_full, money
from customers.models import Equipment


@dataclass(frozen=True)
class Said:
    """Every line of an offer. Days as a person reads them; empty where there is nothing to say."""

    number: str
    contract: str
    term: str
    price: str
    covered: str
    not_covered: str
    visits: str
    response: str
    used: str
    machines: tuple[tuple[str, str], ...]
    valid_until: str
    words: str


def what_it_says(offer: RenewalOffer, day: dt.date) -> Said:
    """The lines of an offer; visits used and left are those of `day`, in the desk's zone: four queries."""
    contract = offer.contract
    return Said(
        number=offer.number,
        contract=contract.number,
        term=f"{day_in_full(offer.starts_on)} to {day_in_full(offer.ends_on)}",
        price=money(offer.amount, contract.currency),
        covered=contract.kind,
        not_covered=contract.not_covered,
        visits=_counted(offer.visits, "visit") if offer.visits else "",
        response=_response(offer.response_hours),
        used=visits_used(contract, day),
        machines=tuple((machine.name, machine.serial_number) for machine in machines_of(offer)),
        valid_until=day_in_full(offer.valid_until),
        words=offer.words.strip(),
    )


def visits_used(contract: Contract, day: dt.date) -> str:
    """ "1 of 2 visits used, 1 left and booked", of the term that runs or ran last; empty without any.

    What is left counts those that are booked; what was declined, carried over or forfeited is said so.
    """
    terms = terms_that_count(day).filter(contract=contract)
    visits = Entitlement.objects.filter(kind=Entitlement.Kind.VISITS, term__in=terms.values("pk"))
    granted = with_left(visits).first()
    if granted is None or not granted.quantity:
        return ""
    left, booked = int(granted.quantity - granted.disposed), int(granted.booked)
    used = f"{int(granted.done)} of {_counted(int(granted.quantity), 'visit')} used"
    given_up = given_up_words(balance_of(granted))
    if given_up and not left:
        return f"{used}, {given_up}"
    said = ", ".join(part for part in (used, given_up, f"{left or 'none'} left") if part)
    if not booked or not left:
        return said
    return f"{said} and booked" if booked >= left else f"{said}, {booked} of them booked"


def machines_of(offer: RenewalOffer) -> list[Equipment]:
    """The machines that the offered term is to cover: its own where it changes them, else the contract's."""
    if offer.changes_scope:
        machines = Equipment.objects.filter(pk__in=offer.machines.values("equipment"))
    else:
        machines = machines_covered(offer.contract, offer.starts_on)
    return list(machines.order_by("make", "model", "serial_number", "pk"))


def machines_covered(contract: Contract, day: dt.date):
    """The machines that a contract covers on a day: those that it names, else all that are in use."""
    named = ContractEquipment.objects.filter(contract=contract)
    if named.exists():
        return Equipment.objects.filter(pk__in=named.filter(covered_on(day)).values("equipment"))
    return Equipment.objects.filter(site__customer=contract.customer_id, retired_on__isnull=True)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _response(hours: int | None) -> str:
    return f"Within {_counted(hours, 'working hour')}" if hours else ""
