"""Contracts that end together: by days, to the cent, all or none."""

import datetime as dt
from decimal import Decimal

import pytest

from contracts.co_terminating import (
    CannotEndTogether,
    common_end,
    cuts_for,
    end_together,
    may_end_together,
)
from contracts.cover import cover_of
from contracts.evidence import log_evidence
from contracts.models import Cancellation, Contract, ContractTerm, Entitlement, Renewal
from contracts.renewals import AlreadyRenewed, last_term, renew
from contracts.terms import following
from customers.models import Customer
from tenancy.models import Tenant
from tenancy.scope import tenant

TODAY = dt.date(2026, 3, 5)
COMMON = dt.date(2026, 12, 31)


def add_contract(customer, number, starts_on, ends_on, *, price="365.00", visits=2):
    contract = Contract.objects.create(
        number=number, customer=customer, price=Decimal(price), currency="GBP", visits_per_term=visits
    )
    ContractTerm.objects.create(
        contract=contract,
        starts_on=starts_on,
        ends_on=ends_on,
        price=contract.price,
        created_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    )
    return contract


@pytest.fixture
def desk(cast):
    """Northgate, its scope open."""
    with tenant(cast.north.tenant):
        yield cast.north


@pytest.fixture
def three(desk):
    """A customer with terms to 31 Mar, 30 Jun and 31 Dec 2026."""
    customer = Customer.objects.create(name="Weir House")
    return [
        add_contract(customer, "W-1", dt.date(2025, 4, 1), dt.date(2026, 3, 31)),
        add_contract(customer, "W-2", dt.date(2025, 7, 1), dt.date(2026, 6, 30), price="1000.00", visits=3),
        add_contract(customer, "W-3", dt.date(2026, 1, 1), COMMON),
    ]


def together(desk, contracts, now, ends_on=COMMON):
    return end_together(
        contracts,
        ends_on=ends_on,
        channel=Renewal.Channel.POST,
        after={cut.contract.pk: cut.last for cut in cuts_for(contracts, ends_on)},
        by=desk.accounts,
        now=now,
    )


def test_the_figures_are_by_days(three):
    first, second, third = cuts_for(reversed(three), COMMON)
    assert (first.starts_on, first.ends_on, first.days) == (dt.date(2026, 4, 1), COMMON, 275)
    # 275 of the 365 days from 1 Apr 2026: 365.00 × 275/365; two visits, a begun one counts.
    assert (first.price, first.visits) == (Decimal("275.00"), 2)
    # 184 of 365 days: 504.109… and 1.51 visits.
    assert (second.price, second.visits) == (Decimal("504.11"), 2)
    assert first.next_ends_on == second.next_ends_on == dt.date(2027, 12, 31)
    assert third.is_left


def test_they_end_together_and_the_next_term_is_of_the_usual_length(desk, three, now):
    renewals = together(desk, three, now)
    assert [(r.contract.number, r.amount, r.starts_on, r.ends_on) for r in renewals] == [
        ("W-1", Decimal("275.00"), dt.date(2026, 4, 1), COMMON),
        ("W-2", Decimal("504.11"), dt.date(2026, 7, 1), COMMON),
    ]
    assert renewals[0].note == "cut to end on 31 Dec 2026 together with W-2, W-3"
    for contract in three:
        assert cover_of(contract, TODAY).sentence.startswith("Active until 31 Dec 2026")
        last = contract.terms.order_by("-ends_on").first()
        assert following(last) == (dt.date(2027, 1, 1), dt.date(2027, 12, 31))
        # What the next term costs is not what the cut one cost.
        contract.refresh_from_db()
    assert [contract.price for contract in three] == [Decimal("365"), Decimal("1000"), Decimal("365")]
    assert Entitlement.objects.get(term=renewals[1].term).quantity == 2
    nexts = [renew(contract, channel="post", amount=None, by=desk.accounts, now=now) for contract in three]
    assert {(r.starts_on, r.ends_on) for r in nexts} == {(dt.date(2027, 1, 1), dt.date(2027, 12, 31))}


