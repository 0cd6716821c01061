"""A desk whose contract is due, and the pages of its offers."""

import pytest

from contracts.models import RenewalOffer
from contracts.offers import draft_offer, send_offer
from tenancy.scope import tenant
from tests.contracts.offer_scene import scene


@pytest.fixture
def north(cast, now):
    with tenant(cast.north.tenant):
        return scene(cast.north, now)


def sign_in(client, desk, role="sales"):
    client.force_login(desk.people[role].user)
    return client


def new_url(desk):
    return desk.url(f"contracts/{desk.contract.public_id}/offers/new/")


def offer_url(desk, offer, path=""):
    return desk.url(f"offers/{offer.public_id}/{path}")


def drafted(desk, now):
    with tenant(desk.tenant):
        return draft_offer(desk.contract, by=desk.sales, now=now)


def sent(desk, now):
    with tenant(desk.tenant):
        return send_offer(draft_offer(desk.contract, by=desk.sales, now=now), by=desk.sales, now=now)


def the_offer(desk):
    with tenant(desk.tenant):
        return RenewalOffer.objects.get()


def posted(desk, **changes):
    """What the form sends for the next term as it was."""
    return {
        "ends_on": "2027-03-14",
        "amount": "612.00",
        "visits": "2",
        "response_hours": "4",
        "machines": [str(desk.copier.public_id), str(desk.sorter.public_id)],
        "valid_until": "2026-04-04",
        "words": "",
        "then": "send",
        **changes,
    }
