"""Matching by hand, splitting, undoing: one act, once, with its outcome (R1.4)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from cases.models import Duty
from contracts.cover import cover_of
from contracts.covered import State
from contracts.matching import match_payments
from contracts.models import Cancellation, Contract, ContractTerm, NamedContract, Payment, RenewalEvidence
from contracts.money_by_hand import CannotMatch, Purpose, Share, match_by_hand, split_payment, take_up_again
from contracts.money_elsewhere import give_back, set_aside
from contracts.open_money import AlreadySettled, NeedsReason, wait_for_person
from contracts.renewals import AlreadyRenewed
from contracts.taking_back import return_payment
from customers.models import Customer, TimelineEntry
from customers.search_words import index_customer
from tenancy.scope import tenant
from tests.at_once import at_once

D = Decimal
START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
NEXT_END = dt.date(2027, 3, 14)
PAID = dt.date(2026, 3, 2)


@pytest.fixture
def north(cast):
    """Northgate's desk; N-20418 ends on 14 Mar 2026, and a second contract of another customer as well."""
    with tenant(cast.north.tenant):
        set_term(cast.north.term)
        yield cast.north


@pytest.fixture
def other(north):
    """N-30500 of Leopold Moss, £306."""
    return add_other()


def set_term(term):
    ContractTerm.objects.filter(pk=term.pk).update(starts_on=START, ends_on=END)


def add_other():
    moss = Customer.objects.create(name="Leopold Moss")
    contract = Contract.objects.create(number="N-30500", customer=moss, price=D("306"), currency="GBP")
    ContractTerm.objects.create(
        contract=contract, starts_on=START, ends_on=END, price=D("306"), created_at="2025-03-01T00:00Z"
    )
    return contract


def pay(amount="612.00", customer=None, now=None, **fields):
    payment = Payment.objects.create(
        amount=D(amount),
        currency=fields.pop("currency", "GBP"),
        paid_on=PAID,
        customer=customer,
        recorded_at=dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC),
        **fields,
    )
    if now is not None:
        wait_for_person([payment], now=now)
    return payment


def duty_of(payment):
    return Duty.objects.get(subject=payment.public_id, kind="match payment")


def end_of(contract):
    return contract.terms.filter(taken_back_at=None).order_by("-ends_on").first().ends_on


def lines_of(customer, kind="payment"):
    return list(customer.timeline.filter(kind=kind).order_by("pk").values_list("title", flat=True))


