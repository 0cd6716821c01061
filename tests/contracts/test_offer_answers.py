"""What the customer answers to an offer, and what follows (R1.5, R3.3)."""

import datetime as dt
from decimal import Decimal
from functools import partial

import pytest

from cases.models import Duty
from contracts.call_list import call_list
from contracts.cover import cover_of
from contracts.evidence import confirm_evidence, reject_evidence
from contracts.grounds import grounds_of
from contracts.holds import standing_holds
from contracts.matching import match_payments
from contracts.models import Cancellation, Contract, ContractTerm, Entitlement, Payment, RenewalEvidence
from contracts.offer_answers import accept_offer, decline_offer
from contracts.offer_states import OfferState, told_to_customer
from contracts.offers import NotOpen, send_offer, withdraw_offer
from contracts.renewals import renew
from customers.links import find_link, make_link
from customers.models import CustomerLink, TimelineEntry
from messaging.models import Message
from tenancy.models import Role
from tenancy.scope import tenant
from tests.at_once import kinds
from tests.contracts.offer_scene import DAY, NEXT, TODAY, draft, north, scene, sent, state
from tests.contracts.racing import while_held

__all__ = ["north"]


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


@pytest.fixture
def offered(committed_cast, now):
    with tenant(committed_cast.north.tenant):
        offer = sent(scene(committed_cast.north, now), now)
    return committed_cast.north, offer


def test_two_acceptances_at_once_make_one_evidence(offered, now):
    north, offer = offered
    accept = partial(accept_offer, offer, name="Margaret", now=now)
    results = while_held(north, accept, accept)
    assert [result.accepted_name for result in results] == ["Margaret", "Margaret"]
    with tenant(north.tenant):
        assert (RenewalEvidence.objects.count(), Duty.objects.count()) == (1, 1)


@pytest.mark.parametrize("turn", range(3))
def test_of_an_acceptance_and_a_withdrawal_at_once_exactly_one_wins(offered, now, turn):
    north, offer = offered
    results = while_held(
        north,
        partial(accept_offer, offer, name="Margaret", now=now),
        partial(withdraw_offer, offer, because="Wrong price", by=north.sales, now=now),
    )
    assert kinds(results) == ["NotOpen", "RenewalOffer"]
    with tenant(north.tenant):
        offer.refresh_from_db()
        assert (offer.accepted_at is None) == (offer.settled_at is not None)
        assert RenewalEvidence.objects.count() == (offer.accepted_at is not None)
