"""What a customer answers to a renewal offer, by the link in its mail.

An accepted offer is evidence that waits for its verdict (R1.5); confirming it renews as offered.
The words of what is refused are for the customer.
"""

import datetime as dt

from django.db import transaction

from cases.duties import open_duty
from cases.models import Duty
from contracts.evidence import log_evidence
from contracts.models import RenewalEvidence, RenewalOffer
from contracts.offer_blocks import is_for_next_term
from contracts.offer_states import OfferState, state_of, told_to_customer
from contracts.offers import NotOpen, lock_offer, tell_offer
from contracts.verifying import end_of_business_day
from tenancy.calendars import calendar_of, local_day, zone_of
from tenancy.models import Role

RING = "Please ring us: a person answers and helps you on."


@transaction.atomic
def accept_offer(offer: RenewalOffer, *, name: str, now: dt.datetime) -> RenewalOffer:
    """The customer's yes: evidence that waits for its verdict. Accepting twice changes nothing.

    `name` is as they typed it. Raises ValueError without one, and NotOpen for an offer that is out of
    date, withdrawn, declined or overtaken.
    """
    name = " ".join(name.split())[:120]
    if not name:
        raise ValueError("Please type your name.")
    offer = lock_offer(offer)
    today = local_day(now, zone_of(offer.tenant))
    if state_of(offer, today) == OfferState.ACCEPTED:
        return offer
    _must_be_open(offer, today)
    if offer.contract.cancellations.filter(undone_at__isnull=True).exists() or not is_for_next_term(offer):
        raise NotOpen(f"Something has changed since we sent this offer. {RING}")
    offer.evidence = log_evidence(
        contract=offer.contract,
        kind=RenewalEvidence.Kind.OFFER,
        reference=offer.number,
        amount=offer.amount,
        dated_on=today,
        note=f"Accepted by {name} on their page",
        by=None,
        recorded_by_name=name,
        now=now,
    )
    offer.accepted_at, offer.accepted_name = now, name
    offer.save(update_fields=["accepted_at", "accepted_name", "evidence"])
    return offer


@transaction.atomic
def decline_offer(offer: RenewalOffer, *, now: dt.datetime, because: str = "") -> RenewalOffer:
    """The customer's no: a line and a call for the contract's owner. Declining twice changes nothing.

    Raises NotOpen.
    """
    offer = lock_offer(offer)
    today = local_day(now, zone_of(offer.tenant))
    if state_of(offer, today) == OfferState.DECLINED:
        return offer
    _must_be_open(offer, today)
    offer.declined_at, offer.declined_because = now, " ".join(because.split())[:300]
    offer.save(update_fields=["declined_at", "declined_because"])
    said = offer.declined_because or "No reason given"
    tell_offer(offer, "declined", f"Renewal offer {offer.number} declined", by=None, now=now, detail=said)
    calendar = calendar_of(offer.tenant)
    open_duty(
        "offer declined",
        offer.public_id,
        kind=Duty.Kind.RENEWAL_ENDS,
        title=f"{offer.contract.customer} declined offer {offer.number}: speak with them",
        detail=said,
        due_at=end_of_business_day(calendar.spans(calendar.next_working_day(today))[0][0], calendar),
        now=now,
        owner_role=Role.SALES,
        owner=offer.contract.owner,
        customer=offer.contract.customer,
        subject=offer.public_id,
    )
    return offer


def _must_be_open(offer, today) -> None:
    if state_of(offer, today) != OfferState.OPEN:
        raise NotOpen(f"{told_to_customer(offer, today)} {RING}")
