"""What stands against sending a renewal offer, and where that is solved (R1.5, R3.3)."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.agreed import as_before
from contracts.allowance import undisposed_visits
from contracts.models import Contract, RenewalOffer
from contracts.renewals import NoTermToRenew, last_term
from contracts.wording import day_in_full
from customers.models import Contact, Customer
from tenancy.models import Tenant

# Where a person goes to solve it.
CONTRACT, ALLOWANCE, OFFER, CUSTOMER, MANAGER = "contract", "allowance", "offer", "customer", "manager"


@dataclass(frozen=True)
class Block:
    """One thing that has to be seen to first: what, in a sentence that says what to do, and where."""

    words: str
    solved_at: str
    offer: RenewalOffer | None = None


def what_blocks(contract: Contract, *, day: dt.date, now: dt.datetime, offer=None) -> list[Block]:
    """Why no offer (or not this draft) can go out at `now`, which is on `day` in the desk's zone.

    Empty: it can. A fixed number of queries.
    """
    contract = Contract.objects.with_cover(day).get(pk=contract.pk)
    return [
        *_of_the_contract(contract, day),
        *_of_the_allowance(contract, day),
        *_of_the_offer(contract, offer, day),
        *_of_the_way_there(contract, now),
    ]


def recipient_of(customer: Customer) -> Contact | None:
    """Whom an offer is mailed to: the main contact, else the first with an address who wants mail."""
    reachable = Contact.objects.filter(customer=customer, by_mail=True).exclude(email="")
    return reachable.order_by("-is_main", "pk").first()


def _of_the_contract(contract, day) -> Iterator[Block]:
    if contract.last_end is None:
        yield Block(f"{contract.number} has no term that stands. Enter its first one.", CONTRACT)
        return
    if contract.cancellations.filter(undone_at__isnull=True).exists():
        yield Block("The contract is cancelled. Undo the cancellation first.", CONTRACT)
    if contract.waiting_evidence or contract.unmatched_payment or contract.accepted_offer:
        yield Block("A renewal is in review. Accounts have to decide on it first.", CONTRACT)
    if contract.last_start > day:
        runs = f"{day_in_full(contract.last_start)} to {day_in_full(contract.last_end)}"
        yield Block(f"The term {runs} stands already: there is nothing to renew before it begins.", CONTRACT)


def _of_the_allowance(contract, day) -> Iterator[Block]:
    count = undisposed_visits(contract, day)
    if count == 1:
        yield Block(
            "1 visit that is paid for is neither done nor booked. Book it, or say that it was declined, "
            "carried over or forfeited.",
            ALLOWANCE,
        )
    elif count > 1:
        yield Block(
            f"{count} visits that are paid for are neither done nor booked. Book them, or say that they were "
            "declined, carried over or forfeited.",
            ALLOWANCE,
        )


def _of_the_offer(contract, offer, day) -> Iterator[Block]:
    another = offer_that_stands(contract)
    if another is not None and (offer is None or another.pk != offer.pk):
        yield Block(another_stands(another), OFFER, another)
    if offer is None:
        return
    if not is_for_next_term(offer):
        begins = day_in_full(offer.starts_on)
        yield Block(
            f"It offers a term from {begins}, which is not the one that follows now. Make a new offer.",
            OFFER,
            offer,
        )
    if offer.ends_on < day:
        yield Block("The offered term is over already. Choose a later end.", OFFER, offer)
    if offer.valid_until < day:
        yield Block("The day until which it is valid is over. Choose a later one.", OFFER, offer)


def _of_the_way_there(contract, now) -> Iterator[Block]:
    if recipient_of(contract.customer) is None:
        yield Block(
            f"There is no mail address of {contract.customer.name} that takes messages. Add one.", CUSTOMER
        )
    starts = Tenant.objects.get(pk=contract.tenant_id).messages_from
    if starts is None or starts > now:
        yield Block("This desk’s messages are switched off. Its manager switches them on.", MANAGER)


def offer_that_stands(contract: Contract) -> RenewalOffer | None:
    """The offer of a contract that is neither declined nor settled, a draft too."""
    rows = contract.offers.filter(settled_at__isnull=True, declined_at__isnull=True)
    return rows.select_related("contract").first()


def another_stands(offer: RenewalOffer) -> str:
    """The words for a contract that has an offer already."""
    if offer.sent_at is None:
        return f"Offer {offer.number} is being drafted. Send that one, or discard it."
    return f"Offer {offer.number} was sent already. Withdraw it before you make another."


def is_for_next_term(offer: RenewalOffer) -> bool:
    """Whether an offer is about the term that follows the last standing one, as renewing asks for it."""
    try:
        last = last_term(offer.contract)
    except NoTermToRenew:
        return False
    return as_before(offer.contract, last).starts_on == offer.starts_on
