"""What the next term of a contract is to be: by the offer that stands, else as the contract says."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from contracts.models import Contract, ContractTerm, OfferEquipment, RenewalOffer
from contracts.terms import Length, following
from tenancy.prepared import Among, Keys, Prepared

_STANDING = Prepared(
    lambda contracts: RenewalOffer.objects.filter(
        Among("contract", contracts),
        sent_at__isnull=False,
        declined_at__isnull=True,
        settled_at__isnull=True,
    ),
    contracts=Keys(),
)


@dataclass(frozen=True)
class Agreed:
    """The next term: its days (both included), price, visits, response time in working hours.

    `machines` are the ids of the equipment that it covers, where that changes; None: as before.
    `usual` is set for a part of a term: how long the term after it is.
    """

    starts_on: dt.date
    ends_on: dt.date
    price: Decimal
    visits: int
    response_hours: int | None
    machines: frozenset[int] | None = None
    offer: RenewalOffer | None = None
    usual: Length | None = None
    note: str = ""


def as_before(contract: Contract, last: ContractTerm) -> Agreed:
    """A term of the same length at the contract's price, with its visits."""
    starts_on, ends_on = following(last)
    return Agreed(starts_on, ends_on, contract.price, contract.visits_per_term, contract.response_hours)


def standing_offers(contracts: Iterable[Contract]) -> dict[int, RenewalOffer]:
    """Offers that were sent and neither declined nor settled, by the contract's id: two queries."""
    offers = _STANDING.rows(contracts=[contract.pk for contract in contracts])
    found = {offer.contract_id: offer for offer in offers}
    scopes: dict[int, set[int]] = {}
    pairs = OfferEquipment.objects.filter(offer__in=list(found.values())).values_list("offer", "equipment")
    for offer, machine in pairs:
        scopes.setdefault(offer, set()).add(machine)
    for offer in found.values():
        offer.scope = frozenset(scopes.get(offer.pk, ())) if offer.changes_scope else None
    return found


def agreed_for(
    contract: Contract, last: ContractTerm, offer: RenewalOffer | None, *, on: dt.date | None = None
) -> Agreed:
    """What follows the last term: what the offer says if it is about that very term, else as before.

    `offer` comes from `standing_offers`. Paying what an offer asks accepts it, as long as it is valid:
    `on` is the day of the money or the act (None: a person looks and decides). One that the customer
    accepted stays what was agreed.
    """
    usual = as_before(contract, last)
    if offer is None or offer.starts_on != usual.starts_on:
        return usual
    if on is not None and offer.accepted_at is None and on > offer.valid_until:
        return usual
    return Agreed(
        offer.starts_on,
        offer.ends_on,
        offer.amount,
        offer.visits,
        offer.response_hours,
        machines=offer.scope,
        offer=offer,
        note=f"as offered in {offer.number}",
    )
