"""Money that renews, pays its own term, or stays unmatched (R1.4)."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.cover import cover_of
from contracts.matching import end_meant, match_payments
from contracts.models import (
    Cancellation,
    Contract,
    ContractTerm,
    Entitlement,
    Payment,
    RenewalEvidence,
    RenewalOffer,
)
from contracts.renewals import renew
from contracts.taking_back import return_payment
from contracts.terms import next_term_dates
from customers.models import Customer
from tenancy.models import Tenant
from tenancy.scope import tenant

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
AT = dt.datetime(2026, 3, 2, 10, 14, tzinfo=dt.UTC)


@pytest.fixture
def north(cast):
    """Northgate's desk, the term of its contract 15 Mar 2025 to 14 Mar 2026, price £612."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(starts_on=START, ends_on=END)
        yield cast.north


def pay(desk, paid_on, amount="612.00", written="N-20418", **fields):
    fields = {"customer": desk.customer, "currency": "GBP", "recorded_at": AT, **fields}
    return Payment.objects.create(paid_on=paid_on, amount=Decimal(amount), contract_written=written, **fields)


def outcome(*payments):
    result = match_payments(payments, by=None, now=AT)
    return len(result.renewed), len(result.paid), len(result.unmatched)


def ends(desk):
    return list(
        desk.contract.terms.filter(taken_back_at=None).order_by("ends_on").values_list("ends_on", flat=True)
    )


@pytest.mark.parametrize("written", ["N-20418", "n 20418", " N20418 "])
@pytest.mark.parametrize("paid_on", [END - dt.timedelta(120), END, END + dt.timedelta(90)])
def test_money_that_names_the_contract_in_range_renews_it(north, written, paid_on):
    assert outcome(pay(north, paid_on, "581.40", written)) == (1, 0, 0)
    assert ends(north) == [END, dt.date(2027, 3, 14)]


@pytest.mark.parametrize("paid_on", [END - dt.timedelta(121), dt.date(2025, 3, 1)])
def test_full_money_before_the_range_pays_the_term_that_stands(north, paid_on):
    assert outcome(pay(north, paid_on)) == (0, 1, 0)
    assert ends(north) == [END]


def test_less_than_95_percent_renews_nothing(north):
    assert outcome(pay(north, END, "581.39")) == (0, 0, 1)
    assert ends(north) == [END]


@pytest.mark.parametrize("written", ["", "see letter", "N-2041", "N-204188"])
def test_money_without_the_exact_number_is_unmatched(north, written):
    assert outcome(pay(north, END, written=written)) == (0, 0, 1)


def test_money_of_another_customer_is_left_to_a_person(north):
    other = Customer.objects.create(name="Other")
    assert outcome(pay(north, END, customer=other)) == (0, 0, 1)
    assert outcome(pay(north, END, customer=None)) == (1, 0, 0)


def test_money_does_not_renew_a_cancelled_contract(north):
    Cancellation.objects.create(contract=north.contract, reason="Moved away", recorded_at=AT)
    assert outcome(pay(north, END)) == (0, 0, 1)
    assert outcome(pay(north, dt.date(2025, 3, 1))) == (0, 1, 0)


def test_each_payment_is_held_against_the_end_that_the_one_before_left(north):
    first, second = pay(north, END), pay(north, END + dt.timedelta(days=5))
    third = pay(north, dt.date(2027, 3, 10))
    assert outcome(third, second, first) == (2, 0, 1)
    assert ends(north) == [END, dt.date(2027, 3, 14), dt.date(2028, 3, 14)]


def test_matching_twice_changes_nothing(north):
    payment = pay(north, END)
    assert outcome(payment) == (1, 0, 0)
    payment.refresh_from_db()
    assert outcome(payment) == (0, 0, 0)
    assert ends(north) == [END, dt.date(2027, 3, 14)]


def test_copies_read_before_the_first_matching_change_nothing(north):
    stale = Payment.objects.get(pk=pay(north, END).pk)
    fresh = Payment.objects.get(pk=stale.pk)
    assert outcome(fresh) == (1, 0, 0)
    assert outcome(stale) == (0, 0, 0)
    assert ends(north) == [END, dt.date(2027, 3, 14)]
    stale.refresh_from_db()
    assert stale.renewal.term.ends_on == dt.date(2027, 3, 14)


def test_money_given_back_meanwhile_renews_nothing(north):
    stale = pay(north, END)
    Payment.objects.filter(pk=stale.pk).update(returned_on=END, returned_at=AT, return_kind="returned")
    assert outcome(stale) == (0, 0, 0)
    assert ends(north) == [END]


