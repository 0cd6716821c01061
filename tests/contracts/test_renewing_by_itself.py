"""The clock adds the next term of contracts that renew by themselves, and of no others (R1.9)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.co_terminating import end_together
from contracts.cover import cover_of
from contracts.evidence import log_claim, reject_evidence
from contracts.models import (
    AllowanceEntry,
    Cancellation,
    Contract,
    ContractTerm,
    Entitlement,
    Renewal,
    RenewalOffer,
)
from contracts.renewals import AlreadyRenewed, last_term, renew
from contracts.renewing_by_itself import renew_by_themselves, without_price
from contracts.terms import ONE_DAY
from customers.models import TimelineEntry
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.contracts.racing import while_held

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
# 30 days before the end: the last day on which notice is in time.
NOTICE = dt.date(2026, 2, 12)
NEXT = (dt.date(2026, 3, 15), dt.date(2027, 3, 14))


@pytest.fixture
def north(cast):
    """Northgate, whose contract runs to 14 March 2026 and renews by itself; Southgate's does not."""
    for desk in (cast.north, cast.south):
        with tenant(desk.tenant):
            ContractTerm.objects.filter(pk=desk.term.pk).update(starts_on=START, ends_on=END)
    with tenant(cast.north.tenant):
        set_up(cast.north)
        yield cast.north


def set_up(desk, **fields):
    for name, value in {"is_auto_renewing": True, **fields}.items():
        setattr(desk.contract, name, value)
    desk.contract.save()


def terms(desk):
    standing = desk.contract.terms.filter(taken_back_at__isnull=True).order_by("starts_on")
    return list(standing.values_list("starts_on", "ends_on"))


def cancel(desk, effective_on, given_on, now):
    return Cancellation.objects.create(
        contract=desk.contract, effective_on=effective_on, given_on=given_on, reason="Moves", recorded_at=now
    )


def add_contract(number, **fields):
    contract = Contract.objects.create(
        number=f"A-{number}", price=Decimal("100"), currency="GBP", is_auto_renewing=True, **fields
    )
    ContractTerm.objects.create(
        contract=contract,
        starts_on=START,
        ends_on=END,
        price=100,
        created_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    )
    return contract


def test_it_renews_once_the_last_day_for_notice_is_over(north, now):
    assert renew_by_themselves(NOTICE, now=now) == []
    (renewal,) = renew_by_themselves(NOTICE + ONE_DAY, now=now)
    assert terms(north) == [(START, END), NEXT]
    assert (renewal.channel, renewal.amount, renewal.renewed_by, renewal.renewed_at) == (
        Renewal.Channel.CLOCK,
        Decimal("612.00"),
        None,
        now,
    )
    granted = Entitlement.objects.get(term=renewal.term)
    assert granted.quantity == 2
    assert AllowanceEntry.objects.get(entitlement=granted).kind == AllowanceEntry.Kind.GRANTED
    line = TimelineEntry.objects.get(subject=renewal.public_id)
    assert (line.title, line.detail, line.actor) == (
        "Contract N-20418 renewed to 14 Mar 2027",
        "£612.00 by itself",
        None,
    )
    assert cover_of(north.contract, END).sentence == "Active until 14 Mar 2027, renewed by itself"


def test_asked_again_it_adds_nothing(north, now):
    for days in (1, 1, 2, 30, 31, 300):
        renew_by_themselves(NOTICE + days * ONE_DAY, now=now)
    assert terms(north) == [(START, END), NEXT]


def test_one_that_does_not_renew_by_itself_is_left_alone(north, now):
    set_up(north, is_auto_renewing=False)
    assert renew_by_themselves(END, now=now) == []


def test_a_contract_renewed_by_act_is_never_extended_by_the_clock(north, now):
    renew(north.contract, channel=Renewal.Channel.POST, amount=None, by=north.accounts, now=now)
    for day in (NOTICE + ONE_DAY, END, NEXT[0], NEXT[1] - 30 * ONE_DAY):
        assert renew_by_themselves(day, now=now) == []
    assert len(renew_by_themselves(NEXT[1] - 29 * ONE_DAY, now=now)) == 1


