"""Renewal offers: drafted, sent with a document, answered by the customer, ended (R1.5, R3.3)."""

import datetime as dt
import threading
import time
from decimal import Decimal
from functools import partial

import pytest
from django.core import mail
from django.db import IntegrityError, connection, connections, transaction

from cases.models import Duty
from contracts.call_list import call_list
from contracts.cover import cover_of
from contracts.disposing import decline_visit
from contracts.evidence import confirm_evidence, log_claim, reject_evidence
from contracts.grounds import grounds_of
from contracts.holds import standing_holds
from contracts.matching import match_payments
from contracts.models import (
    AllowanceEntry,
    Cancellation,
    Contract,
    ContractTerm,
    Entitlement,
    Payment,
    RenewalEvidence,
    RenewalOffer,
)
from contracts.offer_answers import accept_offer, decline_offer
from contracts.offer_blocks import what_blocks
from contracts.offer_states import OfferState, state_of, told_to_customer
from contracts.offered import visits_used
from contracts.offers import (
    NotOpen,
    NotReady,
    Offered,
    change_draft,
    draft_offer,
    send_again,
    send_offer,
    usual_offer,
    withdraw_offer,
)
from contracts.renewals import NoTermToRenew, renew
from customers.links import find_link, make_link
from customers.models import CustomerLink, TimelineEntry
from messaging.delivery import deliver_due
from messaging.models import Message
from tenancy.models import Role, StoredFile, Tenant
from tenancy.scope import tenant

TODAY = dt.date(2026, 3, 5)
START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
NEXT, NEXT_END = dt.date(2026, 3, 15), dt.date(2027, 3, 14)
DAY = dt.timedelta(days=1)


def scene(desk, now):
    """A term from 15 Mar 2025 to 14 Mar 2026, one of its two visits done, the other forfeited."""
    ContractTerm.objects.filter(pk=desk.term.pk).update(starts_on=START, ends_on=END)
    desk.term.refresh_from_db()
    visits = Entitlement.objects.get(term=desk.term)
    for kind in (AllowanceEntry.Kind.DONE, AllowanceEntry.Kind.FORFEITED):
        AllowanceEntry.objects.create(
            entitlement=visits, kind=kind, quantity=1, at=now, subject=desk.term.public_id
        )
    return desk


@pytest.fixture
def north(cast, now):
    """Northgate's desk, open, its contract due."""
    with tenant(cast.north.tenant):
        yield scene(cast.north, now)


def draft(desk, now, **changes):
    usual = usual_offer(desk.contract, day=TODAY)
    return draft_offer(
        desk.contract, by=desk.sales, now=now, offered=Offered(**{**usual.__dict__, **changes})
    )


def sent(desk, now, **changes):
    return send_offer(draft(desk, now, **changes), by=desk.sales, now=now)


def state(offer, day=TODAY):
    offer.refresh_from_db()
    return state_of(offer, day)


def words_of(blocks):
    return [block.words for block in blocks]


def blocks(desk, now, offer=None):
    return words_of(what_blocks(desk.contract, offer=offer, day=TODAY, now=now))


# Drafting


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


# What stands against sending


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
        "There is no e-mail address of Margaret Ellison that takes messages. Add one.",
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


# The mail


def deliver(now):
    return deliver_due(clock=lambda: now)


