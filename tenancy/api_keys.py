"""Keys of other programs: made, rotated and revoked by a manager, and found when one is shown."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q

from tenancy.desk_settings import ChangedMeanwhile, SettingRefused, may_set
from tenancy.last_used import note_last
from tenancy.models import ApiKey, Membership
from tenancy.scope import tenant

# What may be read or written by a program, in the order in which a manager reads it.
AREAS = {
    "customers": "Customers, their contacts and sites",
    "equipment": "Equipment",
    "contracts": "Contracts, cover, terms and evidence",
    "payments": "Payments",
    "visits": "Visits, slots and technicians",
    "recommendations": "Recommendations and reviews",
    "cases": "Cases",
    "promises": "Promises",
    "messages": "Messages",
    "find": "Finding who calls",
    "webhooks": "Webhooks",
}
READ, WRITE = "read", "write"
SCOPES = tuple(f"{area}:{right}" for area in AREAS for right in (READ, WRITE))
# So that a key in a log or a commit is seen for what it is, by people and by scanners.
MARK = "desk_"
SHOWN_LETTERS = 8
# How long the old one goes on working beside a new one.
MOST_OVERLAP = dt.timedelta(days=30)
# Not written more often than that: a busy program would wait for itself.
USE_NOTED_EVERY = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class FoundKey:
    """A key that opens a desk: the desk's primary key and the row, with the colleague it acts as."""

    tenant_id: int
    key: ApiKey


@transaction.atomic
def make_key(
    *,
    name: str,
    scopes: Iterable[str],
    acts_as: Membership,
    expires_at: dt.datetime | None,
    by: Membership,
    now: dt.datetime,
    replaces: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its words, which are shown once, here: the database keeps their hash.

    Raises PermissionDenied unless a manager makes it, and SettingRefused.
    """
    may_set(by)
    name, wanted = " ".join(name.split()), set(scopes)
    if not name:
        raise SettingRefused("name", "Write which program it is for.")
    if unknown := wanted - set(SCOPES):
        raise SettingRefused("scopes", f"There is no “{min(unknown)}”.")
    if not wanted:
        raise SettingRefused("scopes", "Choose what the program may do.")
    if acts_as.ended_at is not None:
        raise SettingRefused("acts_as", f"{acts_as.name} works here no more.")
    if expires_at is not None and expires_at <= now:
        raise SettingRefused("expires_at", "Choose a day to come.")
    words = f"{MARK}{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=name[:80],
        beginning=words[len(MARK) :][:SHOWN_LETTERS],
        key_hash=hash_of(words),
        scopes=[scope for scope in SCOPES if scope in wanted],
        acts_as=acts_as,
        made_at=now,
        made_by=by,
        expires_at=expires_at,
        replaces=replaces,
    )
    return key, words


@transaction.atomic
def rotate_key(key: ApiKey, *, overlap: dt.timedelta, by: Membership, now: dt.datetime) -> tuple[ApiKey, str]:
    """A key that takes this one's place; the old one works on for `overlap`, at most 30 days.

    The new one ends when the old one would have. Raises PermissionDenied, SettingRefused, and
    ChangedMeanwhile where the old one has ended.
    """
    may_set(by)
    if not dt.timedelta(0) <= overlap <= MOST_OVERLAP:
        raise SettingRefused("overlap", "The old key may work on for 30 days at most.")
    old = _held(key, now)
    new, words = make_key(
        name=old.name,
        scopes=old.scopes,
        acts_as=old.acts_as,
        expires_at=old.expires_at,
        by=by,
        now=now,
        replaces=old,
    )
    ends = now + overlap
    old.expires_at = ends if old.expires_at is None else min(old.expires_at, ends)
    old.save(update_fields=["expires_at"])
    return new, words


@transaction.atomic
def revoke_key(key: ApiKey, *, by: Membership, now: dt.datetime) -> None:
    """The key opens nothing from now on. Raises PermissionDenied, and ChangedMeanwhile where it has ended."""
    may_set(by)
    row = _held(key, now)
    row.revoked_at, row.revoked_by = now, by
    row.save(update_fields=["revoked_at", "revoked_by"])


def find_key(words: str, *, now: dt.datetime) -> FoundKey | None:
    """The key with these words, of whatever desk; None for one that never was or has ended.

    It has ended too when its colleague has left or may not sign in any more.
    """
    if not words.startswith(MARK):
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, key_id FROM api_key_of(%s)", [hash_of(words)])
        found = cursor.fetchone()
    if found is None:
        return None
    tenant_id, key_id = found
    with tenant(tenant_id):
        rows = ApiKey.objects.select_related("acts_as__user", "tenant")
        key = rows.filter(_opens(now), acts_as__ended_at__isnull=True, pk=key_id).first()
    opens = key is not None and key.acts_as.user.is_active
    return FoundKey(tenant_id, key) if opens else None


def note_use(key: ApiKey, *, now: dt.datetime) -> None:
    """Keep when the key was used last, to the minute. Of many at once one writes and nobody waits."""
    note_last(key, "last_used_at", every=USE_NOTED_EVERY, now=now)


def first_of(key: ApiKey) -> ApiKey:
    """The key that this one goes back to: a call that came with the old one is the same with the new."""
    while key.replaces_id is not None:
        key = key.replaces
    return key


def may_call(key: ApiKey, area: str, right: str) -> bool:
    """Whether a key's scopes hold an area's right; who may write may read."""
    return f"{area}:{WRITE}" in key.scopes or f"{area}:{right}" in key.scopes


def hash_of(words: str) -> str:
    """SHA-256 of a key, hexadecimal."""
    return hashlib.sha256(words.encode()).hexdigest()


def _opens(now) -> Q:
    return Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=now))


def _held(key, now) -> ApiKey:
    rows = ApiKey.objects.select_related("acts_as__user").select_for_update(of=("self",), no_key=True)
    row = rows.filter(_opens(now), pk=key.pk).first()
    if row is None:
        raise ChangedMeanwhile("This key has ended meanwhile.")
    return row
