"""Rows of the call list say what the cover of their contract says."""

import random
import uuid
from datetime import UTC, timedelta

import pytest

from contracts.call_list import call_list
from contracts.calling import skip_until
from contracts.cover import cover_of
from contracts.models import Contract, ContractEquipment, ContractTerm, Entitlement
from contracts.wording import day_nearby
from servicedesk.call_rows import call_rows
from tenancy.calendars import zone_of
from tests.cast import a_promise
from tests.contracts.call_list_scene import TODAY, add_customer, in_days, scatter


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("held_back", [False, True])
def test_each_row_says_what_its_contracts_cover_says(north, now, seed, held_back):
    rng = random.Random(seed)
    scatter(rng, north, now, customers=70)
    for term in ContractTerm.objects.filter(entitlements=None).order_by("pk"):
        granted = Entitlement.objects.create(term=term, kind="visits", quantity=rng.randint(1, 3))
        if used := rng.randint(0, granted.quantity):
            granted.entries.create(kind="declined", quantity=used, at=now, subject=uuid.uuid4())
    for contract in Contract.objects.order_by("pk")[::2]:
        for machine in (north.copier, north.sorter):
            ContractEquipment.objects.get_or_create(contract=contract, equipment=machine)
    for day in (TODAY, in_days(4)):
        places = call_list(day, held_back=held_back).rows
        rows = call_rows(places, day=day, now=now, zone=zone_of(north.tenant))
        assert len(rows) == len(places) > 5
        unused = 0
        for row, place in zip(rows, places, strict=True):
            contract = Contract.objects.select_related("customer").get(pk=place.contract_id)
            cover = cover_of(contract, day)
            assert (row.state, row.sentence, row.ends_on) == (cover.state, cover.sentence, cover.ends_on)
            assert row.name == (contract.customer.company or contract.customer.name)
            assert row.number == contract.number
            assert row.contract_id == str(contract.public_id)
            assert (row.when, row.brief) == (when_of(cover), brief_of(cover, north.tenant.grace_days))
            has_unused = not held_back and cover.state == "renewal due" and cover.visits_left > 0
            assert ("unused" in row.note) == has_unused
            if has_unused:
                unused += 1
                assert row.note.startswith(f"{cover.visits_left} visit")
        assert bool(unused) is not held_back


def when_of(cover):
    if cover.ends_on is None:
        return ""
    year = f" {cover.ends_on.year}" if cover.ends_on.year != cover.day.year else ""
    return f"{'ended' if cover.days_left < 0 else 'ends'} {cover.ends_on.day} {cover.ends_on:%b}{year}"


def brief_of(cover, grace_days):
    if cover.state == "renewal due":
        return {0: "Ends today", 1: "1 day left"}.get(cover.days_left, f"{cover.days_left} days left")
    if cover.state == "in grace":
        until = cover.ends_on + timedelta(days=grace_days)
        return f"In grace until {day_nearby(until, today=cover.day)}"
    if cover.state == "lapsed":
        several = len(cover.machines) > 1
        return f"No payment found. {len(cover.machines)} machines" if several else "No payment found"
    return cover.sentence


def test_who_was_put_off_before_says_so_unless_more_is_to_be_said(north, now):
    quiet, promised = (add_customer(name, in_days(-40)) for name in ("Quiet", "Promised"))
    for customer in (quiet, promised):
        for reason, days in (("Earlier", 2), ("Holiday", 1)):
            skip_until(customer=customer, until=in_days(days), reason=reason, by=north.sales, now=now)
    a_promise(north, now=now, customer=promised, text="Send the price")
    assert notes(in_days(0), now, held_back=True)["Quiet"] == "Put off until 6 March: Holiday"
    after = notes(in_days(1), now, held_back=False)
    assert after["Quiet"] == "Put off before: Holiday"
    assert after["Promised"].endswith(": Send the price")


def notes(day, now, *, held_back):
    rows = call_rows(call_list(day, held_back=held_back).rows, day=day, now=now, zone=UTC)
    return {row.name: row.note for row in rows}
