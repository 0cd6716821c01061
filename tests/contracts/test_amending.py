"""Settings of a contract, its first term, and a new contract."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from contracts.amending import (
    AmendedMeanwhile,
    HasTerm,
    NumberTaken,
    amend,
    enter_first_term,
    open_contract,
    version_of,
)
from contracts.changes import changes_of
from contracts.cover import cover_of
from contracts.models import AllowanceEntry, Contract, ContractTerm
from contracts.verifying import ask_to_judge
from tenancy.calendars import calendar_of
from tenancy.scope import tenant

TODAY = dt.date(2026, 3, 5)
FIRST, LAST = dt.date(2026, 3, 1), dt.date(2027, 2, 28)


@pytest.fixture
def desk(cast):
    """Northgate, its scope open."""
    with tenant(cast.north.tenant):
        yield cast.north


def change(desk, now, by="accounts", seen=None, **changes):
    seen = version_of(Contract.objects.get(pk=desk.contract.pk)) if seen is None else seen
    return amend(desk.contract, seen=seen, by=desk.people[by], now=now, **changes)


def test_what_is_different_is_saved_and_the_running_term_stays(desk, now):
    assert change(desk, now, price=Decimal("640.00"), visits_per_term=2, owner_id=desk.sales.pk) == [
        "price",
        "owner_id",
    ]
    desk.contract.refresh_from_db()
    assert (desk.contract.price, desk.contract.owner) == (Decimal("640.00"), desk.sales)
    assert desk.contract.terms.get().price == Decimal("612.00")
    changed = next(change for change in changes_of(desk.contract) if change.what == "Contract changed")
    assert changed.detail == "price of a term: £640.00; looked after by: Jamie Mercer"


def test_a_number_stays_found_however_it_is_spelled(desk, now):
    change(desk, now, kind="Labour only")
    assert Contract.objects.get(number_key=desk.contract.number_key).kind == "Labour only"


def test_of_two_who_looked_at_once_the_second_is_told(desk, now):
    seen = version_of(desk.contract)
    change(desk, now, seen=seen, notice_days=60)
    with pytest.raises(AmendedMeanwhile):
        change(desk, now, seen=seen, price=Decimal("1"))
    desk.contract.refresh_from_db()
    assert (desk.contract.notice_days, desk.contract.price) == (60, Decimal("612"))


def test_nothing_but_settings_can_be_amended(desk, now):
    with pytest.raises(TypeError):
        change(desk, now, number="N-1")


@pytest.mark.parametrize("by", ["dispatcher", "technician", "sales"])
def test_only_accounts_and_managers_may(desk, now, by):
    with pytest.raises(PermissionDenied):
        change(desk, now, by=by, price=Decimal("1"))
    with pytest.raises(PermissionDenied):
        enter_first_term(desk.contract, starts_on=FIRST, ends_on=LAST, by=desk.people[by], now=now)
    with pytest.raises(PermissionDenied):
        add(desk, now, by=by)


def without_term(desk, now):
    ContractTerm.objects.filter(pk=desk.term.pk).update(taken_back_at=now, taken_back_because="Never was")


def test_the_first_term_ends_the_exception(desk, now):
    without_term(desk, now)
    duty = ask_to_judge(contract=desk.contract, calendar=calendar_of(desk.tenant), by=desk.sales, now=now)
    term = enter_first_term(desk.contract, starts_on=FIRST, ends_on=LAST, by=desk.accounts, now=now)
    cover = cover_of(desk.contract, TODAY)
    assert (cover.sentence, cover.visits_left) == ("Active until 28 Feb 2027", 2)
    assert "entered by Hollis Grant, 5 Mar 2026 13:07" in cover.reason
    assert AllowanceEntry.objects.get().quantity == 2
    assert term.price == Decimal("612.00")
    duty.refresh_from_db()
    assert duty.outcome == "First term entered: 1 Mar 2026 to 28 Feb 2027"
    assert desk.customer.timeline.get().title == "Contract N-20418 begins 1 Mar 2026"


def test_a_contract_with_a_term_is_renewed_instead(desk, now):
    with pytest.raises(HasTerm, match="Renew it instead"):
        enter_first_term(desk.contract, starts_on=FIRST, ends_on=LAST, by=desk.accounts, now=now)


def test_a_term_does_not_end_before_it_begins(desk, now):
    without_term(desk, now)
    with pytest.raises(ValueError, match="before the first"):
        enter_first_term(desk.contract, starts_on=LAST, ends_on=FIRST, by=desk.accounts, now=now)
    with pytest.raises(ValueError, match="within ten years"):
        enter_first_term(desk.contract, starts_on=FIRST, ends_on=dt.date.max, by=desk.accounts, now=now)


def add(desk, now, by="accounts", number="N-30001", machines=()):
    return open_contract(
        desk.customer,
        number=number,
        starts_on=FIRST,
        ends_on=LAST,
        machines=machines,
        by=desk.people[by],
        now=now,
        price=Decimal("480.00"),
        visits_per_term=1,
        kind="Labour",
    )


def test_a_new_contract_covers_from_its_first_day(desk, now):
    contract = add(desk, now, machines=[desk.copier])
    cover = cover_of(contract, TODAY)
    assert (cover.sentence, cover.machines, cover.visits_left) == (
        "Active until 28 Feb 2027",
        ["TC240-118-4471"],
        1,
    )
    assert contract.currency == "GBP"


def test_a_number_is_given_once_however_it_is_spelled(desk, now):
    with pytest.raises(NumberTaken, match="There is a contract n 20418 already"):
        add(desk, now, number="n 20418")
    assert Contract.objects.count() == 1
