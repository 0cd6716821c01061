"""The private address from which a technician's own calendar program reads their visits.

Shown once when it is made, found by its hash, ended by hand, by another in its place, and for good when
the technician or their membership ends.
"""

import datetime as dt
import secrets
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from customers.links import hash_of
from tenancy.desk_settings import ChangedMeanwhile
from tenancy.last_used import note_last
from tenancy.models import Membership, Role
from tenancy.scope import tenant
from visits.models import CalendarFeed, Technician

# 256 random bits, as an API key has: what it opens goes on for years.
TOKEN_LENGTH = 43
# Calendar programs ask every few minutes to every few hours; more often than that is not written.
FETCH_NOTED_EVERY = dt.timedelta(hours=1)


@dataclass(frozen=True)
class FoundFeed:
    """What a token leads to: the feed with its technician and desk, and whether it still opens anything."""

    feed: CalendarFeed
    is_open: bool


@transaction.atomic
def make_feed(
    technician: Technician,
    *,
    attempt: uuid.UUID,
    replaces: CalendarFeed | None,
    by: Membership,
    now: dt.datetime,
) -> tuple[CalendarFeed, str]:
    """A new feed and its token, which is shown once, here; the one that it replaces ends at once.

    `attempt` becomes its public id: pressed twice it is one. Raises PermissionDenied, and ChangedMeanwhile
    for the second press, where the technician's open feed is not `replaces` (None: there is none), and
    where they work here no more.
    """
    may_set_feed(technician, by)
    # Two who press at once wait here for one another.
    held = Technician.objects.select_related("membership__user").select_for_update(of=("self",), no_key=True)
    technician = held.get(pk=technician.pk)
    if not is_here(technician):
        raise ChangedMeanwhile(f"{technician.name} works here no more.")
    if CalendarFeed.objects.filter(public_id=attempt).exists():
        raise ChangedMeanwhile("This was pressed before.")
    current = open_feed_of(technician)
    if replaces is None and current is not None:
        raise ChangedMeanwhile("There is an address already. Make another in its place if nobody kept it.")
    if replaces is not None and (current is None or current.pk != replaces.pk):
        raise ChangedMeanwhile("This address has ended meanwhile.")
    if current is not None:
        _end(current, by, now)
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        public_id=attempt, technician=technician, token_hash=hash_of(token), made_at=now, made_by=by
    )
    return feed, token


@transaction.atomic
def revoke_feed(feed: CalendarFeed, *, by: Membership, now: dt.datetime) -> None:
    """The address opens nothing from now on.

    Raises PermissionDenied, and ChangedMeanwhile where it has ended.
    """
    may_set_feed(feed.technician, by)
    rows = CalendarFeed.objects.select_for_update(of=("self",), no_key=True)
    row = rows.filter(pk=feed.pk, revoked_at__isnull=True).first()
    if row is None:
        raise ChangedMeanwhile("This address has ended meanwhile.")
    _end(row, by, now)


def end_feed_of(technician: Technician, *, by: Membership, now: dt.datetime) -> None:
    """Their address ends with them, for good: who comes back makes another."""
    feed = open_feed_of(technician)
    if feed is not None:
        _end(feed, by, now)


def may_set_feed(technician: Technician, by: Membership) -> None:
    """Raises PermissionDenied unless it is their own, or the desk's dispatchers and managers do it."""
    is_own = technician.membership_id is not None and technician.membership_id == by.pk
    if not is_own and not by.has_role(Role.DISPATCHER):
        raise PermissionDenied


def open_feed_of(technician: Technician) -> CalendarFeed | None:
    """The one feed of theirs that has not been ended."""
    rows = technician.calendar_feeds.filter(revoked_at__isnull=True)
    return rows.select_related("made_by__user").first()


def find_feed(token: str) -> FoundFeed | None:
    """The feed behind a token, of whatever desk; None for one that never was.

    One that has ended is found too, as not open. It has ended too when its technician works here no more,
    or they may not sign in any more.
    """
    if len(token) != TOKEN_LENGTH:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, feed_id FROM calendar_feed_of(%s)", [hash_of(token)])
        found = cursor.fetchone()
    if found is None:
        return None
    tenant_id, feed_id = found
    with tenant(tenant_id):
        rows = CalendarFeed.objects.select_related("technician__tenant", "technician__membership__user")
        feed = rows.get(pk=feed_id)
    return FoundFeed(feed, is_open=feed.revoked_at is None and is_here(feed.technician))


def is_here(technician: Technician) -> bool:
    """Whether they work here and, where they have a sign-in, may still use it."""
    member = technician.membership
    return technician.is_active and (member is None or (member.ended_at is None and member.user.is_active))


def note_fetch(feed: CalendarFeed, *, now: dt.datetime) -> None:
    """Keep when it was read last, to the hour; the feed's desk is open or not."""
    note_last(feed, "last_fetched_at", every=FETCH_NOTED_EVERY, now=now)


def feed_address(token: str) -> str:
    """The address that a calendar program is given."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/calendar/{token}.ics"


def _end(feed, by, now):
    feed.revoked_at, feed.revoked_by = now, by
    feed.save(update_fields=["revoked_at", "revoked_by"])