def test_the_mail_says_it_all_with_one_link_and_one_number(cast, now):
    with tenant(cast.north.tenant):
        offer = sent(scene(cast.north, now), now, words="Thank you for ten years.")
    deliver(now)
    (letter,) = mail.outbox
    address = letter.body.split("until 4 Apr 2026:\n")[1].split("\n")[0]
    stop = letter.extra_headers["List-Unsubscribe"].strip("<>")
    assert letter.subject == "Our renewal offer for your contract N-20418"
    assert letter.body == (
        "Dear Margaret Ellison,\n\n"
        "your contract N-20418 runs until 14 Mar 2026. We would be glad to go on looking after you.\n\n"
        "Our offer N-20418/1: 15 Mar 2026 to 14 Mar 2027, for £612.00, with 2 visits.\n"
        "Of the present term: 1 of 2 visits used, 1 forfeited.\n\n"
        "Thank you for ten years.\n\n"
        "The attached letter says all of it. To accept or decline, until 4 Apr 2026:\n"
        f"{address}\n\n"
        "Or ring 01632 960 118; a person answers.\n\n"
        "Jamie Mercer\nNorthgate\n\n"
        f"No more mail of this sort: {stop}\n"
    )
    assert [file[0] for file in letter.attachments] == ["Offer N-20418-1.pdf"]
    found = find_link(address.rstrip("/").rsplit("/", 1)[1], now=now)
    assert (found.link.purpose, found.link.subject) == ("offer", offer.public_id)
    # Midnight after the last day; London's clocks have gone forward by then.
    assert found.link.expires_at == dt.datetime(2026, 4, 4, 23, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("withdrawn", "Withdrawn: Wrong price"),
        ("review", "A renewal of the contract is in review."),
        ("renewed", "The renewal stands"),
        ("cancelled", "The contract is cancelled."),
        ("accepted", "The offer is: accepted, being checked."),
    ],
)
def test_a_mail_that_is_no_longer_true_stays_here(cast, now, what, reason):
    north = cast.north
    with tenant(north.tenant):
        offer = sent(scene(north, now), now)
        match what:
            case "withdrawn":
                withdraw_offer(offer, because="Wrong price", by=north.sales, now=now)
            case "review":
                log_claim(contract=north.contract, by=north.sales, now=now)
            case "renewed":
                renew(north.contract, channel="call", amount=None, by=north.accounts, now=now)
            case "cancelled":
                Cancellation.objects.create(contract=north.contract, reason="Moved", recorded_at=now)
            case "accepted":
                accept_offer(offer, name="Margaret", now=now)
    deliver(now)
    with tenant(north.tenant):
        message = Message.objects.get()
        assert (message.state, message.reason) == (Message.State.CANCELLED, reason)
    assert mail.outbox == []


def test_a_mail_past_the_last_day_is_a_fault_that_a_person_sees(cast, now):
    with tenant(cast.north.tenant):
        sent(scene(cast.north, now), now)
    deliver(now + dt.timedelta(days=40))
    with tenant(cast.north.tenant):
        message = Message.objects.get()
        assert (message.state, message.reason) == (
            Message.State.MISSED,
            "The offer went out of date before its mail could leave.",
        )


def test_sent_again_it_has_another_link_and_the_first_still_opens(cast, now):
    north = cast.north
    with tenant(north.tenant):
        offer = sent(scene(north, now), now)
        with pytest.raises(NotOpen, match="Its mail is on the way already."):
            send_again(offer, by=north.sales, now=now + DAY)
    deliver(now)
    with tenant(north.tenant):
        send_again(offer, by=north.sales, now=now + DAY)
    deliver(now + DAY)
    assert len(mail.outbox) == 2
    with tenant(north.tenant):
        assert CustomerLink.objects.filter(subject=offer.public_id, revoked_at=None).count() == 2
        withdraw_offer(offer, because="Wrong price", by=north.sales, now=now + DAY)
        assert CustomerLink.objects.filter(subject=offer.public_id, revoked_at=None).count() == 0
        with pytest.raises(NotOpen, match="It has ended already. Withdrawn: Wrong price."):
            send_again(offer, by=north.sales, now=now + DAY)


# Answers


