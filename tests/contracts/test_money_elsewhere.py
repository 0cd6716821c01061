"""Money set aside, given to a customer, or gone back: with a reason, and once (R1.4)."""

import datetime as dt
from decimal import Decimal

import pytest

from cases.models import Duty
from contracts.cover import cover_of
from contracts.covered import State
from contracts.models import Payment, RenewalEvidence
from contracts.money_by_hand import CannotMatch, Purpose, match_by_hand, take_up_again
from contracts.money_elsewhere import give_back, give_to_customer, set_aside
from contracts.open_money import AlreadySettled, NeedsReason
from contracts.taking_back import return_payment
from tests.contracts.test_money_by_hand import (
    END,
    NEXT_END,
    PAID,
    D,
    duty_of,
    end_of,
    lines_of,
    north,
    other,
    pay,
)

__all__ = ["north", "other"]
LATER = dt.date(2026, 5, 1)


def test_money_set_aside_keeps_no_contract_in_review(north, now):
    payment = pay(customer=north.customer, now=now)
    assert cover_of(north.contract, LATER).state == State.IN_REVIEW
    set_aside(payment, because="For the repair of May", by=north.accounts, now=now)
    assert cover_of(north.contract, LATER).state == State.LAPSED
    assert duty_of(payment).outcome == "Set aside: For the repair of May"
    assert lines_of(north.customer) == ["Payment of £612.00 set aside: not for a contract"]
    with pytest.raises(AlreadySettled, match="set aside by Hollis Grant on 5 Mar 2026"):
        match_by_hand(payment, north.contract, purpose=Purpose.RENEWS, by=north.manager, now=now)


def test_money_set_aside_by_mistake_is_taken_up_again(north, now):
    payment = pay(customer=north.customer, now=now)
    set_aside(payment, because="A repair", by=north.accounts, now=now)
    payment.refresh_from_db()
    again = take_up_again(payment, because="No repair was done", by=north.accounts, now=now)
    assert list(Payment.objects.unmatched()) == [again]
    assert duty_of(again).closed_at is None


def test_setting_aside_and_giving_back_need_a_reason(north, now):
    payment = pay()
    with pytest.raises(NeedsReason):
        set_aside(payment, because="", by=north.accounts, now=now)
    with pytest.raises(NeedsReason):
        give_back(payment, because="", returned_on=PAID, by=north.accounts, now=now)


def test_whose_money_it_is_puts_their_contract_in_review(north, now):
    payment = pay(now=now)
    assert cover_of(north.contract, LATER).state == State.LAPSED
    given = give_to_customer(payment, north.customer, by=north.accounts, now=now)
    assert given.pk == payment.pk
    assert cover_of(north.contract, LATER).state == State.IN_REVIEW
    assert (duty_of(payment).closed_at, duty_of(payment).customer) == (None, north.customer)


def test_money_that_stood_with_another_customer_is_replaced(north, other, now):
    payment = pay(customer=other.customer, now=now)
    given = give_to_customer(payment, north.customer, by=north.accounts, now=now)
    payment.refresh_from_db()
    assert (payment.customer, payment.replaced_because) == (
        other.customer,
        "It is money of Margaret Ellison, not of Leopold Moss",
    )
    assert (given.customer, given.part_of, given.amount) == (north.customer, payment, D("612.00"))
    assert duty_of(payment).closed_at is not None
    assert duty_of(given).closed_at is None
    assert give_to_customer(given, north.customer, by=north.accounts, now=now) == given


def test_all_of_it_refunded_takes_its_term_back(north, now):
    payment = pay(customer=north.customer)
    match_by_hand(payment, north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    payment.refresh_from_db()
    give_back(payment, because="Changed their mind", returned_on=PAID, by=north.accounts, now=now)
    payment.refresh_from_db()
    assert (payment.return_kind, payment.returned_because) == ("refunded", "Changed their mind")
    assert end_of(north.contract) == END
    assert cover_of(north.contract, LATER).state == State.IN_REVIEW


def test_what_was_too_much_is_refunded_and_the_term_stands(north, now):
    payment = pay("712.00", north.customer)
    match_by_hand(payment, north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    payment.refresh_from_db()
    goes = give_back(
        payment, amount=D("100.00"), because="Too much", returned_on=PAID, by=north.accounts, now=now
    )
    assert (goes.amount, goes.return_kind) == (D("100.00"), "refunded")
    stays = Payment.objects.get(part_of=payment, returned_on=None)
    assert (stays.amount, stays.contract) == (D("612.00"), north.contract)
    assert end_of(north.contract) == NEXT_END
    assert not RenewalEvidence.objects.exists()


def test_a_renewal_that_was_overpaid_in_two_parts_stands_on_its_price(north, now):
    first, second = pay("612.00", north.customer), pay("100.00", north.customer)
    act = {"purpose": Purpose.RENEWS, "together": [second], "by": north.accounts, "now": now}
    assert match_by_hand(first, north.contract, **act).amount == D("712.00")
    second.refresh_from_db()
    return_payment(second, returned_on=PAID, by=north.accounts, now=now)
    assert end_of(north.contract) == NEXT_END
    assert not RenewalEvidence.objects.exists()
    first.refresh_from_db()
    give_back(first, amount=D("40.00"), because="Goodwill", returned_on=PAID, by=north.accounts, now=now)
    assert end_of(north.contract) == END
    assert RenewalEvidence.objects.get().state == "waiting"


def test_a_refund_that_leaves_too_little_takes_the_term_back(north, now):
    payment = pay(customer=north.customer)
    match_by_hand(payment, north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    payment.refresh_from_db()
    give_back(payment, amount=D("100.00"), because="Goodwill", returned_on=PAID, by=north.accounts, now=now)
    assert end_of(north.contract) == END
    assert RenewalEvidence.objects.get().state == "waiting"


def test_a_part_of_waiting_money_goes_back_and_the_rest_waits(north, now):
    payment = pay("700.00", north.customer, now)
    give_back(payment, amount=D("88.00"), because="Too much", returned_on=PAID, by=north.accounts, now=now)
    (rest,) = Payment.objects.unmatched()
    assert rest.amount == D("612.00")
    assert [duty.subject for duty in Duty.objects.open()] == [rest.public_id]


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "612.01"])
def test_no_more_goes_back_than_came(north, now, amount):
    with pytest.raises(CannotMatch, match="At most £612.00"):
        give_back(pay(), amount=D(amount), because="x", returned_on=PAID, by=north.accounts, now=now)


@pytest.mark.parametrize("day", [PAID - dt.timedelta(1), dt.date(2026, 3, 6)])
def test_it_goes_back_after_it_came_and_not_after_today(north, now, day):
    with pytest.raises(CannotMatch, match="not after today"):
        give_back(pay(), because="x", returned_on=day, by=north.accounts, now=now)


def test_money_goes_back_once(north, now):
    payment = pay()
    give_back(payment, because="x", returned_on=PAID, by=north.accounts, now=now)
    with pytest.raises(AlreadySettled, match="refunded by us by Hollis Grant"):
        give_back(payment, because="x", returned_on=PAID, by=north.accounts, now=now)
    assert Decimal(payment.amount) == D("612.00")