def test_the_new_term_grants_its_visits_and_settles_the_review(north):
    evidence = RenewalEvidence.objects.create(
        contract=north.contract, kind="customer's word", dated_on=END, recorded_at=AT
    )
    outcome(pay(north, END))
    evidence.refresh_from_db()
    assert (evidence.state, evidence.decided_at) == ("confirmed", AT)
    term = north.contract.terms.order_by("-ends_on").first()
    assert Entitlement.objects.get(term=term).quantity == 2


def test_returned_money_takes_its_term_back_into_review(north):
    payment = pay(north, END)
    outcome(payment)
    later = AT + dt.timedelta(days=30)
    return_payment(payment, returned_on=END + dt.timedelta(days=9), by=north.accounts, now=later)
    return_payment(payment, returned_on=END + dt.timedelta(days=10), by=north.accounts, now=later)
    assert ends(north) == [END]
    assert RenewalEvidence.objects.count() == 1
    assert (
        cover_of(north.contract, dt.date(2026, 6, 1)).sentence == "Renewal in review: bank line of 23 March"
    )


def test_money_for_a_renewal_that_stands_is_that_renewals_money(north):
    """Proved by a cheque, then paid: given back, the money takes the term that it paid for with it."""
    renewal = renew(north.contract, channel="post", amount=Decimal("612"), by=north.accounts, now=AT)
    payment = pay(north, END)
    assert outcome(payment) == (0, 1, 0)
    payment.refresh_from_db()
    assert payment.renewal == renewal
    return_payment(payment, returned_on=END, by=north.accounts, now=AT)
    assert ends(north) == [END]
    assert cover_of(north.contract, dt.date(2026, 6, 1)).state == "renewal in review"


def test_money_that_came_twice_keeps_its_term_when_one_of_it_goes_back(north):
    first, second = pay(north, END), pay(north, END)
    assert outcome(first, second) == (1, 0, 1)
    first.refresh_from_db()
    Payment.objects.filter(pk=second.pk).update(
        contract=north.contract, renewal=first.renewal, matched_at=AT, matched_by=north.accounts
    )
    for payment, left in ((first, [END, dt.date(2027, 3, 14)]), (second, [END])):
        return_payment(payment, returned_on=END, by=north.accounts, now=AT)
        assert ends(north) == left


def test_money_long_before_a_first_term_is_taken_alike_at_once_or_one_by_one(north):
    """Too far from the term's days to say that it is paid: each is kept, however they came."""
    early = START - dt.timedelta(days=400)
    assert outcome(pay(north, early), pay(north, early)) == (0, 2, 0)
    assert outcome(pay(north, early)) == (0, 1, 0)


def test_the_first_terms_money_does_not_pay_for_its_extension(north):
    Tenant.objects.filter(pk=north.tenant.pk).update(renew_by=Tenant.RenewBy.EXTENSION)
    assert outcome(pay(north, START)) == (0, 1, 0)
    renew(north.contract, channel="post", amount=Decimal("612"), by=north.accounts, now=AT)
    assert outcome(pay(north, END)) == (0, 1, 0)
    assert outcome(pay(north, END)) == (0, 0, 1)


def test_a_renewal_in_grace_starts_the_day_after_the_old_end(north):
    renewal = renew(north.contract, channel="post", amount=Decimal("612"), by=north.accounts, now=AT)
    assert (renewal.term.starts_on, renewal.term.ends_on) == (dt.date(2026, 3, 15), dt.date(2027, 3, 14))


def test_queries_do_not_grow_with_the_payments(north, django_assert_max_num_queries):
    for number in range(12):
        contract = Contract.objects.create(
            number=f"Q-{number}", customer=north.customer, price=1, currency="GBP"
        )
        ContractTerm.objects.create(contract=contract, starts_on=START, ends_on=END, price=1, created_at=AT)
    payments = [pay(north, END, "1.00", f"Q-{number}") for number in range(12)]
    with django_assert_max_num_queries(15):
        assert outcome(*payments) == (12, 0, 0)


@given(
    starts_on=st.dates(dt.date(1999, 1, 1), dt.date(2060, 12, 31)),
    months=st.integers(1, 60),
    over=st.integers(0, 3),
)
@example(starts_on=dt.date(2002, 2, 1), months=13, over=2)
def test_the_next_term_follows_without_a_gap_and_is_as_long(starts_on, months, over):
    ends_on = starts_on + dt.timedelta(days=months * 30 + over)
    follows, until = next_term_dates(starts_on, ends_on)
    assert follows == ends_on + dt.timedelta(days=1)
    # As many months, of which one may be a February of either length: three days, and the leap day.
    assert abs((until - follows).days - (ends_on - starts_on).days) <= 4


