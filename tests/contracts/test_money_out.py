"""Money that left: which payment it returns, proposed with reasons, settled once by a person (R1.4)."""

import datetime as dt
from dataclasses import replace

import pytest

from cases.models import Duty
from contracts import money_out
from contracts.models import Contract, MoneyOut, Payment
from contracts.money_by_hand import Purpose, Share, match_by_hand, split_payment
from contracts.money_out import Leaving, likely_returned, settle_as_else, settle_as_return
from contracts.open_money import AlreadySettled, NeedsReason
from customers.models import Customer
from customers.search_words import index_customer
from tests.contracts.test_money_by_hand import END, NEXT_END, PAID, D, end_of, north, other, pay

__all__ = ["north", "other"]
BACK = dt.date(2026, 3, 4)


def out(now, amount="612.00", reference="Returned N-20418", payee="The Harbour Letter"):
    return MoneyOut.objects.create(
        booked_on=BACK, amount=D(amount), currency="GBP", reference=reference, payee=payee, recorded_at=now
    )


def reasons(**told):
    leaving = Leaving(
        **{
            "day": BACK,
            "amount": D("612.00"),
            "currency": "GBP",
            "whom": "",
            "words": "",
            "is_return": False,
            **told,
        }
    )
    return [(each.payment.pk, each.reasons) for each in likely_returned([leaving])[0]]


def test_a_return_is_proposed_by_amount_with_payer_number_or_the_banks_word(north, now):
    payment = pay(customer=north.customer, contract_written="N-20418", payer="M Ellison")
    exactly = "amount is exactly £612.00"
    assert reasons() == []
    assert reasons(whom="Landlord", words="Rent") == []
    assert reasons(whom="THE HARBOUR LETTER") == [
        (payment.pk, (exactly, "it went to the payer", "2 days later"))
    ]
    assert reasons(words="n 20418 unpaid") == [
        (payment.pk, (exactly, "its contract number is named", "2 days later"))
    ]
    assert reasons(is_return=True) == [(payment.pk, (exactly, "the bank calls it a return", "2 days later"))]
    assert reasons(is_return=True, amount=D("611.00")) == []
    assert reasons(is_return=True, currency="EUR") == []
    assert reasons(is_return=True, day=PAID - dt.timedelta(1)) == []
    assert reasons(is_return=True, day=PAID + dt.timedelta(401)) == []


def add(number, name, price="612"):
    customer = Customer.objects.create(name=name)
    index_customer(customer)
    return Contract.objects.create(number=number, customer=customer, price=D(price), currency="GBP")


def test_a_number_or_payee_of_another_customer_outranks_the_same_amount(north, now):
    pay(customer=north.customer, contract=north.contract, matched_at=now, payer="M Ellison")
    pell = add("N-20514", "Pell Street Studio")
    theirs = {"is_return": True, "whom": "Pell Street Studio"}
    assert reasons(**theirs, words="RETURNED UNPAID N-20514") == []
    assert reasons(**theirs) == []
    assert reasons(is_return=True, words="N-20514") == []
    paid = pay(customer=pell.customer, contract=pell, matched_at=now, payer="J Pell")
    other = pay("600.00", customer=pell.customer, contract=pell, matched_at=now, payer="Uncle Tom")
    (first, why), (second, why_second) = reasons(is_return=True, whom="Mr Smith", words="UNPAID N-20514")
    assert (first, second) == (paid.pk, other.pk)
    assert why[:3] == (
        "amount is exactly £612.00",
        "its contract number is named",
        "paid by somebody else: J Pell",
    )
    assert why_second[0] == "£12.00 more than was paid"


def test_the_same_amount_alone_is_no_return_without_a_persons_reason(north, now):
    payment = pay(customer=north.customer)
    row = out(now, reference="Returned unpaid", payee="")
    ((likely,),) = likely_returned([Leaving.of_row(row)])
    assert (likely.payment, likely.is_told) == (payment, False)
    with pytest.raises(NeedsReason, match="Neither its number nor its payee"):
        settle_as_return(row, payment, by=north.accounts, now=now)
    settle_as_return(row, payment, because="The bank told us on the phone", by=north.accounts, now=now)
    row.refresh_from_db()
    assert row.settled_because == "Return of the payment of 2 Mar 2026: The bank told us on the phone"


