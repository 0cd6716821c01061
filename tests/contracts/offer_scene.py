"""A contract that is due, and the offers made for it."""

import datetime as dt

import pytest

from contracts.models import AllowanceEntry, ContractTerm, Entitlement
from contracts.offer_blocks import what_blocks
from contracts.offer_states import state_of
from contracts.offers import Offered, draft_offer, send_offer, usual_offer
from messaging.delivery import deliver_due
from tenancy.scope import tenant

TODAY = dt.date(2026, 3, 5)
START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
NEXT, NEXT_END = dt.date(2026, 3, 15), dt.date(2027, 3, 14)
DAY = dt.timedelta(days=1)


def scene(desk, now):
    """A term from 15 Mar 2025 to 14 Mar 2026, one of its two visits done, the other forfeited."""
    ContractTerm.objects.filter(pk=desk.term.pk).update(starts_on=START, ends_on=END)
    desk.term.refresh_from_db()
    visits = Entitlement.objects.get(term=desk.term)
    for kind in (AllowanceEntry.Kind.DONE, AllowanceEntry.Kind.FORFEITED):
        AllowanceEntry.objects.create(
            entitlement=visits, kind=kind, quantity=1, at=now, subject=desk.term.public_id
        )
    return desk


@pytest.fixture
def north(cast, now):
    """Northgate's desk, open, its contract due."""
    with tenant(cast.north.tenant):
        yield scene(cast.north, now)


def draft(desk, now, **changes):
    usual = usual_offer(desk.contract, day=TODAY)
    return draft_offer(
        desk.contract, by=desk.sales, now=now, offered=Offered(**{**usual.__dict__, **changes})
    )


def sent(desk, now, **changes):
    return send_offer(draft(desk, now, **changes), by=desk.sales, now=now)


def state(offer, day=TODAY):
    offer.refresh_from_db()
    return state_of(offer, day)


def words_of(blocks):
    return [block.words for block in blocks]


def blocks(desk, now, offer=None):
    return words_of(what_blocks(desk.contract, offer=offer, day=TODAY, now=now))


def deliver(now):
    return deliver_due(clock=lambda: now)