def test_notice_in_time_ends_it_with_its_term(north, now):
    cancel(north, END + ONE_DAY, NOTICE, now)
    for day in (NOTICE + ONE_DAY, END, END + 400 * ONE_DAY):
        assert renew_by_themselves(day, now=now) == []


def test_notice_for_a_day_not_known_ends_it_too(north, now):
    cancel(north, None, None, now)
    assert renew_by_themselves(END, now=now) == []


def test_late_notice_lets_one_more_term_follow_and_no_other(north, now):
    cancel(north, NEXT[1] + ONE_DAY, NOTICE + ONE_DAY, now)
    assert len(renew_by_themselves(NOTICE + ONE_DAY, now=now)) == 1
    assert renew_by_themselves(NEXT[1], now=now) == []
    assert renew_by_themselves(NEXT[1] + 900 * ONE_DAY, now=now) == []
    assert terms(north) == [(START, END), NEXT]


def test_no_term_begins_on_the_day_of_a_cancellation_or_later_also_after_a_standstill(north, now):
    cancel(north, NEXT[1] + ONE_DAY, NOTICE + ONE_DAY, now)
    renew_by_themselves(NEXT[1] + 900 * ONE_DAY, now=now)
    assert terms(north) == [(START, END), NEXT]


def test_a_cancellation_undone_lets_it_go_on(north, now):
    cancellation = cancel(north, END + ONE_DAY, NOTICE, now)
    cancellation.undone_at, cancellation.undone_because = now, "They stay"
    cancellation.save()
    assert len(renew_by_themselves(NOTICE + ONE_DAY, now=now)) == 1


def test_after_a_standstill_terms_follow_until_one_runs(north, now):
    renewals = renew_by_themselves(dt.date(2029, 1, 1), now=now)
    assert [(one.starts_on.year, one.ends_on) for one in renewals] == [
        (2026, dt.date(2027, 3, 14)),
        (2027, dt.date(2028, 3, 14)),
        (2028, dt.date(2029, 3, 14)),
    ]
    assert cover_of(north.contract, dt.date(2029, 1, 1)).state == "active"


def test_after_a_standstill_the_running_terms_own_notice_date_counts_as_well(north, now):
    renewals = renew_by_themselves(dt.date(2028, 2, 14), now=now)
    assert renewals[-1].ends_on == dt.date(2029, 3, 14)


def test_a_term_shorter_than_its_notice_is_followed_by_one_only(north, now):
    january = dt.date(2026, 1, 1), dt.date(2026, 1, 31)
    ContractTerm.objects.filter(pk=north.term.pk).update(starts_on=january[0], ends_on=january[1])
    set_up(north, notice_days=60)
    for day in (2, 3, 31):
        renew_by_themselves(dt.date(2026, 1, day), now=now)
    assert terms(north) == [january, (dt.date(2026, 2, 1), dt.date(2026, 2, 28))]
    renew_by_themselves(dt.date(2026, 2, 1), now=now)
    assert terms(north)[-1] == (dt.date(2026, 3, 1), dt.date(2026, 3, 31))


def test_a_first_term_that_is_still_to_come_is_not_followed(north, now):
    set_up(north, notice_days=400)
    assert renew_by_themselves(START - ONE_DAY, now=now) == []
    assert len(renew_by_themselves(START, now=now)) == 1


def extending(desk):
    Tenant.objects.filter(pk=desk.tenant.pk).update(renew_by=Tenant.RenewBy.EXTENSION)


def test_a_desk_that_extends_has_the_term_go_on(north, now):
    extending(north)
    for days in (0, 1, 2, 100):
        renew_by_themselves(NOTICE + days * ONE_DAY, now=now)
    assert terms(north) == [(START, NEXT[1])]
    (renewal,) = Renewal.objects.all()
    assert (renewal.starts_on, renewal.ends_on, renewal.channel) == (*NEXT, Renewal.Channel.CLOCK)


def test_a_desk_that_extends_catches_up_and_never_runs_ahead(north, now):
    extending(north)
    set_up(north, notice_days=400)
    for _ in range(3):
        renew_by_themselves(dt.date(2027, 6, 1), now=now)
    # The part that runs on that day ends 14 Mar 2028; its last day for notice is over.
    assert terms(north) == [(START, dt.date(2029, 3, 14))]


