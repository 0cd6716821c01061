"""Goodwill is proposed from the desk's catalogue, once for one failure, and decided with a reason."""

import uuid
from decimal import Decimal

import pytest

from cases.goodwill import GoodwillRefused, decide_goodwill, propose_goodwill
from cases.models import Goodwill, GoodwillItem
from tenancy.models import Role
from tenancy.scope import tenant

SUBJECT = uuid.UUID(int=7)


@pytest.fixture
def north(cast):
    for desk in (cast.south, cast.north):
        with tenant(desk.tenant):
            entry("An extension", "extension", "1.00")
            entry("A free visit", "free visit", "95.00")
            entry("A small credit", "credit", "25.00", [Role.DISPATCHER])
    with tenant(cast.north.tenant):
        yield cast.north


def entry(name, kind, limit, roles=()):
    return GoodwillItem.objects.create(name=name, kind=kind, limit=Decimal(limit), roles=list(roles))


def proposed(desk, now, subject=SUBJECT):
    return propose_goodwill(desk.customer, reason="We missed two visits", subject=subject, by=None, now=now)


def test_the_smallest_free_visit_or_credit_is_proposed_once(north, now):
    first = proposed(north, now)
    assert (first.item.name, first.amount, first.state) == ("A small credit", Decimal("25.00"), "proposed")
    assert proposed(north, now) == first
    assert proposed(north, now, uuid.UUID(int=8)) != first
    assert Goodwill.objects.count() == 2


def test_an_empty_catalogue_proposes_nothing(north, now):
    GoodwillItem.objects.exclude(kind="extension").delete()
    assert proposed(north, now) is None


def test_it_is_decided_once_with_a_reason_by_who_may(north, now):
    goodwill = proposed(north, now)
    said = {"now": now, "reason": "They waited two mornings"}
    with pytest.raises(GoodwillRefused, match="Say why"):
        decide_goodwill(goodwill, gives=True, by=north.manager, now=now, reason=" ")
    with pytest.raises(GoodwillRefused, match="given by a manager"):
        decide_goodwill(goodwill, gives=True, by=north.technician, **said)
    given = decide_goodwill(goodwill, gives=True, by=north.dispatcher, **said)
    assert (given.state, given.decided_by) == ("approved", north.dispatcher)
    assert decide_goodwill(goodwill, gives=False, by=north.manager, **said).state == "approved"
    line = north.customer.timeline.get()
    assert (line.title, line.detail) == ("Goodwill: A small credit", "They waited two mornings")


def test_what_is_declined_is_not_on_the_time_line(north, now):
    goodwill = proposed(north, now)
    decide_goodwill(goodwill, gives=False, by=north.manager, now=now, reason="A new machine is on its way")
    assert (goodwill.state, goodwill.decision_reason) == ("declined", "A new machine is on its way")
    assert not north.customer.timeline.exists()
