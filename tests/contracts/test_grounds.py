"""Why we say so: uncertain first, newest first, what is overruled kept and struck through (R1.6)."""

import datetime as dt
from decimal import Decimal

import pytest

from contracts.changes import changes_of
from contracts.cover import cover_of
from contracts.evidence import confirm_evidence, log_claim, log_evidence, reject_evidence
from contracts.grounds import grounds_of
from contracts.matching import match_payments
from contracts.models import Cancellation, Contract, ContractTerm, Payment
from contracts.taking_back import return_payment
from contracts.term_bar import standing_terms, term_bar
from tenancy.scope import tenant

TODAY = dt.date(2026, 3, 5)
START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)


@pytest.fixture
def north(cast):
    """Northgate's desk, active, with a term from 15 Mar 2025 to 14 Mar 2026."""
    with tenant(cast.north.tenant):
        set_term(cast.north, START, END)
        yield cast.north


def set_term(desk, starts_on, ends_on):
    ContractTerm.objects.filter(pk=desk.term.pk).update(
        starts_on=starts_on, ends_on=ends_on, created_at=dt.datetime(2025, 3, 15, 9, 0, tzinfo=dt.UTC)
    )


def grounds(desk, day=TODAY):
    return grounds_of(cover_of(desk.contract, day))


def _bar_of(cover):
    return term_bar(cover, standing_terms(cover.contract))


def lines(desk, day=TODAY):
    return [(line.kind, line.counts_as, line.what) for line in grounds(desk, day)]


TERM = ("proof", "Proof", "Term entered, 15 Mar 2025 to 14 Mar 2026")


def pay(desk, now, **fields):
    return Payment.objects.create(
        customer=desk.customer,
        paid_on=TODAY,
        amount=Decimal("612.00"),
        currency="GBP",
        payer="The Harbour Letter",
        recorded_at=now,
        **fields,
    )


def test_a_contract_that_nobody_touched_rests_on_its_first_term(north):
    assert lines(north) == [TERM]


def test_uncertain_evidence_comes_first_then_the_newest(north, now):
    log_claim(contract=north.contract, by=north.sales, now=now - dt.timedelta(days=1))
    form = log_evidence(contract=north.contract, kind="signed form", dated_on=TODAY, by=north.sales, now=now)
    reject_evidence(form, by=north.accounts, now=now, reason="Not signed")
    assert lines(north) == [
        ("waiting", "Waiting", "Still uncertain: the customer's word"),
        TERM,
        ("overruled", "Rejected", "Signed form"),
    ]


def test_a_confirmed_cheque_says_who_recorded_and_who_confirmed_it(north, now):
    cheque = log_evidence(
        contract=north.contract,
        kind="cheque",
        reference="004417",
        amount=Decimal("612"),
        dated_on=dt.date(2026, 3, 2),
        by=north.dispatcher,
        now=now,
    )
    confirm_evidence(cheque, by=north.accounts, now=now)
    line = next(line for line in grounds(north) if line.evidence)
    assert (line.counts_as, line.what, line.recorded_by) == (
        "Proof",
        "Cheque 004417, £612.00",
        "Dana Whitlock",
    )
    assert line.detail == "dated 2 Mar 2026; The renewal stands, Hollis Grant"
    assert (line.day, line.clock) == (TODAY, dt.time(13, 7))


def test_money_is_proof_until_it_is_returned(north, now):
    payment = pay(north, now, contract_written="N-20418")
    match_payments([payment], by=None, now=now)
    assert ("proof", "Proof", "£612.00 received") in lines(north)
    return_payment(payment, returned_on=TODAY, by=north.accounts, now=now)
    found = lines(north)
    assert found[0] == ("waiting", "Waiting", "Still uncertain: bank line, £612.00")
    assert ("overruled", "Returned", "£612.00 received") in found
    assert ("overruled", "Taken back", "Renewed, 15 Mar 2026 to 14 Mar 2027") in found


def test_unmatched_money_is_uncertain(north, now):
    pay(north, now, contract_written="see letter")
    assert lines(north) == [
        ("waiting", "Waiting", "Still uncertain: £612.00 received, naming “see letter”"),
        TERM,
    ]


def test_a_cancellation_is_told_with_its_reason(north, now):
    Cancellation.objects.create(
        contract=north.contract, effective_on=TODAY, reason="Moved away", recorded_at=now
    )
    line = grounds(north)[0]
    assert (line.kind, line.what, line.detail) == ("plain", "Cancelled 5 Mar 2026", "Moved away")


@pytest.mark.parametrize(
    ("status", "kind", "counts_as"),
    [
        ("expired", "overruled", "Overruled"),
        ("X", "overruled", "Overruled"),
        ("A", "plain", "Agrees"),
        ("active", "plain", "Agrees"),
    ],
)
def test_the_old_programs_word_is_kept_and_decides_nothing(north, now, status, kind, counts_as):
    Contract.objects.filter(pk=north.contract.pk).update(imported_status=status, imported_at=now)
    line = grounds(north)[-1] if kind == "overruled" else grounds(north)[0]
    assert (line.kind, line.counts_as, line.what) == (kind, counts_as, f"The old program said “{status}”")
    assert cover_of(north.contract, TODAY).state == "renewal due"


