"""What stands against sending an offer, and where each thing is solved (R3.3)."""

import datetime as dt

import pytest

from contracts.evidence import log_claim
from contracts.models import AllowanceEntry, Cancellation, Entitlement, Payment, RenewalOffer
from contracts.offer_blocks import what_blocks
from contracts.offers import NotReady, send_offer
from contracts.renewals import renew
from messaging.models import Message
from tenancy.models import StoredFile, Tenant
from tests.contracts.offer_scene import TODAY, blocks, draft, north, words_of

__all__ = ["north"]


def test_a_visit_without_a_disposition_stops_it(north, now):
    offer = draft(north, now)
    Entitlement.objects.update(quantity=3)
    with pytest.raises(NotReady) as refused:
        send_offer(offer, by=north.sales, now=now)
    assert str(refused.value) == (
        "1 visit that is paid for is neither done nor booked. Book it, or say that it was declined, "
        "carried over or forfeited."
    )
    assert (refused.value.blocks[0].solved_at, Message.objects.count(), StoredFile.objects.count()) == (
        "allowance",
        0,
        0,
    )
    AllowanceEntry.objects.create(
        entitlement=Entitlement.objects.get(), kind="booked", quantity=1, at=now, subject=offer.public_id
    )
    assert send_offer(offer, by=north.sales, now=now).sent_at == now


def test_each_thing_that_stops_it_says_what_to_do(north, now):
    assert blocks(north, now) == []
    log_claim(contract=north.contract, by=north.sales, now=now)
    Cancellation.objects.create(contract=north.contract, reason="Moved", recorded_at=now)
    Entitlement.objects.update(quantity=4)
    north.contact.email = ""
    north.contact.save()
    Tenant.objects.filter(pk=north.tenant.pk).update(messages_from=None)
    assert blocks(north, now) == [
        "The contract is cancelled. Undo the cancellation first.",
        "A renewal is in review. Accounts have to decide on it first.",
        "2 visits that are paid for are neither done nor booked. Book them, or say that they were declined, "
        "carried over or forfeited.",
        "There is no mail address of Margaret Ellison that takes messages. Add one.",
        "This desk’s messages are switched off. Its manager switches them on.",
    ]


def test_money_that_may_be_meant_for_it_stops_it(north, now):
    Payment.objects.create(customer=north.customer, paid_on=TODAY, amount=10, currency="GBP", recorded_at=now)
    assert blocks(north, now) == ["A renewal is in review. Accounts have to decide on it first."]


def test_nothing_is_offered_before_the_next_term_has_begun(north, now):
    offer = draft(north, now)
    RenewalOffer.objects.update(settled_at=now, settled_because="Kept apart")
    renew(north.contract, channel="call", amount=None, by=north.accounts, now=now)
    RenewalOffer.objects.update(settled_at=None)
    offer.refresh_from_db()
    assert blocks(north, now, offer) == [
        "The term 15 Mar 2026 to 14 Mar 2027 stands already: there is nothing to renew before it begins.",
        "It offers a term from 15 Mar 2026, which is not the one that follows now. Make a new offer.",
    ]


def test_a_draft_that_grew_old_is_stopped(north, now):
    offer = draft(north, now, ends_on=dt.date(2026, 4, 14), valid_until=TODAY)
    later = dt.date(2026, 4, 15)
    assert words_of(what_blocks(north.contract, offer=offer, day=later, now=now)) == [
        "The offered term is over already. Choose a later end.",
        "The day until which it is valid is over. Choose a later one.",
    ]
