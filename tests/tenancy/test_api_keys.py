"""Keys of other programs: shown once, found by their hash, ended by expiry, revoking and leaving."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from tenancy.api_keys import find_key, make_key, may_call, note_use, revoke_key, rotate_key
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused
from tenancy.models import ApiKey, Membership
from tenancy.scope import tenant

DAY = dt.timedelta(days=1)
SCOPES = ("visits:read", "customers:write")


@pytest.fixture
def make(north, now):
    """Make a key as its manager, unless said otherwise."""

    def make_one(**fields):
        wanted = {"name": "Web shop", "scopes": SCOPES, "acts_as": north.dispatcher, "expires_at": None}
        return make_key(**{**wanted, "by": north.manager, "now": now, **fields})

    return make_one


def test_the_words_open_the_desk_and_only_their_hash_is_kept(make, cast, now):
    key, words = make()
    found = find_key(words, now=now)
    assert (found.tenant_id, found.key, found.key.acts_as) == (
        cast.north.tenant.pk,
        key,
        cast.north.dispatcher,
    )
    assert words.startswith("desk_")
    assert len(words) == 48
    assert words.startswith(f"desk_{key.beginning}")
    assert key.scopes == ["customers:write", "visits:read"]
    kept = ApiKey.objects.values().get()
    assert words not in str(kept)
    assert words[13:] not in str(kept)
    with tenant(cast.south.tenant):
        assert not ApiKey.objects.exists()


@pytest.mark.parametrize("spoilt", ["", "desk_", "x", "{}x", "x{}", "\x00", "desk_é", "{} "])
def test_other_words_open_nothing(make, now, spoilt):
    _, words = make()
    for wrong in (spoilt.format(words), words[:-1], words.swapcase(), words.removeprefix("desk_")):
        assert find_key(wrong, now=now) is None


def test_it_opens_until_the_instant_of_its_end(make, now):
    _, words = make(expires_at=now + DAY)
    assert find_key(words, now=now + DAY - dt.timedelta(microseconds=1)) is not None
    assert find_key(words, now=now + DAY) is None


def test_revoked_it_opens_nothing_and_is_revoked_once(make, north, now):
    key, words = make()
    revoke_key(key, by=north.manager, now=now)
    assert find_key(words, now=now) is None
    with pytest.raises(ChangedMeanwhile, match="has ended"):
        revoke_key(key, by=north.manager, now=now)


@pytest.mark.parametrize("how", ["left", "closed"])
def test_it_ends_with_the_colleague_it_acts_as(make, north, now, how):
    _, words = make()
    if how == "left":
        north.dispatcher.ended_at = now
        north.dispatcher.save()
    else:
        north.dispatcher.user.is_active = False
        north.dispatcher.user.save()
    assert find_key(words, now=now) is None


def test_rotated_both_work_until_the_overlap_is_over(make, north, now):
    old, before = make(expires_at=now + 60 * DAY)
    new, after = rotate_key(old, overlap=7 * DAY, by=north.manager, now=now)
    assert (new.name, new.scopes, new.acts_as, new.expires_at, new.replaces) == (
        "Web shop",
        old.scopes,
        old.acts_as,
        old.expires_at,
        old,
    )
    assert find_key(before, now=now + 7 * DAY - dt.timedelta(seconds=1)).key == old
    assert find_key(before, now=now + 7 * DAY) is None
    assert find_key(after, now=now + 7 * DAY).key == new
    with pytest.raises(SettingRefused, match="30 days"):
        rotate_key(new, overlap=31 * DAY, by=north.manager, now=now)
    revoke_key(new, by=north.manager, now=now)
    with pytest.raises(ChangedMeanwhile):
        rotate_key(new, overlap=DAY, by=north.manager, now=now)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["visits:all"]}, "scopes"),
        ({"expires_at": dt.datetime(2026, 3, 5, 13, 7, tzinfo=dt.UTC)}, "expires_at"),
    ],
)
def test_what_cannot_be_is_refused(make, fields, field):
    with pytest.raises(SettingRefused) as refused:
        make(**fields)
    assert refused.value.field == field
    assert not ApiKey.objects.exists()


def test_only_a_manager_makes_rotates_and_revokes(make, north, now):
    key, _ = make()
    for act in (
        lambda: make(by=north.dispatcher),
        lambda: rotate_key(key, overlap=DAY, by=north.dispatcher, now=now),
        lambda: revoke_key(key, by=north.dispatcher, now=now),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_who_may_write_may_read(make):
    key, _ = make()
    may = {
        (area, right): may_call(key, area, right)
        for area in ("visits", "customers", "cases")
        for right in ("read", "write")
    }
    assert [pair for pair, is_so in may.items() if is_so] == [
        ("visits", "read"),
        ("customers", "read"),
        ("customers", "write"),
    ]


def test_its_use_is_kept_to_the_minute_without_a_line_in_the_audit(make, now):
    key, _ = make()
    lines = key.history.count()
    for seconds in (0, 30, 59, 61):
        key.refresh_from_db()
        note_use(key, now=now + dt.timedelta(seconds=seconds))
    key.refresh_from_db()
    assert key.last_used_at == now + dt.timedelta(seconds=61)
    assert key.history.count() == lines


@pytest.mark.parametrize("fields", [{"name": ""}, {"scopes": []}, {"revoked_by": "manager"}])
def test_the_database_refuses_what_never_may_be(make, north, fields):
    key, _ = make()
    fields = {name: north.manager if value == "manager" else value for name, value in fields.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(**fields)


def test_it_does_not_wake_when_its_colleagues_end_is_taken_back(make, north, now):
    key, words = make()
    _, other = make(acts_as=north.accounts)
    for ended_at in (now, None):
        Membership.objects.filter(pk=north.dispatcher.pk).update(ended_at=ended_at)
        assert find_key(words, now=now) is None
        assert find_key(other, now=now) is not None
    key.refresh_from_db()
    assert (key.revoked_at, key.revoked_by) == (now, None)
    with pytest.raises(ChangedMeanwhile, match="has ended"):
        rotate_key(key, overlap=DAY, by=north.manager, now=now)
