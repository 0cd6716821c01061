"""Cover in words and the state behind it (R1.1, R1.2, R1.5, R1.6)."""

import datetime as dt
from decimal import Decimal

import pytest

from contracts.cover import State, cover_of, covers_of_customer, covers_of_equipment, covers_of_machines
from contracts.models import (
    AllowanceEntry,
    Cancellation,
    Contract,
    ContractTerm,
    Entitlement,
    NamedContract,
    Payment,
    Renewal,
    RenewalEvidence,
    RenewalOffer,
)
from customers.models import Customer, Equipment
from tenancy.scope import tenant

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
AT = dt.datetime(2026, 3, 2, 10, 14, tzinfo=dt.UTC)


@pytest.fixture
def north(cast):
    """Northgate's desk with one contract whose term runs from 15 Mar 2025 to 14 Mar 2026."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(starts_on=START, ends_on=END)
        yield cast.north


def add_term(desk, starts_on, ends_on, **fields):
    return ContractTerm.objects.create(
        contract=desk.contract,
        starts_on=starts_on,
        ends_on=ends_on,
        price=Decimal("612"),
        created_at=AT,
        **fields,
    )


def add_payment(desk, paid_on, amount="612.00", written="", **fields):
    return Payment.objects.create(
        customer=desk.customer,
        paid_on=paid_on,
        amount=Decimal(amount),
        currency="GBP",
        contract_written=written,
        recorded_at=AT,
        payer="The Harbour Letter",
        **fields,
    )


def add_evidence(desk, kind="cheque", dated_on=dt.date(2026, 3, 2), **fields):
    return RenewalEvidence.objects.create(
        contract=desk.contract, kind=kind, dated_on=dated_on, recorded_at=AT, **fields
    )


def said(desk, day):
    cover = cover_of(desk.contract, day)
    return cover.state, cover.sentence


@pytest.mark.parametrize(
    ("day", "state", "sentence"),
    [
        (dt.date(2025, 3, 14), "upcoming", "Starts 15 Mar 2025"),
        (dt.date(2025, 3, 15), "active", "Active until 14 Mar 2026"),
        (dt.date(2026, 1, 12), "active", "Active until 14 Mar 2026"),
        (dt.date(2026, 1, 13), "renewal due", "Ends in 60 days"),
        (dt.date(2026, 3, 13), "renewal due", "Ends in 1 day"),
        (dt.date(2026, 3, 14), "renewal due", "Ends today"),
        (dt.date(2026, 3, 15), "in grace", "Ended 14 Mar 2026, in grace until 13 Apr 2026"),
        (dt.date(2026, 4, 13), "in grace", "Ended 14 Mar 2026, in grace until 13 Apr 2026"),
        (dt.date(2026, 4, 14), "lapsed", "Ended 14 Mar 2026, no payment found"),
    ],
)
def test_one_term_with_nothing_else(north, day, state, sentence):
    assert said(north, day) == (state, sentence)


def test_the_desks_own_numbers_count(north):
    north.tenant.renewal_due_days, north.tenant.grace_days = 10, 5
    north.tenant.save()
    assert said(north, dt.date(2026, 3, 3))[0] == State.ACTIVE
    assert said(north, dt.date(2026, 3, 4))[0] == State.RENEWAL_DUE
    assert said(north, dt.date(2026, 3, 19))[0] == State.IN_GRACE
    assert said(north, dt.date(2026, 3, 20))[0] == State.LAPSED


def test_a_next_term_reads_active_to_the_end_of_the_chain(north):
    add_term(north, dt.date(2026, 3, 15), dt.date(2027, 3, 14))
    add_term(north, dt.date(2027, 3, 15), dt.date(2028, 3, 14))
    assert said(north, dt.date(2026, 3, 5)) == ("active", "Active until 14 Mar 2028, renewal paid")
    assert said(north, dt.date(2027, 3, 20)) == ("active", "Active until 14 Mar 2028")


def test_a_later_term_after_a_gap_does_not_lengthen_what_is_read(north):
    add_term(north, dt.date(2026, 6, 1), dt.date(2027, 5, 31))
    assert said(north, dt.date(2026, 3, 5)) == ("active", "Active until 14 Mar 2026, renewal paid")
    assert said(north, dt.date(2026, 4, 1)) == ("upcoming", "Starts 1 Jun 2026")


def test_a_term_taken_back_does_not_count(north):
    add_term(
        north, dt.date(2026, 3, 15), dt.date(2027, 3, 14), taken_back_at=AT, taken_back_because="returned"
    )
    assert said(north, dt.date(2026, 3, 5))[0] == State.RENEWAL_DUE


def test_evidence_in_review_beats_renewal_due_and_keeps_the_end(north):
    add_evidence(north)
    assert said(north, dt.date(2026, 3, 5)) == (
        "renewal in review",
        "Active until 14 Mar 2026, renewal in review: cheque of 2 March",
    )


def test_evidence_in_review_does_not_beat_a_term_that_runs_long_enough(north):
    add_evidence(north, dated_on=dt.date(2025, 10, 1))
    assert said(north, dt.date(2025, 10, 2))[0] == State.ACTIVE


def test_evidence_in_review_keeps_a_contract_from_lapsing_whatever_its_age(north):
    add_evidence(north, kind="customer's word", dated_on=dt.date(2026, 3, 20))
    assert said(north, dt.date(2027, 3, 14)) == (
        "renewal in review",
        "Renewal in review: customer's word of 20 March 2026",
    )
    assert said(north, dt.date(2026, 3, 19))[0] == State.IN_GRACE


def test_rejected_evidence_counts_no_more(north):
    add_evidence(north, state="rejected", decided_at=AT)
    assert said(north, dt.date(2026, 5, 1))[0] == State.LAPSED


def test_an_accepted_offer_is_in_review_until_settled(north):
    offer = RenewalOffer.objects.create(
        number="N-20418/1",
        contract=north.contract,
        starts_on=END + dt.timedelta(days=1),
        ends_on=END + dt.timedelta(days=365),
        amount=612,
        valid_until=END,
        made_at=AT,
        sent_at=AT,
        accepted_at=AT,
    )
    assert said(north, dt.date(2026, 5, 1)) == (
        "renewal in review",
        "Renewal in review: offer accepted 2 March",
    )
    offer.settled_at = AT
    offer.save()
    assert said(north, dt.date(2026, 5, 1))[0] == State.LAPSED


def test_an_accepted_offer_does_not_count_on_days_before_its_acceptance(north):
    evidence = add_evidence(north, kind="accepted offer", state="rejected", decided_at=AT)
    RenewalOffer.objects.create(
        number="N-20418/1",
        contract=north.contract,
        starts_on=END + dt.timedelta(days=1),
        ends_on=END + dt.timedelta(days=365),
        amount=612,
        valid_until=END,
        made_at=AT,
        sent_at=AT,
        accepted_at=AT,
        evidence=evidence,
    )
    assert said(north, dt.date(2026, 3, 1))[0] == State.RENEWAL_DUE
    assert said(north, dt.date(2026, 3, 2))[0] == State.IN_REVIEW


@pytest.mark.parametrize(
    ("paid_on", "written", "amount", "counts"),
    [
        (END - dt.timedelta(days=120), "", "612.00", True),
        (END - dt.timedelta(days=121), "", "612.00", False),
        (END + dt.timedelta(days=90), "", "612.00", True),
        (END + dt.timedelta(days=91), "", "612.00", False),
        (END, "see letter", "612.00", True),
        (END, "N-2041", "612.00", True),
        (END, "n 20418", "100.00", True),
        (END, "M-1", "612.00", False),
        # Sent far too early, but with the very number, in the term that it is to follow.
        (END - dt.timedelta(days=130), "N-20418", "612.00", True),
        (START, "N-20418", "612.00", True),
        (START - dt.timedelta(days=1), "N-20418", "612.00", False),
        (END - dt.timedelta(days=130), "N-2041", "612.00", False),
        (END + dt.timedelta(days=91), "N-20418", "612.00", False),
    ],
)
def test_money_without_a_match_keeps_a_contract_from_lapsing(north, paid_on, written, amount, counts):
    Contract.objects.create(number="M-1", customer=north.customer, price=612, currency="GBP")
    add_payment(north, paid_on, amount, written)
    state = said(north, END + dt.timedelta(days=100))[0]
    assert state == (State.IN_REVIEW if counts else State.LAPSED)


def test_money_with_somebody_elses_number_decides_nothing_for_either(north):
    """A number near one may be another customer's: nobody is wrongly renewed, nobody wrongly lapsed."""
    other = Customer.objects.create(name="Somebody else")
    theirs = Contract.objects.create(number="N-20481", customer=other, price=612, currency="GBP")
    ContractTerm.objects.create(contract=theirs, starts_on=START, ends_on=END, price=612, created_at=AT)
    add_payment(north, END, written="N-20481")
    day = END + dt.timedelta(days=100)
    assert cover_of(north.contract, day).state == cover_of(theirs, day).state == State.IN_REVIEW


