"""Cancelling a contract and undoing it (R1.9)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from cases.models import Duty
from contracts.cancelling import (
    AlreadyCancelled,
    AlreadyUndone,
    NotThatDay,
    cancel,
    ending_of,
    undo_cancellation,
)
from contracts.cover import cover_of
from contracts.models import Cancellation, Contract, ContractTerm, Payment, Renewal, RenewalOffer
from contracts.renewals import renew
from contracts.verifying import ask_to_judge
from tenancy.calendars import calendar_of
from tenancy.scope import tenant
from tests.at_once import kinds
from tests.contracts.racing import while_held

TODAY = dt.date(2026, 3, 5)
START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
AFTER, NEXT_END = dt.date(2026, 3, 15), dt.date(2027, 3, 14)
# 30 days before the end.
NOTICE_BY = dt.date(2026, 2, 12)


@pytest.fixture
def desk(cast):
    """Northgate, its scope open; its contract's term is 15 Mar 2025 to 14 Mar 2026."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(starts_on=START, ends_on=END)
        yield cast.north


@pytest.fixture
def by_itself(desk):
    """The contract renews by itself, notice 30 days before the end."""
    Contract.objects.filter(pk=desk.contract.pk).update(is_auto_renewing=True, notice_days=30)
    desk.contract.refresh_from_db()
    return desk


def end(desk, now, effective_on=AFTER, given_on=TODAY, reason="Sold the machine", by="accounts"):
    return cancel(
        desk.contract,
        effective_on=effective_on,
        given_on=given_on,
        reason=reason,
        by=desk.people[by],
        now=now,
    )


def sentence(desk, day=TODAY):
    return cover_of(desk.contract, day).sentence


def test_a_cancelled_contract_covers_until_the_day_before(desk, now):
    end(desk, now)
    assert sentence(desk, END) == "Ends today"
    assert sentence(desk, AFTER) == "Cancelled 15 Mar 2026"
    assert (
        "cancelled: Sold the machine, Hollis Grant, 5 Mar 2026 13:07" in cover_of(desk.contract, AFTER).reason
    )


def test_the_last_day_paid_is_the_earliest(desk, now):
    ending = ending_of(desk.contract, TODAY)
    assert (ending.earliest, ending.first, ending.is_late) == (END, AFTER, False)
    with pytest.raises(NotThatDay, match="It is paid for until 14 Mar 2026") as refused:
        end(desk, now, effective_on=END - dt.timedelta(days=1))
    assert refused.value.first == AFTER
    end(desk, now, effective_on=END)
    assert sentence(desk, END) == "Cancelled 14 Mar 2026"


def test_a_term_that_is_renewed_is_paid_to_its_end(desk, now):
    renew(desk.contract, channel="post", amount=None, by=desk.accounts, now=now)
    assert ending_of(desk.contract, TODAY).first == NEXT_END + dt.timedelta(days=1)
    with pytest.raises(NotThatDay):
        end(desk, now)


@pytest.mark.parametrize("by", ["dispatcher", "technician", "sales"])
def test_only_accounts_and_managers_may_cancel_and_undo(desk, now, by):
    with pytest.raises(PermissionDenied):
        end(desk, now, by=by)
    cancellation = end(desk, now, by="manager")
    with pytest.raises(PermissionDenied):
        undo_cancellation(cancellation, because="x", by=desk.people[by], now=now)


def test_it_takes_a_reason_and_notice_that_was_given(desk, now):
    with pytest.raises(ValueError, match="Say why"):
        end(desk, now, reason="  ")
    with pytest.raises(ValueError, match="after today"):
        end(desk, now, given_on=TODAY + dt.timedelta(days=1))
    with pytest.raises(ValueError, match="ten years"):
        end(desk, now, effective_on=dt.date(9999, 12, 31))
    assert not Cancellation.objects.exists()


def test_notice_in_time_ends_what_renews_by_itself(by_itself, now):
    ending = ending_of(by_itself.contract, NOTICE_BY)
    assert (ending.first, ending.notice_by, ending.is_late) == (AFTER, NOTICE_BY, False)
    end(by_itself, now, given_on=NOTICE_BY)
    assert sentence(by_itself, AFTER) == "Cancelled 15 Mar 2026"


def test_notice_a_day_late_lets_the_next_term_follow(by_itself, now):
    late = NOTICE_BY + dt.timedelta(days=1)
    ending = ending_of(by_itself.contract, late)
    assert (ending.earliest, ending.first, ending.is_late) == (NEXT_END, dt.date(2027, 3, 15), True)
    assert ending.words == (
        "It renews by itself, and the last day for notice was 12 Feb 2026. The next term runs to "
        "14 Mar 2027, so it can end on 15 Mar 2027."
    )
    with pytest.raises(NotThatDay, match="can end on 15 Mar 2027"):
        end(by_itself, now, given_on=late)
    end(by_itself, now, given_on=late, effective_on=dt.date(2027, 3, 15))
    # The next term still follows: the clock enters it.
    assert sentence(by_itself, AFTER) == (
        "Renewal in review: it renews by itself, the next term is being entered"
    )


