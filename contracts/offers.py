"""Renewal offers: the next term at a price, drafted, sent and withdrawn by the desk.

None goes out while an entitled visit has no disposition (R3.3). What the customer answers stands in
contracts/offer_answers.py.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from contracts.agreed import Agreed, as_before
from contracts.cancelling import FURTHEST
from contracts.models import Contract, OfferEquipment, RenewalOffer
from contracts.offer_blocks import OFFER, Block, another_stands, offer_that_stands, recipient_of, what_blocks
from contracts.offer_document import document_name, offer_pdf
from contracts.offer_ends import end_offers
from contracts.offer_letter import plan_letter
from contracts.offer_states import OfferState, state_of
from contracts.offered import machines_covered
from contracts.renewals import last_term, lock_contract
from contracts.wording import day_in_full, money
from customers.models import Equipment, TimelineEntry
from customers.timeline import add_line
from messaging.models import Message
from tenancy.calendars import local_day, zone_of
from tenancy.files import discard, store_file
from tenancy.models import StoredFile
from tenancy.papers import CONTENT_TYPE

# How long an offer can be answered at least, unless a person says otherwise.
OPEN_FOR = dt.timedelta(days=30)
WAITING_TO_LEAVE = (Message.State.PLANNED, Message.State.SENDING)


class NotReady(ValueError):
    """The offer cannot be made or sent as things stand; the words say what to do, `blocks` where."""

    def __init__(self, blocks: list[Block]):
        super().__init__(" ".join(block.words for block in blocks))
        self.blocks = blocks


class NotOpen(ValueError):
    """The offer cannot be answered, changed, sent or withdrawn any more; the words say what to do."""


@dataclass(frozen=True)
class Offered:
    """What is offered for the next term, but for its first day, which follows from the last one.

    Days are included and of the desk's zone; response in working hours; `machines` are ids where
    they are not those that the contract covers anyway.
    """

    ends_on: dt.date
    amount: Decimal
    visits: int
    response_hours: int | None
    valid_until: dt.date
    words: str = ""
    machines: frozenset[int] | None = None


def next_term(contract: Contract) -> Agreed:
    """The term that an offer is about, as it would be without one. Raises NoTermToRenew."""
    return as_before(contract, last_term(contract))


def usual_offer(contract: Contract, *, day: dt.date) -> Offered:
    """The next term as it was, open until the last one ends and for 30 days at least.

    Raises NoTermToRenew.
    """
    usual = next_term(contract)
    last_day = usual.starts_on - dt.timedelta(days=1)
    return Offered(
        ends_on=usual.ends_on,
        amount=usual.price,
        visits=usual.visits,
        response_hours=usual.response_hours,
        valid_until=max(last_day, day + OPEN_FOR),
    )


@transaction.atomic
def draft_offer(contract: Contract, *, by, now: dt.datetime, offered: Offered | None = None) -> RenewalOffer:
    """Write an offer for the term that follows; nothing leaves. Numbered "<contract>/<n>".

    One that nobody answered in time gives way. Raises NotReady while another stands, NoTermToRenew,
    and ValueError for days, amounts or machines that cannot be offered.
    """
    locked = lock_contract(contract.pk)
    today = local_day(now, zone_of(locked.tenant))
    _give_way(locked, today, by=by, now=now)
    offered = offered or usual_offer(locked, day=today)
    starts_on = next_term(locked).starts_on
    offer = RenewalOffer(
        number=_next_number(locked), contract=locked, starts_on=starts_on, made_at=now, made_by=by
    )
    _fill(offer, offered, today)
    return offer


@transaction.atomic
def change_draft(offer: RenewalOffer, offered: Offered, *, now: dt.datetime) -> RenewalOffer:
    """Write a draft anew, for the term that follows now. Raises NotOpen once it was sent or ended."""
    offer = lock_offer(offer)
    _must_be_draft(offer, "changed")
    offer.starts_on = next_term(offer.contract).starts_on
    _fill(offer, offered, local_day(now, zone_of(offer.tenant)))
    return offer


@transaction.atomic
def send_offer(offer: RenewalOffer, *, by, now: dt.datetime) -> RenewalOffer:
    """Make the document and plan the mail, both or nothing. Raises NotReady and NotOpen."""
    offer = lock_offer(offer)
    _must_be_draft(offer, "sent")
    blocks = what_blocks(offer.contract, offer=offer, day=local_day(now, zone_of(offer.tenant)), now=now)
    if blocks:
        raise NotReady(blocks)
    offer.sent_at, offer.sent_to = now, recipient_of(offer.contract.customer)
    offer.document = store_file(
        content=offer_pdf(offer, now=now, signed_by=_signature(offer)),
        kind=StoredFile.Kind.DOCUMENT,
        name=document_name(offer),
        content_type=CONTENT_TYPE,
        by=by,
        now=now,
    )
    try:
        offer.save(update_fields=["sent_at", "sent_to", "document"])
        plan_letter(offer, now=now)
        tell_offer(
            offer, "sent", f"Renewal offer {offer.number} sent to {_person(offer.sent_to)}", by=by, now=now
        )
    except BaseException:
        discard([offer.document])
        raise
    return offer


@transaction.atomic
def send_again(offer: RenewalOffer, *, by, now: dt.datetime) -> RenewalOffer:
    """Mail an offer that waits for its answer once more, with a new link; older links go on opening it.

    To the address that the customer has by now. Raises NotReady, and NotOpen while the last mail has
    not left yet.
    """
    offer = lock_offer(offer)
    today = local_day(now, zone_of(offer.tenant))
    if state_of(offer, today) != OfferState.OPEN:
        raise NotOpen(_staff_words(offer, today))
    if Message.objects.filter(subject=offer.public_id, state__in=WAITING_TO_LEAVE).exists():
        raise NotOpen("Its mail is on the way already.")
    blocks = what_blocks(offer.contract, offer=offer, day=today, now=now)
    if blocks:
        raise NotReady(blocks)
    offer.sent_to = recipient_of(offer.contract.customer)
    offer.save(update_fields=["sent_to"])
    plan_letter(offer, now=now)
    return offer


@transaction.atomic
def withdraw_offer(offer: RenewalOffer, *, because: str, by, now: dt.datetime) -> RenewalOffer:
    """Take back an offer that nobody accepted, or discard a draft: its links end, its mail stays here.

    Raises ValueError without a reason, and NotOpen.
    """
    if not because.strip():
        raise ValueError("Say why it is withdrawn.")
    offer = lock_offer(offer)
    today = local_day(now, zone_of(offer.tenant))
    if offer.accepted_at is not None or offer.declined_at is not None or offer.settled_at is not None:
        raise NotOpen(_staff_words(offer, today))
    because = f"Withdrawn: {because.strip()}"
    end_offers(RenewalOffer.objects.filter(pk=offer.pk), because=because, by=by, now=now)
    if offer.sent_at is not None:
        tell_offer(
            offer,
            "withdrawn",
            f"Renewal offer {offer.number} withdrawn",
            by=by,
            now=now,
            detail=because,
        )
    offer.refresh_from_db()
    return offer


def lock_offer(offer: RenewalOffer) -> RenewalOffer:
    """The offer as it is once its contract is held: whoever answers, withdraws or renews waits here."""
    lock_contract(offer.contract_id)
    rows = RenewalOffer.objects.select_related(
        "tenant", "contract__customer", "contract__tenant", "contract__owner", "made_by__user"
    )
    return rows.select_for_update(of=("self",)).get(pk=offer.pk)


def _give_way(contract, today, *, by, now) -> None:
    standing = offer_that_stands(contract)
    if standing is None:
        return
    if state_of(standing, today) != OfferState.OUT_OF_DATE:
        raise NotReady([Block(another_stands(standing), OFFER, standing)])
    because = f"Out of date since {day_in_full(standing.valid_until)}"
    end_offers(RenewalOffer.objects.filter(pk=standing.pk), because=because, by=by, now=now)


def _next_number(contract) -> str:
    # The number and its count have to fit beside each other.
    begins = f"{contract.number[:55]}/"
    return f"{begins}{RenewalOffer.objects.filter(number__startswith=begins).count() + 1}"


def _fill(offer, offered: Offered, today) -> None:
    if offered.ends_on < offer.starts_on:
        raise ValueError(f"The term ends before it begins on {day_in_full(offer.starts_on)}.")
    if offered.amount < 0:
        raise ValueError("The price cannot be below zero.")
    if max(offered.ends_on, offered.valid_until) - today > FURTHEST:
        raise ValueError("Choose days within ten years.")
    if offered.valid_until < today:
        raise ValueError("The day until which it is valid is over.")
    usual = set(machines_covered(offer.contract, offer.starts_on).values_list("pk", flat=True))
    wanted = usual if offered.machines is None else set(offered.machines)
    added = Equipment.objects.filter(pk__in=wanted - usual, site__customer=offer.contract.customer_id)
    if added.count() < len(wanted - usual) or (usual and not wanted):
        raise ValueError("Choose at least one of the customer’s machines.")
    offer.ends_on, offer.amount, offer.visits = offered.ends_on, offered.amount, offered.visits
    offer.response_hours, offer.valid_until = offered.response_hours, offered.valid_until
    offer.words, offer.changes_scope = offered.words.strip(), wanted != usual
    offer.save()
    OfferEquipment.objects.filter(offer=offer).delete()
    if offer.changes_scope:
        OfferEquipment.objects.bulk_create(
            OfferEquipment(offer=offer, equipment_id=machine) for machine in sorted(wanted)
        )


def _must_be_draft(offer, what) -> None:
    if offer.settled_at is not None:
        raise NotOpen(f"It cannot be {what} any more. {offer.settled_because}.")
    if offer.sent_at is not None:
        day = day_in_full(local_day(offer.sent_at, zone_of(offer.tenant)))
        raise NotOpen(f"It was sent on {day} already and stays as it was.")


def _staff_words(offer, today) -> str:
    zone = zone_of(offer.tenant)
    match state_of(offer, today):
        case OfferState.DRAFT:
            return "It was not sent yet."
        case OfferState.OUT_OF_DATE:
            return f"It is out of date since {day_in_full(offer.valid_until)}. Make a new one."
        case OfferState.ACCEPTED:
            day = day_in_full(local_day(offer.accepted_at, zone))
            return f"{offer.accepted_name} accepted it on {day}. Accounts decide on that."
        case OfferState.DECLINED:
            return f"The customer declined it on {day_in_full(local_day(offer.declined_at, zone))}."
    return f"It has ended already. {offer.settled_because}."


def _signature(offer) -> str:
    return offer.made_by.name if offer.made_by else ""


def _person(contact) -> str:
    return contact.name or contact.email


def tell_offer(offer: RenewalOffer, step: str, title: str, *, by, now: dt.datetime, detail: str = "") -> None:
    """A line in the customer's time line; without a detail it says term and price."""
    term = f"{day_in_full(offer.starts_on)} to {day_in_full(offer.ends_on)}"
    add_line(
        offer.contract.customer,
        TimelineEntry.Kind.RENEWAL,
        title,
        at=now,
        detail=detail or f"{term}, {money(offer.amount, offer.contract.currency)}",
        actor=by,
        subject=offer.public_id,
        step=step,
    )