def test_too_little_that_names_the_contract_counts_whoever_sent_it(north):
    payment = add_payment(north, END, "100.00", "N-20418")
    Payment.objects.filter(pk=payment.pk).update(customer=None)
    assert said(north, END + dt.timedelta(days=100))[0] == State.IN_REVIEW


def test_early_money_with_the_number_is_no_longer_meant_once_a_later_renewal_stands(north):
    """Also where the term is extended, and so begins as early as ever."""
    add_payment(north, END - dt.timedelta(days=130), "100.00", "N-20418")
    ends_on = dt.date(2027, 3, 14)
    ContractTerm.objects.filter(pk=north.term.pk).update(taken_back_at=AT, taken_back_because="Extended")
    longer = add_term(north, START, ends_on)
    renewal = Renewal.objects.create(
        contract=north.contract,
        term=longer,
        channel="post",
        amount=612,
        starts_on=END + dt.timedelta(days=1),
        ends_on=ends_on,
        renewed_at=AT,
    )
    day = ends_on + dt.timedelta(days=40)
    assert said(north, day)[0] == State.LAPSED
    renewal.delete()
    assert said(north, day)[0] == State.IN_REVIEW


@pytest.mark.parametrize(
    ("paid_on", "counts"),
    [(START, True), (END, True), (START - dt.timedelta(days=1), False), (END + dt.timedelta(days=91), False)],
)
def test_money_that_names_several_contracts_counts_for_each(north, paid_on, counts):
    """Nobody's money: the contracts belong to two customers, and the payer is unknown."""
    other = Customer.objects.create(name="Somebody else")
    theirs = Contract.objects.create(number="N-30999", customer=other, price=306, currency="GBP")
    unnamed = Contract.objects.create(number="N-31000", customer=other, price=306, currency="GBP")
    for contract in (theirs, unnamed):
        ContractTerm.objects.create(contract=contract, starts_on=START, ends_on=END, price=306, created_at=AT)
    payment = add_payment(north, paid_on, "918.00", "N-20418 + N-30999")
    Payment.objects.filter(pk=payment.pk).update(customer=None)
    for contract in (north.contract, theirs):
        NamedContract.objects.create(payment=payment, number_key=contract.number_key)
    day = END + dt.timedelta(days=100)
    state = State.IN_REVIEW if counts else State.LAPSED
    assert cover_of(north.contract, day).state == cover_of(theirs, day).state == state
    assert cover_of(unnamed, day).state == State.LAPSED
    Payment.objects.filter(pk=payment.pk).update(set_aside_at=AT, set_aside_because="Split elsewhere")
    assert cover_of(north.contract, day).state == State.LAPSED