@pytest.mark.parametrize(
    ("effective_on", "is_possible"),
    [
        (dt.date(2026, 9, 1), False),
        (NEXT_END, True),
        (dt.date(2027, 3, 15), True),
        (dt.date(2027, 3, 16), False),
        (dt.date(2028, 3, 15), True),
    ],
)
def test_what_renews_by_itself_ends_with_a_term(by_itself, now, effective_on, is_possible):
    if is_possible:
        end(by_itself, now, given_on=NOTICE_BY, effective_on=effective_on)
    else:
        with pytest.raises(NotThatDay, match="renews by itself"):
            end(by_itself, now, given_on=NOTICE_BY, effective_on=effective_on)


def test_notice_in_time_recorded_late_takes_the_clocks_term_back(by_itself, now):
    at = dt.datetime(2026, 3, 20, 9, 0, tzinfo=dt.UTC)
    renew(by_itself.contract, channel=Renewal.Channel.CLOCK, amount=None, by=None, now=at)
    ending = ending_of(by_itself.contract, NOTICE_BY)
    assert ending.first == AFTER
    assert "The term that it entered by itself is taken back." in ending.words
    end(by_itself, at, given_on=NOTICE_BY)
    assert sentence(by_itself, dt.date(2026, 3, 20)) == "Cancelled 15 Mar 2026"
    assert Renewal.objects.get().taken_back_at == at


def test_a_clocks_term_that_was_paid_stays(by_itself, now):
    at = dt.datetime(2026, 3, 20, 9, 0, tzinfo=dt.UTC)
    payment = Payment.objects.create(
        customer=by_itself.customer, paid_on=END, amount=Decimal("612"), currency="GBP", recorded_at=at
    )
    renew(by_itself.contract, channel=Renewal.Channel.CLOCK, amount=None, by=None, now=at, payments=[payment])
    assert ending_of(by_itself.contract, NOTICE_BY).first == dt.date(2027, 3, 15)


def test_a_contract_without_a_term_can_end_on_any_day(desk, now):
    ContractTerm.objects.filter(pk=desk.term.pk).update(taken_back_at=now, taken_back_because="Never was")
    duty = ask_to_judge(contract=desk.contract, calendar=calendar_of(desk.tenant), by=desk.sales, now=now)
    end(desk, now, effective_on=TODAY)
    assert sentence(desk) == "Cancelled 5 Mar 2026"
    duty.refresh_from_db()
    assert duty.outcome == "Cancelled 5 Mar 2026"
    assert not Duty.objects.open().exists()


def test_undone_it_is_as_if_it_had_never_been(desk, now):
    days = [TODAY, END, AFTER, END + dt.timedelta(days=31), NEXT_END]
    before = [sentence(desk, day) for day in days]
    cancellation = end(desk, now)
    later = now + dt.timedelta(hours=1)
    with pytest.raises(ValueError, match="Say why"):
        undo_cancellation(cancellation, because=" ", by=desk.manager, now=later)
    undo_cancellation(cancellation, because="They stay", by=desk.manager, now=later)
    assert [sentence(desk, day) for day in days] == before
    with pytest.raises(AlreadyUndone, match="Robin Vale undid it on 5 Mar 2026 already"):
        undo_cancellation(cancellation, because="Again", by=desk.accounts, now=later)
    lines = desk.customer.timeline.order_by("pk").values_list("title", "detail", "actor")
    assert list(lines) == [
        ("Contract N-20418 cancelled 15 Mar 2026", "Sold the machine", desk.accounts.pk),
        ("Cancellation of N-20418 undone", "They stay", desk.manager.pk),
    ]
    # What was known in between is still told.
    known = Contract.objects.with_cover(AFTER, known_at=now + dt.timedelta(minutes=1))
    assert known.get(pk=desk.contract.pk).cover_state == "cancelled"


def test_it_can_be_cancelled_again_after_undoing(desk, now):
    undo_cancellation(end(desk, now), because="They stay", by=desk.manager, now=now)
    end(desk, now, reason="They go after all")
    assert sentence(desk, AFTER) == "Cancelled 15 Mar 2026"


@pytest.mark.parametrize("is_accepted", [False, True])
def test_an_unanswered_offer_is_withdrawn_and_an_accepted_one_stays(desk, now, is_accepted):
    offer = RenewalOffer.objects.create(
        number="N-20418/1",
        contract=desk.contract,
        starts_on=AFTER,
        ends_on=NEXT_END,
        amount=Decimal("640"),
        valid_until=END,
        made_at=now,
        sent_at=now,
        accepted_at=now if is_accepted else None,
    )
    end(desk, now)
    offer.refresh_from_db()
    assert offer.settled_because == ("" if is_accepted else "Withdrawn: the contract is cancelled")


def test_of_two_at_once_the_second_is_refused(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        ContractTerm.objects.filter(pk=desk.term.pk).update(starts_on=START, ends_on=END)
    results = while_held(desk, lambda: end(desk, now), lambda: end(desk, now, by="manager"))
    assert kinds(results) == [AlreadyCancelled.__name__, Cancellation.__name__]
    refused = next(str(result) for result in results if isinstance(result, AlreadyCancelled))
    assert refused.endswith("cancelled it on 5 Mar 2026 already, with effect 15 Mar 2026. Undo that first.")