def test_accepting_is_evidence_that_holds_the_customer_back(north, now):
    offer = accept_offer(sent(north, now), name="  Margaret   Ellison ", now=now)
    assert (offer.accepted_at, offer.accepted_name) == (now, "Margaret Ellison")
    evidence = RenewalEvidence.objects.get()
    assert offer.evidence == evidence
    assert (evidence.kind, evidence.state, evidence.reference, evidence.amount) == (
        "accepted offer",
        "waiting",
        "N-20418/1",
        612,
    )
    assert (evidence.recorded_by, evidence.recorded_by_name, evidence.dated_on) == (
        None,
        "Margaret Ellison",
        TODAY,
    )
    cover = cover_of(north.contract, TODAY)
    assert cover.sentence == "Active until 14 Mar 2026, renewal in review: accepted offer of 5 March"
    assert standing_holds(north.customer).get().reason == (
        "Accepted offer of 5 Mar 2026 for N-20418 is being looked at"
    )
    duty = Duty.objects.get()
    assert (duty.kind, duty.owner_role, duty.subject) == (
        "verify renewal",
        Role.ACCOUNTS,
        evidence.public_id,
    )
    assert [ground.what for ground in grounds_of(cover) if ground.kind == "waiting"] == [
        "Still uncertain: accepted offer N-20418/1, £612.00"
    ]


def test_accepting_twice_changes_nothing(north, now):
    offer = sent(north, now)
    accept_offer(offer, name="Margaret", now=now)
    again = accept_offer(offer, name="Somebody else", now=now + DAY)
    assert (again.accepted_name, again.accepted_at) == ("Margaret", now)
    assert (RenewalEvidence.objects.count(), Duty.objects.count()) == (1, 1)


def test_confirming_renews_as_offered(north, now):
    offer = accept_offer(
        sent(
            north,
            now,
            ends_on=dt.date(2026, 9, 14),
            amount=Decimal("350.00"),
            visits=1,
            response_hours=8,
            machines=frozenset({north.sorter.pk}),
        ),
        name="Margaret",
        now=now,
    )
    renewal = confirm_evidence(offer.evidence, by=north.accounts, now=now)
    term = renewal.term
    assert (term.starts_on, term.ends_on, term.price, term.response_hours) == (
        NEXT,
        dt.date(2026, 9, 14),
        350,
        8,
    )
    assert (renewal.channel, renewal.amount, renewal.note) == ("offer", 350, "as offered in N-20418/1")
    assert Entitlement.objects.get(term=term).quantity == 1
    cover = cover_of(north.contract, TODAY)
    assert cover.sentence == "Active until 14 Sep 2026, renewal paid"
    assert cover.machines == ["SF12-077-0923", "TC240-118-4471"]
    in_april = cover_of(north.contract, dt.date(2026, 4, 1))
    assert (in_april.machines, in_april.visits_granted, in_april.response_hours) == (["SF12-077-0923"], 1, 8)
    assert (state(offer), offer.settled_by) == (OfferState.RENEWED, north.accounts)
    assert not standing_holds(north.customer).exists()
    assert not Duty.objects.open().exists()


def test_rejecting_ends_the_offer_and_the_review(north, now):
    offer = accept_offer(sent(north, now), name="Margaret", now=now)
    token = make_link(north.customer, CustomerLink.Purpose.OFFER, offer.public_id, now=now, expires_at=None)
    reject_evidence(offer.evidence, by=north.accounts, now=now, reason="She meant the other machine")
    assert state(offer) == OfferState.ENDED
    assert offer.settled_because == "Acceptance rejected: She meant the other machine"
    assert cover_of(north.contract, TODAY).state == "renewal due"
    assert not find_link(token, now=now).is_open
    with pytest.raises(NotOpen, match="This offer is no longer open. Please ring us"):
        accept_offer(offer, name="Margaret", now=now)


def test_in_a_short_term_an_acceptance_is_never_taken_for_the_renewal_before_it(north, now):
    ContractTerm.objects.filter(pk=north.term.pk).update(
        starts_on=dt.date(2025, 11, 15), ends_on=dt.date(2026, 2, 14)
    )
    Contract.objects.filter(pk=north.contract.pk).update(visits_per_term=0)
    renew(north.contract, channel="call", amount=None, by=north.accounts, now=now - 40 * DAY)
    offer = accept_offer(sent(north, now), name="Margaret", now=now)
    renewal = confirm_evidence(offer.evidence, by=north.accounts, now=now)
    assert (renewal.starts_on, renewal.ends_on) == (dt.date(2026, 5, 15), dt.date(2026, 8, 14))