def test_money_counts_from_its_own_day_only(north):
    add_payment(north, dt.date(2026, 5, 20))
    assert said(north, dt.date(2026, 5, 19))[0] == State.LAPSED
    assert said(north, dt.date(2026, 5, 20)) == (
        "renewal in review",
        "Renewal in review: unmatched payment of 20 May",
    )


def test_returned_money_and_another_customers_money_do_not_count(cast, north):
    add_payment(north, END, returned_on=END + dt.timedelta(days=5), returned_at=AT, return_kind="returned")
    assert said(north, dt.date(2026, 5, 1))[0] == State.LAPSED


def test_cancellation_beats_all_once_its_day_has_come(north):
    add_term(north, dt.date(2026, 3, 15), dt.date(2027, 3, 14))
    cancelled = Cancellation.objects.create(
        contract=north.contract, effective_on=dt.date(2026, 3, 10), reason="Moved away", recorded_at=AT
    )
    assert said(north, dt.date(2026, 3, 9))[0] == State.ACTIVE
    assert said(north, dt.date(2026, 3, 10)) == ("cancelled", "Cancelled 10 Mar 2026")
    cancelled.undone_at, cancelled.undone_because = AT, "They stay"
    cancelled.save()
    assert said(north, dt.date(2026, 3, 10))[0] == State.ACTIVE


def test_a_cancellation_of_unknown_date_is_said_so(north):
    Cancellation.objects.create(contract=north.contract, reason="Old program", recorded_at=AT)
    assert said(north, dt.date(2025, 6, 1)) == ("cancelled", "Cancelled, date unknown")


def test_the_reason_names_dates_record_person_and_check(north):
    add_evidence(north, reference="004417", amount=Decimal("612.00"), recorded_by=north.accounts)
    assert cover_of(north.contract, dt.date(2026, 3, 5)).reason == (
        "Term 15 Mar 2025 to 14 Mar 2026; cheque 004417 £612.00 of 2 Mar 2026 is being looked at, "
        "Hollis Grant, 2 Mar 2026 10:14; entered by the desk, 17 Aug 2025 14:07; not checked before"
    )


def test_the_allowance_counts_only_done_visits_of_the_running_term(north):
    entitlement = Entitlement.objects.get(term=north.term)
    for kind, subject in (("booked", 1), ("done", 1), ("missed by us", 2)):
        AllowanceEntry.objects.create(
            entitlement=entitlement, kind=kind, quantity=1, at=AT, subject=f"{subject:032x}"
        )
    cover = cover_of(north.contract, dt.date(2026, 3, 5))
    assert (cover.visits_granted, cover.visits_done, cover.visits_left) == (2, 1, 1)


