"""The life of a contract, replayed from its records (R1.1, R1.6)."""

import datetime as dt
from decimal import Decimal

import pytest

from contracts.evidence import confirm_evidence, log_evidence, reject_evidence, return_evidence
from contracts.life import life_of, lives_of
from contracts.matching import match_payments
from contracts.models import Cancellation, Contract, ContractTerm, Payment
from contracts.taking_back import return_payment
from tenancy.scope import tenant

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
ENTERED = dt.datetime(2025, 3, 1, 9, 0, tzinfo=dt.UTC)
UNTIL = dt.datetime(2027, 6, 1, 9, 0, tzinfo=dt.UTC)


def at(month, day, clock=10, year=2026):
    return dt.datetime(year, month, day, clock, tzinfo=dt.UTC)


@pytest.fixture
def north(cast):
    """Northgate's desk; the term of its contract runs from 15 Mar 2025 to 14 Mar 2026."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(
            starts_on=START, ends_on=END, created_at=ENTERED, created_by=cast.north.sales
        )
        yield cast.north


def told(desk, **options):
    return [
        (change.at, change.state, change.sentence)
        for change in life_of(desk.contract, until=UNTIL, **options).changes[::-1]
    ]


def log_cheque(desk, now):
    return log_evidence(
        contract=desk.contract,
        kind="cheque",
        dated_on=now.date(),
        reference="004417",
        amount=Decimal("612.00"),
        by=desk.dispatcher,
        now=now,
    )


def pay(desk, now, written="N-20418"):
    payment = Payment.objects.create(
        customer=desk.customer,
        paid_on=now.date(),
        amount=Decimal("612.00"),
        currency="GBP",
        contract_written=written,
        recorded_at=now,
        recorded_by=desk.accounts,
    )
    match_payments([payment], by=desk.accounts, now=now)
    return payment


def test_time_alone_changes_a_state_on_its_day(north):
    assert told(north) == [
        (ENTERED, "upcoming", "Starts 15 Mar 2025"),
        (dt.datetime(2025, 3, 15, tzinfo=dt.UTC), "active", "Active until 14 Mar 2026"),
        (dt.datetime(2026, 1, 13, tzinfo=dt.UTC), "renewal due", "Ends in 60 days"),
        (
            dt.datetime(2026, 3, 15, tzinfo=dt.UTC),
            "in grace",
            "Ended 14 Mar 2026, in grace until 13 Apr 2026",
        ),
        # Midnight in London is 23:00 UTC of the day before in summer.
        (dt.datetime(2026, 4, 13, 23, tzinfo=dt.UTC), "lapsed", "Ended 14 Mar 2026, no payment found"),
    ]


def test_each_act_is_replayed_with_who_did_it(north):
    cheque = log_cheque(north, at(3, 2))
    confirm_evidence(cheque, by=north.accounts, now=at(3, 3))
    cheque.refresh_from_db()
    return_evidence(cheque, by=north.accounts, now=at(3, 9), reason="Refer to drawer")
    again = north.contract.evidence.get(state="waiting")
    reject_evidence(again, by=north.accounts, now=at(3, 10), reason="They will not pay")
    changes = life_of(north.contract, until=at(3, 11)).changes[:4][::-1]
    assert [(change.at, change.sentence, change.acts) for change in changes] == [
        (
            at(3, 2),
            "Active until 14 Mar 2026, renewal in review: cheque of 2 March",
            "Cheque of 2 Mar 2026 logged, Dana Whitlock",
        ),
        (
            at(3, 3),
            "Active until 14 Mar 2027, renewal paid",
            "Renewed to 14 Mar 2027 by payment, Hollis Grant; Cheque of 2 Mar 2026 confirmed, Hollis Grant",
        ),
        (
            at(3, 9),
            "Active until 14 Mar 2026, renewal in review: cheque of 2 March",
            "Renewal to 14 Mar 2027 taken back; Cheque of 2 Mar 2026 returned by the bank, Hollis Grant; "
            "Cheque of 2 Mar 2026 logged, Hollis Grant",
        ),
        (at(3, 10), "Ends in 4 days", "Cheque of 2 Mar 2026 rejected, Hollis Grant"),
    ]
    assert all("Hollis Grant" in change.reason for change in changes[1:3])


def test_money_is_replayed_as_it_was_known(north):
    waiting = pay(north, at(4, 20), written="see letter")
    return_payment(waiting, returned_on=dt.date(2026, 4, 25), by=north.accounts, now=at(4, 25))
    assert told(north)[-3:] == [
        (dt.datetime(2026, 4, 13, 23, tzinfo=dt.UTC), "lapsed", "Ended 14 Mar 2026, no payment found"),
        (at(4, 20), "renewal in review", "Renewal in review: unmatched payment of 20 April"),
        (at(4, 25), "lapsed", "Ended 14 Mar 2026, no payment found"),
    ]


def test_an_undone_cancellation_stays_in_the_life(north):
    Cancellation.objects.create(
        contract=north.contract,
        effective_on=dt.date(2026, 1, 5),
        reason="Moved away",
        recorded_at=at(1, 2),
        undone_at=at(1, 8),
        undone_because="They stay",
        undone_by=north.manager,
    )
    assert (
        "cancelled from 5 Jan 2026: Moved away" in life_of(north.contract, until=at(1, 3)).changes[0].reason
    )
    assert told(north)[2:5] == [
        (at(1, 2), "active", "Active until 14 Mar 2026"),
        (dt.datetime(2026, 1, 5, tzinfo=dt.UTC), "cancelled", "Cancelled 5 Jan 2026"),
        (at(1, 8), "active", "Active until 14 Mar 2026"),
    ]


def test_days_before_the_first_record_are_told_by_it(north):
    ContractTerm.objects.update(created_at=at(2, 1))
    assert told(north)[:2] == [
        (dt.datetime(2025, 3, 15, tzinfo=dt.UTC), "active", "Active until 14 Mar 2026"),
        (dt.datetime(2026, 1, 13, tzinfo=dt.UTC), "renewal due", "Ends in 60 days"),
    ]


def test_a_long_life_is_read_in_stretches_without_a_gap_or_a_repeat(north):
    for month in (1, 2, 3):
        cheque = log_cheque(north, at(month, 20))
        reject_evidence(cheque, by=north.accounts, now=at(month, 25), reason="Another customer's")
    whole = life_of(north.contract, until=UNTIL).changes
    read, before = [], None
    while True:
        life = life_of(north.contract, until=UNTIL, before=before, most=3)
        assert len(life.changes) <= 3
        read += life.changes
        before = life.older
        if before is None:
            break
    assert read == whole
    assert lives_of([north.contract], until=UNTIL) == {north.contract.pk: whole[::-1]}


def test_one_query_for_each_moment_however_many_contracts_and_terms(north, django_assert_num_queries):
    more = [
        Contract.objects.create(number=f"L-{number}", customer=north.customer, price=1, currency="GBP")
        for number in range(5)
    ]
    for contract in more:
        ContractTerm.objects.create(
            contract=contract, starts_on=START, ends_on=END, price=1, created_at=ENTERED
        )
    contracts = list(Contract.objects.select_related("tenant"))
    # The records: 8. The moments: entered, first day, due, ended, grace passed.
    for some in (contracts[:1], contracts):
        with django_assert_num_queries(8 + 5):
            lives_of(some, until=UNTIL)


def test_a_contract_without_a_record_has_no_life_yet(north):
    bare = Contract.objects.create(number="B-1", customer=north.customer, price=1, currency="GBP")
    assert life_of(bare, until=UNTIL).changes == []


def test_the_page_reads_on_where_it_ended(north, client, time_machine):
    time_machine.move_to(UNTIL, tick=False)
    for month in range(1, 13):
        cheque = log_cheque(north, at(month, 20))
        reject_evidence(cheque, by=north.accounts, now=at(month, 25), reason="Another customer's")
    client.force_login(north.technician.user)
    address = north.url(f"contracts/{north.contract.public_id}/life/")
    first = client.get(address)
    assert first.status_code == 200
    assert first.text.count("<tr>") == 1 + 20
    older = first.context["life"].older
    rest = client.get(address, {"before": older.isoformat()}, headers={"HX-Request": "true"})
    assert "<html" not in rest.text
    assert [change.at for change in rest.context["life"].changes][-1] == ENTERED
    assert client.get(address, {"before": "yesterday"}).text.count("<tr>") == 1 + 20
    assert f'href="{address}"' in client.get(north.url(f"contracts/{north.contract.public_id}/")).text