def test_settled_as_a_return_the_payment_goes_back_and_takes_its_term(north, now):
    payment = pay(customer=north.customer)
    match_by_hand(payment, north.contract, purpose=Purpose.RENEWS, by=north.accounts, now=now)
    row = out(now)
    settle_as_return(row, payment, by=north.manager, now=now)
    payment.refresh_from_db()
    row.refresh_from_db()
    assert (payment.returned_on, payment.return_kind, payment.returned_because) == (
        BACK,
        "returned",
        "Returned N-20418",
    )
    assert (row.payment, row.settled_by, row.settled_because) == (
        payment,
        north.manager,
        "Return of the payment of 2 Mar 2026",
    )
    assert end_of(north.contract) == END
    with pytest.raises(AlreadySettled, match="Robin Vale settled it on 5 Mar 2026"):
        settle_as_else(row, because="Rent", by=north.accounts, now=now)
    with pytest.raises(AlreadySettled, match="returned by the bank by Robin Vale"):
        settle_as_return(out(now), payment, by=north.accounts, now=now)


def test_of_a_price_that_many_pay_only_what_may_be_meant_is_read(north, now):
    many = [add(f"N-4{n:04}", f"Somebody {n}") for n in range(12)]
    paid = [
        pay(customer=each.customer, contract=each, matched_at=now, payer=f"Somebody {n}")
        for n, each in enumerate(many)
    ]
    oldest = paid[0]
    Payment.objects.filter(pk=oldest.pk).update(
        paid_on=PAID - dt.timedelta(40), reference="Ref. 77-4411 renewal", payer="Müller & Sons"
    )

    def read(**told):
        leaving = Leaving(BACK, D("612.00"), "GBP", "", "", is_return=True)
        leaving = replace(leaving, **told)
        return [payment.pk for payment in money_out._payments_of([leaving], money_out._about([leaving]))]

    latest = [payment.pk for payment in paid[:-6:-1]]
    assert read() == latest
    assert read(words="unpaid, REF 774411 RENEWAL") == [*latest, oldest.pk]
    assert read(whom="MÜLLER and Sons Ltd") == [*latest, oldest.pk]
    assert read(words="N-40003") == [paid[3].pk]
    assert read(is_return=False) == []
    assert reasons(whom="MÜLLER and Sons Ltd")[0][0] == oldest.pk


def test_a_split_payment_goes_back_with_every_part(north, other, now):
    payment = pay("918.00")
    split_payment(payment, [Share(D("612.00"), north.contract), Share(D("306.00"), other)], by=None, now=now)
    assert (end_of(north.contract), end_of(other)) == (NEXT_END, NEXT_END)
    assert [pk for pk, _ in reasons(is_return=True, amount=D("918.00"))] == [payment.pk]
    settle_as_return(out(now, "918.00"), payment, by=north.accounts, now=now)
    assert (end_of(north.contract), end_of(other)) == (END, END)
    assert Payment.objects.filter(part_of=payment, returned_on=BACK).count() == 2


def test_less_than_was_paid_is_no_return_of_it(north, now):
    with pytest.raises(NeedsReason, match="More was paid than went back"):
        settle_as_return(out(now, "100.00"), pay(), by=north.accounts, now=now)


def test_something_else_needs_a_reason_and_closes_the_duty(north, now):
    row = out(now)
    Duty.objects.create(
        key=row.public_id,
        kind="settle money out",
        title="Settle",
        owner_role="accounts",
        due_at=now,
        opened_at=now,
        subject=row.public_id,
    )
    with pytest.raises(NeedsReason):
        settle_as_else(row, because=" ", by=north.accounts, now=now)
    settle_as_else(row, because="A supplier was paid back", by=north.accounts, now=now)
    assert Duty.objects.get().outcome == "A supplier was paid back"
    row.refresh_from_db()
    assert (row.payment, row.settled_at) == (None, now)