def test_a_match_renews_and_closes_its_duty_with_the_outcome(north, now):
    payment = pay(now=now, contract_written="N-20481")
    renewal = match_by_hand(payment, north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    payment.refresh_from_db()
    assert (payment.contract, payment.renewal, payment.matched_by) == (
        north.contract,
        renewal,
        north.accounts,
    )
    assert payment.customer == north.customer
    assert (end_of(north.contract), renewal.amount) == (NEXT_END, D("612.00"))
    duty = duty_of(payment)
    assert (duty.closed_by, duty.outcome) == (north.accounts, "Matched to N-20418: renewed to 14 Mar 2027")
    assert lines_of(north.customer) == ["Payment of £612.00 matched to N-20418"]


def test_money_may_pay_the_term_that_stands_and_then_renews_nothing(north, now):
    payment = pay(now=now)
    assert (
        match_by_hand(payment, north.contract, purpose=Purpose.OWN_TERM, by=north.accounts, now=now) is None
    )
    assert end_of(north.contract) == END
    assert duty_of(payment).outcome == "Matched to N-20418: pays the term to 14 Mar 2026"


def test_too_little_needs_a_reason_and_then_counts(north, now):
    payment = pay("500.00")
    with pytest.raises(NeedsReason, match="£112.00 is missing to the price"):
        match_by_hand(payment, north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    match_by_hand(
        payment, north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now, because="Discount agreed"
    )
    assert end_of(north.contract) == NEXT_END
    assert TimelineEntry.objects.get(kind="payment").detail == "Discount agreed"


def test_part_payments_make_one_renewal_together(north, now):
    first, second = pay("306.00", north.customer, now), pay("306.00", north.customer, now)
    renewal = match_by_hand(
        second, north.contract, purpose=Purpose.RENEWS, together=[first], by=north.accounts, now=now
    )
    assert sorted(renewal.payments.values_list("amount", flat=True)) == [D("306.00"), D("306.00")]
    assert renewal.amount == D("612.00")
    assert not Duty.objects.open().exists()


def test_money_in_another_currency_and_for_a_cancelled_contract_is_refused(north, now):
    with pytest.raises(CannotMatch, match="The money is in EUR, the contract in GBP"):
        match_by_hand(pay(currency="EUR"), north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    Cancellation.objects.create(contract=north.contract, reason="Moved", recorded_at=now)
    with pytest.raises(CannotMatch, match="N-20418 is cancelled"):
        match_by_hand(pay(), north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)


def test_nothing_is_matched_twice(north, other, now):
    payment = pay()
    copy = Payment.objects.get(pk=payment.pk)
    match_by_hand(payment, north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    words = "Somebody was quicker: the payment was matched to N-20418 by Hollis Grant on 5 Mar 2026"
    for act in (
        lambda: match_by_hand(copy, other, purpose=Purpose.RENEWS, by=north.manager, now=now),
        lambda: split_payment(copy, [Share(D(306)), Share(D(306))], by=north.manager, now=now),
    ):
        with pytest.raises(AlreadySettled, match=words):
            act()
    assert end_of(other) == END


def test_a_term_that_stands_since_the_person_looked_is_not_renewed_over(north, now):
    seen = north.term
    match_by_hand(pay(), north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now, after=seen)
    with pytest.raises(AlreadyRenewed):
        match_by_hand(pay(), north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now, after=seen)


def test_a_split_matches_each_part_and_leaves_the_rest_waiting(north, other, now):
    payment = pay("1000.00", north.customer, now)
    shares = [Share(D("612.00"), north.contract), Share(D("306.00"), other), Share(D("82.00"))]
    parts = split_payment(payment, shares, because="He pays for both", by=north.accounts, now=now)
    payment.refresh_from_db()
    assert payment.replaced_because == "He pays for both"
    assert [(part.amount, part.contract, part.customer) for part in parts] == [
        (D("612.00"), north.contract, north.customer),
        (D("306.00"), other, other.customer),
        (D("82.00"), None, north.customer),
    ]
    assert (end_of(north.contract), end_of(other)) == (NEXT_END, NEXT_END)
    assert duty_of(payment).outcome == "Split into 3 parts"
    assert duty_of(parts[2]).closed_at is None
    assert list(Payment.objects.unmatched()) == [parts[2]]


def test_no_contract_is_renewed_by_two_parts(north, now):
    payment = pay("612.00", north.customer, now)
    twice = [Share(D("306.00"), north.contract)] * 2
    with pytest.raises(CannotMatch, match="N-20418 would be renewed twice"):
        split_payment(payment, twice, because="Two lines", by=north.accounts, now=now)
    owed = Share(D("306.00"), north.contract, Purpose.OWN_TERM)
    split_payment(payment, [twice[0], owed], because="Half was owed", by=north.accounts, now=now)
    assert end_of(north.contract) == NEXT_END


def test_a_part_for_another_customers_contract_needs_a_reason(north, other, now):
    shares = [Share(D("306.00"), other), Share(D("306.00"))]
    with pytest.raises(NeedsReason, match="N-30500 belongs to Leopold Moss, the money is of Margaret Ell"):
        split_payment(pay(customer=north.customer), shares, by=north.accounts, now=now)
    index_customer(north.customer)
    act = {"purpose": Purpose.RENEWS, "by": north.accounts, "now": now}
    with pytest.raises(NeedsReason, match="the money is of The Harbour Leter"):
        match_by_hand(pay(payer="The Harbour Leter"), other, **act)
    assert end_of(other) == END


def test_a_part_that_renews_out_of_range_needs_a_reason(north, other, now):
    payment = pay("918.00")
    Payment.objects.filter(pk=payment.pk).update(paid_on=END - dt.timedelta(185))
    shares = [Share(D("612.00"), north.contract), Share(D("306.00"), other)]
    with pytest.raises(NeedsReason, match="dated 185 days before the end of N-20418. Say why"):
        split_payment(payment, shares, by=north.accounts, now=now)
    assert end_of(north.contract) == END
    split_payment(payment, shares, because="He pays two years", by=north.accounts, now=now)
    assert end_of(north.contract) == NEXT_END


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        (("600.00", "300.00"), "The parts make £900.00 of £918.00: £18.00 is missing"),
        (("612.00", "307.00"), "The parts make £919.00 of £918.00: £1.00 too much"),
        (("918.00",), "two parts or more"),
        (("918.00", "0.00"), "each above nothing"),
        (("1000.00", "-82.00"), "each above nothing"),
    ],
)
def test_a_split_that_does_not_make_the_payment_is_refused(north, now, amounts, words):
    payment = pay("918.00")
    with pytest.raises(CannotMatch, match=words):
        split_payment(payment, [Share(D(amount)) for amount in amounts], by=north.accounts, now=now)
    assert Payment.objects.unmatched().count() == 1


def test_the_database_refuses_parts_that_do_not_make_the_whole(north, now):
    payment = pay("918.00")
    with pytest.raises(IntegrityError, match="payment_parts_make_the_whole"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(replaced_at=now, replaced_because="Cut")
        Payment.objects.create(
            part_of=payment, amount=D("900.00"), currency="GBP", paid_on=PAID, recorded_at=now
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_an_undone_match_takes_its_term_back_into_review_and_the_money_waits_again(north, other, now):
    payment = pay(contract_written="N-20418", customer=other.customer)
    act = {"purpose": Purpose.RENEWS, "by": north.accounts, "now": now}
    match_by_hand(payment, north.contract, because="A neighbour", **act)
    payment.refresh_from_db()
    again = take_up_again(payment, because="It was for Moss", by=north.manager, now=now)
    payment.refresh_from_db()
    assert (payment.replaced_because, payment.replaced_by) == ("It was for Moss", north.manager)
    assert (again.amount, again.part_of, again.customer, again.contract_written) == (
        D("612.00"),
        payment,
        other.customer,
        "",
    )
    assert end_of(north.contract) == END
    assert duty_of(again).closed_at is None
    cover = cover_of(north.contract, dt.date(2026, 5, 1))
    assert cover.state == State.IN_REVIEW
    evidence = RenewalEvidence.objects.get()
    assert evidence.note == "A payment was matched here by mistake: It was for Moss"
    # What the line says would match it again by itself; a person has said that it is wrong.
    assert match_payments([again], by=None, now=now).renewed == []
    with pytest.raises(AlreadySettled, match="the payment was taken apart by Robin Vale"):
        take_up_again(payment, because="Again", by=north.manager, now=now)


def test_undoing_one_of_two_part_payments_lets_both_wait_again(north, now):
    first, second = pay("306.00", north.customer), pay("306.00", north.customer)
    match_by_hand(
        first, north.contract, purpose=Purpose.RENEWS, together=[second], by=north.accounts, now=now
    )
    first.refresh_from_db()
    take_up_again(first, because="Wrong", by=north.accounts, now=now)
    assert sorted(Payment.objects.unmatched().values_list("amount", flat=True)) == [D("306.00"), D("306.00")]
    assert Duty.objects.open().filter(kind="match payment").count() == 2


def test_undoing_money_beside_other_that_is_enough_keeps_the_term(north, now):
    match_by_hand(pay(), north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    double = pay()
    match_by_hand(double, north.contract, purpose=Purpose.OWN_TERM, by=north.accounts, now=now)
    double.refresh_from_db()
    take_up_again(double, because="Paid twice", by=north.accounts, now=now)
    assert end_of(north.contract) == NEXT_END
    assert not RenewalEvidence.objects.exists()


def test_money_that_pays_a_renewed_term_goes_with_it_and_keeps_it(north, now):
    first, second = pay(), pay()
    match_by_hand(first, north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    match_by_hand(second, north.contract, purpose=Purpose.OWN_TERM, by=north.accounts, now=now)
    return_payment(first, returned_on=PAID, by=north.accounts, now=now)
    assert end_of(north.contract) == NEXT_END
    return_payment(second, returned_on=PAID, by=north.accounts, now=now)
    assert end_of(north.contract) == END


def test_undoing_needs_a_reason_and_something_to_undo(north, now):
    payment = pay()
    with pytest.raises(NeedsReason):
        take_up_again(payment, because=" ", by=north.accounts, now=now)
    with pytest.raises(AlreadySettled, match="the payment waits for a person already"):
        take_up_again(payment, because="Wrong", by=north.accounts, now=now)


def test_money_that_waits_for_a_contract_still_to_be_entered_closes_its_duty_when_matched(north, now):
    payment = pay(now=now, contract_written="N-20418")
    match_payments([payment], by=north.accounts, now=now)
    assert (duty_of(payment).outcome, duty_of(payment).closed_by) == ("Matched by its number", north.accounts)


def test_a_stale_copy_undoes_and_gives_back_nothing_that_was_matched_since(north, now):
    stale = pay(customer=north.customer, set_aside_at=now, set_aside_because="A part")
    again = take_up_again(stale, because="No part", by=north.accounts, now=now)
    copy = Payment.objects.get(pk=again.pk)
    match_by_hand(again, north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    with pytest.raises(AlreadySettled, match="matched to N-20418"):
        take_up_again(copy, because="Wrong", by=north.manager, now=now)
    with pytest.raises(AlreadySettled, match="matched to N-20418"):
        give_back(copy, because="Wrong", returned_on=PAID, by=north.manager, now=now)


def test_of_two_who_match_one_payment_at_once_one_wins(committed_cast, now):
    north = committed_cast.north
    with tenant(north.tenant):
        set_term(north.term)
        contracts = [north.contract, add_other()]
        payment = pay("612.00", now=now)
        mine, theirs = (Payment.objects.get(pk=payment.pk) for _ in contracts)
    results = at_once(
        lambda: match_by_hand(mine, contracts[0], purpose=Purpose.RENEWS, by=north.accounts, now=now),
        lambda: match_by_hand(theirs, contracts[1], purpose=Purpose.RENEWS, by=north.manager, now=now),
        desk=north,
        told=AlreadySettled,
    )
    assert len([result for result in results if isinstance(result, AlreadySettled)]) == 1
    with tenant(north.tenant):
        payment.refresh_from_db()
        renewed = [contract for contract in contracts if end_of(contract) == NEXT_END]
        assert renewed == [payment.contract]
        assert Duty.objects.open().filter(kind="match payment").count() == 0


def test_of_a_hand_and_a_file_that_match_one_payment_at_once_one_wins(committed_cast, now):
    north = committed_cast.north
    with tenant(north.tenant):
        set_term(north.term)
        other = add_other()
        payment = pay("612.00", contract_written="N-20418")
        mine, theirs = (Payment.objects.get(pk=payment.pk) for _ in range(2))
    hand, file = at_once(
        lambda: match_by_hand(mine, other, purpose=Purpose.RENEWS, by=north.accounts, now=now),
        lambda: match_payments([theirs], by=None, now=now).renewed,
        desk=north,
        told=AlreadySettled,
    )
    assert isinstance(hand, AlreadySettled) == bool(file)
    with tenant(north.tenant):
        ends = {end_of(north.contract), end_of(other)}
        assert ends == {END, NEXT_END}


def test_parts_keep_the_names_of_the_contracts_that_have_no_share_yet(north, other, now):
    payment = pay("918.00", customer=None)
    keys = {north.contract.number_key, other.number_key}
    NamedContract.objects.bulk_create(NamedContract(payment=payment, number_key=key) for key in keys)
    shares = [Share(D("612.00"), north.contract), Share(D("306.00"))]
    _, rest = split_payment(payment, shares, by=north.accounts, now=now, because="As they told us")
    assert list(rest.named.values_list("number_key", flat=True)) == [other.number_key]
    later = dt.date(2026, 6, 1)
    assert cover_of(other, later).state == State.IN_REVIEW


def test_money_taken_up_again_names_what_it_named(north, other, now):
    payment = pay("918.00", customer=None)
    for key in (north.contract.number_key, other.number_key):
        NamedContract.objects.create(payment=payment, number_key=key)
    set_aside(payment, because="A repair", by=north.accounts, now=now)
    payment.refresh_from_db()
    again = take_up_again(payment, because="It was the contracts", by=north.accounts, now=now)
    assert again.named.count() == 2
