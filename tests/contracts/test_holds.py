"""Do-not-sell holds, by their source (R1.3)."""

import datetime as dt

from contracts.holds import release_hold, set_hold, standing_holds
from customers.models import Hold
from tenancy.scope import tenant


def sources(customer):
    return list(standing_holds(customer).values_list("source", flat=True))


def test_a_hold_is_set_once_for_a_source(north, now):
    first = set_hold(customer=north.customer, source="evidence:1", reason="Cheque", by=north.sales, now=now)
    again = set_hold(
        customer=north.customer,
        source="evidence:1",
        reason="Another",
        by=north.manager,
        now=now + dt.timedelta(hours=1),
    )
    assert again.pk == first.pk
    assert (again.reason, again.set_by, again.set_at) == ("Cheque", north.sales, now)


def test_releasing_one_source_leaves_the_others(north, now):
    for source in ("evidence:1", "evidence:2"):
        set_hold(customer=north.customer, source=source, reason="Claim", by=north.sales, now=now)
    later = now + dt.timedelta(hours=2)
    assert release_hold(customer=north.customer, source="evidence:1", by=north.accounts, now=later) == 1
    assert sources(north.customer) == ["evidence:2"]
    released = Hold.objects.get(source="evidence:1")
    assert (released.released_at, released.released_by) == (later, north.accounts)


def test_releasing_twice_keeps_the_first(north, now):
    set_hold(customer=north.customer, source="evidence:1", reason="Claim", by=north.sales, now=now)
    release_hold(customer=north.customer, source="evidence:1", by=north.accounts, now=now)
    later = now + dt.timedelta(hours=2)
    assert release_hold(customer=north.customer, source="evidence:1", by=north.manager, now=later) == 0
    assert Hold.objects.get().released_by == north.accounts


def test_a_source_may_hold_again_after_its_release(north, now):
    set_hold(customer=north.customer, source="evidence:1", reason="Claim", by=north.sales, now=now)
    release_hold(customer=north.customer, source="evidence:1", by=north.accounts, now=now)
    set_hold(customer=north.customer, source="evidence:1", reason="Returned", by=north.accounts, now=now)
    assert Hold.objects.count() == 2
    assert sources(north.customer) == ["evidence:1"]


def test_another_desk_sees_no_hold(cast, now):
    with tenant(cast.north.tenant):
        set_hold(customer=cast.north.customer, source="e", reason="Claim", by=cast.north.sales, now=now)
    with tenant(cast.south.tenant):
        assert sources(cast.south.customer) == []
