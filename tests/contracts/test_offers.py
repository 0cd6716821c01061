"""Renewal offers: drafted, sent with a document, ended (R1.5, R3.3)."""

import datetime as dt
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from contracts.disposing import decline_visit
from contracts.models import ContractTerm, Entitlement, RenewalOffer
from contracts.offer_states import OfferState
from contracts.offered import visits_used
from contracts.offers import (
    NotOpen,
    NotReady,
    Offered,
    change_draft,
    draft_offer,
    send_offer,
    usual_offer,
    withdraw_offer,
)
from contracts.renewals import NoTermToRenew
from customers.models import TimelineEntry
from messaging.models import Message
from tenancy.models import StoredFile
from tenancy.scope import tenant
from tests.at_once import kinds
from tests.contracts.offer_scene import DAY, NEXT, NEXT_END, TODAY, blocks, draft, north, scene, sent, state
from tests.contracts.racing import while_held

__all__ = ["north"]


def test_a_draft_is_the_next_term_as_it_was(north, now):
    offer = draft_offer(north.contract, by=north.sales, now=now)
    assert (offer.number, offer.starts_on, offer.ends_on) == ("N-20418/1", NEXT, NEXT_END)
    assert (offer.amount, offer.visits, offer.response_hours) == (Decimal("612.00"), 2, 4)
    assert (offer.valid_until, offer.changes_scope) == (dt.date(2026, 4, 4), False)
    assert (offer.made_by, offer.made_at, offer.sent_at) == (north.sales, now, None)
    assert state(offer) == OfferState.DRAFT


def test_it_is_valid_until_the_running_term_ends_when_that_is_later(north, now):
    ContractTerm.objects.filter(pk=north.term.pk).update(ends_on=dt.date(2026, 6, 14))
    assert draft_offer(north.contract, by=north.sales, now=now).valid_until == dt.date(2026, 6, 14)


def test_one_offer_stands_and_the_next_has_the_next_number(north, now):
    first = draft(north, now)
    with pytest.raises(NotReady, match="Offer N-20418/1 is being drafted. Send that one, or discard it."):
        draft(north, now)
    with pytest.raises(IntegrityError, match="offer_one_stands"), transaction.atomic():
        RenewalOffer.objects.create(
            number="X",
            contract=north.contract,
            starts_on=NEXT,
            ends_on=NEXT_END,
            amount=1,
            valid_until=TODAY,
            made_at=now,
        )
    withdraw_offer(first, because="Wrong price", by=north.sales, now=now)
    second = sent(north, now)
    assert second.number == "N-20418/2"
    with pytest.raises(NotReady, match="Offer N-20418/2 was sent already. Withdraw it before"):
        draft(north, now)


def test_one_that_nobody_answered_in_time_gives_way(north, now):
    old = sent(north, now)
    later = now + dt.timedelta(days=31)
    new = draft_offer(north.contract, by=north.sales, now=later)
    old.refresh_from_db()
    assert old.settled_because == "Out of date since 4 Apr 2026"
    assert new.number == "N-20418/2"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ends_on": NEXT - DAY}, "The term ends before it begins on 15 Mar 2026."),
        ({"amount": Decimal("-1")}, "The price cannot be below zero."),
        ({"valid_until": TODAY - DAY}, "The day until which it is valid is over."),
        ({"valid_until": dt.date.max}, "Choose days within ten years."),
        ({"ends_on": dt.date.max}, "Choose days within ten years."),
        ({"machines": frozenset()}, "Choose at least one of the customer’s machines."),
    ],
)
def test_what_cannot_be_offered_is_refused(north, now, changes, words):
    with pytest.raises(ValueError, match=words):
        draft(north, now, **changes)
    assert not RenewalOffer.objects.exists()


def test_a_strangers_machine_cannot_be_offered(cast, north, now):
    with tenant(cast.south.tenant):
        theirs = cast.south.copier.pk
    with pytest.raises(ValueError, match="Choose at least one of the customer’s machines."):
        draft(north, now, machines=frozenset({north.copier.pk, theirs}))


def test_a_contract_without_a_term_has_nothing_to_offer(north, now):
    ContractTerm.objects.update(taken_back_at=now)
    with pytest.raises(NoTermToRenew):
        draft_offer(north.contract, by=north.sales, now=now)
    assert blocks(north, now) == ["N-20418 has no term that stands. Enter its first one."]


def test_a_draft_can_be_changed_until_it_is_sent(north, now):
    offer = draft(north, now)
    cheaper = Offered(**{**usual_offer(north.contract, day=TODAY).__dict__, "amount": Decimal("500")})
    offer = change_draft(offer, cheaper, now=now)
    assert RenewalOffer.objects.get().amount == 500
    send_offer(offer, by=north.sales, now=now)
    with pytest.raises(NotOpen, match="It was sent on 5 Mar 2026 already and stays as it was."):
        change_draft(offer, cheaper, now=now)
    with pytest.raises(NotOpen, match="It was sent on 5 Mar 2026 already and stays as it was."):
        send_offer(offer, by=north.sales, now=now)
    assert Message.objects.count() == 1


def test_two_drafts_at_once_make_one(committed_cast, now):
    north = committed_cast.north
    with tenant(north.tenant):
        scene(north, now)
    act = partial(draft_offer, north.contract, by=north.sales, now=now)
    results = while_held(north, act, act)
    assert kinds(results) == ["NotReady", "RenewalOffer"]


# Sending


def test_sending_makes_the_document_and_plans_the_mail(north, now):
    offer = sent(north, now)
    assert (offer.sent_at, offer.sent_to, state(offer)) == (now, north.contact, OfferState.OPEN)
    document = StoredFile.objects.get()
    assert (document, document.kind, document.name) == (offer.document, "document", "Offer N-20418-1.pdf")
    with document.content.open("rb") as content:
        assert content.read(5) == b"%PDF-"
    message = Message.objects.get()
    assert (message.kind, message.subject, message.contact) == (
        "renewal offer",
        offer.public_id,
        north.contact,
    )
    line = TimelineEntry.objects.get(subject=offer.public_id)
    assert (line.title, line.detail, line.actor) == (
        "Renewal offer N-20418/1 sent to Margaret Ellison",
        "15 Mar 2026 to 14 Mar 2027, £612.00",
        north.sales,
    )


def test_nothing_is_left_when_sending_fails(north, now, monkeypatch, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    offer = draft(north, now)

    def fail(*_, **__):
        raise OSError("No room")

    monkeypatch.setattr("contracts.offers.plan_letter", fail)
    with pytest.raises(OSError, match="No room"):
        send_offer(offer, by=north.sales, now=now)
    offer.refresh_from_db()
    assert (offer.sent_at, StoredFile.objects.count()) == (None, 0)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_visits_that_are_given_up_are_said_and_not_called_left(cast, now):
    desk = cast.north
    with tenant(desk.tenant):
        granted = Entitlement.objects.get(term=desk.term)
        said = [visits_used(desk.contract, TODAY)]
        for because in ("On holiday", "Moving"):
            decline_visit(granted, because=because, by=desk.dispatcher, now=now)
            said.append(visits_used(desk.contract, TODAY))
    assert said == [
        "0 of 2 visits used, 2 left",
        "0 of 2 visits used, 1 not wanted, 1 left",
        "0 of 2 visits used, 2 not wanted",
    ]


def test_the_main_contact_gets_it_unless_only_another_takes_mail(north, now):
    other = north.customer.contacts.create(name="Bo", email="bo@harbourletter.example")
    north.contact.by_mail = False
    north.contact.save()
    assert sent(north, now).sent_to == other
