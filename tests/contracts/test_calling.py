"""Logging a lapse call is refused unless cover reads lapsed at that very moment (R1.7)."""

import datetime as dt

import pytest

from cases.models import Interaction
from contracts.calling import NotLapsed, log_lapse_call
from contracts.evidence import log_claim
from contracts.holds import set_hold
from contracts.models import ContractTerm
from customers.models import TimelineEntry
from tenancy.scope import tenant


@pytest.fixture
def north(cast):
    """Northgate's desk, active; its contract ended on 1 January 2026."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(
            starts_on=dt.date(2025, 1, 2), ends_on=dt.date(2026, 1, 1)
        )
        yield cast.north


def call(desk, now):
    return log_lapse_call(contract=desk.contract, summary="Wants a price", by=desk.sales, now=now)


def test_a_call_about_a_lapsed_contract_is_kept(north, now):
    logged = call(north, now)
    assert (logged.channel, logged.direction, logged.summary, logged.by) == (
        "call",
        "out",
        "Wants a price",
        north.sales,
    )
    line = TimelineEntry.objects.get(subject=logged.public_id)
    assert (line.title, line.detail) == ("Called about N-20418, which has lapsed", "Wants a price")


def test_a_claim_made_meanwhile_refuses_the_call(north, now):
    log_claim(contract=north.contract, by=north.dispatcher, now=now)
    with pytest.raises(NotLapsed, match="^Renewal in review: customer's word of 5 March"):
        call(north, now)
    assert Interaction.objects.count() == 0


def test_a_hold_refuses_the_call(north, now):
    set_hold(customer=north.customer, source="manager", reason="In court", by=north.manager, now=now)
    with pytest.raises(NotLapsed, match="^Held: In court$"):
        call(north, now)
    assert Interaction.objects.count() == 0


@pytest.mark.parametrize("days", [-30, 0, 59, 61])
def test_grace_due_and_active_refuse_the_call(north, now, days):
    ends_on = now.date() + dt.timedelta(days=days)
    ContractTerm.objects.filter(pk=north.term.pk).update(ends_on=ends_on)
    with pytest.raises(NotLapsed):
        call(north, now)
    assert Interaction.objects.count() == 0


def test_the_day_is_the_desks_own(north):
    """At 23:30 UTC in summer it is tomorrow in London: the 31st day after the end has begun."""
    ContractTerm.objects.filter(pk=north.term.pk).update(ends_on=dt.date(2026, 6, 1))
    last_day_of_grace = dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC)
    with pytest.raises(NotLapsed, match="in grace until 1 Jul 2026"):
        call(north, last_day_of_grace)
    call(north, dt.datetime(2026, 7, 1, 23, 30, tzinfo=dt.UTC))
    assert Interaction.objects.count() == 1
