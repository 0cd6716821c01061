"""Taking a renewal back at a desk that renews by extending the term (R1.4, R1.9)."""

import datetime as dt
from decimal import Decimal

import pytest

from cases.models import Duty
from contracts.agreed import Agreed
from contracts.cover import cover_of
from contracts.covered import State
from contracts.holds import standing_holds
from contracts.models import ContractTerm, Payment, RenewalEvidence
from contracts.money_by_hand import Purpose, match_by_hand
from contracts.renewals import renew, renewal_of_end
from contracts.taking_back import return_payment, take_back
from contracts.terms import following, usual_length
from customers.models import TimelineEntry
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.contracts.first_term_money import AT, pay

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)


@pytest.fixture
def north(cast):
    """Northgate's desk, which extends; its contract's term runs from 15 Mar 2025 to 14 Mar 2026, for £612."""
    Tenant.objects.filter(pk=cast.north.tenant.pk).update(renew_by=Tenant.RenewBy.EXTENSION)
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(starts_on=START, ends_on=END)
        yield cast.north


def extend(desk, agreed=None):
    return renew(desk.contract, channel="call", amount=None, by=desk.accounts, now=AT, agreed=agreed)


def standing(desk):
    return desk.contract.terms.get(taken_back_at=None)


def test_what_was_cut_to_end_with_others_goes_on_for_a_usual_term(north):
    common = dt.date(2026, 6, 30)
    usual = usual_length(standing(north))
    extend(north, Agreed(dt.date(2026, 3, 15), common, Decimal("180"), 1, None, usual=usual))
    year = dt.date(2026, 7, 1), dt.date(2027, 6, 30)
    assert following(standing(north)) == year
    take_back(extend(north), because="Money returned", by=north.accounts, now=AT)
    assert (standing(north).starts_on, standing(north).ends_on) == (START, common)
    assert following(standing(north)) == year


def test_the_price_is_again_what_it_was(north):
    dearer = Agreed(dt.date(2026, 3, 15), dt.date(2027, 3, 14), Decimal("700"), 2, 8)
    take_back(extend(north, dearer), because="Money returned", by=north.accounts, now=AT)
    again = standing(north)
    assert (again.starts_on, again.ends_on, again.price) == (START, END, Decimal("612.00"))
    assert again.response_hours is None


def test_money_by_hand_pays_for_the_renewal_that_a_cut_term_rests_on(north):
    first = extend(north)
    second = extend(north)
    take_back(second, because="Money returned", by=north.accounts, now=AT)
    assert renewal_of_end(north.contract, standing(north).ends_on) == first
    payment = Payment.objects.create(
        customer=north.customer,
        paid_on=dt.date(2026, 3, 2),
        amount=Decimal("612"),
        currency="GBP",
        recorded_at=AT,
    )
    match_by_hand(payment, north.contract, purpose=Purpose.OWN_TERM, by=north.accounts, now=AT)
    payment.refresh_from_db()
    assert payment.renewal == first
    return_payment(payment, returned_on=dt.date(2026, 3, 2), by=north.accounts, now=AT)
    assert standing(north).ends_on == END


def test_a_first_terms_end_was_made_by_no_renewal(north):
    assert renewal_of_end(north.contract, END) is None


def test_returned_money_of_a_first_term_leaves_the_term_and_is_looked_into(north):
    first, second = pay(north, "612", START), pay(north, "600", START)
    return_payment(first, returned_on=END, by=north.accounts, now=AT)
    assert not RenewalEvidence.objects.exists()
    return_payment(second, returned_on=END, by=north.accounts, now=AT)
    return_payment(second, returned_on=END, by=north.accounts, now=AT)
    evidence = RenewalEvidence.objects.get()
    assert (evidence.contract, evidence.state, evidence.amount) == (north.contract, "waiting", Decimal("600"))
    unpaid = "Its first term, to 14 Mar 2026, is not paid: ask the customer"
    assert evidence.note == f"Returned by the bank. {unpaid}"
    assert Duty.objects.open().get(kind=Duty.Kind.VERIFY_RENEWAL).subject == evidence.public_id
    assert [hold.source for hold in standing_holds(north.customer)] == [f"evidence:{evidence.public_id}"]
    told = TimelineEntry.objects.get(subject=second.public_id)
    assert (told.title, told.step) == ("Payment of £600.00 returned by the bank", "returned")
    assert (standing(north).starts_on, standing(north).ends_on) == (START, END)
    later = dt.date(2026, 6, 1)
    assert cover_of(north.contract, later).state == State.IN_REVIEW


def test_returned_money_of_a_first_term_that_was_extended_since_is_looked_into(north):
    payment = pay(north, "612", START)
    renewal = extend(north)
    return_payment(payment, returned_on=END, by=north.accounts, now=AT)
    assert RenewalEvidence.objects.get().state == "waiting"
    assert standing(north).ends_on == renewal.ends_on
