"""What has become of a renewal offer: derived from its own dates and its contract's renewals."""

import datetime as dt

from django.db import models

from contracts.models import RenewalOffer
from contracts.wording import day_in_full


class OfferState(models.TextChoices):
    """What a person reads of an offer."""

    DRAFT = "draft", "Draft"
    OPEN = "open", "Waiting for an answer"
    OUT_OF_DATE = "out of date", "Out of date"
    ACCEPTED = "accepted", "Accepted, being checked"
    DECLINED = "declined", "Declined"
    RENEWED = "renewed", "Renewed"
    ENDED = "ended", "No longer open"


def state_of(offer: RenewalOffer, day: dt.date) -> OfferState:
    """The state of an offer on a day in the desk's zone. One settled by a renewal that stands is renewed."""
    if offer.settled_at is not None:
        made = offer.contract.renewals.filter(renewed_at=offer.settled_at, taken_back_at__isnull=True)
        return OfferState.RENEWED if made.exists() else OfferState.ENDED
    if offer.declined_at is not None:
        return OfferState.DECLINED
    if offer.accepted_at is not None:
        return OfferState.ACCEPTED
    if offer.sent_at is None:
        return OfferState.DRAFT
    return OfferState.OPEN if offer.valid_until >= day else OfferState.OUT_OF_DATE


def told_to_customer(offer: RenewalOffer, day: dt.date) -> str:
    """Why a customer cannot answer an offer any more, without any detail of it; empty while they can."""
    match state_of(offer, day):
        case OfferState.OPEN:
            return ""
        case OfferState.OUT_OF_DATE:
            return f"This offer was open until {day_in_full(offer.valid_until)}."
        case OfferState.ACCEPTED:
            return "Thank you, we have your acceptance and are checking it. There is nothing more to do."
        case OfferState.DECLINED:
            return "You declined this offer."
        case OfferState.RENEWED:
            return "Your contract is renewed. There is nothing more to do."
    return "This offer is no longer open."
