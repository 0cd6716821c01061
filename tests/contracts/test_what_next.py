"""Which contracts need something next, by what that is."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import Q

from contracts.cancelling import cancel
from contracts.evidence import log_claim
from contracts.models import Cancellation, Payment, RenewalOffer
from contracts.renewals import renew
from contracts.what_next import Section, counts, page_of
from customers.models import Customer
from tenancy.scope import tenant
from tests.cast import make_contract

TODAY = dt.date(2026, 3, 5)
EVERYBODY = Q()


@pytest.fixture
def desk(cast):
    """Northgate, its scope open; the cast's own contract is not near its end."""
    with tenant(cast.north.tenant):
        yield cast.north


def add(name, ends_on, **fields):
    return make_contract(Customer.objects.create(name=name), number=f"W-{name}", ends_on=ends_on, **fields)


def in_days(days):
    return TODAY + dt.timedelta(days=days)


def add_offer(contract, now, **fields):
    return RenewalOffer.objects.create(
        number=f"{contract.number}/1",
        contract=contract,
        starts_on=in_days(10),
        ends_on=in_days(374),
        amount=Decimal("100"),
        valid_until=in_days(30),
        made_at=now,
        sent_at=now,
        **fields,
    )


def names(desk, section, **more):
    page = page_of(desk.tenant, TODAY, section, more.pop("owned", EVERYBODY), **more)
    return [contract.customer.name for contract in page.contracts]


def found(desk, owned=EVERYBODY):
    return {section: many for section, many in counts(desk.tenant, TODAY, owned).items() if many}


@pytest.mark.parametrize(
    ("days", "section"),
    [
        (61, None),
        (60, Section.LATER),
        (31, Section.LATER),
        (30, Section.SOON),
        (0, Section.SOON),
        (-1, Section.GRACE),
        (-30, Section.GRACE),
        (-31, Section.LAPSED),
        (-90, Section.LAPSED),
        (-91, None),
    ],
)
def test_a_contract_stands_where_its_end_puts_it(desk, days, section):
    add("A", in_days(days))
    assert found(desk) == ({section: 1} if section else {})
    for each in Section.values:
        assert names(desk, each) == (["A"] if each == section else [])


def test_in_review_is_whoever_may_have_renewed_however_long_ago(desk, now):
    log_claim(contract=add("Claim", in_days(-400)), by=desk.sales, now=now)
    paid = add("Money", in_days(-80))
    Payment.objects.create(
        customer=paid.customer, paid_on=in_days(-70), amount=100, currency="GBP", recorded_at=now
    )
    add("By itself", in_days(-500), is_auto_renewing=True)
    assert found(desk) == {Section.REVIEW: 3}
    assert names(desk, Section.REVIEW) == ["By itself", "Claim", "Money"]


def test_in_review_is_whose_number_stands_on_somebody_elses_money(desk, now):
    named, beside = add("Named", in_days(-80)), add("Beside", in_days(-70))
    paid = {"paid_on": in_days(-60), "amount": 100, "currency": "GBP", "recorded_at": now}
    other = Customer.objects.create(name="Their bank")
    Payment.objects.create(
        customer=other, contract_written=named.number, written_key=named.number_key, **paid
    )
    Payment.objects.create(**paid).named.create(number_key=beside.number_key)
    assert found(desk) == {Section.REVIEW: 2}
    assert names(desk, Section.REVIEW) == ["Named", "Beside"]


def test_offers_and_renewals_have_sections_of_their_own(desk, now):
    add_offer(add("Out", in_days(5)), now)
    add_offer(add("Accepted", in_days(6)), now, accepted_at=now)
    add_offer(add("Declined", in_days(7)), now, declined_at=now, declined_because="Too dear")
    for name, at in {
        "First": now - dt.timedelta(hours=2),
        "Last": now,
        "Before": now - dt.timedelta(days=5),
    }.items():
        renew(add(name, in_days(20)), channel="post", amount=None, by=desk.accounts, now=at)
    assert found(desk) == {
        Section.REVIEW: 1,
        Section.ACCEPTED: 1,
        Section.SOON: 2,
        Section.OFFERED: 1,
        Section.RENEWED: 2,
    }
    assert names(desk, Section.OFFERED) == ["Out"]
    assert names(desk, Section.ACCEPTED) == ["Accepted"]
    assert names(desk, Section.RENEWED) == ["Last", "First"]


def test_the_month_is_the_desks_own(desk):
    # Midnight on 1 March in London is 00:00 UTC.
    edge = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    for name, at in {"In": edge, "Before": edge - dt.timedelta(seconds=1)}.items():
        renew(add(name, in_days(20)), channel="post", amount=None, by=desk.accounts, now=at)
    assert names(desk, Section.RENEWED) == ["In"]


def test_a_cancelled_contract_needs_nothing(desk, now):
    gone = add("Gone", in_days(-5))
    add_offer(gone, now, accepted_at=now)
    Cancellation.objects.create(contract=gone, effective_on=TODAY, reason="Sold", recorded_at=now)
    later = add("Later", in_days(5))
    cancel(later, effective_on=in_days(6), given_on=TODAY, reason="Sold", by=desk.accounts, now=now)
    assert found(desk) == {Section.SOON: 1}


def test_the_other_desks_contracts_are_not_counted(cast, desk, now):
    with tenant(cast.south.tenant):
        add("South", in_days(5))
    assert found(desk) == {}


def test_an_owner_narrows_rows_and_counts(desk):
    add("Mine", in_days(5), owner=desk.sales)
    add("Nobody's", in_days(6))
    assert found(desk, Q(owner=desk.sales)) == {Section.SOON: 1}
    assert names(desk, Section.SOON, owned=Q(owner__isnull=True)) == ["Nobody's"]


@pytest.mark.parametrize("section", [Section.SOON, Section.LAPSED, Section.RENEWED])
def test_pages_follow_each_other_without_gap_or_repeat(desk, now, section):
    for number in range(5):
        # Three share an end, so that the place alone does not tell them apart.
        contract = add(f"{number}", in_days((5 if section != Section.LAPSED else -40) + max(0, number - 2)))
        if section == Section.RENEWED:
            at = now - dt.timedelta(minutes=min(number, 2))
            renew(contract, channel="post", amount=None, by=desk.accounts, now=at)
    together = names(desk, section)
    seen, after = [], ""
    while True:
        page = page_of(desk.tenant, TODAY, section, EVERYBODY, after=after, size=2)
        seen += [contract.customer.name for contract in page.contracts]
        after = page.after
        if not after:
            break
    assert seen == together
    assert sorted(seen) == [str(number) for number in range(5)]


@pytest.mark.parametrize("cursor", ["", "x", "2026-03-05", "2026-03-05~x", "~", "2026-03-05T10:00~1"])
def test_a_cursor_that_is_none_begins_at_the_front(desk, cursor):
    add("A", in_days(5))
    assert names(desk, Section.SOON, after=cursor) == ["A"]
    assert names(desk, Section.RENEWED, after=cursor) == []


def test_the_statements_do_not_grow_with_the_rows(desk, django_assert_num_queries, now):
    for number in range(3):
        add(f"{number}", in_days(5))
        with django_assert_num_queries(2):
            counts(desk.tenant, TODAY, EVERYBODY)
        with django_assert_num_queries(1):
            page_of(desk.tenant, TODAY, Section.SOON, EVERYBODY)
