"""The mail that brings a renewal offer: the document, one link, one telephone number (R1.12)."""

import datetime as dt

from contracts.models import Contract, RenewalOffer
from contracts.offer_states import OfferState, state_of
from contracts.offered import what_it_says
from contracts.wording import day_in_full
from customers.links import link_address, make_link
from customers.models import CustomerLink
from messaging.attachments import attached
from messaging.keys import key_of, moment
from messaging.kinds import LINK, Useless, register
from messaging.models import Message
from messaging.outbox import plan
from messaging.wordings import Filling, WordedKind
from tenancy.calendars import day_bounds, local_day, zone_of

KIND = "renewal offer"


def plan_letter(offer: RenewalOffer, *, now: dt.datetime) -> int:
    """Plan the mail to the contact that the offer was sent to, to leave at once; how many are new."""
    message = Message(
        key=key_of(KIND, offer.public_id, moment(now)),
        kind=KIND,
        channel=Message.Channel.MAIL,
        customer_id=offer.contract.customer_id,
        contact_id=offer.sent_to_id,
        subject=offer.public_id,
        fields=attached([offer.document]),
        send_after=now,
        useless_after=closes_at(offer),
    )
    return plan([message], now=now)


def closes_at(offer: RenewalOffer) -> dt.datetime:
    """The first instant at which an offer is out of date: midnight of its last day, in the desk's zone."""
    return day_bounds(offer.valid_until, zone_of(offer.tenant))[1]


class OfferLetter(WordedKind):
    """Answers for the mail of a renewal offer: true while the offer waits for its answer."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Answered or ended, out of date, renewed, cancelled, or in review."""
        offer = _offer_of(message)
        today = local_day(now, zone_of(offer.tenant))
        state = state_of(offer, today)
        if state == OfferState.OUT_OF_DATE:
            return ""
        if state != OfferState.OPEN:
            return f"The offer is: {state.label.lower()}."
        contract = Contract.objects.with_cover(today).get(pk=offer.contract_id)
        if contract.last_end is None or contract.last_end + dt.timedelta(days=1) != offer.starts_on:
            return "The contract has another last term by now."
        if contract.cancellations.filter(undone_at__isnull=True).exists():
            return "The contract is cancelled."
        if contract.waiting_evidence or contract.unmatched_payment:
            return "A renewal of the contract is in review."
        return ""

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """The offer went out of date before its mail could leave."""
        return Useless("The offer went out of date before its mail could leave.")

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """One for every offer."""
        return KIND

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """What is offered, and what was used and left of the visits."""
        offer = _offer_of(message)
        desk, contract = offer.tenant, offer.contract
        today = local_day(now, zone_of(desk))
        said = what_it_says(offer, today)
        verb = "ended on" if offer.starts_on <= today else "runs until"
        return [
            {
                "name": message.contact.name or contract.customer.name,
                "desk": desk.name,
                "phone": desk.phone,
                "contract": said.contract,
                "ends": f"{verb} {day_in_full(offer.starts_on - dt.timedelta(days=1))}",
                "offer": said.number,
                "term": said.term,
                "price": said.price,
                "visits": said.visits,
                "used": said.used,
                "words": said.words,
                "valid_until": said.valid_until,
                "signed": offer.made_by.name if offer.made_by else "",
                "link": LINK,
            }
        ]

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """The customer's page of the offer, open until the offer goes out of date."""
        offer = _offer_of(message)
        token = make_link(
            offer.contract.customer,
            CustomerLink.Purpose.OFFER,
            offer.public_id,
            now=now,
            expires_at=closes_at(offer),
        )
        return link_address(token)


def _offer_of(message: Message) -> RenewalOffer:
    offers = RenewalOffer.objects.select_related("tenant", "contract__customer", "made_by__user")
    return offers.get(public_id=message.subject)


register(KIND, OfferLetter())