def test_a_desk_that_extends_leaves_a_cut_term_alone_until_it_runs(north, now):
    Tenant.objects.filter(pk=north.tenant.pk).update(renew_by=Tenant.RenewBy.EXTENSION)
    common = END + 17 * ONE_DAY
    other = Contract.objects.create(
        number="A-2", customer=north.customer, price=Decimal("100"), currency="GBP"
    )
    ContractTerm.objects.create(
        contract=other, starts_on=START, ends_on=common, price=other.price, created_at=now
    )
    after = {contract.pk: last_term(contract) for contract in (north.contract, other)}
    end_together(
        [north.contract, other], ends_on=common, channel="post", after=after, by=north.accounts, now=now
    )
    # The last day for notice is over, but the contract was renewed by act.
    assert renew_by_themselves(END, now=now) == []
    (renewal,) = renew_by_themselves(END + ONE_DAY, now=now)
    assert (renewal.starts_on, renewal.ends_on) == (dt.date(2026, 4, 1), dt.date(2027, 3, 31))
    assert terms(north) == [(START, dt.date(2027, 3, 31))]


def test_what_waits_for_a_verdict_keeps_the_clock_away(north, now):
    claim = log_claim(contract=north.contract, by=north.sales, now=now)
    assert renew_by_themselves(END, now=now) == []
    reject_evidence(claim, by=north.accounts, now=now, reason="Nothing found")
    assert len(renew_by_themselves(END, now=now)) == 1


def test_an_accepted_offer_keeps_the_clock_away_an_unanswered_one_does_not(north, now):
    offer = RenewalOffer.objects.create(
        number="O-1",
        contract=north.contract,
        starts_on=NEXT[0],
        ends_on=NEXT[1],
        amount=700,
        valid_until=END,
        made_at=now,
        sent_at=now,
        accepted_at=now,
    )
    assert renew_by_themselves(END, now=now) == []
    RenewalOffer.objects.filter(pk=offer.pk).update(accepted_at=None)
    (renewal,) = renew_by_themselves(END, now=now)
    # What nobody accepted is not agreed.
    assert renewal.amount == Decimal("612.00")


def test_without_a_price_it_cannot_renew(north, now):
    set_up(north, price=0)
    assert list(without_price(NOTICE)) == []
    assert renew_by_themselves(END, now=now) == []
    assert list(without_price(NOTICE + ONE_DAY)) == [north.contract]


def test_statements_do_not_grow_with_the_contracts(north, now):
    def statements(day):
        with CaptureQueriesContext(connection) as queries:
            made = renew_by_themselves(day, now=now)
        return len(made), len(queries)

    few = statements(NOTICE + ONE_DAY)
    for number in range(20):
        add_contract(number, customer=north.customer, visits_per_term=2)
    many = statements(NOTICE + ONE_DAY)
    assert (few[0], many[0]) == (1, 20)
    assert few[1] == many[1]


def test_another_desks_contracts_are_not_touched(cast, north, now):
    with tenant(cast.south.tenant):
        set_up(cast.south)
    assert len(renew_by_themselves(END, now=now)) == 1
    with tenant(cast.south.tenant):
        assert terms(cast.south) == [(START, END)]


def test_the_clock_and_a_person_at_the_same_moment_make_one_term(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        ContractTerm.objects.filter(pk=desk.term.pk).update(starts_on=START, ends_on=END)
        set_up(desk)

    def by_person():
        return renew(
            desk.contract,
            channel=Renewal.Channel.CALL,
            amount=None,
            by=desk.accounts,
            now=now,
            after=desk.term,
        )

    acts = [by_person, *[lambda: renew_by_themselves(NOTICE + ONE_DAY, now=now)] * 3]
    results = while_held(desk, *acts)
    assert len(results) == len(acts)
    assert all(isinstance(result, Renewal | AlreadyRenewed | list) for result in results)
    with tenant(desk.tenant):
        assert terms(desk) == [(START, END), NEXT]
        assert Renewal.objects.count() == TimelineEntry.objects.filter(kind="renewal").count() == 1