def test_the_money_for_it_settles_it_as_offered(north, now):
    offer = accept_offer(sent(north, now, amount=Decimal("700.00")), name="Margaret", now=now)
    money = Payment.objects.create(
        customer=north.customer,
        contract_written="N-20418",
        paid_on=TODAY,
        amount=700,
        currency="GBP",
        recorded_at=now,
    )
    match_payments([money], by=north.accounts, now=now)
    assert state(offer) == OfferState.RENEWED
    assert RenewalEvidence.objects.get().state == "confirmed"
    assert north.contract.terms.get(starts_on=NEXT).price == 700


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("late", "This offer was open until 4 Apr 2026. Please ring us"),
        ("withdrawn", "This offer is no longer open. Please ring us"),
        ("declined", "You declined this offer. Please ring us"),
        ("renewed", "Your contract is renewed. There is nothing more to do. Please ring us"),
        ("cancelled", "Something has changed since we sent this offer. Please ring us"),
        ("overtaken", "Something has changed since we sent this offer. Please ring us"),
        ("draft", "This offer is no longer open. Please ring us"),
    ],
)
def test_an_offer_that_is_not_open_cannot_be_accepted(north, now, what, words):
    offer, at = draft(north, now), now
    if what != "draft":
        send_offer(offer, by=north.sales, now=now)
    match what:
        case "late":
            at = now + dt.timedelta(days=31)
        case "withdrawn":
            withdraw_offer(offer, because="Wrong price", by=north.sales, now=now)
        case "declined":
            decline_offer(offer, now=now)
        case "renewed":
            renew(north.contract, channel="call", amount=None, by=north.accounts, now=now)
        case "cancelled":
            Cancellation.objects.create(contract=north.contract, reason="Moved", recorded_at=now)
        case "overtaken":
            ContractTerm.objects.filter(pk=north.term.pk).update(ends_on=dt.date(2026, 6, 14))
    with pytest.raises(NotOpen, match=words):
        accept_offer(offer, name="Margaret", now=at)
    assert not RenewalEvidence.objects.exists()


def test_its_last_day_still_counts_in_the_desks_zone(north, now):
    offer = sent(north, now)
    last_minute = dt.datetime(2026, 4, 4, 22, 59, tzinfo=dt.UTC)
    assert accept_offer(offer, name="Margaret", now=last_minute).accepted_at == last_minute


def test_an_acceptance_needs_a_name(north, now):
    with pytest.raises(ValueError, match="Please type your name."):
        accept_offer(sent(north, now), name=" \t ", now=now)


def test_declining_is_a_call_for_the_contracts_owner_by_the_next_working_day(north, now):
    north.contract.owner = north.sales
    north.contract.save()
    offer = sent(north, now)
    for _ in range(2):
        decline_offer(offer, because="Too dear", now=now)
    assert state(offer) == OfferState.DECLINED
    duty = Duty.objects.get()
    assert (duty.kind, duty.owner, duty.owner_role, duty.detail) == (
        "renewal ends",
        north.sales,
        Role.SALES,
        "Too dear",
    )
    assert duty.due_at == dt.datetime(2026, 3, 6, 17, 30, tzinfo=dt.UTC)
    assert cover_of(north.contract, TODAY).state == "renewal due"
    line = TimelineEntry.objects.get(subject=offer.public_id, step="declined")
    assert (line.title, line.detail) == ("Renewal offer N-20418/1 declined", "Too dear")
    with pytest.raises(NotOpen, match="The customer declined it on 5 Mar 2026."):
        withdraw_offer(offer, because="x", by=north.sales, now=now)
    assert draft(north, now).number == "N-20418/2"


def test_withdrawing_needs_a_reason_and_stops_the_mail(north, now):
    offer = sent(north, now)
    with pytest.raises(ValueError, match="Say why it is withdrawn."):
        withdraw_offer(offer, because=" ", by=north.sales, now=now)
    withdraw_offer(offer, because="Wrong price", by=north.sales, now=now)
    offer.refresh_from_db()
    assert (offer.settled_by, offer.settled_because) == (north.sales, "Withdrawn: Wrong price")
    assert Message.objects.get().state == Message.State.CANCELLED
    with pytest.raises(NotOpen, match="It has ended already. Withdrawn: Wrong price."):
        withdraw_offer(offer, because="Again", by=north.sales, now=now)


