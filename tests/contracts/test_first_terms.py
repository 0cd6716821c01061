"""A first term whose money went back: it stays, is owed, and what proves its money makes no other (R1.4)."""

import datetime as dt
from decimal import Decimal

import pytest

from cases.models import Duty
from contracts.cover import cover_of
from contracts.evidence import confirm_evidence, log_evidence, reject_evidence, return_evidence
from contracts.first_terms import first_terms, is_owed, owed_first_terms
from contracts.holds import standing_holds
from contracts.models import Cancellation, ContractTerm, RenewalEvidence
from contracts.money_elsewhere import give_back
from contracts.renewals import renew
from contracts.taking_back import return_payment, take_back
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.contracts.first_term_money import AT, pay

START, END = dt.date(2025, 12, 15), dt.date(2026, 12, 14)
TODAY = dt.date(2026, 3, 2)


@pytest.fixture
def north(cast):
    """Northgate's desk; the first term of its contract, for £612, runs from 15 Dec 2025 to 14 Dec 2026."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(starts_on=START, ends_on=END)
        yield cast.north


@pytest.fixture
def asked(north):
    """What asks about its £612, which went back."""
    payment = pay(north, "612", START)
    return_payment(payment, returned_on=TODAY, by=north.accounts, now=AT)
    return RenewalEvidence.objects.get()


def prove(desk, day, kind="cheque"):
    return log_evidence(
        contract=desk.contract,
        kind=kind,
        dated_on=day,
        reference=f"of {day}",
        amount=Decimal("612"),
        by=desk.dispatcher,
        now=AT,
    )


def days(desk):
    rows = desk.contract.terms.filter(taken_back_at=None).order_by("starts_on")
    return list(rows.values_list("starts_on", "ends_on"))


def test_confirming_that_it_was_paid_after_all_makes_no_term(north, asked):
    (first,) = first_terms(north.contract.pk)
    assert asked.first_term == first
    assert is_owed(first)
    assert confirm_evidence(asked, by=north.accounts, now=AT) is None
    asked.refresh_from_db()
    assert (asked.state, asked.renewal, asked.decision_reason) == (
        "confirmed",
        None,
        "Its first term is paid",
    )
    assert days(north) == [(START, END)]
    assert not north.contract.renewals.exists()
    assert not is_owed(first)
    assert not standing_holds(north.customer).exists()
    duty = Duty.objects.get(subject=asked.public_id)
    assert (duty.closed_by, duty.outcome) == (
        north.accounts,
        "Confirmed: pays the first term, to 14 Dec 2026",
    )


@pytest.mark.parametrize(("amount", "is_asked"), [(None, True), ("600.00", True), ("30.00", False)])
def test_a_refund_of_too_much_of_its_money_asks(north, amount, is_asked):
    payment = pay(north, "612", START)
    given = amount and Decimal(amount)
    give_back(payment, amount=given, because="Refused", returned_on=TODAY, by=north.accounts, now=AT)
    assert [asked.first_term for asked in RenewalEvidence.objects.all()] == first_terms(
        north.contract.pk
    ) * is_asked
    state = cover_of(north.contract, END + dt.timedelta(90)).state
    assert state == ("renewal in review" if is_asked else "lapsed")
    assert days(north) == [(START, END)]


def test_a_proof_dated_near_its_start_pays_it_and_answers_the_question(north, asked):
    cheque = prove(north, dt.date(2026, 2, 1))
    assert confirm_evidence(cheque, by=north.accounts, now=AT) is None
    asked.refresh_from_db()
    assert (asked.state, asked.decision_reason) == ("rejected", "Answered: cheque of 1 Feb 2026 pays it")
    cheque.refresh_from_db()
    assert cheque.first_term == asked.first_term
    assert days(north) == [(START, END)]
    assert not Duty.objects.open().filter(kind=Duty.Kind.VERIFY_RENEWAL).exists()


def test_it_stays_owed_when_they_will_not_pay(north, asked):
    reject_evidence(asked, by=north.accounts, now=AT, reason="They will not pay")
    assert owed_first_terms(north.contract.pk) == [asked.first_term]
    assert confirm_evidence(prove(north, TODAY), by=north.accounts, now=AT) is None
    assert owed_first_terms(north.contract.pk) == []


def test_a_proof_before_anything_went_back_renews(north):
    renewal = confirm_evidence(prove(north, TODAY), by=north.accounts, now=AT)
    assert days(north) == [(START, END), (renewal.starts_on, renewal.ends_on)]


def test_a_proof_near_its_end_renews_while_it_is_owed(north, asked):
    later = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
    cheque = log_evidence(
        contract=north.contract, kind="cheque", dated_on=later.date(), by=north.dispatcher, now=later
    )
    assert confirm_evidence(cheque, by=north.accounts, now=later).starts_on == END + dt.timedelta(days=1)


def test_a_renewal_leaves_the_question_open(north, asked):
    renew(north.contract, channel="call", amount=None, by=north.accounts, now=AT)
    asked.refresh_from_db()
    assert asked.state == "waiting"
    assert Duty.objects.open().filter(subject=asked.public_id).exists()


def test_an_accepted_offer_is_about_the_next_term(north, asked):
    accepted = prove(north, TODAY, kind="accepted offer")
    assert confirm_evidence(accepted, by=north.accounts, now=AT) is not None


def test_a_cheque_that_paid_it_and_bounced_asks_anew(north, asked):
    cheque = prove(north, TODAY)
    confirm_evidence(cheque, by=north.accounts, now=AT)
    return_evidence(cheque, by=north.accounts, now=AT, reason="Refer to drawer")
    again = RenewalEvidence.objects.get(state="waiting")
    assert again.first_term == asked.first_term
    assert again.note == "returned 2 Mar 2026. Its first term, to 14 Dec 2026, is not paid: ask the customer"
    assert owed_first_terms(north.contract.pk) == [asked.first_term]
    assert days(north) == [(START, END)]
    assert cover_of(north.contract, END + dt.timedelta(days=60)).state == "renewal in review"


def test_a_cancelled_contract_can_still_be_paid_for(north, asked):
    Cancellation.objects.create(
        contract=north.contract,
        effective_on=END,
        reason="They move",
        recorded_at=AT,
        recorded_by=north.manager,
    )
    assert confirm_evidence(asked, by=north.accounts, now=AT) is None


def test_what_is_left_of_an_extended_term_is_no_first_term(north):
    Tenant.objects.filter(pk=north.tenant.pk).update(renew_by=Tenant.RenewBy.EXTENSION)
    first = renew(north.contract, channel="call", amount=None, by=north.accounts, now=AT)
    renew(north.contract, channel="call", amount=None, by=north.accounts, now=AT)
    take_back(first, because="Money returned", by=north.accounts, now=AT)
    began = first_terms(north.contract.pk)
    assert {term.starts_on for term in began} == {START}
    assert began[0].ends_on == END