def test_at_a_desk_that_extends_the_terms_go_on(desk, three, now):
    Tenant.objects.filter(pk=desk.tenant.pk).update(renew_by=Tenant.RenewBy.EXTENSION)
    together(desk, three[:2], now)
    term = three[0].terms.get(taken_back_at=None)
    assert (term.starts_on, term.ends_on) == (dt.date(2025, 4, 1), COMMON)
    assert following(term) == (dt.date(2027, 1, 1), dt.date(2027, 12, 31))


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "common", "next_ends_on"),
    [
        # Half a year, though April has no 31st.
        (dt.date(2025, 12, 6), dt.date(2026, 6, 5), dt.date(2026, 10, 30), dt.date(2027, 4, 29)),
        # 92 days, though those before 16 Feb happen to be three months.
        (dt.date(2025, 4, 30), dt.date(2025, 7, 30), dt.date(2026, 2, 15), dt.date(2026, 5, 18)),
        # Three months, though the three from the end of the last term on were 92 days.
        (dt.date(2025, 1, 31), dt.date(2025, 4, 29), dt.date(2025, 12, 17), dt.date(2026, 3, 17)),
    ],
)
def test_the_next_term_is_of_the_usual_length_whatever_day_they_end_on(
    desk, now, starts_on, ends_on, common, next_ends_on
):
    customer = Customer.objects.create(name="Weir House")
    both = [
        add_contract(customer, "W-1", starts_on, ends_on),
        add_contract(customer, "W-2", dt.date(2025, 1, 1), common),
    ]
    assert cuts_for(both, common)[0].next_ends_on == next_ends_on
    together(desk, both, now, common)
    day = common + dt.timedelta(days=1)
    assert following(last_term(both[0])) == (day, next_ends_on)
    # And so after another cut, by a day.
    both.append(add_contract(customer, "W-3", dt.date(2025, 1, 1), day))
    assert cuts_for(both, day)[0].next_ends_on == next_ends_on + dt.timedelta(days=1)


def test_whole_visits_are_not_rounded_up(desk):
    customer = Customer.objects.create(name="Weir House")
    both = [
        add_contract(customer, "W-1", dt.date(2024, 2, 18), dt.date(2024, 2, 29), visits=3),
        add_contract(customer, "W-2", dt.date(2024, 1, 1), dt.date(2024, 9, 16)),
    ]
    cut = cuts_for(both, dt.date(2024, 9, 16))[0]
    # 200 days at three visits for each 12.
    assert (cut.days, cut.visits) == (200, 50)


def test_no_day_before_an_end(three):
    with pytest.raises(CannotEndTogether, match="W-2 is paid for until 30 Jun 2026"):
        cuts_for(three[:2], dt.date(2026, 6, 29))
    assert cuts_for(three[:2], dt.date(2026, 6, 30))[1].is_left


@pytest.mark.parametrize(
    ("chosen", "day", "words"),
    [
        ([0], COMMON, "Choose at least two contracts."),
        ([0, 1], dt.date(2036, 7, 30), "Choose a day within ten years."),
        ([2, 3], COMMON, "All of them end on 31 Dec 2026 already."),
        ([0, 4], COMMON, "Contracts of different customers do not end together."),
        ([0, 5], COMMON, "W-6 has no term that stands. Enter its first one."),
    ],
)
def test_what_cannot_be_is_said(desk, three, chosen, day, words):
    customer = three[0].customer
    bare = Contract.objects.create(number="W-6", customer=customer, price=1, currency="GBP")
    same_end = add_contract(customer, "W-4", dt.date(2026, 1, 1), COMMON)
    contracts = [*three, same_end, desk.contract, bare]
    with pytest.raises(CannotEndTogether) as refused:
        cuts_for([contracts[place] for place in chosen], day)
    assert str(refused.value) == words


def test_evidence_that_waits_is_decided_first(desk, three, now):
    log_evidence(contract=three[0], kind="cheque", reference="17", dated_on=TODAY, by=desk.sales, now=now)
    with pytest.raises(CannotEndTogether, match="Cheque 17 for W-1 waits for a verdict"):
        cuts_for(three, COMMON)


def test_a_cancelled_one_is_left_out(desk, three, now):
    Cancellation.objects.create(
        contract=three[0], effective_on=dt.date(2026, 4, 1), reason="Sold", recorded_at=now
    )
    customer = three[0].customer
    assert list(may_end_together(customer)) == three[1:]
    assert common_end(customer) == COMMON
    with pytest.raises(CannotEndTogether, match="W-1 is cancelled"):
        cuts_for(three, COMMON)


def test_a_stale_figure_changes_nothing_at_all(desk, three, now):
    seen = {cut.contract.pk: cut.last for cut in cuts_for(three, COMMON)}
    renew(three[0], channel="post", amount=None, by=desk.accounts, now=now)
    common = dt.date(2027, 12, 31)
    with pytest.raises(AlreadyRenewed, match="W-1 has a term to 31 Mar 2027 by now"):
        end_together(three, ends_on=common, channel="post", after=seen, by=desk.accounts, now=now)
    assert Renewal.objects.count() == 1


def test_one_refused_contract_keeps_all_as_they_were(desk, three, now):
    seen = {cut.contract.pk: cut.last for cut in cuts_for(three[1:], COMMON)}
    with pytest.raises(AlreadyRenewed):
        end_together(three, ends_on=COMMON, channel="post", after=seen, by=desk.accounts, now=now)
    assert not Renewal.objects.exists()