def test_one_query_for_one_contract_and_for_many_with_one_term_and_with_ten(north, django_assert_num_queries):
    for year in range(2027, 2037):
        add_term(north, dt.date(year, 3, 15), dt.date(year + 1, 3, 14))
    for number in range(10):
        Contract.objects.create(number=f"X-{number}", customer=north.customer, price=1, currency="GBP")
    with django_assert_num_queries(1):
        assert len(covers_of_customer(north.customer, dt.date(2026, 3, 5))) == 11
    with django_assert_num_queries(1):
        assert len(covers_of_equipment(north.copier, dt.date(2026, 3, 5))) == 11
    with django_assert_num_queries(1):
        cover_of(north.contract, dt.date(2026, 3, 5))


def test_a_contract_is_about_what_it_names_and_one_that_names_nothing_about_all(north):
    day = dt.date(2026, 3, 5)
    north.contract.covered.filter(equipment=north.sorter).delete()
    # No machine without a serial number is the named one that has none either.
    Equipment.objects.filter(pk=north.copier.pk).update(serial_number="", serial_key="")
    twin = Equipment.objects.create(site=north.site, make="Other")
    stranger = Customer.objects.create(name="Somebody else")
    Contract.objects.create(number="S-1", customer=stranger, price=1, currency="GBP")

    def about(*machines):
        return [cover.contract.number for cover in covers_of_machines(machines, day)]

    assert (about(north.copier), about(north.sorter), about(twin)) == (["N-20418"], [], [])
    Contract.objects.create(number="A-1", customer=north.customer, price=1, currency="GBP")
    assert about(north.copier) == about(north.copier, north.sorter, twin) == ["N-20418", "A-1"]
    assert about(north.sorter) == about(twin) == ["A-1"]
    assert about() == []
    for cover in covers_of_customer(north.customer, day):
        covered = [machine for machine in (north.copier, north.sorter, twin) if cover.covers(machine)]
        assert covered == (
            [north.copier] if cover.contract == north.contract else [north.copier, north.sorter, twin]
        )
    assert not any(cover.covers(north.copier) for cover in covers_of_customer(stranger, day))


def test_one_query_for_the_covers_of_one_machine_and_of_three(north, django_assert_num_queries):
    more = [Equipment.objects.create(site=north.site, make="Corvane", serial_number=text) for text in "AB"]
    for machines in ([north.copier], [north.copier, *more]):
        with django_assert_num_queries(1):
            covers_of_machines(machines, dt.date(2026, 3, 5))


def test_the_best_cover_comes_first(north):
    lapsed = Contract.objects.create(number="A-1", customer=north.customer, price=1, currency="GBP")
    covers = covers_of_customer(north.customer, dt.date(2025, 6, 1))
    assert [c.contract for c in covers] == [north.contract, lapsed]
    assert covers[1].sentence == "No term stands, no payment found"


def test_nobody_is_asked_about_what_renews_by_itself_unless_notice_was_given(north):
    assert cover_of(north.contract, END).instruction == "Ask about the renewal."
    Contract.objects.filter(pk=north.contract.pk).update(is_auto_renewing=True)
    assert cover_of(north.contract, END).instruction == "It renews by itself: nothing to ask."
    Cancellation.objects.create(
        contract=north.contract,
        effective_on=END + dt.timedelta(days=1),
        given_on=START,
        reason="Moves",
        recorded_at=AT,
    )
    assert cover_of(north.contract, END).instruction == "Ask about the renewal."


def test_in_review_and_in_grace_the_last_terms_visits_are_kept(north):
    """N-20418 granted two visits, one of which is done; its term is over."""
    entitlement = Entitlement.objects.get(term=north.term)
    AllowanceEntry.objects.create(
        entitlement=entitlement, kind="done", quantity=1, at=AT, subject=north.term.public_id
    )
    grace = cover_of(north.contract, END + dt.timedelta(days=10))
    assert (grace.state, grace.visits_granted, grace.visits_left) == (State.IN_GRACE, 2, 1)
    add_evidence(north)
    review = cover_of(north.contract, END + dt.timedelta(days=100))
    assert (review.state, review.visits_granted, review.visits_left) == (State.IN_REVIEW, 2, 1)


def test_a_lapsed_contract_grants_nothing(north):
    lapsed = cover_of(north.contract, END + dt.timedelta(days=100))
    assert (lapsed.state, lapsed.visits_granted, lapsed.visits_left) == (State.LAPSED, 0, 0)