def test_an_accepted_offer_is_not_withdrawn_but_judged(north, now):
    offer = accept_offer(sent(north, now), name="Margaret", now=now)
    with pytest.raises(NotOpen, match="Margaret accepted it on 5 Mar 2026. Accounts decide on that."):
        withdraw_offer(offer, because="Wrong price", by=north.sales, now=now)


def test_what_a_customer_is_told_names_nothing(north, now):
    offer = sent(north, now)
    assert told_to_customer(offer, TODAY) == ""
    accept_offer(offer, name="Margaret", now=now)
    offer.refresh_from_db()
    assert told_to_customer(offer, TODAY) == (
        "Thank you, we have your acceptance and are checking it. There is nothing more to do."
    )


def test_a_renewal_that_was_taken_back_is_not_called_renewed(north, now):
    offer = sent(north, now)
    renewal = renew(north.contract, channel="call", amount=None, by=north.accounts, now=now)
    assert state(offer) == OfferState.RENEWED
    renewal.taken_back_at = now
    renewal.save()
    assert state(offer) == OfferState.ENDED


def test_the_call_list_holds_an_accepting_customer_back(north, now):
    offer = sent(north, now)
    before = call_list(TODAY)
    assert ([row.customer_id for row in before.rows], before.held) == ([north.customer.pk], 0)
    accept_offer(offer, name="Margaret", now=now)
    after = call_list(TODAY)
    assert (after.rows, after.held_back) == ([], {"in review": 1})


# Two at once

WAITING = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def offered(committed_cast, now):
    with tenant(committed_cast.north.tenant):
        offer = sent(scene(committed_cast.north, now), now)
    return committed_cast.north, offer


def at_once(desk, *acts):
    """What came of acts that all began while somebody held the contract, in no order."""
    results = []

    def run(act):
        try:
            with tenant(desk.tenant):
                results.append(act())
        except Exception as refused:
            results.append(refused)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    with tenant(desk.tenant), connection.cursor() as cursor:
        Contract.objects.select_for_update(of=("self",)).get(pk=desk.contract.pk)
        for thread in threads:
            thread.start()
        gives_up, waiting = time.monotonic() + 30, 0
        while waiting < len(acts) and time.monotonic() < gives_up:
            cursor.execute(WAITING)
            waiting = cursor.fetchone()[0]
    for thread in threads:
        thread.join(timeout=30)
    assert waiting == len(acts)
    return results


def test_two_acceptances_at_once_make_one_evidence(offered, now):
    north, offer = offered
    accept = partial(accept_offer, offer, name="Margaret", now=now)
    results = at_once(north, accept, accept)
    assert [result.accepted_name for result in results] == ["Margaret", "Margaret"]
    with tenant(north.tenant):
        assert (RenewalEvidence.objects.count(), Duty.objects.count()) == (1, 1)


@pytest.mark.parametrize("turn", range(3))
def test_of_an_acceptance_and_a_withdrawal_at_once_exactly_one_wins(offered, now, turn):
    north, offer = offered
    results = at_once(
        north,
        partial(accept_offer, offer, name="Margaret", now=now),
        partial(withdraw_offer, offer, because="Wrong price", by=north.sales, now=now),
    )
    assert sorted(type(result).__name__ for result in results) == ["NotOpen", "RenewalOffer"]
    with tenant(north.tenant):
        offer.refresh_from_db()
        assert (offer.accepted_at is None) == (offer.settled_at is not None)
        assert RenewalEvidence.objects.count() == (offer.accepted_at is not None)


def test_two_drafts_at_once_make_one(committed_cast, now):
    north = committed_cast.north
    with tenant(north.tenant):
        scene(north, now)
    act = partial(draft_offer, north.contract, by=north.sales, now=now)
    results = at_once(north, act, act)
    assert sorted(type(result).__name__ for result in results) == ["NotReady", "RenewalOffer"]
