"""Links for customers: long, random, hashed, of one desk, and they end."""

import datetime as dt

from customers.links import find_link, hash_of, make_link, revoke_links
from customers.models import CustomerLink
from tenancy.scope import tenant


def made(desk, now, **values):
    with tenant(desk.tenant):
        return make_link(
            desk.customer, "visit", desk.site.public_id, **{"now": now, "expires_at": None, **values}
        )


def test_a_token_has_22_characters_and_is_kept_as_its_hash_only(cast, now):
    token = made(cast.north, now)
    assert len(token) == 22
    with tenant(cast.north.tenant):
        kept = CustomerLink.objects.get()
    assert kept.token_hash == hash_of(token)
    assert token not in {str(value) for value in vars(kept).values()}


def test_a_token_leads_to_its_own_desk_without_one_being_open(cast, now):
    north, south = made(cast.north, now), made(cast.south, now)
    for token, desk in ((north, cast.north), (south, cast.south)):
        found = find_link(token, now=now)
        assert (found.tenant_id, found.link.customer, found.is_open) == (desk.tenant.pk, desk.customer, True)


def test_no_other_token_leads_anywhere(cast, now):
    token = made(cast.north, now)
    for wrong in ("", token[:-1], token + "A", "A" * 22, hash_of(token)):
        assert find_link(wrong, now=now) is None


def test_an_expired_or_revoked_link_is_found_and_opens_nothing(cast, now):
    token = made(cast.north, now, expires_at=now + dt.timedelta(days=1))
    assert find_link(token, now=now).is_open
    assert not find_link(token, now=now + dt.timedelta(days=1)).is_open
    with tenant(cast.north.tenant):
        assert revoke_links(cast.north.site.public_id, now=now) == 1
    assert not find_link(token, now=now).is_open