def test_a_year_stays_a_year_over_a_leap_day():
    assert next_term_dates(dt.date(2023, 3, 15), dt.date(2024, 3, 14))[1] == dt.date(2025, 3, 14)
    assert next_term_dates(dt.date(2024, 2, 29), dt.date(2025, 2, 27)) == (
        dt.date(2025, 2, 28),
        dt.date(2026, 2, 27),
    )


def test_a_day_more_than_a_month_or_a_year_is_no_whole_one():
    # Begun on the 31st of a month, ended on the 31st: the month does not lack that day.
    assert next_term_dates(dt.date(2024, 12, 31), dt.date(2025, 1, 31)) == (
        dt.date(2025, 2, 1),
        dt.date(2025, 3, 4),
    )
    assert next_term_dates(dt.date(2024, 8, 31), dt.date(2024, 11, 30)) == (
        dt.date(2024, 12, 1),
        dt.date(2025, 2, 28),
    )


def test_money_for_a_term_that_is_paid_for_waits_for_a_person(north):
    early = pay(north, END - dt.timedelta(days=10))
    again = pay(north, END - dt.timedelta(days=9))
    assert outcome(early, again) == (1, 0, 1)
    assert outcome(pay(north, END - dt.timedelta(days=8))) == (0, 0, 1)
    assert ends(north) == [END, dt.date(2027, 3, 14)]


def test_the_first_money_of_a_term_that_a_form_renewed_is_its_own(north):
    renew(north.contract, channel="post", amount=None, by=north.accounts, now=AT)
    first, second = pay(north, END), pay(north, END + dt.timedelta(days=3))
    assert outcome(first) == (0, 1, 0)
    assert outcome(second) == (0, 0, 1)


def test_money_long_after_the_end_is_heard_of_by_a_person(north):
    assert outcome(pay(north, END + dt.timedelta(days=91))) == (0, 0, 1)
    assert outcome(pay(north, END + dt.timedelta(days=90))) == (1, 0, 0)


def test_monthly_money_sent_twice_waits_for_a_person(north):
    ContractTerm.objects.filter(pk=north.term.pk).update(
        starts_on=dt.date(2026, 3, 1), ends_on=dt.date(2026, 3, 31)
    )
    first, again = pay(north, dt.date(2026, 3, 28)), pay(north, dt.date(2026, 3, 28))
    assert outcome(first, again) == (1, 0, 1)
    assert ends(north) == [dt.date(2026, 3, 31), dt.date(2026, 4, 30)]


def test_what_an_offer_asked_renews_only_while_it_was_valid(north):
    RenewalOffer.objects.create(
        number="N-20418/1",
        contract=north.contract,
        starts_on=END + dt.timedelta(days=1),
        ends_on=dt.date(2027, 3, 14),
        amount=400,
        valid_until=END,
        made_at=AT,
        sent_at=AT,
    )
    assert outcome(pay(north, END + dt.timedelta(days=1), "400.00")) == (0, 0, 1)
    assert outcome(pay(north, END, "400.00")) == (1, 0, 0)


def test_an_offer_that_a_renewal_settled_is_not_read_for_the_next_money_of_the_same_file(north):
    """It was made for the term after next, while another renewal stood that was taken back since."""
    offer = RenewalOffer.objects.create(
        number="N-20418/1",
        contract=north.contract,
        starts_on=dt.date(2027, 3, 15),
        ends_on=dt.date(2029, 3, 14),
        amount=612,
        visits=9,
        valid_until=dt.date(2030, 1, 1),
        made_at=AT,
        sent_at=AT,
    )
    assert outcome(pay(north, END), pay(north, dt.date(2027, 3, 14))) == (2, 0, 0)
    assert ends(north) == [END, dt.date(2027, 3, 14), dt.date(2028, 3, 14)]
    offer.refresh_from_db()
    assert offer.settled_because == "The renewal stands"


def test_proof_is_about_the_nearest_end_that_was_renewed():
    end, later, last = dt.date(2026, 3, 14), dt.date(2026, 9, 14), dt.date(2027, 3, 14)
    given = dict.fromkeys((end, later, last), 0)
    early = end - dt.timedelta(121)
    assert end_meant(end, {}, given) is None
    assert end_meant(early, [end], given) is None
    # Whoever proves it as was agreed proves it as before.
    assert end_meant(early, [end], given | {end: 1}) == end
    assert end_meant(dt.date(2026, 6, 10), [later, end], given) == end
    assert end_meant(dt.date(2026, 6, 18), [later, end], given) == later
    # The next renewal is to be made yet.
    assert end_meant(dt.date(2026, 12, 14), [later], given) is None