def test_the_bar_shows_todays_place_in_the_running_term(north):
    bar = _bar_of(cover_of(north.contract, TODAY))
    assert [(cell.words, cell.state, cell.begins, cell.ends) for cell in bar.cells] == [
        ("2025–26, in force", "force", "15 Mar 2025", "14 Mar 2026")
    ]
    assert bar.place == "0.974"


def test_the_bar_shows_the_next_term_as_paid(north, now):
    match_payments([pay(north, now, contract_written="N-20418")], by=None, now=now)
    bar = _bar_of(cover_of(north.contract, TODAY))
    assert [(cell.words, cell.state, cell.ends) for cell in bar.cells] == [
        ("2025–26, in force", "force", ""),
        ("2026–27, paid", "next", "14 Mar 2027"),
    ]
    assert bar.place == "0.487"


@pytest.mark.parametrize(
    ("ends_on", "words"),
    [(dt.date(2026, 2, 20), "In grace"), (dt.date(2025, 12, 1), "No term stands")],
)
def test_after_the_last_term_the_bar_says_what_stands(north, ends_on, words):
    set_term(north, dt.date(2024, 12, 2), ends_on)
    cells = _bar_of(cover_of(north.contract, TODAY)).cells
    assert (cells[-1].words, cells[-1].state) == (words, "over")
    assert cells[0].state == ""


def test_a_review_after_the_last_term_is_marked(north, now):
    set_term(north, dt.date(2024, 12, 2), dt.date(2025, 12, 1))
    log_claim(contract=north.contract, by=north.sales, now=now)
    cells = _bar_of(cover_of(north.contract, TODAY)).cells
    assert (cells[-1].words, cells[-1].state) == ("Renewal in review", "review")


def test_a_contract_without_a_standing_term_has_no_bar(north, now):
    ContractTerm.objects.filter(pk=north.term.pk).update(taken_back_at=now)
    assert _bar_of(cover_of(north.contract, TODAY)) is None


def test_changes_tell_what_is_different_newest_first(north, now):
    payment = pay(north, now, contract_written="N-20418")
    match_payments([payment], by=None, now=now)
    found = changes_of(north.contract)
    assert found[-1].what == "Contract added"
    assert [c.detail for c in found if c.what == "Term changed"] == [
        "first day: 15 Mar 2025; last day: 14 Mar 2026"
    ]
    assert [c.what for c in found if c.what.startswith("Payment")] == ["Payment changed", "Payment added"]
    assert "matched: 5 Mar 2026 13:07" in [c.detail for c in found]
    assert [c.at for c in found] == sorted((c.at for c in found), reverse=True)


def test_changes_of_another_contract_are_not_told(north, now):
    other = Contract.objects.create(
        number="Other", customer=north.customer, price=Decimal("1"), currency="GBP"
    )
    assert [change.what for change in changes_of(other)] == ["Contract added"]


def test_the_grounds_name_who_recorded_as_the_verdict_does(north, now):
    ContractTerm.objects.filter(pk=north.term.pk).update(created_by=north.sales)
    pay(north, now, contract_written="see letter", recorded_by=north.accounts)
    cover = cover_of(north.contract, TODAY)
    assert "from The Harbour Letter naming “see letter”, Hollis Grant" in cover.reason
    assert "entered by Jamie Mercer" in cover.reason
    assert [(line.what, line.recorded_by, line.detail) for line in grounds_of(cover)] == [
        (
            "Still uncertain: £612.00 received, naming “see letter”",
            "Hollis Grant",
            "From The Harbour Letter. It may be meant for this contract: accounts match it",
        ),
        ("Term entered, 15 Mar 2025 to 14 Mar 2026", "Jamie Mercer", ""),
    ]


def test_matched_money_names_who_matched_it_where_nobody_entered_it(north, now):
    match_payments([pay(north, now, contract_written="N-20418")], by=north.accounts, now=now)
    money = next(line for line in grounds(north) if "received" in line.what)
    assert money.recorded_by == "Hollis Grant"


def test_what_nobody_entered_came_with_the_import_or_by_the_desk(north, now):
    assert grounds(north)[0].recorded_by == "The desk"
    Contract.objects.filter(pk=north.contract.pk).update(imported_at=now)
    north.contract.refresh_from_db()
    assert grounds(north)[0].recorded_by == "Import"


def test_a_cancellation_still_to_come_is_told_everywhere(north, now):
    day = dt.date(2026, 3, 15)
    Cancellation.objects.create(
        contract=north.contract,
        effective_on=day,
        reason="Moved away",
        recorded_at=now,
        recorded_by=north.accounts,
    )
    cover = cover_of(north.contract, TODAY)
    assert cover.state == "renewal due"
    assert "; cancelled from 15 Mar 2026: Moved away, Hollis Grant, 5 Mar 2026 13:07" in cover.reason
    assert grounds_of(cover)[0].what == "Cancelled from 15 Mar 2026"
    bar = _bar_of(cover)
    assert [(cell.words, cell.state, cell.begins, cell.ends) for cell in bar.cells] == [
        ("2025–26, in force", "force", "15 Mar 2025", ""),
        ("Cancelled", "over", "15 Mar 2026", ""),
    ]
    assert bar.place == "0.487"
    known_before = Contract.objects.with_reasons(TODAY, known_at=now - dt.timedelta(minutes=1))
    assert known_before.get(pk=north.contract.pk).coming_cancellation is None
