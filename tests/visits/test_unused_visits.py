"""Unused visits and renewals due of all of a desk, counted at once, against their rows one by one."""

import datetime as dt
import random
from collections import Counter

import pytest

from contracts.models import (
    AllowanceEntry,
    Cancellation,
    Contract,
    ContractTerm,
    Entitlement,
    Payment,
    RenewalEvidence,
    RenewalOffer,
)
from contracts.models.payment import NamedContract
from contracts.renewals_due import RenewalsDue, renewals_due
from contracts.what_next import ending_soon
from customers.models import Customer
from tenancy.scope import tenant
from visits.unused_visits import FRONT, first_to_lapse, unused_visits
from visits.use_or_lose import open_grants

TODAY = dt.date(2026, 3, 5)
DAY = dt.timedelta(days=1)
NOW = dt.datetime(2026, 3, 5, 9, tzinfo=dt.UTC)
KINDS = ("booked", "done", "missed by us", "released", "declined", "forfeited")


def add_contract(dice, number, customers):
    contract = Contract.objects.create(
        number=f"R-{number}",
        customer=dice.choice(customers),
        price=100,
        currency="GBP",
        is_auto_renewing=dice.random() < 0.15,
    )
    begins = TODAY - dice.choice([700, 400, 395, 390, 366, 340, 200, 30, 1, -5]) * DAY
    for _ in range(dice.choice([1, 1, 2, 3])):
        ends = begins + dice.choice([20, 180, 364, 364]) * DAY
        taken_back = {"taken_back_at": NOW, "taken_back_because": "Returned"} if dice.random() < 0.1 else {}
        term = ContractTerm.objects.create(
            contract=contract, starts_on=begins, ends_on=ends, price=100, created_at=NOW, **taken_back
        )
        if dice.random() < 0.9:
            add_grant(dice, term)
        begins = ends + dice.choice([1, 1, 25]) * DAY
    return contract


def add_grant(dice, term):
    kind = dice.choice(["visits", "visits", "visits", "hours"])
    granted = Entitlement.objects.create(term=term, kind=kind, quantity=dice.choice([0, 1, 2, 4]))
    if kind == "visits" and granted.quantity:
        for cause in range(dice.choice([0, 0, 1, 2])):
            for entered in dice.sample(KINDS, dice.choice([1, 2])):
                try_entry(granted, entered, cause)


def try_entry(granted, kind, cause):
    """The ledger refuses what is more than was granted."""
    used = sum(entry.quantity for entry in granted.entries.all())
    if used < granted.quantity:
        AllowanceEntry.objects.create(
            entitlement=granted, kind=kind, quantity=1, at=NOW, subject=f"{granted.pk:016x}{cause:016x}"
        )


def add_fact(dice, number, contract, customers):
    """Something that says the contract was renewed, or is over."""
    paid = {"paid_on": TODAY - dice.choice([0, 10, 100]) * DAY, "amount": 100, "currency": "GBP"}
    paid |= {"recorded_at": NOW}
    match dice.choice(["claim", "offer", "own money", "named", "beside others", "cancelled", "", ""]):
        case "claim":
            RenewalEvidence.objects.create(
                contract=contract, kind="claim", dated_on=TODAY - dice.choice([0, 9]) * DAY, recorded_at=NOW
            )
        case "offer":
            span = {"starts_on": TODAY, "ends_on": TODAY + 364 * DAY, "valid_until": TODAY}
            RenewalOffer.objects.create(
                number=f"{number}/1",
                contract=contract,
                amount=100,
                made_at=NOW,
                sent_at=NOW,
                accepted_at=dice.choice([None, NOW]),
                **span,
            )
        case "own money":
            Payment.objects.create(customer=contract.customer, **paid)
        case "named":
            whose = dice.choice([None, *customers])
            Payment.objects.create(
                customer=whose, contract_written=contract.number, written_key=contract.number_key, **paid
            )
        case "beside others":
            payment = Payment.objects.create(customer=None, **paid)
            NamedContract.objects.create(payment=payment, number_key=contract.number_key)
        case "cancelled":
            Cancellation.objects.create(
                contract=contract,
                effective_on=dice.choice([None, TODAY - DAY, TODAY, TODAY + DAY]),
                reason="Sold",
                recorded_at=NOW,
            )


def summed(contracts):
    amounts = Counter()
    for contract in contracts:
        amounts[contract.currency] += contract.price
    return RenewalsDue(len(contracts), dict(amounts))


@pytest.mark.parametrize("seed", range(3))
def test_counted_at_once_as_one_by_one(cast, seed):
    dice, desk = random.Random(seed), cast.north.tenant
    desk.grace_days, desk.renewal_due_days = ((30, 60), (7, 60), (50, 20))[seed % 3]
    desk.save()
    with tenant(desk):
        customers = [Customer.objects.create(name=f"Customer {number}") for number in range(12)]
        for number in range(36):
            add_fact(dice, number, add_contract(dice, number, customers), customers)
        seen, ending = set(), set()
        for day in (TODAY - 40 * DAY, TODAY, TODAY + 25 * DAY):
            grants = list(open_grants(day))
            near = [grant for grant in grants if grant.until <= day + 30 * DAY]
            soon = sorted(near, key=lambda grant: (grant.until, grant.pk))
            counted = unused_visits(desk, day)
            assert counted.count == sum(int(grant.left) for grant in grants)
            assert counted.lapsing == sum(int(grant.left) for grant in soon)
            found = first_to_lapse(desk, day)
            said = [(grant.pk, grant.until, grant.left, grant.booked) for grant in found]
            assert said == [(grant.pk, grant.until, grant.left, grant.booked) for grant in soon[:FRONT]]
            seen |= {grant.until < day for grant in grants} | {len(soon) > FRONT}
            due = renewals_due(desk, day)
            assert due == summed(ending_soon(desk, day))
            ending |= {due.count > 0}
        # Some are in review after their grace, and some do not stand at the front.
        assert seen == {True, False}
        assert True in ending
        assert counted.count > 0
