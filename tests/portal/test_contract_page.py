"""A contract's link books the visits that are paid for, on days on which they can be used."""

import datetime as dt

import pytest

from contracts.models import ContractTerm
from customers.models import CustomerLink
from portal.label_booking import attempt_for, times_for
from tenancy.scope import tenant
from tests.portal.link_scenes import opened
from visits.models import Visit

pytestmark = pytest.mark.usefixtures("moment")
TODAY = dt.date(2026, 3, 5)
DAY = dt.timedelta(days=1)


@pytest.fixture
def link(cast, now):
    """The term ends tomorrow, and the desk grants no grace."""
    north = cast.north
    with tenant(north.tenant):
        north.tenant.grace_days = 0
        north.tenant.save(update_fields=["grace_days"])
        ContractTerm.objects.filter(pk=north.term.pk).update(starts_on=TODAY - 363 * DAY, ends_on=TODAY + DAY)
    return opened(CustomerLink.Purpose.CONTRACT, north, now)


def last_time(desk, link, now):
    """What the last step sends for the last free time, as of a customer who pays, and its day."""
    with tenant(desk.tenant):
        slot = times_for(desk.copier, now=now, kind=Visit.Kind.TUNE_UP)[-1]
        attempt = attempt_for(desk.copier, token=link.token, slot=slot.key, problem="")
    sent = {"machine": str(desk.copier.public_id), "problem": "", "slot": slot.key, "attempt": str(attempt)}
    return slot.start.date(), sent


def days_offered(client, link):
    offers = client.get(link.at(link.pages[1])).context["offers"]
    return {dt.date.fromisoformat(each["key"].rpartition("@")[2][:8]) for each in offers}


def test_no_visit_is_paid_for_after_the_last_day_of_cover(client, cast, link, now):
    assert days_offered(client, link) == {TODAY, TODAY + DAY}
    day, sent = last_time(cast.north, link, now)
    assert day > TODAY + DAY
    assert client.get(link.at("book/"), sent).status_code == 409
    assert client.post(link.at("book/"), sent).status_code == 409
    with tenant(cast.north.tenant):
        assert not Visit.objects.filter(entitlement__isnull=False).exists()


def test_where_the_next_term_stands_it_goes_on(client, cast, link, now):
    with tenant(cast.north.tenant):
        ContractTerm.objects.create(
            contract=cast.north.contract,
            starts_on=TODAY + 2 * DAY,
            ends_on=TODAY + 366 * DAY,
            price=100,
            created_at=now,
        )
    day, sent = last_time(cast.north, link, now)
    assert max(days_offered(client, link)) == day
    assert client.post(link.at("book/"), sent).status_code == 302
    with tenant(cast.north.tenant):
        assert Visit.objects.filter(entitlement__term=cast.north.term).count() == 1
