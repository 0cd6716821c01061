"""Renewal evidence: logged, judged, returned; the customer's word (R1.3, R1.4, R1.8)."""

import datetime as dt
from decimal import Decimal

import pytest

from cases.models import Duty, Promise
from contracts.cover import cover_of
from contracts.evidence import (
    AlreadyDecided,
    confirm_evidence,
    in_words,
    log_claim,
    log_evidence,
    reject_evidence,
    return_evidence,
)
from contracts.holds import standing_holds
from contracts.matching import match_payments
from contracts.models import Cancellation, ContractTerm, Payment, RenewalEvidence
from contracts.renewals import IsCancelled
from contracts.taking_back import return_payment
from customers.models import TimelineEntry
from tenancy.models import Role
from tenancy.scope import tenant

TODAY = dt.date(2026, 3, 5)
START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
# Thursday 5 March 2026 in London, whose winter clock is UTC; the desk works from 8:00 to 17:30.
CLOSES = dt.datetime(2026, 3, 5, 17, 30, tzinfo=dt.UTC)
NEXT_MORNING = dt.datetime(2026, 3, 6, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def north(cast):
    """Northgate's desk, active, with a term from 15 Mar 2025 to 14 Mar 2026."""
    with tenant(cast.north.tenant):
        set_term(cast.north, START, END)
        yield cast.north


def set_term(desk, starts_on, ends_on):
    ContractTerm.objects.filter(pk=desk.term.pk).update(starts_on=starts_on, ends_on=ends_on)


def log_cheque(desk, now, **fields):
    given = {"kind": "cheque", "dated_on": dt.date(2026, 3, 2), "reference": "004417"}
    return log_evidence(
        contract=desk.contract, by=desk.dispatcher, now=now, amount=Decimal("612.00"), **{**given, **fields}
    )


def state(desk, day=TODAY):
    return cover_of(desk.contract, day).state


def sources(desk):
    return list(standing_holds(desk.customer).values_list("source", flat=True))


def test_logging_evidence_moves_cover_to_review_and_holds_the_customer(north, now):
    assert state(north) == "renewal due"
    evidence = log_cheque(north, now)
    cover = cover_of(north.contract, TODAY)
    assert cover.sentence == "Active until 14 Mar 2026, renewal in review: cheque of 2 March"
    assert cover.is_covered
    assert sources(north) == [f"evidence:{evidence.public_id}"]
    assert (
        standing_holds(north.customer).get().reason == "Cheque of 2 Mar 2026 for N-20418 is being looked at"
    )


def test_the_verification_is_due_when_the_desk_closes_today(north, now):
    evidence = log_cheque(north, now)
    duty = Duty.objects.get(subject=evidence.public_id)
    assert (duty.kind, duty.owner_role, duty.due_at) == (Duty.Kind.VERIFY_RENEWAL, Role.ACCOUNTS, CLOSES)
    assert duty.title == "Verify the renewal of N-20418: Cheque of 2 Mar 2026"


def test_after_closing_time_the_verification_is_due_the_next_working_day(north):
    friday_evening = dt.datetime(2026, 3, 6, 19, 0, tzinfo=dt.UTC)
    evidence = log_cheque(north, friday_evening)
    due_at = Duty.objects.get(subject=evidence.public_id).due_at
    assert due_at == dt.datetime(2026, 3, 9, 17, 30, tzinfo=dt.UTC)


def test_evidence_of_tomorrow_is_refused(north, now):
    with pytest.raises(ValueError, match="cannot be dated after today"):
        log_cheque(north, now, dated_on=dt.date(2026, 3, 6))
    assert RenewalEvidence.objects.count() == 0
    assert sources(north) == []


def test_a_lapsed_contract_with_evidence_is_in_review(north, now):
    set_term(north, dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    assert state(north) == "lapsed"
    log_cheque(north, now)
    assert state(north) == "renewal in review"


def test_a_claim_holds_verifies_and_promises_to_ring_back(north, now):
    claim = log_claim(contract=north.contract, by=north.sales, now=now)
    assert (claim.kind, claim.dated_on, claim.recorded_by) == ("customer's word", TODAY, north.sales)
    assert state(north) == "renewal in review"
    assert sources(north) == [f"evidence:{claim.public_id}"]
    assert Duty.objects.get(subject=claim.public_id).due_at == CLOSES
    promise = Promise.objects.get(subject=claim.public_id)
    assert (promise.kind, promise.owner, promise.due_at) == ("call back", north.sales, NEXT_MORNING)
    assert promise.text == "Ring back about the renewal of N-20418, whatever the outcome"


def test_claiming_twice_makes_one_claim(north, now):
    first = log_claim(contract=north.contract, by=north.sales, now=now)
    again = log_claim(contract=north.contract, by=north.dispatcher, now=now + dt.timedelta(minutes=1))
    assert again.pk == first.pk
    assert (Duty.objects.count(), Promise.objects.count(), standing_holds(north.customer).count()) == (
        1,
        1,
        1,
    )


def test_claiming_again_what_an_export_told_begins_its_verification(north, now):
    told = RenewalEvidence.objects.create(
        contract=north.contract, kind="customer's word", dated_on=TODAY, recorded_at=now
    )
    assert log_claim(contract=north.contract, by=north.sales, now=now) == told
    assert sources(north) == [f"evidence:{told.public_id}"]
    assert Duty.objects.get(subject=told.public_id).due_at == CLOSES
    assert Promise.objects.get(subject=told.public_id).owner == north.sales


def test_confirming_makes_the_next_term_and_ends_hold_and_duty(north, now):
    evidence = log_cheque(north, now)
    later = now + dt.timedelta(hours=1)
    renewal = confirm_evidence(evidence, by=north.accounts, now=later)
    assert (renewal.term.starts_on, renewal.term.ends_on) == (dt.date(2026, 3, 15), dt.date(2027, 3, 14))
    assert (renewal.channel, renewal.amount, renewal.renewed_by) == (
        "payment",
        Decimal("612.00"),
        north.accounts,
    )
    assert cover_of(north.contract, TODAY).sentence == "Active until 14 Mar 2027, renewal paid"
    assert sources(north) == []
    duty = Duty.objects.get(subject=evidence.public_id)
    assert (duty.closed_at, duty.closed_by, duty.outcome) == (
        later,
        north.accounts,
        "Confirmed: renewed to 14 Mar 2027",
    )
    evidence.refresh_from_db()
    assert (evidence.state, evidence.renewal, evidence.decided_by) == ("confirmed", renewal, north.accounts)


def test_confirming_one_of_two_settles_both_with_one_term(north, now):
    cheque = log_cheque(north, now)
    form = log_evidence(
        contract=north.contract, kind="signed form", dated_on=TODAY, by=north.dispatcher, now=now
    )
    renewal = confirm_evidence(cheque, by=north.accounts, now=now)
    form.refresh_from_db()
    assert (form.state, form.renewal) == ("confirmed", renewal)
    assert north.contract.terms.count() == 2
    assert sources(north) == []
    assert Duty.objects.open().count() == 0


def test_later_proof_of_the_same_renewal_makes_no_second_term(north, now):
    first = confirm_evidence(log_cheque(north, now), by=north.accounts, now=now)
    slip = log_evidence(contract=north.contract, kind="bank line", dated_on=TODAY, by=north.accounts, now=now)
    assert confirm_evidence(slip, by=north.accounts, now=now) == first
    assert north.contract.terms.count() == 2


def test_proof_about_the_next_end_renews_again(north, now):
    confirm_evidence(log_cheque(north, now), by=north.accounts, now=now)
    a_year_on = now + dt.timedelta(days=360)
    cheque = log_cheque(north, a_year_on, dated_on=a_year_on.date(), reference="004999")
    renewal = confirm_evidence(cheque, by=north.accounts, now=a_year_on)
    assert renewal.term.ends_on == dt.date(2028, 3, 14)


def test_rejecting_needs_a_reason(north, now):
    evidence = log_cheque(north, now)
    with pytest.raises(ValueError, match="closes only with an outcome"):
        reject_evidence(evidence, by=north.accounts, now=now, reason="  ")
    evidence.refresh_from_db()
    assert evidence.state == "waiting"
    assert Duty.objects.open().count() == 1


def test_rejecting_ends_review_hold_and_duty_but_not_the_promise(north, now):
    claim = log_claim(contract=north.contract, by=north.sales, now=now)
    reject_evidence(claim, by=north.accounts, now=now, reason="No money and no form found")
    assert state(north) == "renewal due"
    assert sources(north) == []
    assert Duty.objects.get().outcome == "Rejected: No money and no form found"
    assert Promise.objects.get().state == Promise.State.OPEN


def test_evidence_is_judged_once(north, now):
    evidence = log_cheque(north, now)
    reject_evidence(evidence, by=north.accounts, now=now, reason="Another customer's")
    with pytest.raises(AlreadyDecided, match="Rejected by Hollis Grant on 5 Mar 2026 already."):
        confirm_evidence(evidence, by=north.manager, now=now)
    assert north.contract.terms.count() == 1


def test_a_returned_cheque_takes_its_term_back_into_review(north, now):
    cheque = log_cheque(north, now)
    renewal = confirm_evidence(cheque, by=north.accounts, now=now)
    return_evidence(cheque, by=north.accounts, now=now, reason="Refer to drawer")
    renewal.refresh_from_db()
    assert renewal.taken_back_at == now
    assert renewal.term.taken_back_because == "Cheque 004417, £612.00 returned"
    assert state(north) == "renewal in review"
    assert state(north, dt.date(2026, 5, 30)) == "renewal in review"
    again = RenewalEvidence.objects.get(state="waiting")
    assert again.note == "returned 5 Mar 2026, ask the customer"
    assert sources(north) == [f"evidence:{again.public_id}"]
    reject_evidence(again, by=north.accounts, now=now, reason="They will not pay")
    assert state(north, dt.date(2026, 5, 30)) == "lapsed"


def test_a_returned_cheque_keeps_the_term_that_other_money_paid(north, now):
    cheque = log_cheque(north, now)
    renewal = confirm_evidence(cheque, by=north.accounts, now=now)
    Payment.objects.create(
        customer=north.customer,
        paid_on=TODAY,
        amount=Decimal("612.00"),
        currency="GBP",
        contract=north.contract,
        renewal=renewal,
        matched_at=now,
        recorded_at=now,
    )
    return_evidence(cheque, by=north.accounts, now=now, reason="Refer to drawer")
    renewal.refresh_from_db()
    assert renewal.taken_back_at is None
    assert state(north) == "active"


def test_only_money_can_be_returned(north, now):
    claim = log_claim(contract=north.contract, by=north.sales, now=now)
    with pytest.raises(ValueError, match="Only a cheque or a bank line"):
        return_evidence(claim, by=north.accounts, now=now, reason="Bounced")


def test_money_that_renews_ends_the_hold_of_waiting_evidence(north, now):
    claim = log_claim(contract=north.contract, by=north.sales, now=now)
    payment = Payment.objects.create(
        customer=north.customer,
        paid_on=TODAY,
        amount=Decimal("612.00"),
        currency="GBP",
        contract_written="N-20418",
        recorded_at=now,
    )
    match_payments([payment], by=None, now=now)
    claim.refresh_from_db()
    assert claim.state == "confirmed"
    assert sources(north) == []
    duty = Duty.objects.get(subject=claim.public_id)
    assert (duty.closed_at, duty.outcome) == (now, "The renewal stands")


def test_money_the_bank_takes_back_holds_the_customer_again(north, now):
    payment = Payment.objects.create(
        customer=north.customer,
        paid_on=TODAY,
        amount=Decimal("612.00"),
        currency="GBP",
        contract_written="N-20418",
        recorded_at=now,
    )
    match_payments([payment], by=None, now=now)
    return_payment(payment, returned_on=TODAY, by=north.accounts, now=now)
    evidence = RenewalEvidence.objects.get()
    assert sources(north) == [f"evidence:{evidence.public_id}"]
    assert Duty.objects.open().get().subject == evidence.public_id


def test_each_step_stands_on_the_time_line_once(north, now):
    evidence = log_cheque(north, now)
    reject_evidence(evidence, by=north.accounts, now=now, reason="Not ours")
    told = TimelineEntry.objects.filter(subject=evidence.public_id).order_by("pk")
    assert list(told.values_list("title", "detail")) == [
        ("Renewal evidence logged: Cheque 004417, £612.00", ""),
        ("No renewal: Cheque 004417, £612.00", "Not ours"),
    ]


def test_words_leave_out_what_is_not_known(north, now):
    assert in_words(log_claim(contract=north.contract, by=north.sales, now=now)) == "The customer's word"


def test_the_other_desk_is_not_touched(cast, now):
    with tenant(cast.north.tenant):
        log_claim(contract=cast.north.contract, by=cast.north.sales, now=now)
    with tenant(cast.south.tenant):
        assert RenewalEvidence.objects.count() == 0
        assert sources(cast.south) == []
        assert Duty.objects.count() == 0


def test_the_same_cheque_sent_twice_at_once_is_one_piece_of_evidence(north, now):
    cheque = {"contract": north.contract, "kind": "cheque", "dated_on": TODAY, "reference": "004417"}
    first = log_evidence(**cheque, by=north.sales, now=now)
    assert log_evidence(**cheque, by=north.sales, now=now + dt.timedelta(seconds=59)) == first
    assert log_evidence(**{**cheque, "reference": "004418"}, by=north.sales, now=now) != first
    assert log_evidence(**cheque, by=north.accounts, now=now) != first
    assert log_evidence(**cheque, by=north.sales, now=now + dt.timedelta(seconds=61)) != first
    assert RenewalEvidence.objects.count() == 4


def test_a_proof_renews_no_contract_that_was_cancelled_meanwhile(north, now):
    cheque = log_cheque(north, now)
    Cancellation.objects.create(
        contract=north.contract, effective_on=dt.date(2026, 3, 15), reason="Closed", recorded_at=now
    )
    with pytest.raises(IsCancelled, match="N-20418 is cancelled from 15 Mar 2026. Undo that first."):
        confirm_evidence(cheque, by=north.accounts, now=now)
    cheque.refresh_from_db()
    assert cheque.state == RenewalEvidence.State.WAITING


def test_a_returned_cheque_keeps_its_own_day_in_review(north, now):
    cheque = log_cheque(north, now, dated_on=dt.date(2026, 2, 18))
    confirm_evidence(cheque, by=north.accounts, now=now)
    return_evidence(cheque, by=north.accounts, now=now, reason="No funds")
    cover = cover_of(north.contract, TODAY)
    assert cover.sentence == "Active until 14 Mar 2026, renewal in review: cheque of 18 February"
    assert (
        "of 18 Feb 2026 is being looked at (returned 5 Mar 2026, ask the customer), Hollis Grant"
        in cover.reason
    )


def test_a_little_money_keeps_no_term_whose_cheque_bounced(north, now):
    cheque = log_cheque(north, now)
    renewal = confirm_evidence(cheque, by=north.accounts, now=now)
    Payment.objects.create(
        customer=north.customer,
        paid_on=TODAY,
        amount=Decimal("10"),
        currency="GBP",
        contract=north.contract,
        renewal=renewal,
        matched_at=now,
        recorded_at=now,
    )
    return_evidence(cheque, by=north.accounts, now=now, reason="No funds")
    renewal.refresh_from_db()
    assert renewal.taken_back_at == now
